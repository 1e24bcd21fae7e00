"""Network namespaces: made, entered and used from one process, with no name left in any file system.

A namespace is held by a file descriptor and lives as long as somebody holds one or runs in it. Entering is a property of a
thread (setns(2)), so everything here happens in a short-lived thread of its own and the caller's thread never moves. A socket
stays in the namespace in which it was made, whichever thread uses it later; a process stays where it was started.
"""

import ctypes
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from netbench.errors import UnsupportedError

T = TypeVar("T")

CLONE_NEWNET = 0x40000000

_libc = ctypes.CDLL(None, use_errno=True)


def new_network_namespace(prepare: Callable[[], object] | None = None) -> int:
    """Return a file descriptor that holds a new, empty network namespace (loopback down), in which ``prepare`` has run.

    :raises UnsupportedError: without CAP_SYS_ADMIN
    """

    def make() -> int:
        _checked(_libc.unshare(CLONE_NEWNET), "make a network namespace")
        if prepare is not None:
            prepare()
        return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)

    return _in_own_thread(make)


def run_inside(namespace: int, action: Callable[[], T]) -> T:
    """Return what ``action`` returns (or raise what it raises), run in a thread that entered ``namespace``.

    :raises UnsupportedError: when the namespace may not be entered
    """

    def enter_and_act() -> T:
        _checked(_libc.setns(namespace, CLONE_NEWNET), "enter a network namespace")
        return action()

    return _in_own_thread(enter_and_act)


class NamespaceVantage:
    """A vantage inside a network namespace (see ``netbench.measure.vantage.Vantage``)."""

    def __init__(self, name: str, namespace: int, addresses: Mapping[socket.AddressFamily, str]) -> None:
        """``namespace`` is a descriptor that the caller keeps open; ``addresses`` is what this place is known by."""
        self._name = name
        self._namespace = namespace
        self._addresses = dict(addresses)

    @property
    def name(self) -> str:
        """What this place is called."""
        return self._name

    @property
    def namespace(self) -> int:
        """The descriptor that holds it."""
        return self._namespace

    def address(self, family: socket.AddressFamily) -> str:
        """Return the address of that family.

        :raises UnsupportedError: when it has none
        """
        if family not in self._addresses:
            raise UnsupportedError(
                f"{self._name} has no {family.name} address; give its site one or measure with the other family"
            )
        return self._addresses[family]

    def socket(self, family: socket.AddressFamily, kind: socket.SocketKind, protocol: int = 0) -> socket.socket:
        """Return a new socket made inside the namespace."""
        return run_inside(self._namespace, lambda: socket.socket(family, kind, protocol))

    def popen(self, argv: Sequence[str]) -> "subprocess.Popen[bytes]":
        """Start a process inside the namespace."""
        return run_inside(self._namespace, lambda: start_process(argv))


class HostVantage:
    """This host as it is: its own namespace, and the address that the kernel chooses unless one is given."""

    def __init__(self, addresses: Mapping[socket.AddressFamily, str] | None = None) -> None:
        """``addresses`` pins the source address by family."""
        self._addresses = dict(addresses or {})

    @property
    def name(self) -> str:
        """What this place is called."""
        return "this host"

    def address(self, family: socket.AddressFamily) -> str:
        """Return the pinned address, else the unspecified one, which lets the kernel choose."""
        return self._addresses.get(family, "::" if family == socket.AF_INET6 else "0.0.0.0")

    def socket(self, family: socket.AddressFamily, kind: socket.SocketKind, protocol: int = 0) -> socket.socket:
        """Return a new socket."""
        return socket.socket(family, kind, protocol)

    def popen(self, argv: Sequence[str]) -> "subprocess.Popen[bytes]":
        """Start a process."""
        return start_process(argv)


def start_process(argv: Sequence[str]) -> "subprocess.Popen[bytes]":
    """Start a process with its standard input closed and its output and errors as pipes."""
    return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def _checked(result: int, doing: str) -> None:
    if result != 0:
        reason = os.strerror(ctypes.get_errno())
        raise UnsupportedError(f"cannot {doing}: {reason}; run as root, or let netbench make its own user namespace")


def _in_own_thread(action: Callable[[], T]) -> T:
    outcome: list[T] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(action())
        except BaseException as error:  # noqa: BLE001 - carried over to the caller's thread, whatever it is
            failure.append(error)

    thread = threading.Thread(target=run, name="netbench-namespace")
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return outcome[0]
