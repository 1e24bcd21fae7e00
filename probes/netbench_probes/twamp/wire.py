"""TWAMP-Control messages in open mode (RFC 5357 §3, RFC 4656 §3): octets to values and back, nothing else.

Every message has one length, and whoever reads a stream knows from its state which is next. Reading judges nothing: MBZ octets
and HMACs, which open mode leaves zero, are ignored whatever they hold, and each value is kept as it stands.
"""

import ipaddress
import struct
from dataclasses import dataclass
from enum import IntEnum, IntFlag

GREETING_OCTETS = 64
SET_UP_RESPONSE_OCTETS = 164
SERVER_START_OCTETS = 48
REQUEST_OCTETS = 112
ACCEPT_SESSION_OCTETS = 48
COMMAND_OCTETS = 32
"""Start-Sessions, Start-Ack and Stop-Sessions."""

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_ADDRESS_OCTETS = 16
_BLOCK = bytes(16)
_NANOSECONDS = 1_000_000_000
_MOST_FIXED = (1 << 64) - 1

_GREETING = struct.Struct("!12xI16s16sI12x")
_SET_UP_RESPONSE = struct.Struct("!I80s64s16s")
_SERVER_START = struct.Struct("!15xB16sQ8x")
_REQUEST = struct.Struct("!BBBBIIHH16s16s16sIQQIHH4x16x")
_ACCEPT_SESSION = struct.Struct("!BxH16sHH8x16x")
_ACKNOWLEDGEMENT = struct.Struct("!B15x16x")
_STOP_SESSIONS = struct.Struct("!BB2xI8x16x")


class Mode(IntFlag):
    """The bits of the TWAMP-Modes registry; the first four are modes of security, of which a client chooses one."""

    UNAUTHENTICATED = 1
    AUTHENTICATED = 2
    ENCRYPTED = 4
    MIXED = 8
    """Control encrypted, test packets open (RFC 5618)."""
    INDIVIDUAL_SESSION_CONTROL = 16
    """RFC 5938."""
    REFLECT_OCTETS = 32
    SYMMETRICAL_SIZE = 64
    """Both RFC 6038."""
    IKEV2_DERIVED_KEYS = 128
    """RFC 7717."""
    DSCP_ECN_MONITORING = 256
    """RFC 7750."""


class Accept(IntEnum):
    """Why not (RFC 4656 §3.3); a number that is not here means failure too."""

    OK = 0
    FAILURE = 1
    INTERNAL_ERROR = 2
    NOT_SUPPORTED = 3
    PERMANENT_LIMIT = 4
    TEMPORARY_LIMIT = 5


class Command(IntEnum):
    """The first octet of what a client commands."""

    START_SESSIONS = 2
    STOP_SESSIONS = 3
    REQUEST_SESSION = 5


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a server says first. ``modes`` 0 means that it does not want to talk; the rest serves authentication."""

    modes: int
    challenge: bytes = _BLOCK
    salt: bytes = _BLOCK
    count: int = 1024


@dataclass(frozen=True, slots=True)
class SetUpResponse:
    """The client's choice of mode; the rest is zero in open mode."""

    mode: int
    key_id: bytes = bytes(80)
    token: bytes = bytes(64)
    client_iv: bytes = _BLOCK


@dataclass(frozen=True, slots=True)
class ServerStart:
    """Whether the server goes on; ``start_time`` is when it was started, as an NTP timestamp."""

    accept: int
    start_time: int = 0
    server_iv: bytes = _BLOCK


@dataclass(frozen=True, slots=True)
class SessionRequest:
    """Request-TW-Session. Addresses are fields of 16 octets, all zero for those of the TCP connection (see ``address_in``).

    ``timeout`` is in 2^-32 s, ``start_time`` an NTP timestamp, ``type_p`` a DSCP in the upper octet (RFC 4656 §3.5).
    ``padding_octets`` are what the sender's packets carry behind their 14 octets.
    """

    ip_version: int
    sender_port: int
    receiver_port: int
    sender_address: bytes = _BLOCK
    receiver_address: bytes = _BLOCK
    padding_octets: int = 0
    timeout: int = 0
    type_p: int = 0
    start_time: int = 0
    conf_sender: int = 0
    conf_receiver: int = 0
    slots: int = 0
    packets: int = 0
    sid: bytes = _BLOCK
    octets_to_reflect: int = 0
    padding_to_reflect: int = 0


@dataclass(frozen=True, slots=True)
class SessionAccept:
    """Accept-Session. ``port`` is where the test packets go, whatever was asked for; ``sid`` names the session."""

    accept: int
    port: int = 0
    sid: bytes = _BLOCK
    reflected_octets: int = 0
    server_octets: int = 0


@dataclass(frozen=True, slots=True)
class StopSessions:
    """The end of all sessions of the connection; ``accept`` says whether they went well."""

    accept: int
    sessions: int


def encode_greeting(message: Greeting) -> bytes:
    """Return 64 octets."""
    return _GREETING.pack(message.modes, message.challenge, message.salt, message.count)


def decode_greeting(octets: bytes) -> Greeting:
    """Read 64 octets."""
    return Greeting(*_GREETING.unpack(octets))


def encode_set_up_response(message: SetUpResponse) -> bytes:
    """Return 164 octets."""
    return _SET_UP_RESPONSE.pack(message.mode, message.key_id, message.token, message.client_iv)


def decode_set_up_response(octets: bytes) -> SetUpResponse:
    """Read 164 octets."""
    return SetUpResponse(*_SET_UP_RESPONSE.unpack(octets))


def encode_server_start(message: ServerStart) -> bytes:
    """Return 48 octets."""
    return _SERVER_START.pack(message.accept, message.server_iv, message.start_time)


def decode_server_start(octets: bytes) -> ServerStart:
    """Read 48 octets."""
    accept, server_iv, start_time = _SERVER_START.unpack(octets)
    return ServerStart(accept, start_time, server_iv)


def encode_request(message: SessionRequest) -> bytes:
    """Return 112 octets."""
    return _REQUEST.pack(
        Command.REQUEST_SESSION,
        message.ip_version,
        message.conf_sender,
        message.conf_receiver,
        message.slots,
        message.packets,
        message.sender_port,
        message.receiver_port,
        message.sender_address,
        message.receiver_address,
        message.sid,
        message.padding_octets,
        message.start_time,
        message.timeout,
        message.type_p,
        message.octets_to_reflect,
        message.padding_to_reflect,
    )


def decode_request(octets: bytes) -> SessionRequest:
    """Read 112 octets whose first is the command; the upper half of octet 1 is MBZ and ignored."""
    _, version, conf_sender, conf_receiver, slots, packets, sender_port, receiver_port, *rest = _REQUEST.unpack(octets)
    sender_address, receiver_address, sid, padding_octets, start_time, timeout, type_p, to_reflect, padding_to_reflect = rest
    return SessionRequest(
        ip_version=version & 0x0F,
        sender_port=sender_port,
        receiver_port=receiver_port,
        sender_address=sender_address,
        receiver_address=receiver_address,
        padding_octets=padding_octets,
        timeout=timeout,
        type_p=type_p,
        start_time=start_time,
        conf_sender=conf_sender,
        conf_receiver=conf_receiver,
        slots=slots,
        packets=packets,
        sid=sid,
        octets_to_reflect=to_reflect,
        padding_to_reflect=padding_to_reflect,
    )


def encode_accept_session(message: SessionAccept) -> bytes:
    """Return 48 octets."""
    return _ACCEPT_SESSION.pack(message.accept, message.port, message.sid, message.reflected_octets, message.server_octets)


def decode_accept_session(octets: bytes) -> SessionAccept:
    """Read 48 octets."""
    return SessionAccept(*_ACCEPT_SESSION.unpack(octets))


def encode_start_sessions() -> bytes:
    """Return 32 octets."""
    return _ACKNOWLEDGEMENT.pack(Command.START_SESSIONS)


def encode_start_ack(accept: int) -> bytes:
    """Return 32 octets."""
    return _ACKNOWLEDGEMENT.pack(accept)


def decode_start_ack(octets: bytes) -> int:
    """Return the accept code of 32 octets."""
    accept: int = _ACKNOWLEDGEMENT.unpack(octets)[0]
    return accept


def encode_stop_sessions(message: StopSessions) -> bytes:
    """Return 32 octets."""
    return _STOP_SESSIONS.pack(Command.STOP_SESSIONS, message.accept, message.sessions)


def decode_stop_sessions(octets: bytes) -> StopSessions:
    """Read 32 octets whose first is the command."""
    _, accept, sessions = _STOP_SESSIONS.unpack(octets)
    return StopSessions(accept, sessions)


def address_field(address: IpAddress) -> bytes:
    """Return an address as it stands in a request: IPv4 ones are followed by 12 zero octets."""
    return address.packed.ljust(_ADDRESS_OCTETS, b"\0")


def address_in(field: bytes, ip_version: int) -> IpAddress | None:
    """Return the address in a field, None where it is zero and so the connection's own, or of no known version."""
    if ip_version == 4 and any(field[:4]):
        return ipaddress.IPv4Address(field[:4])
    if ip_version == 6 and any(field):
        return ipaddress.IPv6Address(field)
    return None


def fixed_from_ns(duration_ns: int) -> int:
    """Return a duration in units of 2^-32 s, as requests carry timeouts; at most what 64 bits hold."""
    return min((duration_ns << 32) // _NANOSECONDS, _MOST_FIXED)


def ns_from_fixed(duration: int) -> int:
    """Return a duration of 2^-32 s units in nanoseconds, rounded down."""
    return duration * _NANOSECONDS >> 32


def type_p_from_dscp(dscp: int) -> int:
    """Return the Type-P descriptor of a DSCP: plain in the upper octet, not shifted as in an IP header."""
    return dscp << 24


def dscp_of(type_p: int) -> int | None:
    """Return the DSCP that a Type-P descriptor asks for, None where it names a PHB or a form nobody has defined."""
    return type_p >> 24 if type_p >> 30 == 0 else None
