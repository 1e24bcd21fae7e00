"""What libiperf's own JSON says of a test: why it failed, which congestion control it used, what the far end counted."""

import json
from dataclasses import dataclass
from typing import TypeVar, cast

T = TypeVar("T")

_UNREAD_BYTES = 16 << 20  # may lie in the far socket when the test ends: acknowledged, and never counted by its iperf3


_CURES = {
    "Connection refused": "start an iperf3 server there, or give its port",
    "busy running a test": "it serves one client at a time: try again when the other has finished",
    "TCP_CONGESTION": "name one that the sender's kernel has (sysctl net.ipv4.tcp_available_congestion_control)",
    "control message": "it went away, or it is no iperf3 server",
    "control socket has closed": "it went away, or it is no iperf3 server",
}


@dataclass(frozen=True, slots=True)
class Told:
    """One end's account of a finished test; None where it does not say.

    ``received_bytes`` is what the receiving end counted over the whole test, ``congestion_control`` the sender's.
    """

    error: str | None = None
    received_bytes: int | None = None
    congestion_control: str | None = None


def told(text: str | None) -> Told:
    """Return what one end's JSON says. Text that is not iperf3's JSON says nothing but that, in ``error``."""
    if text is None:
        return Told()
    try:
        document: object = json.loads(text)
    except ValueError:
        return Told(error="iperf3 gave something that is not JSON")
    try:
        return _account(document)
    except TypeError:
        return Told(error="iperf3 gave JSON that is no result")


def explained(reason: str) -> str:
    """Return libiperf's reason for a failure, with what to do about it where that is known."""
    return next((f"{reason}; {cure}" for words, cure in _CURES.items() if words in reason), reason)


def contradiction(account: Told, *, congestion_control: str, acked_bytes: int) -> str | None:
    """Return why a finished test is not what it seems, or None.

    ``acked_bytes`` is what the kernel here saw acknowledged. A far end that counted much less was not the one to acknowledge it:
    a proxy that splits connections, as mobile and satellite networks have (RFC 3135, section 2.4), stands between.
    """
    used, counted = account.congestion_control, account.received_bytes
    if used is not None and used != congestion_control:
        return f"the sender used {used} where {congestion_control} was asked"
    if counted is not None and acked_bytes > counted * 1.1 + _UNREAD_BYTES:
        return f"the far end counted {counted} bytes of {acked_bytes} acknowledged: something on the way answers in its place"
    return None


def _account(document: object) -> Told:
    return Told(
        error=_at(document, str, "error"),
        received_bytes=_at(document, int, "end", "sum_received", "bytes"),
        congestion_control=_at(document, str, "end", "sender_tcp_congestion"),
    )


def _at(document: object, kind: type[T], *keys: str) -> T | None:
    """Return what is at that path, None where a key is missing.

    :raises TypeError: when it is of another kind, or the path leads through what is no object
    """
    found = document
    for key in keys:
        if not isinstance(found, dict):
            raise TypeError(key)
        found = cast("dict[str, object]", found).get(key, {} if key != keys[-1] else None)
    if found is not None and not isinstance(found, kind):
        raise TypeError(keys[-1])
    return found
