"""The kernel that adds the columns of a batch to totals by group: counts, and exact sums of integers and doubles.

One call does it for all columns: threads that take turns in Python lose time at every call.
"""

from __future__ import annotations

import numba
import numpy as np

from gatherum.kernels.compiler import kernel
from gatherum.kernels.intrinsics import add_wide, add_word, byte_at, int_at, prefetch, word_at

BLOCK = 1024
AHEAD = 768
"""Words of 8 bytes by which values are fetched ahead: the processor does so by itself only up to the page's end."""
WINDOW = 40
"""The exponents that one window of doubles spans; 127 - 53 - 40 bits are left for the number of rows."""
COUNT, INT64, INT32, DOUBLE = 0, 1, 2, 3


@kernel("void(int32[::1], int64[:, ::1], int64[:, ::1])")
def add_columns(slots, jobs, outside):
    """Adds columns to totals.

    A job is an operation, the addresses of its values, of the bytes that choose among them (0: all are chosen) and of
    the totals, its parameter: what to count for a row, the address of the integers' carries, or the base of the
    window; the address of counts to which doubles, and longs that are all chosen, add 1 for every row on the way
    (0: they do not); and room for the number of rows whose doubles lie outside the window, which are listed in the
    job's line of `outside`.
    """
    for j in range(jobs.shape[0]):
        operation, values, chosen, totals, parameter = jobs[j, 0], jobs[j, 1], jobs[j, 2], jobs[j, 3], jobs[j, 4]
        if operation == INT64 and jobs[j, 5] != 0:
            _count_and_add_words(slots, values, totals, parameter, jobs[j, 5])
        elif operation == COUNT:
            _count(slots, chosen, totals, parameter)
        elif operation == INT64:
            _add_words(slots, values, chosen, totals, parameter)
        elif operation == INT32:
            _add_ints(slots, values, chosen, totals, parameter)
        else:
            jobs[j, 6] = _add_doubles(slots, values, chosen, totals, parameter, jobs[j, 5], outside[j])


@numba.njit
def _count(slots, chosen, counts, step):
    if chosen == 0:
        for i in range(slots.shape[0]):
            add_word(counts, slots[i], step)
    else:
        for i in range(slots.shape[0]):
            add_word(counts, slots[i], step if byte_at(chosen, i) != 0 else 0)


@numba.njit(inline="always")
def add_carrying(totals, carries, slot, value):
    """Adds an integer to a slot's total, and the multiple of 2**64 by which that wraps around to its carries."""
    total = add_word(totals, slot, value)
    if (total ^ value) & (total ^ (total - value)) < 0:
        add_word(carries, slot, 1 if value > 0 else -1)


@numba.njit
def _add_words(slots, values, chosen, totals, carries):
    if chosen == 0:
        for i in range(slots.shape[0]):
            prefetch(values + 8 * (i + AHEAD))
            add_carrying(totals, carries, slots[i], word_at(values, i))
    else:
        for i in range(slots.shape[0]):
            prefetch(values + 8 * (i + AHEAD))
            add_carrying(totals, carries, slots[i], word_at(values, i) if byte_at(chosen, i) != 0 else 0)


@numba.njit
def _count_and_add_words(slots, values, totals, carries, counts):
    for i in range(slots.shape[0]):
        prefetch(values + 8 * (i + AHEAD))
        add_carrying(totals, carries, slots[i], word_at(values, i))
        add_word(counts, slots[i], 1)


@numba.njit
def _add_ints(slots, values, chosen, totals, carries):
    if chosen == 0:
        for i in range(slots.shape[0]):
            prefetch(values + 4 * (i + 2 * AHEAD))
            add_carrying(totals, carries, slots[i], int_at(values, i))
    else:
        for i in range(slots.shape[0]):
            prefetch(values + 4 * (i + 2 * AHEAD))
            add_carrying(totals, carries, slots[i], int_at(values, i) if byte_at(chosen, i) != 0 else 0)


@numba.njit
def _add_doubles(slots, values, chosen, totals, base, counts, outside):
    low, high = np.empty(BLOCK, np.int64), np.empty(BLOCK, np.int64)
    listed = 0
    for begin in range(0, slots.shape[0], BLOCK):
        count = min(BLOCK, slots.shape[0] - begin)
        some, group = values + 8 * begin, slots[begin:begin + count]
        wrong = 0
        for i in range(count):
            bits = word_at(some, i)
            shift = ((bits >> 52) & 0x7FF) - base
            inside = (shift >= 0) & (shift <= WINDOW)
            wrong += (not inside) & ((bits << 1) != 0)
            shift = shift if inside else 0
            mantissa = ((bits & 0xFFFFFFFFFFFFF) | 0x10000000000000) if inside else 0
            mantissa = (mantissa ^ (bits >> 63)) - (bits >> 63)
            low[i] = mantissa << shift
            high[i] = (mantissa >> 1) >> (63 - shift)
        if chosen != 0:
            for i in range(count):
                keep = -np.int64(byte_at(chosen, begin + i) != 0)
                low[i] &= keep
                high[i] &= keep
        if counts != 0:
            for i in range(count):
                prefetch(some + 8 * (i + BLOCK))
                add_wide(totals, group[i], np.uint64(low[i]), high[i])
                add_word(counts, group[i], 1)
        else:
            for i in range(count):
                prefetch(some + 8 * (i + BLOCK))
                add_wide(totals, group[i], np.uint64(low[i]), high[i])
        if wrong:
            for i in range(count):
                bits = word_at(some, i)
                shift = ((bits >> 52) & 0x7FF) - base
                odd = ((shift < 0) | (shift > WINDOW)) & ((bits << 1) != 0)
                if odd and (chosen == 0 or byte_at(chosen, begin + i) != 0):
                    outside[listed] = begin + i
                    listed += 1
    return listed
