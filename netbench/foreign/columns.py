"""Columns of ``PACKETS`` from what little others write of a packet."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from netbench.measure.samples import PACKETS, Column, Columns, completed

Integers = npt.NDArray[np.int64]


def packet_columns(
    sequence: npt.NDArray[Any], fates: npt.NDArray[Any], sent_ns: Integers, known: Mapping[str, Column]
) -> Columns:
    """Return whole columns of one pair: what is in ``known`` as it is, whatever else may be lacking masked, overtaking unseen."""
    count = len(sequence)
    given: dict[str, Column] = {
        "pair": np.zeros(count, np.uint16),
        "sequence": sequence.astype(np.uint32),
        "fate": fates.astype(np.uint8),
        "sent_ns": sent_ns,
        "reordered": np.zeros(count, np.uint8),
    }
    return completed(PACKETS, {**given, **known})


def masked(values: list[int | None]) -> Column:
    """Return nanoseconds of which some are not known."""
    data = np.array([0 if value is None else value for value in values], np.int64)
    return np.ma.MaskedArray(data, mask=np.array([value is None for value in values], np.bool_))
