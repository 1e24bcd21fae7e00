"""Whose word counts for the wall clock, and what it bounds. The daemons' answers are what chrony 4.3 and linuxptp 3.1 printed."""

from collections.abc import Mapping, Sequence

import pytest

from netbench.linux.adjtimex import KernelClock, read_kernel_clock
from netbench.linux.attempt import Attempt
from netbench.linux.clockstate import ClockState, read_clock_state, state_from

STEERED = KernelClock(synchronised=True, most_error_ns=4_000_000, estimated_error_ns=60_000, frequency_ppb=-1_500)
FREE = KernelClock(synchronised=False, most_error_ns=16_000_000_000, estimated_error_ns=16_000_000_000, frequency_ppb=0)

CHRONY = (
    "C0A80101,192.168.1.1,2,1795568475.187372149,-0.000001152,"
    "-0.000000046,0.000001729,-0.032,-0.001,0.153,0.000005032,0.000003150,1.0,Normal"
)
LOCAL = (
    "7F7F0101,,1,1795568467.108056051,0.000000000,0.000000000,0.000000000,0.000,0.000,0.000,0.000000000,0.000000000,0.0,Normal"
)
LOST = (
    "00000000,,0,0.000000000,0.000000000,0.000000000,0.000000000,0.000,0.000,0.000,1.000000000,1.000000000,0.0,Not synchronised"
)

PTP = """sending: GET CURRENT_DATA_SET
\t9e96d2.fffe.9eb3e4-0 seq 0 RESPONSE MANAGEMENT CURRENT_DATA_SET
\t\tstepsRemoved     1
\t\toffsetFromMaster -250.0
\t\tmeanPathDelay    1750.0
sending: GET PARENT_DATA_SET
\t9e96d2.fffe.9eb3e4-0 seq 1 RESPONSE MANAGEMENT PARENT_DATA_SET
\t\tgm.ClockClass                         6
\t\tgm.ClockAccuracy                      0x21
\t\tgrandmasterIdentity                   f2a4b1.fffe.6e4ab6
sending: GET TIME_PROPERTIES_DATA_SET
\t9e96d2.fffe.9eb3e4-0 seq 2 RESPONSE MANAGEMENT TIME_PROPERTIES_DATA_SET
\t\tcurrentUtcOffset      37
\t\ttimeTraceable         1
sending: GET PORT_PROPERTIES_NP
\t9e96d2.fffe.9eb3e4-1 seq 4 RESPONSE MANAGEMENT PORT_PROPERTIES_NP
\t\tportIdentity            9e96d2.fffe.9eb3e4-1
\t\tportState               SLAVE
\t\ttimestamping            SOFTWARE
\t\tinterface               eth0
"""


def _state(answers: Mapping[str, str], kernel: KernelClock | None = STEERED, *, ptp: bool = False) -> ClockState:
    def ask(argv: Sequence[str]) -> Attempt:
        said = answers.get(argv[0])
        return Attempt(ok=said is not None, said=said if said is not None else "not there")

    return state_from(kernel, ask, ptp=ptp)


def test_chrony_bounds_by_what_it_documents() -> None:
    """1.152 µs still to correct, 3.150 µs of root dispersion, half of 5.032 µs of root delay."""
    state = _state({"chronyc": CHRONY})

    assert state == ClockState(True, 6_818, "chrony", "192.168.1.1", -1_500)


@pytest.mark.parametrize("answer", [LOCAL, LOST])
def test_chrony_without_a_source_vouches_for_nothing(answer: str) -> None:
    """Its own clock, however normal it says that is, is no reference."""
    assert _state({"chronyc": answer}) == ClockState(False, None, "chrony", None, -1_500)


def test_clock_that_chrony_only_watches_is_not_bounded_by_it() -> None:
    """chronyd -x reports its bound although the kernel's clock goes its own way."""
    assert _state({"chronyc": CHRONY}, FREE) == ClockState(False, None, "chrony", None, 0)


def test_ptp_bounds_by_offset_path_and_grandmaster() -> None:
    """250 ns away, 1.75 µs of path that may be all one way, and a grandmaster that is within 100 ns."""
    assert _state({"pmc": PTP}, ptp=True) == ClockState(True, 2_100, "ptp4l", "f2a4b1.fffe.6e4ab6", -1_500)


@pytest.mark.parametrize(
    ("said", "instead"),
    [("portState               SLAVE", "portState               MASTER"), ("timeTraceable         1", "timeTraceable         0")],
)
def test_ptp_that_follows_nobody_or_nothing_traceable_is_not_synchronised(said: str, instead: str) -> None:
    """A master of its own, or a grandmaster that knows no UTC, says nothing of UTC."""
    assert not _state({"pmc": PTP.replace(said, instead)}, ptp=True).synchronised


@pytest.mark.parametrize(("said", "instead"), [("0x21", "0xfe"), ("SOFTWARE", "HARDWARE")])
def test_ptp_whose_chain_has_an_unknown_part_gives_no_bound(said: str, instead: str) -> None:
    """A grandmaster of unknown accuracy, or a card's clock that something else carries to the wall clock."""
    state = _state({"pmc": PTP.replace(said, instead)}, ptp=True)

    assert (state.synchronised, state.error_ns) == (True, None)


def test_pmc_is_not_asked_where_ptp4l_has_no_socket() -> None:
    """It would wait a second for nobody."""
    assert _state({"pmc": PTP}).source == "kernel"


def test_kernel_bounds_when_its_daemon_filled_both_errors() -> None:
    """As ntpd does: the bound grows by itself until the next correction."""
    assert _state({}) == ClockState(True, 4_000_000, "kernel", None, -1_500)


@pytest.mark.parametrize("estimated_ns", [0, 16_000_000_000])
def test_kernel_bound_of_a_daemon_that_writes_zero_is_no_bound(estimated_ns: int) -> None:
    """systemd-timesyncd clears both errors, phc2sys the bound alone, only to keep the flag."""
    kernel = KernelClock(True, 35_500, estimated_ns, 0)

    assert _state({}, kernel) == ClockState(True, None, "kernel", None, 0)


def test_clock_that_nobody_steers_is_not_synchronised() -> None:
    """Whatever the kernel's numbers say."""
    assert _state({}, FREE) == ClockState(False, None, "kernel", None, 0)
    assert _state({}, None) == ClockState(False, None, "nobody")


def test_error_without_synchronisation_cannot_be_made() -> None:
    """A bound is on the distance from UTC."""
    with pytest.raises(ValueError, match="cannot be within 5 ns"):
        ClockState(False, 5, "kernel")


def test_this_kernel_tells() -> None:
    """The real call: bounds that the kernel keeps, and a state made of them."""
    kernel = read_kernel_clock()

    assert 0 <= kernel.most_error_ns <= 16_000_000_000
    assert abs(kernel.frequency_ppb) <= 500_000
    assert read_clock_state().frequency_ppb is not None
