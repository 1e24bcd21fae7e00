"""What libiperf's own JSON says of a test: why it failed, the congestion control it used, what the far end counted."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

_UNREAD_BYTES = 16 << 20  # may lie in the far socket when the test ends: acknowledged, and never counted by its iperf3


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
    if not isinstance(document, dict):
        return Told(error="iperf3 gave JSON that is no result")
    return _account(cast("dict[str, Any]", document))


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


def _account(document: Mapping[str, Any]) -> Told:
    end = document.get("end", {})
    return Told(
        error=document.get("error"),
        received_bytes=end.get("sum_received", {}).get("bytes"),
        congestion_control=end.get("sender_tcp_congestion"),
    )
