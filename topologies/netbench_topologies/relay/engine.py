"""The compiled loop with the memory it works in, ready to run."""

import mmap
import platform
import select

import numpy as np

from netbench.linux.native.compiled import compile_for
from netbench_topologies.relay.buffers import make_buffers
from netbench_topologies.relay.direction import RINGS, fresh_directions
from netbench_topologies.relay.layout import CHUNK_WORDS, HEADER_CHUNKS, IN_DESCRIPTOR, SharedMemory, Words
from netbench_topologies.relay.loop import Watched, run
from netbench_topologies.relay.ring import Store

MAP_NORESERVE = 0x4000  # not in the mmap module before Python 3.13


class Engine:
    """Everything that the loop needs; making it also compiles the loop, or loads it from the cache."""

    def __init__(self, shared: SharedMemory, ends: tuple[int, ...]) -> None:
        """``ends`` are the descriptors that end the loop when one of them is ready."""
        listed = np.zeros(RINGS * len(shared.specs), np.int64)
        self._epoll = watching(shared.specs, ends)
        self._arguments = (
            make_buffers(make_store(int(shared.header[HEADER_CHUNKS]))),
            fresh_directions(shared.specs, shared.counters),
            Watched(direction_table(shared.specs, ends), listed, self._epoll.fileno(), *event_layout()),
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


def make_store(chunks: int) -> Store:
    """Return a store of so many chunks, all free; those of low addresses are taken first."""
    private = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | MAP_NORESERVE
    words = np.frombuffer(mmap.mmap(-1, chunks * CHUNK_WORDS * 8, flags=private), dtype=np.int64)
    free = np.concatenate([[chunks], np.arange(chunks)[::-1]]).astype(np.int64)
    return Store(words, free)
