"""Kernels for codes by direct index: `lookup[place]` is the code of what is looked up, -1 where it has none yet.

They return how many places without a code there are, and list each once, in the order of first appearance. Such a place
is then marked -2, and gets its code before the rows are looked up again.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numba
import numpy as np

from gatherum.kernels.compiler import Kernel, kernel
from gatherum.kernels.intrinsics import prefetch

UNKNOWN = np.int32(-1)
LISTED = np.int32(-2)
AHEAD = 768


@kernel("int64(int32[::1], int32[::1], int32[::1], int64[::1])")
def look_up(indices, lookup, codes, fresh):
    """The codes of indices; `fresh` lists the indices that have none."""
    worst = np.int32(0)
    for i in range(indices.shape[0]):
        code = lookup[np.uint32(indices[i])]
        codes[i] = code
        worst |= code
    listed = 0
    if worst < 0:
        for i in range(indices.shape[0]):
            index = np.uint32(indices[i])
            if lookup[index] == UNKNOWN:
                lookup[index] = LISTED
                fresh[listed] = index
                listed += 1
    return listed


@kernel("int64(int32[::1], int32[::1], int64, int32[::1], int32[::1], int64[::1])")
def look_up_pairs(first, second, width, lookup, codes, fresh):
    """The codes of pairs, of which the place is first * width + second; `fresh` lists rows with those that have
    none."""
    worst = np.int32(0)
    for i in range(first.shape[0]):
        code = lookup[np.uint64(first[i] * width + second[i])]
        codes[i] = code
        worst |= code
    listed = 0
    if worst < 0:
        for i in range(first.shape[0]):
            place = np.uint64(first[i] * width + second[i])
            if lookup[place] == UNKNOWN:
                lookup[place] = LISTED
                fresh[listed] = i
                listed += 1
    return listed


@numba.njit(inline="always")
def _place(value, lowest, end):
    """Where an integer is looked up; `end` for those outside the range."""
    return min(np.uint64(np.int64(value) - lowest), end)


def _look_up_integers(values, high, kind, lowest, lookup, codes, fresh):
    """The codes of integers, of which the place is value - lowest; the last place is for those outside, without a code.

    A row whose word in `high` is not `kind` has no integer; where `high` is shorter than the rows, all have one.
    `fresh` lists a row for each place that has no code, and all rows that have no place.
    """
    rows, end = values.shape[0], np.uint64(lookup.shape[0] - 1)
    all_whole = high.shape[0] < rows or rows == 0
    worst = np.int32(0)
    if all_whole:
        address, size = values.ctypes.data, values.itemsize
        for i in range(rows):
            prefetch(address + size * (i + AHEAD))
            codes[i] = lookup[_place(values[i], lowest, end)]
            worst |= codes[i]
    else:
        for i in range(rows):
            codes[i] = lookup[_place(values[i], lowest, end) if high[i] == kind else end]
            worst |= codes[i]
    listed = 0
    if worst < 0:
        for i in range(rows):
            if codes[i] < 0:
                place = _place(values[i], lowest, end) if all_whole or high[i] == kind else end
                if lookup[place] == UNKNOWN:
                    fresh[listed] = i
                    listed += 1
                    if place < end:
                        lookup[place] = LISTED
    return listed


def _learn_integers(values, high, kind, lowest, lookup, fresh, found, codes):
    """Gives the rows that `look_up_integers` listed the codes `found`, and so their places and equal values."""
    rows, end = values.shape[0], np.uint64(lookup.shape[0] - 1)
    all_whole = high.shape[0] < rows
    for j in range(fresh.shape[0]):
        i = fresh[j]
        codes[i] = found[j]
        place = _place(values[i], lowest, end)
        if place < end and (all_whole or high[i] == kind):
            lookup[place] = found[j]
    for i in range(rows):
        if codes[i] < 0:
            codes[i] = lookup[_place(values[i], lowest, end)]


def _learn_in_order(values, kind, lowest, lookup, fresh, known, keys, codes):
    """As `learn_integers`, where all rows have an integer: with the codes from `known` on, whose words it writes to
    `keys`. False, and nothing done, where one that is listed has no place."""
    end = np.uint64(lookup.shape[0] - 1)
    for j in range(fresh.shape[0]):
        if _place(values[fresh[j]], lowest, end) == end:
            return False
    for j in range(fresh.shape[0]):
        value, code = np.int64(values[fresh[j]]), known + j
        lookup[np.uint64(value - lowest)] = code
        keys[2 * code + 2], keys[2 * code + 3] = np.uint64(value), kind
    for i in range(values.shape[0]):
        if codes[i] < 0:
            codes[i] = lookup[np.uint64(np.int64(values[i]) - lowest)]
    return True


_LOOK_UP = "int64({}, uint64[::1], uint64, int64, int32[::1], int32[::1], int64[::1])"
_LEARN = "void({}, uint64[::1], uint64, int64, int32[::1], int64[::1], int32[::1], int32[::1])"
_LEARN_IN_ORDER = "boolean({}, uint64, int64, int32[::1], int64[::1], int64, uint64[::1], int32[::1])"
look_up_ints = kernel(_LOOK_UP.format("int32[::1]"))(_look_up_integers)
look_up_longs = kernel(_LOOK_UP.format("int64[::1]"))(_look_up_integers)
learn_ints = kernel(_LEARN.format("int32[::1]"))(_learn_integers)
learn_longs = kernel(_LEARN.format("int64[::1]"))(_learn_integers)
learn_ints_in_order = kernel(_LEARN_IN_ORDER.format("int32[::1]"))(_learn_in_order)
learn_longs_in_order = kernel(_LEARN_IN_ORDER.format("int64[::1]"))(_learn_in_order)


class IntegerKernels(NamedTuple):
    """The kernels for integers of one width."""

    look_up: Kernel
    learn: Kernel
    learn_in_order: Kernel

    @staticmethod
    def of(values: np.ndarray) -> IntegerKernels:
        """Those for an array of int32 or int64."""
        return _INTS if values.dtype == np.int32 else _LONGS


_INTS: Final = IntegerKernels(look_up_ints, learn_ints, learn_ints_in_order)
_LONGS: Final = IntegerKernels(look_up_longs, learn_longs, learn_longs_in_order)
