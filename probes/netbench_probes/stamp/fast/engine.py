"""The compiled loop as the probe runs it: made of the probe's flows, in a thread of its own, its rows written by the caller's."""

import os
import platform
import select
import struct
import threading
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Final

import numpy as np
from numpy.typing import NDArray

from netbench.clock import Clock
from netbench.errors import UnsupportedError
from netbench.linux.native.compiled import compile_for
from netbench.linux.native.libc import Words
from netbench.linux.punctual import punctual
from netbench.linux.timestamping import SETTLING_NS
from netbench.measure.probe import Control, Schedule
from netbench.measure.samples import Columns
from netbench.measure.schedules import sends
from netbench_probes.stamp.claims import ClockClaim
from netbench_probes.stamp.engine import Pace
from netbench_probes.stamp.fast import course, layout
from netbench_probes.stamp.fast.asked import Asked, packets_per_second
from netbench_probes.stamp.fast.buffers import BATCH, Buffers, make_buffers
from netbench_probes.stamp.fast.columns import columns_of
from netbench_probes.stamp.fast.course import BLOCK_ROWS, BLOCKS, COURSE_WORDS, Course
from netbench_probes.stamp.fast.loop import PAUSED_NS, run
from netbench_probes.stamp.flow import Flow
from netbench_probes.stamp.session import Tally
from netbench_probes.stamp.wire import BASE_OCTETS, clock_error_ns

_MESSAGE = struct.Struct("@qq")
_NUMBER = struct.Struct("@q")
_THE_END: Final = -1
_LOOK_MS: Final = 50
TOO_LATE: Final = "the instrument was too late to send it"
_TALLY: Final = (layout.NOT_SENT, layout.LATE_ANSWERS, layout.FOREIGN, layout.MALFORMED, layout.USER_STAMPS)
_NOTES: Final = (layout.UNRECOGNISED, layout.BROKEN_TLVS, layout.UNSEALED)


class FastEngine:
    """Runs once."""

    def __init__(
        self, flows: Sequence[tuple[int, Flow]], schedule: Schedule, control: Control, clock: Clock, asked: Asked
    ) -> None:
        """``flows`` are by index of their pair; nothing is sent yet; the loop is compiled, or loaded from where it is kept."""
        self.kind = "compiled"
        self.pace = Pace()
        self._flows = flows
        self._control = control
        self._clock = clock
        self._word = flows[0][1].talk.word
        self._senders, self._reflectors = select.epoll(), select.epoll()
        self._full, self._free = os.pipe(), os.pipe()
        self._sessions = _sessions(flows, asked)
        self._buffers = _buffers(asked.rest)
        self._course = self._make_course(schedule)
        compile_for(run, (self._buffers, self._course, self._sessions))

    def run(self, write: Callable[[Columns], None]) -> None:
        """All is sent, answered and written, in the calling thread at least twice a second, or stop was asked for.

        :raises UnsupportedError: when the kernel cannot wait in nanoseconds
        """
        failures: list[int] = []
        self._course.words[course.START_NS] = self._clock.now().monotonic_ns + SETTLING_NS
        thread = threading.Thread(target=self._loop, args=(failures,), name="netbench-stamp")
        thread.start()
        try:
            self._hand_over(write)
        except BaseException:
            self._course.words[course.STOP] = 1
            self._hand_over(_drop)  # the loop must not wait for a sink that has failed
            raise
        finally:
            thread.join()
            self._close()
        self._account()
        if failures:
            raise UnsupportedError(f"the compiled engine cannot wait: {os.strerror(failures[0])}; it needs Linux 5.11")

    def _loop(self, failures: list[int]) -> None:
        try:
            with punctual():
                reason = int(run(self._buffers, self._course, self._sessions))
            if reason:
                failures.append(reason)
        finally:
            os.write(self._full[1], _MESSAGE.pack(_THE_END, 0))

    def _hand_over(self, write: Callable[[Columns], None]) -> None:
        """Blocks of rows are written as they come and handed back, until the loop has ended."""
        full = select.poll()
        full.register(self._full[0], select.POLLIN)
        while True:
            readable = full.poll(_LOOK_MS)
            self._course.words[course.ERROR_ESTIMATE] = self._word.estimate
            if self._control.stopped:
                self._course.words[course.STOP] = 1
            if not readable:
                continue
            block, count = _MESSAGE.unpack(os.read(self._full[0], _MESSAGE.size))
            if block == _THE_END:
                return
            columns = columns_of(self._course.blocks[block, :count])
            os.write(self._free[1], _NUMBER.pack(block))
            if count:
                self._note_markings(columns)
                write(columns)

    def _note_markings(self, columns: Columns) -> None:
        """What the flows say of the network's markings is of these packets too."""
        flows = dict(self._flows)
        for name, side in (("forward_tos", "there"), ("reverse_tos", "back")):
            seen = ~np.ma.getmaskarray(columns[name])
            pairs = np.stack([columns["pair"][seen], columns[name][seen]])
            kinds, counts = np.unique(pairs, axis=1, return_counts=True)
            for pair, tos, count in zip(*kinds.tolist(), counts.tolist(), strict=True):
                getattr(flows[pair], side).seen[tos] += count

    def _make_course(self, schedule: Schedule) -> Course:
        words = np.zeros(COURSE_WORDS, np.int64)
        streams = len(self._flows)
        words[course.INTERVAL_NS], words[course.STREAMS] = schedule.interval_ns, streams
        words[course.TOTAL] = schedule.count * streams
        words[course.ERROR_ESTIMATE] = self._word.estimate
        words[course.FULL], words[course.FREE] = self._full[1], self._free[0]
        words[course.SENDERS], words[course.REFLECTORS] = self._senders.fileno(), self._reflectors.fileno()
        words[course.EVENT_WORDS], words[course.EVENT_AT] = event_layout()
        words[course.PAUSE_NS] = PAUSED_NS if packets_per_second(schedule, streams) * PAUSED_NS > 1e9 else 0
        for block in range(1, BLOCKS):
            os.write(self._free[1], _NUMBER.pack(block))
        blocks = np.zeros((BLOCKS, BLOCK_ROWS, layout.ROW_WORDS), np.int64)
        words[course.AT_MESSAGE] = words[course.MESSAGE :].ctypes.data
        return Course(words, _due(schedule, streams), blocks, self._watch())

    def _watch(self) -> Words:
        """Every socket is watched; return which session each descriptor is of."""
        table = np.full(1 + max(max(_descriptors(flow)) for _, flow in self._flows), -1, np.int64)
        for index, (_, flow) in enumerate(self._flows):
            for side, (descriptor, epoll) in enumerate(zip(_descriptors(flow), (self._senders, self._reflectors), strict=False)):
                table[descriptor] = 2 * index + side
                epoll.register(descriptor, select.EPOLLIN)
        return table

    def _account(self) -> None:
        """The flows and the pace say what the loop has counted."""
        words, state = self._course.words, self._sessions.state
        self.pace = Pace(*(int(words[place]) for place in (course.LATE_SENDS, course.SKIPPED_SENDS, course.LARGEST_LAG_NS)))
        for index, (_, flow) in enumerate(self._flows):
            flow.session.tally = Tally(*(int(state[index, place]) for place in _TALLY))
            flow.send_errors = _counts(state[index, layout.REFUSED_SENDS :][: layout.ERRNOS])
            flow.icmp_errors = _counts(state[index, layout.ICMP_ERRORS :])
            flow.session.claim = _claim(state[index])
            notes = flow.talk.asking.notes
            notes.unrecognised, notes.malformed, notes.unsealed = (int(state[index, place]) for place in _NOTES)
            skipped = flow.session.tally.not_sent - sum(flow.send_errors.values())
            if skipped > 0:
                flow.send_errors[TOO_LATE] = skipped

    def _close(self) -> None:
        self._senders.close()
        self._reflectors.close()
        for descriptor in chain(self._full, self._free):
            os.close(descriptor)


def _descriptors(flow: Flow) -> list[int]:
    return [flow.sender.fileno()] + ([flow.reflector.fileno()] if flow.reflector is not None else [])


def _sessions(flows: Sequence[tuple[int, Flow]], asked: Asked) -> layout.Sessions:
    sessions = layout.make_sessions(len(flows), asked.window, asked.timeout_ns)
    for state, (index, flow) in zip(sessions.state, flows, strict=True):
        state[layout.PAIR], state[layout.SENDER] = index, flow.sender.fileno()
        state[layout.SSID] = asked.ssid
        state[layout.WATCHED], state[layout.STAMPED] = flow.reflector is not None, flow.stamped
        if flow.reflector is not None:
            state[layout.REFLECTOR] = flow.reflector.fileno()
    return sessions


def _buffers(rest: bytes) -> Buffers:
    """Return buffers whose outgoing packets end in ``rest``."""
    octets = BASE_OCTETS + len(rest)
    buffers = make_buffers(octets, octets)
    packet = np.frombuffer(bytes(BASE_OCTETS) + rest, np.uint8)
    buffers.outgoing[:] = np.tile(packet, BATCH)
    return buffers


def _due(schedule: Schedule, streams: int) -> NDArray[np.int64]:
    if schedule.spacing == "periodic":
        return np.empty((0, 2), np.int64)
    return np.array(list(sends(schedule, streams)), np.int64).reshape(-1, 2)


def event_layout() -> tuple[int, int]:
    """Return the 32-bit words of an epoll_event and which of them holds the descriptor: x86-64 packs it."""
    return (3, 1) if platform.machine() == "x86_64" else (4, 2)


def _counts(by_errno: NDArray[np.int64]) -> dict[str, int]:
    return {os.strerror(int(number)): int(by_errno[number]) for number in np.flatnonzero(by_errno)}


def _claim(state: Words) -> ClockClaim:
    largest = int(state[layout.LARGEST_CLAIM])
    return ClockClaim(None if largest < 0 else clock_error_ns(largest), bool(state[layout.DISOWNED]))


def _drop(_: Columns) -> None:
    pass
