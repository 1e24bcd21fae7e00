import io

from netbench.clock import Instant
from netbench.report.progress import Progress


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class _Clock:
    """Stands at a second until it is moved."""

    def __init__(self) -> None:
        self.seconds = 0

    def now(self) -> Instant:
        return Instant(self.seconds * 10**9, 0)


def test_only_what_is_announced_is_written_where_nobody_watches() -> None:
    """A stream that is no terminal gets the announcements, a line each, and no bar."""
    stream = io.StringIO()
    with Progress("en", stream) as progress:
        progress.announce("via {site}", site="Guiyang")
        progress.phase("measuring delay", 20)
    assert stream.getvalue() == "via Guiyang\n"


def test_sentences_and_phases_are_shown_in_the_language() -> None:
    """What is announced stays; a phase shows its name and how much of its time has passed by the clock."""
    stream, clock = _Terminal(), _Clock()
    with Progress("zh", stream, clock) as progress:
        progress.announce("via {site}", site="贵阳")
        progress.phase("measuring delay", 20)
        clock.seconds = 7
    written = stream.getvalue()
    assert "经贵阳" in written
    assert "测量时延" in written
    assert "7 / 20 s" in written


def test_a_phase_that_takes_longer_counts_on() -> None:
    """The bar is full, the seconds go on."""
    stream, clock = _Terminal(), _Clock()
    with Progress("en", stream, clock) as progress:
        progress.phase("checking routes", 3)
        clock.seconds = 9
    assert "9 / 3 s" in stream.getvalue()
