"""Everything that can go wrong, as types.

Each error carries the exit code it leads to and one sentence that names the thing and the cure. They are raised where the
fact is known and turned into exit codes by the command line alone.

    NetbenchError
    ├── CannotMeasureError   1    a measurement was asked for and could not be made
    ├── UsageError           2    what was asked does not make sense
    │   ├── PlanError        2    ... and the place in the plan file is known
    │   └── InputError       2    ... and the place in a file that others wrote is known
    ├── RefusedError         5    it could be done and must not be: a limit, a lock, a link off its plan
    └── UnsupportedError   127    this machine lacks what it takes
"""

from typing import ClassVar


class NetbenchError(Exception):
    """The root: anything raised on purpose by netbench.

    ``exit_code`` is what the command line ends with when nothing worse happens.
    """

    exit_code: ClassVar[int] = 1


class CannotMeasureError(NetbenchError):
    """A measurement was asked for and could not be made."""

    exit_code = 1


class UsageError(NetbenchError):
    """What was asked does not make sense; the sentence says what would."""

    exit_code = 2


class PlanError(UsageError):
    """A plan that cannot be used.

    ``file`` is the path as the user gave it, ``line`` counts from 1, ``key`` is the dotted path of the offending key.
    """

    def __init__(self, sentence: str, *, file: str, line: int | None = None, key: str | None = None) -> None:
        place = file if line is None else f"{file}:{line}"
        super().__init__(f"{place}: {key}: {sentence}" if key else f"{place}: {sentence}")
        self.sentence = sentence
        self.file = file
        self.line = line
        self.key = key


class InputError(UsageError):
    """A file of measurements that others made, which cannot be imported.

    ``file`` is the path as the user gave it, ``place`` the line, row or item, ``column`` the name of the column.
    """

    def __init__(self, sentence: str, *, file: str, place: str = "", column: str | None = None) -> None:
        where = f"{file}:{place}" if place else file
        super().__init__(f"{where}: {column}: {sentence}" if column else f"{where}: {sentence}")
        self.sentence = sentence
        self.file = file
        self.place = place
        self.column = column


class RefusedError(NetbenchError):
    """It could be done and must not be: a limit, a lock, a link that is not as planned."""

    exit_code = 5


class UnsupportedError(NetbenchError):
    """This machine lacks what it takes; the sentence names the command that gets it."""

    exit_code = 127
