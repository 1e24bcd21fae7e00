"""Mutations of echo replies and of quoted requests, as anybody on the way may send them."""

import random
import socket

from netbench_probes.icmp.wire import decode_echo, encode_request, quoted_sequence, sequence_of, without_ip_header

_NONCE = b"netbench"
_IP_HEADER = bytes.fromhex("4500003000004000400100000a0000010a000002")


def fuzz(seed: int, count: int) -> None:
    """Read ``count`` mutated messages; a sequence number that is taken for ours is one that was sent."""
    chance = random.Random(seed)
    sent = 70_000
    for _ in range(count):
        octets = bytearray(_IP_HEADER + encode_request(socket.AF_INET, 7, chance.randrange(sent), _NONCE))
        for _ in range(chance.randint(0, 3)):
            octets[chance.randrange(len(octets))] = chance.randrange(256)
        echo = decode_echo(without_ip_header(bytes(octets[: chance.randint(0, len(octets))])))
        if echo is not None:
            sequence_of(echo, _NONCE)
            quoted = quoted_sequence(echo, _NONCE, sent)
            assert quoted is None or quoted >= 0
