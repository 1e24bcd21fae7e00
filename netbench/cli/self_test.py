"""``netbench probe PROBE --self-test``: what this host can hold, said as a few lines or as JSON."""

import argparse
import json
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from netbench.errors import UsageError
from netbench.report.figures import milliseconds
from netbench.report.language import choose_language, mark, translate
from netbench.report.words import TIMESTAMPS, say

if TYPE_CHECKING:
    from netbench.measure.selftest import Held, InterfaceClock, SelfTest

SCHEMA = 1
_ENGINES = {"compiled": mark("compiled engine"), "plain": mark("plain engine: code may not be compiled here")}


def self_test(arguments: argparse.Namespace) -> int:
    """Measure this host and print it.

    :raises UsageError: when the probe cannot test itself
    """
    from netbench.cli.signals import stopping_on_signals
    from netbench.measure import plugins
    from netbench.measure.selftest import SelfTestingProbe

    found = plugins.probe(arguments.probe)
    if not isinstance(found, SelfTestingProbe):
        raise UsageError(f"--self-test: {arguments.probe} cannot test itself; name a target, or test stamp")
    with stopping_on_signals() as control:
        tested = found.self_test(control)
    if arguments.json == "-":
        print(json.dumps(document_of(arguments.probe, tested), indent=2))
        return 0
    for line in lines_of(tested, choose_language(arguments.lang, os.environ)):
        print(line)
    return 0


def document_of(probe: str, tested: "SelfTest") -> dict[str, Any]:
    """Return the test as a document."""
    return {"schema": SCHEMA, "probe": probe, "self_test": asdict(tested)}


def lines_of(tested: "SelfTest", language: str) -> list[str]:
    """Return the test as people read it."""
    stamps = mark("Timestamps: {timestamps}; 99 % of them within {error} ms of a way without length.")
    word = say(TIMESTAMPS, tested.timestamps, language)
    said = [
        translate(_ENGINES[tested.engine], language),
        translate(stamps, language, timestamps=word, error=milliseconds(tested.error_ns)),
        *(_told(held, language) for held in (*tested.one, *tested.many)),
    ]
    if not tested.realtime:
        said.append(translate(mark("This user may not have real-time priority: a busy machine makes it late."), language))
    if not tested.hardware:
        said.append(
            translate(mark("No network interface here stamps packets itself: there are no hardware timestamps."), language)
        )
    return said + [_clock(found, language) for found in tested.hardware]


def _clock(found: "InterfaceClock", language: str) -> str:
    if found.ahead_ns is None or found.error_ns is None:
        sentence = mark("{interface} can stamp packets itself; its clock cannot be read, and kernel timestamps are used.")
        return translate(sentence, language, interface=found.interface)
    sentence = mark("{interface} can stamp packets itself, {ahead} ns ahead within {error} ns; kernel timestamps are used.")
    return translate(sentence, language, interface=found.interface, ahead=found.ahead_ns, error=found.error_ns)


def _told(held: "Held", language: str) -> str:
    sentence = mark("{sessions} sessions, {rate} packets/s: own loss {loss} %, {cpu} µs of processor time a packet")
    fields = {"rate": f"{held.packets_per_second:,}", "loss": f"{100 * held.loss_ratio:.3f}", "cpu": held.cpu_us}
    return translate(sentence, language, sessions=held.sessions, **fields)
