"""What a far end says of its own clock, reply by reply."""

from dataclasses import dataclass

from netbench_probes.stamp.wire import clock_error_ns


@dataclass(slots=True)
class ClockClaim:
    """The claims of one session. A single reply that claims no synchronised clock takes back all others."""

    largest_ns: int | None = None
    disowned: bool = False

    def note(self, error_estimate: int) -> None:
        """Take the error estimate of one more reply into account."""
        error_ns = clock_error_ns(error_estimate)
        if error_ns is None:
            self.disowned = True
        else:
            self.largest_ns = error_ns if self.largest_ns is None else max(self.largest_ns, error_ns)

    @property
    def error_ns(self) -> int | None:
        """The largest error claimed, None where the far end claimed no synchronised clock or never answered."""
        return None if self.disowned else self.largest_ns
