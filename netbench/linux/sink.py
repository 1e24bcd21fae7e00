"""Counts the datagrams that arrive at a socket without ever waking anybody: the kernel drops each, and keeps count."""

import ctypes
import socket
import struct
from typing import Final

from netbench.linux.timestamping import SO_MEMINFO

_SO_ATTACH_FILTER: Final = 26
_RETURN_NOTHING: Final = struct.pack("@HBBI", 0x06, 0, 0, 0)  # BPF_RET | BPF_K, 0: keep no octet of any packet
_DROPS_IN_MEMINFO: Final = 8


class CountingSink:
    """A bound datagram socket that keeps nothing; it owns the socket."""

    def __init__(self, owned: socket.socket) -> None:
        """Arrivals are counted from now on."""
        self._socket = owned
        program = ctypes.create_string_buffer(_RETURN_NOTHING)
        owned.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("@HP", 1, ctypes.addressof(program)))

    @property
    def port(self) -> int:
        """The port it is bound to."""
        return int(self._socket.getsockname()[1])

    def count(self) -> int:
        """Return how many datagrams have arrived."""
        information = self._socket.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, 36)
        return int(struct.unpack("@9I", information)[_DROPS_IN_MEMINFO])

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
