"""Trying something in a child process, where it may crash, hang or kill itself without harm."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Attempt:
    """How a child process ended: ``said`` is its output when it succeeded, else the reason, in one line."""

    ok: bool
    said: str


def attempt(argv: Sequence[str], timeout_s: float = 60) -> Attempt:
    """Run a command with no input and tell how it ended; one that cannot be started or does not end in time has failed."""
    try:
        done = subprocess.run(
            argv, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=timeout_s
        )
    except OSError as error:
        return Attempt(ok=False, said=f"cannot start {argv[0]}: {error.strerror}")
    except subprocess.TimeoutExpired:
        return Attempt(ok=False, said=f"{argv[0]} did not end within {timeout_s:g} s")
    if done.returncode == 0:
        return Attempt(ok=True, said=done.stdout.strip())
    return Attempt(ok=False, said=_last_line(done.stderr) or _ending(done.returncode))


def attempt_python(code: str, timeout_s: float = 60) -> Attempt:
    """Run a piece of Python with this interpreter, its warnings silenced, as ``attempt``."""
    return attempt([sys.executable, "-P", "-W", "ignore", "-c", code], timeout_s)


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else ""


def _ending(code: int) -> str:
    return f"killed by signal {-code}" if code < 0 else f"ended with {code}"
