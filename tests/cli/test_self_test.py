"""What is said of a self-test."""

import json

from netbench.cli.self_test import document_of, lines_of
from netbench.measure.selftest import Held, InterfaceClock, SelfTest

TESTED = SelfTest("compiled", "kernel", 1_234, False, (Held(1, 100_000, 100_000, 5, 7.5),), (Held(1000, 10_000, 10_000, 0, 9.0),))


def test_every_load_is_a_line_with_its_own_loss() -> None:
    """The lines say engine, timestamps and their error, each load, priority, and that no interface stamps."""
    assert lines_of(TESTED, "en") == [
        "compiled engine",
        "Timestamps: kernel; 99 % of them within 0.001 ms of a way without length.",
        "1 sessions, 100,000 packets/s: own loss 0.005 %, 7.5 µs of processor time a packet",
        "1000 sessions, 10,000 packets/s: own loss 0.000 %, 9.0 µs of processor time a packet",
        "This user may not have real-time priority: a busy machine makes it late.",
        "No network interface here stamps packets itself: there are no hardware timestamps.",
    ]


def test_clocks_of_interfaces_are_told() -> None:
    """With their offset where it is known."""
    clocks = (InterfaceClock("eth0", 37_000_000_000, 120), InterfaceClock("eth1", None, None))
    said = lines_of(SelfTest("plain", "kernel", 1, True, (), (), clocks), "en")
    assert said[2:] == [
        "eth0 can stamp packets itself, 37000000000 ns ahead within 120 ns; kernel timestamps are used.",
        "eth1 can stamp packets itself; its clock cannot be read, and kernel timestamps are used.",
    ]
    assert all(any("\u4e00" <= letter <= "\u9fff" for letter in line) for line in lines_of(TESTED, "zh"))


def test_document_is_numbers() -> None:
    """The document has a schema and every figure."""
    document = json.loads(json.dumps(document_of("stamp", TESTED)))
    assert document["schema"] == 1
    assert document["self_test"]["one"][0] == {
        "sessions": 1,
        "packets_per_second": 100_000,
        "packets": 100_000,
        "lost": 5,
        "cpu_us": 7.5,
    }
