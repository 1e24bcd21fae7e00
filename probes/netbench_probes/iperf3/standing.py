"""A standing iperf3 server, as a process of its own: ``python -m netbench_probes.iperf3.standing ORDER``.

``ORDER`` is one JSON object: ``bind`` (an address or null), ``port``, ``allow`` (networks, or null for whoever asks). Events go
to standard output, one JSON object a line: for every test ``listening``, then ``tested`` with its ``failure`` (null without one);
or ``unable`` with a reason, and the end. One test at a time, each in a child of this process, because libiperf keeps its errors
in a global and may take its process with it. All of them end when nobody reads the events any more.
"""

import ctypes
import ipaddress
import json
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any, Final

import iperf3

from netbench.linux.doorkeeper import Network, attach, is_let_in
from netbench_probes.iperf3 import tcp_info

_PR_SET_PDEATHSIG: Final = 1
_NO_LISTENER: Final = 102
"""libiperf's IELISTEN: the address or the port cannot be had, as no client can bring about."""
_POLL_SECONDS: Final = 0.001
_DESCRIPTORS: Final = range(3, 64)
_TESTED, _FAILED, _UNABLE = range(3)


def main(argv: list[str]) -> None:
    """Serve until the reader of the events is gone; does not return."""
    order = {**json.loads(argv[1]), "parent": os.getpid()}
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # they are the parent's, which ends this process in order
    told, silent = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)  # libiperf prints a line of its own, whatever it is asked
    test = iperf3.Server(verbose=False)  # finding the library takes long, and a client may follow at once on the one before
    while True:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os._exit(_serve_one(test, order, told, writing))
        os.close(writing)
        if not _outlived(child, told):
            os._exit(0)
        _, status = os.waitpid(child, 0)
        with os.fdopen(reading, "rb") as complaint:
            reason = complaint.read().decode(errors="replace")
        if status and os.waitstatus_to_exitcode(status) == _UNABLE:
            _tell(told, "unable", reason=reason)
            os._exit(1)
        _tell(told, "tested", failure=(reason or f"its process ended with status {status}") if status else None)


def _outlived(child: int, told: int) -> bool:
    """Wait for a child's end, or for the reader's, with whom the child ends too; return whether the reader is still there."""
    ended, poll = os.pidfd_open(child), select.poll()
    poll.register(ended, select.POLLIN)
    poll.register(told, 0)
    gone = any(descriptor == told for descriptor, _ in poll.poll())
    os.close(ended)
    if gone:
        os.kill(child, signal.SIGKILL)
    return not gone


def _serve_one(test: iperf3.Server, order: dict[str, Any], told: int, complaint: int) -> int:
    """Serve one test in this child; return how it ended, its reason is written to ``complaint``."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # of the thread that forked, which is the only one
    if os.getppid() != order["parent"]:
        return _FAILED  # it had ended before that was said
    test.port = order["port"]
    handle = ctypes.c_void_p(test._test)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - most settings exist only in the library, which wants the struct
    test.lib.iperf_set_test_one_off(handle, ctypes.c_int(1))
    test.lib.iperf_set_test_logfile(handle, os.devnull.encode())
    if order["bind"]:
        test.bind_address = order["bind"]
    _Door(test, handle, order, told).start()
    result = test.lib.iperf_run_server(handle)
    if result < 0:
        reason: str = test._error_to_string(test._errno)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - the binding shows it only by way of a run that hangs
        os.write(complaint, reason.encode()[:4000])
        return _UNABLE if test._errno == _NO_LISTENER else _FAILED  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - as above
    return _TESTED


class _Door(threading.Thread):
    """Keeps out who is not let in: the kernel by a filter from when the server listens, and this thread who was quicker."""

    def __init__(self, test: iperf3.IPerf3, handle: ctypes.c_void_p, order: dict[str, Any], told: int) -> None:
        super().__init__(name="netbench-door", daemon=True)
        self._test, self._handle, self._told = test, handle, told
        listed = order["allow"]
        self._allowed: Sequence[Network] | None = None if listed is None else [ipaddress.ip_network(each) for each in listed]

    def run(self) -> None:
        """Watch from before it listens until a client was let in."""
        while (listener := next(filter(tcp_info.is_listening, _DESCRIPTORS), None)) is None:
            time.sleep(_POLL_SECONDS)
        if self._allowed is not None:
            with socket.socket(fileno=os.dup(listener)) as opened:
                attach(opened, self._allowed)
        _tell(self._told, "listening")
        if self._allowed is not None:
            self._watch(self._allowed)

    def _watch(self, allowed: Sequence[Network]) -> None:
        while (peer := self._peer()) is None:
            time.sleep(_POLL_SECONDS)
        if not is_let_in(peer, allowed):
            os._exit(_FAILED)

    def _peer(self) -> str | None:
        descriptor = int(self._test.lib.iperf_get_control_socket(self._handle))
        if descriptor not in _DESCRIPTORS:
            return None
        try:
            with socket.socket(fileno=os.dup(descriptor)) as control:
                host: str = control.getpeername()[0]
                return host
        except OSError:
            return None


def _tell(told: int, event: str, **values: Any) -> None:
    os.write(told, json.dumps({"event": event, **values}).encode() + b"\n")


if __name__ == "__main__":
    main(sys.argv)
