"""Mutations of what ICMP errors quote of a path's probes, with extensions, as the error queue hands them over."""

import random
import socket
import struct

from netbench.linux.icmp_errors import icmp_error
from netbench.linux.icmp_extensions import read_extensions
from netbench_probes.path.wire import ProbeId, decode_mark, encode_mark

_NONCE = b"nonce!"
_EXTENSIONS = bytes.fromhex("20000000" + "00080101" + "05dc1101")
_OFFENDER = struct.pack("=HH4s8x", socket.AF_INET, 0, socket.inet_aton("10.0.0.1"))


def fuzz(seed: int, count: int) -> None:
    """Read ``count`` mutated messages; what is quoted and what extends it are exactly what came."""
    chance = random.Random(seed)
    for _ in range(count):
        mark = encode_mark(_NONCE, ProbeId(chance.randrange(1 << 32), chance.randrange(1 << 16), chance.randrange(256)), 100)
        octets = bytearray(mark + _EXTENSIONS)
        error = bytearray(struct.pack("=IBBBBIHBB", 113, 2, 11, 0, 0, 0, len(mark), 0, 0) + _OFFENDER)
        for target in (octets, error):
            for _ in range(chance.randint(0, 3)):
                target[chance.randrange(len(target))] = chance.randrange(256)
        came = bytes(octets[: chance.randint(0, len(octets))])
        told = icmp_error(came, [(socket.IPPROTO_IP, 11, bytes(error[: chance.randint(0, len(error))]))])
        if told is not None:
            assert told.quoted + (told.extensions or b"") == came
            decode_mark(told.quoted, _NONCE)
            read_extensions(told.extensions or b"")
