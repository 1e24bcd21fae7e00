"""The compiled loop with the memory it works in, ready to run."""

import platform
import select

import numpy as np

from netbench_topologies.relay.arena import make_arena
from netbench_topologies.relay.buffers import make_buffers
from netbench_topologies.relay.compiled import compile_for
from netbench_topologies.relay.direction import STATE_WORDS, Directions
from netbench_topologies.relay.layout import IN_DESCRIPTOR, Words
from netbench_topologies.relay.loop import Watched, run


class Engine:
    """Everything that the loop needs; making it also compiles the loop, or loads it from the cache."""

    def __init__(self, specs: Words, counters: Words, ends: tuple[int, ...]) -> None:
        """``ends`` are the descriptors that end the loop when one of them is ready."""
        states, active = np.zeros((len(specs), STATE_WORDS), np.int64), np.zeros(len(specs), np.int64)
        table = direction_table(specs, ends)
        self._epoll = watching(specs, ends)
        self._arguments = (
            make_buffers(make_arena(specs)),
            Directions(specs, states, counters),
            Watched(table, active, self._epoll.fileno(), *event_layout()),
        )
        compile_for(run, self._arguments)

    def run(self) -> int:
        """Relay until another descriptor than a direction's is ready: return 0, or errno when the kernel cannot wait."""
        return int(run(*self._arguments))


def event_layout() -> tuple[int, int]:
    """Return the 32-bit words of an epoll_event and which of them holds the descriptor: x86-64 packs it."""
    return (3, 1) if platform.machine() == "x86_64" else (4, 2)


def direction_table(specs: Words, ends: tuple[int, ...]) -> Words:
    """Return, by descriptor, which direction reads from it; -1 for ``ends``."""
    descriptors = specs[:, IN_DESCRIPTOR]
    table = np.full(max(int(descriptors.max()), *ends) + 1, -1, np.int64)
    table[descriptors] = np.arange(len(descriptors))
    return table


def watching(specs: Words, ends: tuple[int, ...]) -> select.epoll:
    """Return an epoll of every socket and of ``ends``."""
    epoll = select.epoll()
    for descriptor in (*specs[:, IN_DESCRIPTOR].tolist(), *ends):
        epoll.register(descriptor, select.EPOLLIN)
    return epoll
