"""Byte strings that repeat, as codes: what costs much for each is done once for each distinct one."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa

_SAMPLE: Final = 2048
_REPEATED: Final = 8
"""Codes are worth their cost where one value of so many in the sample is a repetition."""


def coded(data: pa.Array) -> pa.DictionaryArray | None:
    """The byte strings as codes and a dictionary; None where they hardly repeat, as the first of them tell."""
    first = data.slice(0, _SAMPLE)
    return data.dictionary_encode() if _REPEATED * (len(first) - len(first.unique())) > len(first) else None


def first_rows(codes: np.ndarray, size: int) -> np.ndarray:
    """The first row that has each of the codes below `size`."""
    found = np.empty(size, np.int64)
    found[codes[::-1]] = np.arange(len(codes))[::-1]
    return found
