"""The Access Report of a sender (RFC 8972 §4.6): told until it is acknowledged, a few times at most. ``now`` is an argument."""

from typing import Final

from netbench_probes.stamp.values import AccessReport

RETRANSMIT_NS: Final = 3_000_000_000
RETRANSMISSIONS: Final = 4


class AccessReporter:
    """Says when a packet is to carry the report."""

    def __init__(self, report: AccessReport, every_ns: int = RETRANSMIT_NS, most: int = RETRANSMISSIONS) -> None:
        """Nothing told yet; it is told at most ``most`` times more after the first, ``every_ns`` apart."""
        self.report = report
        self.acknowledged = False
        self.told = 0
        self._every_ns = every_ns
        self._most = most
        self._told_ns = 0

    def due(self, now_ns: int) -> bool:
        """Whether the packet that leaves at ``now_ns`` (monotonic) carries it; then it counts as told."""
        if self.acknowledged or self.told > self._most:
            return False
        if self.told and now_ns - self._told_ns < self._every_ns:
            return False
        self.told += 1
        self._told_ns = now_ns
        return True

    def heard(self, report: AccessReport) -> None:
        """Take note of a reply that has the report."""
        self.acknowledged |= report == self.report
