"""STAMP's open mode as TWAMP servers understand it: behind the header of a reply is padding, whatever it looks like."""

from dataclasses import replace
from typing import Final

from netbench_probes.stamp.modes import OPEN, Mode
from netbench_probes.stamp.wire import ReflectorPacket

_UNKNOWN_TTL: Final = 255


class _Twamp:
    """Requests are STAMP's (see ``stamp.modes.Mode``)."""

    base_octets = OPEN.base_octets
    protected = False
    encode_sender = staticmethod(OPEN.encode_sender)
    decode_sender = staticmethod(OPEN.decode_sender)
    encode_reflector = staticmethod(OPEN.encode_reflector)

    @staticmethod
    def decode_reflector(octets: bytes) -> ReflectorPacket:
        """Return the reply without its padding; a TTL of 255 is what RFC 5357 §4.2.1 has for one that is not known.

        :raises MalformedPacketError: when it is none
        """
        reply = OPEN.decode_reflector(octets)
        ttl = None if reply.sender_ttl == _UNKNOWN_TTL else reply.sender_ttl
        return replace(reply, ssid=0, sender_ttl=ttl, rest=b"")


TWAMP: Final[Mode] = _Twamp()
