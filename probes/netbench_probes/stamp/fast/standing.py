"""The compiled reflector as ``netbench reflect`` runs it: it answers what is plain, and hands over the rest."""

import secrets
import select
import socket
import struct
from collections.abc import Iterator, Sequence
from typing import Final

from netbench.linux.native.compiled import compile_for
from netbench.linux.timestamping import Address, Received, StampedSocket, received
from netbench_probes.stamp.fast import answering
from netbench_probes.stamp.fast.buffers import M_CONTROL_OCTETS, M_OCTETS, ROOM_IN, make_buffers
from netbench_probes.stamp.fast.engine import event_layout

_LARGEST_OCTETS: Final = 65_536
_LENGTH_MASK: Final = 0xFFFF_FFFF
_CONTROL_HEAD = struct.Struct("@qii")
_IPV6_NAME = struct.Struct("!2xHI16s")


class CompiledReflector:
    """Answers at sockets that somebody else owns; those stamp no reply of its own."""

    def __init__(self, sockets: Sequence[StampedSocket]) -> None:
        """The loop is compiled, or loaded from where it is kept."""
        self._by_descriptor = {opened.fileno(): opened for opened in sockets}
        self._epoll = select.epoll()
        for descriptor in self._by_descriptor:
            self._epoll.register(descriptor, select.EPOLLIN)
        self._buffers = make_buffers(_LARGEST_OCTETS, 1)
        self._service = answering.make_service(self._buffers, self._epoll.fileno(), event_layout(), secrets.randbits(62))
        compile_for(answering.serve, (self._buffers, self._service))

    def close(self) -> None:
        """It serves no more."""
        self._epoll.close()

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """Replies, ignored packets, failures, sessions: of its own."""
        words = self._service.words
        return (
            int(words[answering.REPLIED]),
            int(words[answering.IGNORED]),
            int(words[answering.FAILED]),
            int(words[answering.SESSIONS]),
        )

    def serve_until(self, until_ns: int, estimate: int, limit: int | None) -> list[tuple[StampedSocket, Received]]:
        """Answer until then (monotonic), or ``limit`` replies in all, or until a request came that is not plain.

        Return the requests that are still to be answered.

        :raises OSError: when the kernel cannot wait
        """
        words = self._service.words
        words[answering.UNTIL_NS], words[answering.ERROR_ESTIMATE], words[answering.LIMIT] = until_ns, estimate, limit or 0
        reason = int(answering.serve(self._buffers, self._service))
        if reason:
            raise OSError(reason, "the compiled reflector cannot wait; it needs Linux 5.11")
        opened = self._by_descriptor.get(int(words[answering.DESCRIPTOR]))
        return [] if opened is None else [(opened, self._request(opened, int(index))) for index in self._slow()]

    def _slow(self) -> list[int]:
        count = int(self._service.words[answering.SLOW_COUNT])
        indices: list[int] = self._service.slow[:count].tolist()
        return indices

    def _request(self, opened: StampedSocket, index: int) -> Received:
        header, room = self._buffers.headers[index], int(self._buffers.scratch[ROOM_IN])
        octets = self._buffers.incoming[index * room :][: int(header[M_OCTETS]) & _LENGTH_MASK].tobytes()
        control = self._buffers.control.octets[index, : int(header[M_CONTROL_OCTETS])].tobytes()
        return received(octets, list(_messages(control)), _peer(self._service.names[index].tobytes(), opened.family))


def _messages(control: bytes) -> Iterator[tuple[int, int, bytes]]:
    place = 0
    while place + _CONTROL_HEAD.size <= len(control):
        length, level, kind = _CONTROL_HEAD.unpack_from(control, place)
        if length < _CONTROL_HEAD.size:
            return
        yield level, kind, control[place + _CONTROL_HEAD.size : place + length]
        place += (length + 7) // 8 * 8


def _peer(name: bytes, family: int) -> Address:
    port = int.from_bytes(name[2:4], "big")
    if family != socket.AF_INET6:
        return socket.inet_ntop(socket.AF_INET, name[4:8]), port
    _, flow, host = _IPV6_NAME.unpack_from(name)
    return socket.inet_ntop(socket.AF_INET6, host), port, flow, struct.unpack_from("@I", name, 24)[0]
