"""Mutations of mtr's reports, as text and as JSON: each gives figures that can be, or is refused by a sentence."""

import random

from netbench.errors import InputError
from netbench.foreign import maps
from netbench.foreign.model import ColumnMap
from netbench.foreign.read import read
from tests.fuzz.mutation import mutated
from tests.fuzz.refusals import is_one_sentence

_REPORTS = (
    b"""Start: 2026-11-25T02:11:36+0000
HOST: here                        Loss%   Snt   Last   Avg  Best  Wrst StDev
  1.|-- 10.0.0.254                 0.0%    10    0.4   0.5   0.3   1.1   0.2
  2.|-- ???                       100.0    10    0.0   0.0   0.0   0.0   0.0
  3.|-- 10.9.0.1                  10.0%    10   12.1  12.4  11.9  14.0   0.7
""",
    b"""{"report": {"mtr": {"src": "here", "dst": "10.9.0.1", "tos": 0, "tests": 3, "psize": "64", "bitpattern": "0x00"},
 "hubs": [{"count": 1, "host": "10.9.0.1", "Loss%": 0.0, "Snt": 3, "Last": 5.334, "Avg": 1.814, "Best": 0.046, "Wrst": 5.3}]}}
""",
)


def fuzz(seed: int, count: int) -> None:
    """Read ``count`` mutated reports; a share lies between nothing and all, a delay is none below zero."""
    chance, wanted = random.Random(seed), maps.find("mtr")
    for _ in range(count):
        _check(mutated(chance, _REPORTS), wanted)


def _check(octets: bytes, wanted: ColumnMap) -> None:
    try:
        content = read(wanted, octets, "mtr.txt", "UTC")
    except InputError as refused:
        is_one_sentence(refused, "mtr.txt")
        return
    for summary in content.subjects[0].summaries:
        assert summary.value is not None
        assert summary.value >= 0
        assert summary.unit == "ns" or summary.value <= 1
        assert summary.low is summary.high is None
