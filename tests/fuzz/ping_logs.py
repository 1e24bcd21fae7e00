"""Mutations of logs of ping: each is read whole or refused by a sentence that names its file."""

import random

from netbench.errors import InputError
from netbench.foreign import maps
from netbench.foreign.model import ColumnMap
from netbench.foreign.read import read
from netbench.measure.samples import Fate
from tests.fuzz.mutation import mutated
from tests.fuzz.refusals import is_one_sentence

AT_NS = 1_795_572_547_000_000_000

_LOGS = (
    b"""PING 10.0.0.1 (10.0.0.1) 56(84) bytes of data.
64 bytes from 10.0.0.1: icmp_seq=1 ttl=64 time=4.31 ms
64 bytes from 10.0.0.1: icmp_seq=3 ttl=64 time=12.0 ms
64 bytes from 10.0.0.1: icmp_seq=2 ttl=64 time=112 ms
64 bytes from 10.0.0.1: icmp_seq=3 ttl=64 time=12.1 ms (DUP!)

--- 10.0.0.1 ping statistics ---
4 packets transmitted, 3 received, +1 duplicates, 25% packet loss, time 3004ms
rtt min/avg/max/mdev = 4.310/42.770/112.000/48.800 ms
""",
    b"""PING host(host (2001:db8::1)) 56 data bytes
[1795572547.387770] 64 bytes from host (2001:db8::1): icmp_seq=1 ttl=64 time=0.033 ms
[1795572547.588996] no answer yet for icmp_seq=2
From 2001:db8::9 icmp_seq=2 Destination unreachable: No route

--- host ping statistics ---
2 packets transmitted, 1 received, 50% packet loss, time 1001ms
rtt min/avg/max/mdev = 0.033/0.033/0.033/0.000 ms, pipe 2
""",
)


def fuzz(seed: int, count: int) -> None:
    """Read ``count`` mutated logs; of one that is read every attempt has one fate."""
    chance, wanted = random.Random(seed), maps.find("ping")
    for _ in range(count):
        _check(mutated(chance, _LOGS), wanted)


def _check(octets: bytes, wanted: ColumnMap) -> None:
    try:
        content = read(wanted, octets, "ping.log", "UTC", AT_NS)
    except InputError as refused:
        is_one_sentence(refused, "ping.log")
        return
    packets = content.subjects[0].packets
    assert packets is not None
    attempts = packets["sequence"][packets["fate"] != Fate.DUPLICATE]
    assert list(attempts) == list(range(1, len(attempts) + 1))
