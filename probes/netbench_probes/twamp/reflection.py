"""A TWAMP Session-Reflector's reply without sockets (RFC 5357 §4.2, RFC 6038 §5.2).

A reply is as long as its request, but never shorter than its own header of 41 octets: a request has at least 14, so that a reply
has at most 27 more. Padding is the sender's own, its last octets cut off; in symmetrical size both have it at the same place.
"""

from typing import Final

from netbench_probes.stamp.wire import ReflectorPacket, decode_sender, encode_reflector, ntp_from_unix

HEADER_OCTETS: Final = 41
_SENDER_OCTETS: Final = 14
_UNKNOWN_TTL: Final = 255


def reply_to(
    request: bytes,
    *,
    sequence: int,
    received_ns: int,
    now_ns: int,
    hop_limit: int | None,
    error_estimate: int,
    symmetrical: bool = False,
) -> bytes:
    """Return the reply to a request that arrived at ``received_ns`` and is answered at ``now_ns`` (both wall clock).

    :raises MalformedPacketError: when the request is no test packet
    """
    asked = decode_sender(request)
    reply = ReflectorPacket(
        sequence=sequence,
        timestamp=ntp_from_unix(now_ns),
        error_estimate=error_estimate,
        ssid=0,
        receive_timestamp=ntp_from_unix(received_ns),
        sender_sequence=asked.sequence,
        sender_timestamp=asked.timestamp,
        sender_error_estimate=asked.error_estimate,
        sender_ttl=_UNKNOWN_TTL if hop_limit is None else hop_limit,
    )
    padding = request[HEADER_OCTETS if symmetrical else _SENDER_OCTETS :]
    return encode_reflector(reply)[:HEADER_OCTETS] + padding[: max(0, len(request) - HEADER_OCTETS)]
