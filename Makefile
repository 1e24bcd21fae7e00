# The commands of this project, for people and for CI alike. Each sets up what it needs first, and only what is missing.
#
#   make run                     set up, then measure the plan `anshun` and show the verdict
#   make test                    set up, then run the tests
#   make check                   lint, format, types and import borders
#   make fuzz                    ten million mutated packets for every parser of what a network may bring; hours (ARGS='--count 100000')
#
# Variables: PYTHON=python3.12 (3.11 to 3.13), PLAN=first, ARGS='--duration 2s' (what follows the program's own arguments).

# unset, it is the interpreter of a working .venv, else python3
PYTHON ?=
PLAN ?= anshun
ARGS ?=
export PYTHON
# Debian keeps ip, tc and ethtool where ordinary users do not look
export PATH := $(PATH):/usr/sbin:/sbin

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup setup-test setup-bench setup-check run test check lint format format-check types imports wheel-test bench fuzz fresh-test vm-test vm-bench clean

help:
	@sed -n '/^#/!q; s/^# \{0,1\}//p' Makefile

setup:
	@.ci/setup run

setup-test:
	@.ci/setup test

setup-bench:
	@.ci/setup bench

setup-check:
	@.ci/setup check

run: setup
	@.ci/run-plan $(PLAN) $(ARGS)

test: setup-test
	@.ci/test $(ARGS)

check: lint format-check types imports

lint: setup-check
	.venv/bin/ruff check

format: setup-check
	.venv/bin/ruff format

format-check: setup-check
	.venv/bin/ruff format --check

types: setup-check
	.venv/bin/mypy
	PYRIGHT_PYTHON_IGNORE_WARNINGS=1 .venv/bin/pyright

imports: setup-check
	.venv/bin/lint-imports

# the tests again, against the built wheel, where the source folders are out of reach
wheel-test: setup-check
	@.ci/wheel-test $(ARGS)

bench: setup-bench
	.venv/bin/pytest benchmarks $(ARGS)

fuzz: setup-test
	.venv/bin/python -m tests.fuzz $(ARGS)

# the two commands on machines that have nothing; needs root, and BARE_ROOT, which makes such a machine
fresh-test:
	@.ci/fresh-test

# `vagrant up`, and what must work in the VM; needs root, and NETBENCH_VM_TOOLS, which makes a box and a hypervisor
vm-test: setup
	@.ci/vm-test

# both wires beside Mininet's TCLink, in the VM, whose kernel has netem
vm-bench: setup
	@VM_BENCH=1 .ci/vm-test

clean:
	rm -rf .venv .wheelhouse build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .benchmarks .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
