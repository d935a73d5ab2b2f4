"""The names of fields that kernels look for in text and bytes: one behind the other, with where each ends."""

from __future__ import annotations

from collections.abc import Iterable

import numba
import numpy as np

from gatherum.kernels.intrinsics import byte_at


def packed_names(names: Iterable[str]) -> tuple[np.ndarray, np.ndarray]:
    """The bytes of all names, and where each ends."""
    known = [name.encode("utf-8", "surrogatepass") for name in names]
    return np.array([*b"".join(known)], np.uint8), np.cumsum([len(name) for name in known], dtype=np.int64)


@numba.njit
def number_of_name(text, start, end, names, ends):
    """The number of the name that stands in the text; -1 for others."""
    begin = 0
    for number in range(ends.shape[0]):
        length = ends[number] - begin
        if length == end - start:
            same = True
            for k in range(length):
                if names[begin + k] != byte_at(text, start + k):
                    same = False
                    break
            if same:
                return number
        begin = ends[number]
    return -1
