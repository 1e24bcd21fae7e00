"""What the first process of a PID namespace owes the rest: pass signals on, collect orphans, end as its command ended."""

import os
import signal

FORWARDED = frozenset(
    {signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2},
)
_WATCHED = FORWARDED | {signal.SIGCHLD}
_SENT_BY_KERNEL = 0x80  # SI_KERNEL: a terminal's signal, which the whole foreground group gets by itself


def hold_signals() -> None:
    """Block the signals that ``supervise`` waits for, so that none is lost before it does."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # a caller that ignored it would have left no exit code to collect
    signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)


def release_signals() -> None:
    """Undo ``hold_signals`` in a child that is about to become another program."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _WATCHED)


def supervise(child: int) -> int:
    """Pass signals on to ``child`` and collect every orphan until it ends.

    Signals must be held (``hold_signals``) since before the child was started. Returns its exit code, or 128 + n when
    signal n ended it, as a shell does.
    """
    while True:
        received = signal.sigwaitinfo(_WATCHED)
        if received.si_signo == signal.SIGCHLD:
            exit_code = _collect(child)
            if exit_code is not None:
                return exit_code
        elif received.si_code != _SENT_BY_KERNEL:
            os.kill(child, received.si_signo)


def _collect(child: int) -> int | None:
    """Collect all who ended; the exit code of ``child`` when it was among them."""
    exit_code: int | None = None
    while True:
        try:
            ended, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return exit_code
        if ended == 0:
            return exit_code
        if ended == child:
            code = os.waitstatus_to_exitcode(status)
            exit_code = code if code >= 0 else 128 - code
