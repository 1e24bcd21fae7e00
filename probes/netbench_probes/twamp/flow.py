"""One pair's session: STAMP's flow of test packets under a control connection."""

from typing import TYPE_CHECKING, Final

from netbench.clock import Clock
from netbench.linux.timestamping import StampedSocket
from netbench_probes.stamp.flow import Flow
from netbench_probes.stamp.session import Row
from netbench_probes.stamp.talk import Talk
from netbench_probes.twamp.connection import ControlConnection

if TYPE_CHECKING:
    from collections.abc import Callable

_UNANSWERED: Final = (
    "the server agreed to the session, but none of its test packets came back; does a firewall let UDP pass between both ends?"
)


class TwampFlow(Flow):
    """Sends nothing once the server has ended the session, and counts nothing as lost that it did not answer for that reason."""

    def __init__(self, sender: StampedSocket, control: ControlConnection, timeout_ns: int, talk: Talk, clock: Clock) -> None:
        """The session runs. ``ended`` is None until the server ends it, then why. It owns socket and connection."""
        super().__init__(sender, None, timeout_ns, talk, clock)
        self.ended: str | None = None
        self.when_ended: Callable[[], None] = lambda: None
        self._control = control

    def send(self, late_ns: int | None = None) -> None:
        """Send the next attempt while the session runs."""
        if self.ended is None:
            super().send(late_ns)

    def skip(self, reason: str) -> None:
        """Count the next attempt as not sent while the session runs."""
        if self.ended is None:
            super().skip(reason)

    def settle(self, now_ns: int) -> list[Row]:
        """Return the rows that are final; where the server has ended the session, what it had no time to answer is dropped."""
        if self.ended is not None:
            return super().settle(now_ns)
        self.ended = self._control.ended()
        if self.ended is None:
            return super().settle(now_ns)
        self.when_ended()
        return self.session.abandon(now_ns)

    def remarks(self) -> tuple[str, ...]:
        """Return what must be said beside the figures: why there are no more of them, or why there are none."""
        said = super().remarks()
        if self.ended is not None:
            return (*said, self.ended)
        if self.session.next_sequence and not self.back.seen:
            return (*said, _UNANSWERED)
        return said

    def close(self) -> None:
        """Stop the session, then close connection and socket."""
        self._control.close()
        super().close()
