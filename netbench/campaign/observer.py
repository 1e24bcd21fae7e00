"""Whoever watches a campaign: a progress bar, or nobody."""

from typing import Protocol


class Observer(Protocol):
    """Told what is going on; none of it may slow the campaign down."""

    def announce(self, sentence: str, **fields: str) -> None:
        """Hear one sentence: an English template and the values of its ``{fields}``."""
        ...

    def phase(self, name: str, seconds: float) -> None:
        """Hear that a phase begins, and how long it should take."""
        ...
