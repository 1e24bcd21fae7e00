"""What a packet capture on a host's interface saw of STAMP, as an account independent of the probe."""

import struct
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess

    from tests.root.conftest import Host

NANOSECOND_MAGIC = 0xA1B23C4D
ETHERNET_OCTETS = 14
HAND_OVER_SECONDS = 1.5
"""The kernel hands packets to tcpdump in blocks, the last one a second after its first packet."""


@contextmanager
def capturing(host: "Host", file: Path, expression: str) -> Generator["subprocess.Popen[bytes]"]:
    """Write what passes the host's interface to ``file`` while inside; complete afterwards."""
    # not --immediate-mode: waking tcpdump for each packet takes microseconds between the tap and the driver's stamp
    argv = ["tcpdump", "-i", host.interface, "--time-stamp-precision=nano", "-B", "16384", "-w", str(file)]
    process = host.vantage.popen([*argv, "-Z", "root", expression])
    assert process.stderr is not None
    try:
        while b"listening" not in process.stderr.readline():
            assert process.poll() is None, "tcpdump did not start"
        yield process
        time.sleep(HAND_OVER_SECONDS)
    finally:
        process.terminate()
        process.communicate(timeout=10)


def frames(file: Path) -> Iterator[tuple[int, bytes]]:
    """Yield (wall clock ns, IP packet) of a capture with nanoseconds."""
    octets = file.read_bytes()
    assert struct.unpack_from("<I", octets)[0] == NANOSECOND_MAGIC
    offset = 24
    while offset + 16 <= len(octets):
        seconds, nanoseconds, length, _ = struct.unpack_from("<4I", octets, offset)
        yield seconds * 10**9 + nanoseconds, octets[offset + 16 + ETHERNET_OCTETS : offset + 16 + length]
        offset += 16 + length


def round_trips_ns(file: Path, address: str) -> dict[int, tuple[int, int]]:
    """Return (request seen, reply seen) by the sender's sequence, of STAMP over IPv4 from ``address``."""
    source = bytes(int(part) for part in address.split("."))
    requests: dict[int, int] = {}
    replies: dict[int, int] = {}
    for at_ns, packet in frames(file):
        payload = packet[28:]
        if packet[9] != 17 or len(payload) < 44:
            continue
        if packet[12:16] == source:
            requests.setdefault(struct.unpack_from("!I", payload)[0], at_ns)
        else:
            replies.setdefault(struct.unpack_from("!I", payload, 24)[0], at_ns)
    return {sequence: (requests[sequence], at_ns) for sequence, at_ns in replies.items() if sequence in requests}
