"""A child process may do anything: how it ended is told in one line."""

import sys

from netbench.linux.attempt import Attempt, attempt, attempt_python


def test_success_gives_output() -> None:
    """What a command printed is what was said, without the last newline."""
    assert attempt(["echo", "2.3.0"]) == Attempt(ok=True, said="2.3.0")


def test_failure_gives_last_line_of_errors() -> None:
    """The last line of a traceback is its reason; the rest is not for users."""
    tried = attempt_python("import no_such_module_at_all")

    assert tried == Attempt(ok=False, said="ModuleNotFoundError: No module named 'no_such_module_at_all'")


def test_silent_failure_gives_exit_code() -> None:
    """A command that fails without a word is told by how it ended."""
    assert attempt(["false"]) == Attempt(ok=False, said="ended with 1")


def test_crash_gives_signal() -> None:
    """A library that kills its process (here: SIGSEGV) kills the child only."""
    tried = attempt_python("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")

    assert tried == Attempt(ok=False, said="killed by signal 11")


def test_absent_program_is_named() -> None:
    """A program that is not there is a failure, not an exception."""
    assert attempt(["no-such-program"]) == Attempt(ok=False, said="cannot start no-such-program: No such file or directory")


def test_child_that_hangs_is_ended() -> None:
    """A child that waits for ever has failed once its time is over."""
    tried = attempt([sys.executable, "-c", "import signal; signal.pause()"], timeout_s=0.2)

    assert tried == Attempt(ok=False, said=f"{sys.executable} did not end within 0.2 s")


def test_child_has_no_input() -> None:
    """A child that reads its input meets the end of it, so nothing asks the user for anything."""
    assert attempt(["cat"]) == Attempt(ok=True, said="")


def test_warnings_of_the_child_are_not_its_reason() -> None:
    """A warning on the way does not hide the output."""
    assert attempt_python("import warnings; warnings.warn('old'); print(1)") == Attempt(ok=True, said="1")
