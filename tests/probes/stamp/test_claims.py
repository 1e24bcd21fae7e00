"""What a far end claims of its clock counts only as long as it keeps claiming it."""

from netbench_probes.stamp.claims import ClockClaim


def test_largest_claim_counts() -> None:
    """1 * 2^22 / 2^32 s and 3 * 2^22 / 2^32 s are 976563 ns and 2929688 ns, rounded up."""
    claim = ClockClaim()
    for multiplier in (1, 3, 2):
        claim.note(0x8000 | 22 << 8 | multiplier)

    assert claim.error_ns == 2_929_688


def test_nothing_claimed_is_nothing_known() -> None:
    """No reply, no claim."""
    assert ClockClaim().error_ns is None


def test_one_reply_without_synchronisation_takes_back_the_rest() -> None:
    """A clock that lost its reference meanwhile bounds nothing."""
    claim = ClockClaim()
    for estimate in (0x8000 | 22 << 8 | 1, 0x3FFF, 0x8000 | 22 << 8 | 1):
        claim.note(estimate)

    assert claim.error_ns is None
