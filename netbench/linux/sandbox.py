"""A sandbox: namespaces of a command's own, which a kill at any moment takes down whole.

Run as a program it is three processes. The outer one owns nothing: it waits, passes signals on, and ends as the command
ended. Its child is the first process of a new PID namespace and dies with it (PR_SET_PDEATHSIG), and the kernel ends
everything else in a PID namespace with its first process; network namespaces, and the interfaces in them, go with their
last process. util-linux's unshare(1) is not used because while it waits it swallows SIGTERM, and because it arms the death
signal only after the fork, so a kill in between would leave the child behind.
"""

import ctypes
import errno
import os
import select
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from netbench.errors import UnsupportedError
from netbench.linux.supervise import hold_signals, release_signals, supervise

CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REC, MS_PRIVATE = 2, 4, 8, 0x4000, 0x40000
PR_SET_PDEATHSIG = 1

MARK = "NETBENCH_SANDBOX"

_OWN_NAMESPACES = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET
_libc = ctypes.CDLL(None, use_errno=True)


def sandbox_argv(argv: Sequence[str]) -> tuple[str, ...] | None:
    """Return the command that runs ``argv`` in a sandbox, or None when the caller is inside one already."""
    return None if inside() else (sys.executable, "-P", "-m", "netbench.linux.sandbox", "--", *argv)


def inside() -> bool:
    """Whether this process runs in a sandbox. The mark names its PID namespace, so one that leaked elsewhere says nothing."""
    return os.environ.get(MARK) == _pid_namespace()


def run(argv: Sequence[str]) -> int:
    """Run ``argv`` in new namespaces and return its exit code. Must be called before any thread starts.

    :raises UnsupportedError: when this user may not make namespaces
    """
    user, group = os.geteuid(), os.getegid()
    _unshare(user, group)
    hold_signals()
    lifeline, held_open = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(held_open)
        os._exit(_reported(lambda: _as_first_process(lifeline, argv)))
    os.close(lifeline)
    return supervise(child)


def _unshare(user: int, group: int) -> None:
    """Leave for new namespaces: with a user namespace of its own, its root being this user, unless root needs none."""
    if user == 0 and _libc.unshare(_OWN_NAMESPACES) == 0:
        return
    if _libc.unshare(_OWN_NAMESPACES | CLONE_NEWUSER) != 0:
        raise _not_permitted("make namespaces")
    try:
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"0 {user} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1", encoding="ascii")
    except OSError as error:
        ctypes.set_errno(error.errno or errno.EPERM)
        raise _not_permitted("become root in its own user namespace") from error


def _as_first_process(lifeline: int, argv: Sequence[str]) -> int:
    """Live as the first process of the PID namespace until the command ends; its exit code."""
    _libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if _hung_up(lifeline):  # the outer process died before the line above: nobody waits for us
        return 128 + signal.SIGKILL
    os.close(lifeline)
    _own_mounts()
    os.environ[MARK] = _pid_namespace()
    command = os.fork()
    if command == 0:
        release_signals()
        os._exit(_reported(lambda: _become(argv)))
    return supervise(command)


def _become(argv: Sequence[str]) -> int:
    try:
        os.execvp(argv[0], list(argv))
    except OSError as error:
        raise UnsupportedError(f"cannot start {argv[0]}: {error.strerror}") from error


def _own_mounts() -> None:
    """Make mounts private to this namespace, and /proc that of the new PID namespace."""
    if _libc.mount(b"none", b"/", None, ctypes.c_ulong(MS_REC | MS_PRIVATE), None) != 0:
        raise _not_permitted("make its mounts private")
    if _libc.mount(b"proc", b"/proc", b"proc", ctypes.c_ulong(MS_NOSUID | MS_NODEV | MS_NOEXEC), None) != 0:
        raise _not_permitted("mount a /proc of its own")


def _hung_up(lifeline: int) -> bool:
    poll = select.poll()
    poll.register(lifeline, 0)
    return any(events & select.POLLHUP for _, events in poll.poll(0))


def _pid_namespace() -> str:
    return str(Path("/proc/self/ns/pid").readlink())


def _not_permitted(doing: str) -> UnsupportedError:
    reason = os.strerror(ctypes.get_errno())
    return UnsupportedError(
        f"netbench cannot {doing}: {reason}; run it as root, or allow user namespaces "
        "(sysctl user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns)"
    )


def _reported(action: Callable[[], int]) -> int:
    """What ``action`` returns; an error becomes its sentence on standard error and its exit code."""
    try:
        return action()
    except UnsupportedError as error:
        sys.stderr.write(f"netbench: {error}\n")
        sys.stderr.flush()
        return error.exit_code


def main() -> int:
    """``python -m netbench.linux.sandbox -- COMMAND…``: run a command in a sandbox; its exit code."""
    argv = sys.argv[1:]
    return _reported(lambda: run(argv[1:] if argv[:1] == ["--"] else argv))


if __name__ == "__main__":
    sys.exit(main())
