"""The plan ``first`` for Mininet's own shell: ``mn --custom topologies/first.py --topo first --controller none``."""

try:
    from netbench_topologies.mn import cleanup, topos, validate
except ImportError as missing:  # anything but SystemExit makes mn clean up the whole machine
    raise SystemExit(f"netbench: {missing}; run mn by netbench's Python: .venv/bin/python $(command -v mn)") from missing

__all__ = ["cleanup", "topos", "validate"]  # mn takes whatever has a name here
