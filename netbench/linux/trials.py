"""What this kernel can do, really tried: ``python -m netbench.linux.trials``, run inside a sandbox.

Everything here changes the network namespace that it runs in, so it runs in one of its own, which goes away with it.
"""

import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence

from netbench.clock import SystemClock
from netbench.errors import UnsupportedError
from netbench.linux.attempt import Attempt
from netbench.linux.namespaces import new_network_namespace, run_inside
from netbench.linux.timestamping import StampedSocket

SOL_PACKET, PACKET_VNET_HDR = 263, 15
STAMP_TIMEOUT_MS = 1000

_VETH = (
    "link add left type veth peer name right",
    "addr add 10.9.0.1/24 dev left",
    "link set left up",
    "link set right up",
    # nobody answers for this address, and nobody needs to
    "neigh add 10.9.0.2 lladdr 02:00:00:00:00:02 dev left nud permanent",
)
_NETEM = (
    "qdisc add dev lo root netem delay 1ms",
    "qdisc replace dev lo root tbf rate 1mbit burst 3076 limit 10000",
    "qdisc add dev lo ingress",
    "filter add dev lo ingress matchall action mirred egress redirect dev lo",
)


def netem() -> str:
    """Return what was found when a netem qdisc was added to an interface, and all else that a wire of netem is made of.

    :raises UnsupportedError: when the kernel has no such thing
    """
    for arguments in _NETEM:
        _command(["tc", *arguments.split()])
    return "a qdisc of it was added"


def packet_sockets() -> str:
    """Return what was found when a packet socket was asked for virtio headers.

    :raises OSError: when there are no packet sockets, or none with such headers
    """
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as port:
        port.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    return "AF_PACKET with PACKET_VNET_HDR"


def transmit_stamps() -> str:
    """Return what was found when a datagram was sent over veth by a socket that asks for its transmit time.

    :raises UnsupportedError: when no time came back
    """
    for arguments in _VETH:
        _command(["ip", *arguments.split()])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect(("10.9.0.2", 9))
        delay_ns = transmit_stamp_delay_ns(StampedSocket(sender), SystemClock().now().wall_ns)
    return f"stamped {delay_ns / 1000:.0f} µs after the send began"


def transmit_stamp_delay_ns(stamped: StampedSocket, now_ns: int) -> int:
    """Return how long after ``now_ns`` the kernel says that a datagram, sent here on a connected socket, left.

    :raises UnsupportedError: when the kernel does not say so within a second
    """
    if not stamped.kernel:
        raise UnsupportedError("this kernel does not know SO_TIMESTAMPING")
    stamped.send(b"netbench", 1, now_ns)
    poll = select.poll()
    poll.register(stamped.fileno(), select.POLLERR)
    poll.poll(STAMP_TIMEOUT_MS)
    known = stamped.transmitted()
    if known is None:
        raise UnsupportedError("no transmit timestamp came back from a veth interface")
    return known[1] - now_ns


TRIALS: dict[str, Callable[[], str]] = {"netem": netem, "packet_sockets": packet_sockets, "tx_timestamps": transmit_stamps}


def main() -> int:
    """Print, as JSON, whether each trial succeeded and what it found."""
    print(json.dumps({name: _outcome(trial) for name, trial in TRIALS.items()}))
    return 0


def in_namespace(name: str) -> Attempt:
    """Return how a trial ended in a network namespace made for it alone, which is gone afterwards; without leave, it failed."""
    try:
        namespace = new_network_namespace()
    except UnsupportedError as error:
        return Attempt(ok=False, said=str(error))
    try:
        return Attempt(*run_inside(namespace, lambda: _outcome(TRIALS[name])))
    finally:
        os.close(namespace)


def _outcome(trial: Callable[[], str]) -> tuple[bool, str]:
    try:
        return True, trial()
    except (UnsupportedError, OSError) as error:
        return False, str(error)


def _command(argv: Sequence[str]) -> None:
    try:
        done = subprocess.run(argv, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    except OSError as error:
        raise UnsupportedError(f"cannot start {argv[0]}: {error.strerror}") from error
    if done.returncode != 0:
        raise UnsupportedError(f"{argv[0]}: {done.stderr.strip().removeprefix('Error: ')}")


if __name__ == "__main__":
    sys.exit(main())
