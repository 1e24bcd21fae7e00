"""What an emulation would leave behind on the host, if it did."""

import re
import socket

OURS = re.compile(r"[wpq]\d+[ab]|n\d+-eth\d+|sn\d+|ovs-system")
"""A link's ends at the wire, at a switch and at a site; a switch."""


def emulated_interfaces() -> list[str]:
    """The interfaces of this process's namespace that are named as netbench names its own; others may come and go meanwhile."""
    return sorted(name for _, name in socket.if_nameindex() if OURS.fullmatch(name))
