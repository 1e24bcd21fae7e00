"""A socket that reads both halves of its error queue: the kernel's transmit stamps, and what routers and hosts complain of."""

import errno
import socket
from typing import Final, NamedTuple

from netbench.linux.icmp_errors import IcmpError, ask_for_errors, icmp_error
from netbench.linux.timestamping import Address, StampedSocket

_ENOUGH_TRIES: Final = 64
_QUOTED_OCTETS: Final = 65_535
_ANCILLARY_OCTETS: Final = 512


class Departure(NamedTuple):
    """The kernel's transmit stamp of the datagram that was sent with ``token``."""

    token: int
    stamp_ns: int


class ComplainingSocket(StampedSocket):
    """A stamped socket whose ICMP errors are answers and never exceptions."""

    def __init__(self, owned: socket.socket) -> None:
        """It owns the socket and asks for its errors."""
        super().__init__(owned)
        ask_for_errors(owned)
        self._queued: list[Departure | IcmpError] = []

    def send_past_errors(
        self, octets: bytes, peer: Address, token: int, now_ns: int, ancillary: list[tuple[int, int, bytes]]
    ) -> None:
        """Send with control messages; an error that the kernel reports here is an earlier packet's, and reading it clears it.

        :raises OSError: when the kernel does not take this packet itself
        """
        for _ in range(_ENOUGH_TRIES):
            self._read_queue()
            before = len(self._queued)
            try:
                self.send_to(octets, peer, token, now_ns, ancillary)
            except OSError as error:
                self._read_queue()
                if len(self._queued) == before or error.errno == errno.EMSGSIZE:
                    raise
            else:
                return
        raise OSError(f"{_ENOUGH_TRIES} errors about earlier packets came while one was to be sent")

    def events(self) -> list[Departure | IcmpError]:
        """Return what the error queue holds, in its order."""
        self._read_queue()
        events, self._queued = self._queued, []
        return events

    def _read_queue(self) -> None:
        while True:
            try:
                octets, ancillary, _, _ = self._socket.recvmsg(_QUOTED_OCTETS, _ANCILLARY_OCTETS, socket.MSG_ERRQUEUE)
            except BlockingIOError:
                return
            told = icmp_error(octets, ancillary)
            if told is not None:
                self._queued.append(told)
            elif (departure := self.departure(ancillary)) is not None:
                self._queued.append(Departure(*departure))
