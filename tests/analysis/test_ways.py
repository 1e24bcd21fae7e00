"""Changes of a path and its largest packet, from tables made by hand."""

from netbench.analysis.ways import LargestPacket, balanced_hops, changes_of, largest_packet
from netbench.linux.icmp_errors import Saying
from netbench_probes.path.records import HopRow
from tests.analysis.hop_columns import SECOND, START, answered, hop_columns, lost, search


def rounds(middle: dict[int, str], count: int = 10) -> list[HopRow]:
    """Rounds of three hops; ``middle`` says from which round on who is at hop 2."""
    rows: list[HopRow] = []
    for sequence in range(count):
        who = middle[max(start for start in middle if start <= sequence)]
        rows += [answered(sequence, 1, "a"), answered(sequence, 2, who), answered(sequence, 3, "z", Saying.ARRIVED)]
    return rows


def test_a_steady_path_has_no_change() -> None:
    """Nor has one that misses answers."""
    rows = [row if row.sequence != 5 or row.hop != 2 else lost(5, 2) for row in rounds({0: "b"})]

    assert changes_of(hop_columns(rows)) == ()


def test_a_change_has_its_time_and_what_turned() -> None:
    """Between the last answer of the old and the first of the new."""
    [change] = changes_of(hop_columns(rounds({0: "b", 6: "c"})))

    assert change.hops == ((2, "b", "c"),)
    assert change.flows == (0,)
    assert (change.after_ns, change.before_ns) == (START + 5 * SECOND + 2000, START + 6 * SECOND + 2000)


def test_what_turns_at_once_is_one_change() -> None:
    """Two flows and two hops that overlap in time; a later turn is another."""
    rows = [
        *(answered(sequence, hop, f"{hop}{'old' if sequence < 4 else 'new'}") for sequence in range(0, 8, 2) for hop in (1, 2)),
        *(answered(sequence, 1, "1old" if sequence < 5 else "1new", flow=1) for sequence in range(1, 9, 2)),
        answered(20, 1, "later"),
    ]
    first, second = changes_of(hop_columns(rows))

    assert first.hops == ((1, "1old", "1new"), (2, "2old", "2new"))
    assert first.flows == (0, 1)
    assert (first.after_ns, first.before_ns) == (START + 3 * SECOND + 1000, START + 4 * SECOND + 1000)
    assert second.hops == ((1, "1new", "later"),)


def test_balancing_by_packet_is_no_change() -> None:
    """A hop of one flow that is now this and now that, again and again."""
    rows = rounds({sequence: "bc"[sequence % 2] for sequence in range(10)})

    assert changes_of(hop_columns(rows)) == ()
    assert balanced_hops(hop_columns(rows)) == (2,)


def test_a_flap_is_two_changes() -> None:
    """There and back is no balancing."""
    columns = hop_columns(rounds({0: "b", 4: "c", 7: "b"}, 30))

    assert [change.hops for change in changes_of(columns)] == [((2, "b", "c"),), ((2, "c", "b"),)]
    assert balanced_hops(columns) == ()


def test_the_largest_packet_as_a_router_told_it() -> None:
    """What arrived, and who said that more does not fit."""
    rows = [search(0, 1500, Saying.TOO_BIG, "10.0.0.1", 1400), search(1, 1400, Saying.ARRIVED)]

    assert largest_packet(hop_columns(rows)) == LargestPacket(1400, 1400, "10.0.0.1", searched=False)


def test_the_largest_packet_where_larger_ones_vanish() -> None:
    """Nobody said a word: it was searched for."""
    rows = [search(0, 1500, None), search(1, 64, Saying.ARRIVED), search(2, 1399, Saying.ARRIVED), search(3, 1400, None)]

    assert largest_packet(hop_columns(rows)) == LargestPacket(1399, None, None, searched=True)


def test_the_largest_packet_may_stay_unknown() -> None:
    """No search, or no answer to it."""
    assert largest_packet(hop_columns(rounds({0: "b"}))) is None
    assert largest_packet(hop_columns([search(0, 1500, None), search(1, 64, None)])) == LargestPacket(
        None, None, None, searched=False
    )
