"""How wide each column of the table is: as wide as its text where there is room; where there is not, the long ones give way."""

from collections.abc import Sequence

from rich.text import Text

NARROWEST = 10
"""No column that gives way becomes narrower than this."""


def fitted(
    headings: Sequence[Text], lines: Sequence[Sequence[Text]], wraps: Sequence[bool], most: Sequence[int], width: int
) -> list[int]:
    """Return a width for each column so that all together take at most ``width``.

    No column is wider than its ``most``. Only columns that may wrap give way, the widest first; headings wrap between words.
    When even that is not enough the sum is larger than ``width``.
    """
    widths = [_longest_word(heading) for heading in headings]
    for line in lines:
        widths = [max(have, cell.cell_len) for have, cell in zip(widths, line, strict=True)]
    widths = [min(pair) for pair in zip(widths, most, strict=True)]
    while sum(widths) > width:
        giving = [number for number, wrapping in enumerate(wraps) if wrapping and widths[number] > NARROWEST]
        if not giving:
            break
        widths[max(giving, key=lambda number: widths[number])] -= 1
    return widths


def _longest_word(heading: Text) -> int:
    return max((word.cell_len for word in heading.split(" ")), default=0)
