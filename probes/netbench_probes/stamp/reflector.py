"""The Session-Reflector without sockets (RFC 8762 §4.3): stateful, one counter a session.

A reply is as long as its request, but never shorter than the base packet of 44 octets, as RFC 8762 §4.6 wants for TWAMP-Light
senders. A request has at least 14 octets, so that a reply has at most 30 more than its request (44 to 14 octets of payload; 1.7
times on an IPv4 network with its headers): that is the bound of what a forged source address can gain.
"""

from collections import OrderedDict
from collections.abc import Hashable

from netbench_probes.stamp.wire import (
    BASE_OCTETS,
    UNKNOWN_ERROR,
    ReflectorPacket,
    decode_sender,
    encode_reflector,
    ntp_from_unix,
)

_COUNTER = 0xFFFF_FFFF


class ReflectorSession:
    """One session: replies are numbered from 0, one each, so that a sender can tell in which direction a packet was lost."""

    def __init__(self) -> None:
        """No request yet. ``next_sequence`` is the number that the next reply will carry."""
        self.next_sequence = 0

    def reflect(self, request: bytes, received_ns: int, hop_limit: int | None, now_ns: int) -> bytes:
        """Return the reply to a request that arrived at ``received_ns`` and is answered at ``now_ns`` (both wall clock).

        What follows the base packet is copied as it came; that tells a sender of TLVs that none was understood.

        :raises MalformedPacketError: when the request is no test packet; it is not answered and not counted
        """
        asked = decode_sender(request)
        reply = ReflectorPacket(
            sequence=self.next_sequence,
            timestamp=ntp_from_unix(now_ns),
            error_estimate=UNKNOWN_ERROR,
            ssid=asked.ssid,
            receive_timestamp=ntp_from_unix(received_ns),
            sender_sequence=asked.sequence,
            sender_timestamp=asked.timestamp,
            sender_error_estimate=asked.error_estimate,
            sender_ttl=hop_limit,
            rest=request[BASE_OCTETS:],
        )
        self.next_sequence = (self.next_sequence + 1) & _COUNTER
        return encode_reflector(reply)


class ReflectorSessions:
    """The sessions of a reflector that answers whoever asks: known by peer, forgotten when idle, bounded in number.

    A peer that returns within ``idle_ns`` continues its count: senders go by differences. Past ``most`` sessions the longest
    unheard one is forgotten, so that forged sources cost no memory.
    """

    def __init__(self, idle_ns: int, most: int) -> None:
        """No session yet."""
        self._idle_ns = idle_ns
        self._most = most
        self._sessions: OrderedDict[Hashable, tuple[int, ReflectorSession]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._sessions)

    def of(self, peer: Hashable, now_ns: int) -> ReflectorSession:
        """Return the session of a peer, heard at ``now_ns`` (monotonic), a new one if need be."""
        heard_ns, session = self._sessions.pop(peer, (now_ns, None))
        if session is None or now_ns - heard_ns > self._idle_ns:
            session = ReflectorSession()
        self._sessions[peer] = (now_ns, session)
        if len(self._sessions) > self._most:
            self._sessions.popitem(last=False)
        return session
