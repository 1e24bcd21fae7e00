"""The two modes of STAMP as one thing: octets to values and back, whatever protects them."""

from typing import Protocol

from netbench_probes.stamp import wire
from netbench_probes.stamp.wire import ReflectorPacket, SenderPacket


class Mode(Protocol):
    """A session is in one mode, by configuration: what a packet is cannot be told from its octets."""

    @property
    def base_octets(self) -> int:
        """How long a packet is without what follows it."""
        ...

    @property
    def protected(self) -> bool:
        """Whether packets are authenticated, and with them what follows the base packet must be."""
        ...

    def encode_sender(self, packet: SenderPacket) -> bytes:
        """Return the octets of a request."""
        ...

    def decode_sender(self, octets: bytes) -> SenderPacket:
        """Return the request.

        :raises MalformedPacketError: when it is none, or none that the key vouches for
        """
        ...

    def encode_reflector(self, packet: ReflectorPacket) -> bytes:
        """Return the octets of a reply."""
        ...

    def decode_reflector(self, octets: bytes) -> ReflectorPacket:
        """Return the reply; raises what ``decode_sender`` raises."""
        ...


class _Open:
    """Unauthenticated mode (RFC 8762 §4.2.1, §4.3.1)."""

    base_octets = wire.BASE_OCTETS
    protected = False
    encode_sender = staticmethod(wire.encode_sender)
    decode_sender = staticmethod(wire.decode_sender)
    encode_reflector = staticmethod(wire.encode_reflector)
    decode_reflector = staticmethod(wire.decode_reflector)


OPEN: Mode = _Open()
