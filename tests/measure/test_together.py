"""Several far ends in one process: one end for all of them."""

from collections.abc import Callable, Sequence

import pytest

from netbench.errors import CannotMeasureError
from netbench.measure.probe import Control
from netbench.measure.reflector import Served
from netbench.measure.together import serve_together

DONE = Served(1, 2, 3, 4)


class Far:
    """Serves until it is stopped, or does what it is given at once."""

    def __init__(self, does: Callable[[Control], None] | None = None) -> None:
        self._does = does
        self.endpoints: Sequence[str] = ()

    def serve(self, control: Control) -> Served:
        if self._does is not None:
            self._does(control)
        return DONE

    def close(self) -> None:
        """Nothing is open."""


def until_stopped(control: Control) -> None:
    while not control.stopped:
        pass


def test_the_first_to_be_done_ends_all() -> None:
    """The others are told to stop, and each says what it did."""
    assert serve_together([Far(until_stopped), Far(), Far(until_stopped)], Control()) == [DONE] * 3


def test_one_that_fails_ends_all() -> None:
    """Its error is the one that is seen."""

    def fail(_: Control) -> None:
        raise CannotMeasureError("the port is gone")

    with pytest.raises(CannotMeasureError, match="the port is gone"):
        serve_together([Far(until_stopped), Far(fail)], Control())


def test_one_alone_is_served_as_it_is() -> None:
    """Its control is not touched: it may be the caller's for more."""
    control = Control()

    assert (serve_together([Far()], control), control.stopped) == ([DONE], False)
