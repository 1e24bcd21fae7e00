"""How often a client is answered: a token bucket each, without sockets or clocks."""

import ipaddress
from collections import OrderedDict
from collections.abc import Hashable
from typing import Final

_SECOND_NS: Final = 1_000_000_000
_LEAST_BURST: Final = 10
_IPV6_CLIENT_OCTETS: Final = 8
MOST_CLIENTS: Final = 65_536


class Buckets:
    """A bucket a client holds a second's worth of tokens, ten at least, and fills at the rate; each answer takes one.

    A bucket is kept as the time at which it will be full again. Past ``most`` clients the longest unheard one is forgotten, and
    has a full bucket when it returns: forged sources cost no memory, and take nothing from clients that are vouched for first.
    """

    def __init__(self, rate: int, most: int = MOST_CLIENTS) -> None:
        """All are full. ``rate`` is in tokens a second."""
        self._each_ns = _SECOND_NS // rate
        self._room_ns = (max(rate, _LEAST_BURST) - 1) * self._each_ns
        self._most = most
        self._full_ns: OrderedDict[Hashable, int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._full_ns)

    def take(self, client: Hashable, now_ns: int) -> bool:
        """Take a token of a client at a time (monotonic); return whether it had one."""
        full_ns = max(self._full_ns.pop(client, now_ns), now_ns)
        had_one = full_ns - now_ns <= self._room_ns
        self._full_ns[client] = full_ns + self._each_ns if had_one else full_ns
        if len(self._full_ns) > self._most:
            self._full_ns.popitem(last=False)
        return had_one


def client_of(host: str) -> bytes:
    """Return who an address is: itself in IPv4, its network of 64 bits in IPv6, all of which one client has."""
    address = ipaddress.ip_address(host.partition("%")[0])
    return address.packed if address.version == 4 else address.packed[:_IPV6_CLIENT_OCTETS]
