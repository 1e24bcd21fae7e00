"""What a waiting user sees on stderr: what is about to happen, and a bar for the phase at hand where it is a terminal."""

from types import TracebackType
from typing import Self, TextIO

from rich.console import Console, RenderableType
from rich.progress import BarColumn, SpinnerColumn, TaskID, TextColumn
from rich.progress import Progress as RichProgress

from netbench.clock import NANOSECONDS_PER_SECOND, Clock, Instant, SystemClock
from netbench.report.language import translate

SHOWN_SECONDS = TextColumn("{task.fields[elapsed]:.0f} / {task.total:.0f} s")


class Progress:
    """Hears a campaign and shows where it is: the expected time of the present phase and how much of it has passed.

    A context manager. Where ``stream`` is not a terminal only what is announced is written, a line each.
    """

    def __init__(self, language: str, stream: TextIO, clock: Clock | None = None) -> None:
        """``clock`` moves the bar; the system's own unless a test brings another."""
        self._language = language
        self._stream = stream
        self._bars = _Bars(Console(file=stream), clock or SystemClock()) if stream.isatty() else None

    def __enter__(self) -> Self:
        """Start showing."""
        if self._bars:
            self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        """The bar is gone; what was announced stays."""
        if self._bars:
            self._bars.stop()

    def announce(self, sentence: str, **fields: str) -> None:
        """Show one sentence above the bar: an English template and the values of its ``{fields}``."""
        line = translate(sentence, self._language, **fields)
        if self._bars:
            self._bars.console.print(line, markup=False, highlight=False)
        else:
            print(line, file=self._stream, flush=True)

    def phase(self, name: str, seconds: float) -> None:
        """The bar is that of a new phase, which should take so long."""
        if self._bars:
            self._bars.begin(translate(name, self._language), seconds)


class _Bars(RichProgress):
    """One bar, moved by the clock each time it is drawn; a phase that takes longer than expected stays full and counts on."""

    def __init__(self, console: Console, clock: Clock) -> None:
        columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), SHOWN_SECONDS)
        self._clock = clock
        self._phase: tuple[TaskID, Instant, float] | None = None
        super().__init__(*columns, console=console, transient=True)

    def begin(self, name: str, seconds: float) -> None:
        """Replace the present bar."""
        if self._phase:
            self.remove_task(self._phase[0])
        self._phase = (self.add_task(name, total=max(seconds, 1.0), elapsed=0.0), self._clock.now(), seconds)

    def get_renderable(self) -> RenderableType:
        """Return the bar as of now."""
        if self._phase:
            task, began, seconds = self._phase
            elapsed = self._clock.now().since_ns(began) / NANOSECONDS_PER_SECOND
            self.update(task, completed=min(elapsed, max(seconds, 1.0)), elapsed=elapsed)
        return super().get_renderable()
