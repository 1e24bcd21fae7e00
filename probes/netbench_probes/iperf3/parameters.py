"""What may be asked of the iperf3 probe."""

from dataclasses import dataclass
from typing import Literal

from netbench.errors import UsageError

_FAMILIES = ("any", "ipv4", "ipv6")
_TURNS = ("forward", "reverse")


@dataclass(frozen=True, slots=True)
class Parameters:
    """One TCP test's settings. Buffers are the kernel's own, autotuned.

    ``congestion_control`` is always named, never the host's default, and stands in the evidence. ``omit_ns`` at the beginning of
    a test is not in the samples. ``port`` is that of a server somebody else runs; between two vantages a free one is taken.
    ``maximum_segment_bytes`` and ``block_bytes`` are the kernel's and iperf3's own when None. ``rate_bps`` is what all streams
    together send at most, as fast as TCP finds when None. ``turns`` are made in their order.
    """

    congestion_control: str = "cubic"
    streams: int = 1
    omit_ns: int = 0
    family: Literal["any", "ipv4", "ipv6"] = "any"
    port: int = 5201
    maximum_segment_bytes: int | None = None
    block_bytes: int | None = None
    rate_bps: int | None = None
    turns: tuple[Literal["forward", "reverse"], ...] = ("forward",)
    connect_timeout_ns: int = 3_000_000_000

    def __post_init__(self) -> None:
        """Refuse what iperf3 would refuse, before anything is started.

        :raises UsageError: when a value is outside its range
        """
        _within("streams", self.streams, 1, 128)
        _within("omit_ns", self.omit_ns, 0, 600_000_000_000)
        _within("port", self.port, 1, 65535)
        _within("connect_timeout_ns", self.connect_timeout_ns, 1_000_000, 60_000_000_000)
        if self.maximum_segment_bytes is not None:
            _within("maximum_segment_bytes", self.maximum_segment_bytes, 88, 9 * 1024)
        if self.block_bytes is not None:
            _within("block_bytes", self.block_bytes, 4, 1024 * 1024)
        if self.rate_bps is not None:
            _within("rate_bps", self.rate_bps, 10_000, 10**13)
        self._check_words()

    def _check_words(self) -> None:
        if not self.congestion_control.replace("_", "").isalnum() or len(self.congestion_control) > 15:
            raise UsageError(f"congestion_control {self.congestion_control!r} is no algorithm's name; say cubic, bbr or reno")
        if self.family not in _FAMILIES:
            raise UsageError(f"family {self.family!r} is none of {', '.join(_FAMILIES)}")
        if not self.turns or len(set(self.turns)) != len(self.turns) or not set(self.turns) <= set(_TURNS):
            raise UsageError(f"turns {self.turns!r} must name forward, reverse or both, once each")


def _within(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise UsageError(f"{name} {value} is outside {least} to {most}")
