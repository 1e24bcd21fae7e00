"""The fuzz targets of STAMP, shortly; ``make fuzz`` runs them for ten million packets."""

from tests.fuzz import stamp_replies, stamp_requests


def test_mutated_requests_are_answered_or_refused() -> None:
    """No crash, no reply longer than its request."""
    stamp_requests.fuzz(seed=1, count=3_000)


def test_mutated_replies_leave_every_request_its_one_fate() -> None:
    """No crash, nothing counted twice."""
    stamp_replies.fuzz(seed=1, count=3_000)
