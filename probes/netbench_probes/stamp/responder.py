"""A reflector for many senders, without sockets: which session a request belongs to, how it is answered, when the answer left."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, NamedTuple

from netbench.clock import Instant
from netbench.linux.timestamping import Address
from netbench.measure.reflector import ReflectorOptions
from netbench_probes.stamp.authentication import Authenticated, UnauthenticatedPacketError, ssid_of
from netbench_probes.stamp.estimate import ClockWord
from netbench_probes.stamp.modes import OPEN
from netbench_probes.stamp.reflector import Arrival, ReflectorSession, ReflectorSessions, Reply, Style
from netbench_probes.stamp.wire import BASE_OCTETS, SenderPacket

IDLE_NS: Final = 900_000_000_000
"""RFC 5357's REFWAIT: a session that was silent so long is over."""
MOST_SESSIONS: Final = 65_536
MOST_DEPARTURES: Final = 65_536
_SSID_OFFSET: Final = 14
_SSID_END: Final = 16


class Response(NamedTuple):
    """A reply and the token with which its departure is told."""

    reply: Reply
    token: int


@dataclass(frozen=True, slots=True)
class _Departure:
    session: ReflectorSession
    sequence: int


class Responder:
    """Answers by the options: authenticated or not, by the key of the SSID or the one for all others, stateful or stateless.

    A session is known by peer, local address and SSID. It is made only for a request that was understood: what no key vouches for
    leaves no trace.
    """

    def __init__(self, options: ReflectorOptions, word: ClockWord) -> None:
        """No session yet. ``word`` is what replies say of the clock."""
        self._options = options
        self._word = word
        self._styles: dict[bytes | None, Style] = {}
        self._sessions = ReflectorSessions(IDLE_NS, MOST_SESSIONS)
        self._departures: OrderedDict[int, _Departure] = OrderedDict()
        self._token = 0

    @property
    def sessions(self) -> int:
        """How many sessions are remembered."""
        return len(self._sessions)

    def answer(self, peer: Address, local: bytes, arrival: Arrival, now: Instant) -> Response:
        """Return the answer to a request from ``peer`` that came to the address ``local``.

        :raises MalformedPacketError: when it is no test packet, or none that a key vouches for
        """
        style = self._style_for(arrival.octets)
        asked = style.mode.decode_sender(arrival.octets)
        session = self._sessions.of((peer, local, _ssid(asked, arrival.octets, style)), now.monotonic_ns, style)
        reply = session.answer_to(asked, arrival, now.wall_ns)
        return Response(reply, self._await(session, reply.sequence))

    def departed(self, token: int, stamp_ns: int) -> None:
        """Note when an answer left."""
        departure = self._departures.pop(token, None)
        if departure is not None:
            departure.session.departed(departure.sequence, stamp_ns)

    def _await(self, session: ReflectorSession, sequence: int) -> int:
        self._token += 1
        self._departures[self._token] = _Departure(session, sequence)
        if len(self._departures) > MOST_DEPARTURES:
            self._departures.popitem(last=False)
        return self._token

    def _style_for(self, octets: bytes) -> Style:
        """The key goes by the SSID, which has not been vouched for yet: a wrong one finds a key that does not vouch for it."""
        ssid = ssid_of(octets) if self._options.authenticated else int.from_bytes(octets[_SSID_OFFSET:_SSID_END], "big")
        secret = self._secret(ssid)
        if secret is None and self._options.authenticated:
            raise UnauthenticatedPacketError(f"there is no key of ssid {ssid}")
        if secret not in self._styles:
            mode = Authenticated(secret) if secret is not None and self._options.authenticated else OPEN
            self._styles[secret] = Style(mode, secret, stateless=self._options.stateless, copies_dscp=True, word=self._word)
        return self._styles[secret]

    def _secret(self, ssid: int) -> bytes | None:
        found = self._options.keys.by_ssid(ssid) if self._options.keys else None
        found = found or self._options.key
        return found.secret if found else None


def _ssid(asked: SenderPacket, octets: bytes, style: Style) -> int:
    """Where TWAMP-Light senders have padding of their own, no two packets need have the same octets in the place of an SSID."""
    if style.mode.protected:
        return asked.ssid
    stamp = len(octets) >= BASE_OCTETS and not any(octets[_SSID_END:BASE_OCTETS])
    return asked.ssid if stamp else 0
