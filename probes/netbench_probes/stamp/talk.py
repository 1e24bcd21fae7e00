"""What one sender says and hears: its packets whole, from the mode to the padding, and what their replies tell. No socket."""

from dataclasses import dataclass, field
from typing import NamedTuple

from netbench.linux.clockstate import UNKNOWN
from netbench_probes.stamp import tlv
from netbench_probes.stamp.asking import Asking, Heard
from netbench_probes.stamp.estimate import ClockWord
from netbench_probes.stamp.modes import OPEN, Mode
from netbench_probes.stamp.patterns import Pattern, Sizes, filling
from netbench_probes.stamp.wire import MalformedPacketError, ReflectorPacket, SenderPacket


class ForeignPacketError(MalformedPacketError):
    """The packet belongs to another session."""


class Told(NamedTuple):
    """A reply, and what its TLVs told."""

    packet: ReflectorPacket
    heard: Heard


@dataclass(slots=True)
class Talk:
    """How one session speaks.

    ``ssid`` is 0 for none. ``sizes`` are UDP payloads, filled by ``pattern``; a packet that needs more has more, and one whose
    TLVs leave no room for a padding TLV's head up to 3 octets less. ``ssid_needed`` ends the session when the far end knows none.
    """

    sizes: Sizes = field(default_factory=lambda: Sizes("44"))
    pattern: Pattern = "zeros"
    mode: Mode = OPEN
    ssid: int = 0
    ssid_needed: bool = False
    asking: Asking = field(default_factory=Asking)
    word: ClockWord = field(default_factory=lambda: ClockWord(UNKNOWN, ptp=False))
    rest: bytes | None = None
    """What follows the base packet of every request, None where it differs from one to the next."""
    refused: str | None = None
    """Why nothing more is to be sent, None while there is no reason."""

    def __post_init__(self) -> None:
        if self.rest is None and self.asking.constant and self.sizes.all_alike:
            self.rest = self._made(0, 0)

    def request(self, sequence: int, timestamp: int, now_ns: int) -> bytes:
        """Return the request with this number; ``now_ns`` is monotonic."""
        packet = SenderPacket(sequence, timestamp, self.word.estimate, self.ssid, self._rest(sequence, now_ns))
        return self.mode.encode_sender(packet)

    def reply(self, octets: bytes) -> Told:
        """Return what a reply says.

        :raises MalformedPacketError: when it is none, or none that the key vouches for; a ``ForeignPacketError`` when it is of
            another session
        """
        packet = self.mode.decode_reflector(octets)
        self._check(packet.ssid)
        return Told(packet, self.asking.hear(packet.rest, packet.sequence, protected=self.mode.protected))

    def _check(self, ssid: int) -> None:
        if self.ssid in (ssid, 0):
            return
        if ssid == 0 and not self.ssid_needed:
            return
        if ssid == 0:
            self.refused = "the far end does not know session identifiers"
        raise ForeignPacketError(f"a reply of session {ssid}, not {self.ssid}")

    def _rest(self, sequence: int, now_ns: int) -> bytes:
        return self._made(sequence, now_ns) if self.rest is None else self.rest

    def _made(self, sequence: int, now_ns: int) -> bytes:
        tlvs = self.asking.asked(sequence, now_ns)
        octets = tlv.encoded(tlvs)
        room = self.sizes.of(sequence) - self.mode.base_octets - len(octets)
        return octets + filling(self.pattern, max(0, room), bare=not tlvs)
