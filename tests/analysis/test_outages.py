"""Outages against packets made by hand."""

import numpy as np
import pytest

from netbench.analysis.outages import QUIET_NS, Outage, measure_outage
from netbench.measure.samples import Columns, Fate

MS = 1_000_000
START = 1_700_000_000_000_000_000
CUT, RESTORED, COUNT = 2000, 6000, 8000
DELAY, LONGER = 5 * MS, 9 * MS


def packets(fates: list[Fate]) -> Columns:
    """One packet a millisecond; those after the cut that arrive take the longer way until the restoration."""
    number = np.arange(len(fates))
    fate = np.array(fates, np.uint8)
    delay = np.where((number >= CUT) & (number < RESTORED), LONGER, DELAY)
    gone = np.ma.MaskedArray(delay, mask=fate != Fate.ANSWERED)
    sent = START + number * MS
    return {"fate": fate, "sent_ns": sent, "forward_ns": gone, "sequence": number.astype(np.uint32)}


def measured(lost: dict[range, Fate], shuffled: bool = False) -> Outage:
    fates = [next((fate for span, fate in lost.items() if number in span), Fate.ANSWERED) for number in range(COUNT)]
    columns = packets(fates)
    if shuffled:
        order = np.random.default_rng(1).permutation(COUNT)
        columns = {name: column[order] for name, column in columns.items()}
    return measure_outage(columns, START + CUT * MS, START + RESTORED * MS, MS, DELAY)


@pytest.mark.parametrize("shuffled", [False, True])
def test_three_hundred_lost_packets_are_three_hundred_milliseconds(shuffled: bool) -> None:
    """From the first to the last, each standing for one interval; delays before and after are those of the two ways."""
    assert measured({range(2000, 2300): Fate.LOST_FORWARD}, shuffled) == Outage(
        outage_ns=300 * MS,
        resolution_ns=MS,
        lost=300,
        attempted=COUNT - CUT + 5,
        delay_before_ns=DELAY,
        delay_after_ns=LONGER,
        survived=True,
        recovered=True,
    )


def test_what_was_on_its_way_at_the_cut_counts() -> None:
    """Sent three milliseconds before, lost all the same; what was lost long before is not the cut's doing."""
    found = measured({range(1500, 1510): Fate.LOST_FORWARD, range(1997, 2010): Fate.LOST_FORWARD})
    assert (found.outage_ns, found.lost) == (13 * MS, 13)


def test_a_sender_that_stood_still_before_the_restoration_tells_what_was_before() -> None:
    """Nothing was sent for its last second: what was sent just before that second decides."""
    late = range(5000, 6100)
    columns = {name: np.delete(column, list(late)) for name, column in packets([Fate.ANSWERED] * COUNT).items()}
    assert measure_outage(columns, START + CUT * MS, START + RESTORED * MS, MS, DELAY).survived
    lost = packets([Fate.LOST_FORWARD if number >= CUT else Fate.ANSWERED for number in range(COUNT)])
    columns = {name: np.delete(column, list(late)) for name, column in lost.items()}
    assert not measure_outage(columns, START + CUT * MS, START + RESTORED * MS, MS, DELAY).survived


def test_nothing_lost_is_no_outage() -> None:
    """Zero, and the corridor survived."""
    found = measured({})
    assert (found.outage_ns, found.lost, found.survived, found.recovered) == (0, 0, True, True)


def test_a_corridor_that_does_not_survive_is_out_until_it_is_restored() -> None:
    """No delay after the cut: nothing arrived that could have had one."""
    found = measured({range(CUT, RESTORED + 40): Fate.NOT_SENT})
    assert (found.outage_ns, found.delay_after_ns) == ((RESTORED + 40 - CUT) * MS, None)
    assert (found.survived, found.recovered) == (False, True)


def test_a_corridor_that_stays_out_has_not_recovered() -> None:
    """The outage is at least what was seen."""
    found = measured({range(CUT, COUNT): Fate.LOST})
    assert (found.survived, found.recovered, found.lost) == (False, False, COUNT - CUT)


def test_only_the_way_there_counts() -> None:
    """A packet that arrived and whose answer was lost is none of this direction's."""
    assert measured({range(CUT, RESTORED): Fate.LOST_REVERSE}).outage_ns == 0


def test_gaps_within_an_outage_belong_to_it_and_later_losses_do_not() -> None:
    """A lone packet that slipped through does not end it; a quiet quarter of a second does."""
    later = 2200 + QUIET_NS // MS + 10
    found = measured(
        {range(2000, 2100): Fate.LOST_FORWARD, range(2101, 2200): Fate.LOST_FORWARD, range(later, later + 5): Fate.LOST_FORWARD}
    )
    assert (found.outage_ns, found.lost) == (200 * MS, 199)


def test_what_the_instrument_skipped_is_no_outage() -> None:
    """Twenty packets unsent in a row are a stall of the sender; the outage beside them is less well known for it."""
    assert measured({range(3000, 3020): Fate.NOT_SENT}).outage_ns == 0
    found = measured({range(2000, 2100): Fate.LOST_FORWARD, range(2100, 2120): Fate.NOT_SENT})
    assert (found.outage_ns, found.resolution_ns) == (100 * MS, 21 * MS)


def test_packets_that_circle_until_the_restoration_did_not_survive() -> None:
    """They arrive, late by as long as they were sent before it: the outage lasts until then, and has no delay after it."""
    columns = dict(packets([Fate.ANSWERED] * CUT + [Fate.LOST_FORWARD] * 3300 + [Fate.ANSWERED] * 2700))
    number = np.arange(COUNT)
    circling = (number >= 5300) & (number < RESTORED)
    columns["forward_ns"] = np.ma.MaskedArray(np.where(circling, (RESTORED - number) * MS + DELAY, DELAY), columns["fate"] != 0)
    found = measure_outage(columns, START + CUT * MS, START + RESTORED * MS, MS, DELAY)
    assert not found.survived
    assert (RESTORED - 110 - CUT) * MS <= found.outage_ns <= (RESTORED - CUT) * MS
