"""Kernels that merge, read and round totals: 128-bit integers, two words a group."""

from __future__ import annotations

from typing import Final

import numba
import numpy as np

from gatherum.kernels.additions import add_carrying
from gatherum.kernels.compiler import kernel
from gatherum.kernels.intrinsics import add_wide, bits_double, leading_zeros, load_byte

NO_ROWS: Final = np.empty(0, np.uint8)
HEADROOM = 1 << 60
"""A total whose upper word reaches this is not merged any further by kernels."""


@kernel("void(int32[::1], uint8[::1], uint8, uint8[::1])")
def mark_groups(slots, chosen, mark, marks):
    """Sets the bits `mark` in the marks of each row's group; `chosen` says which rows count, all where it is empty."""
    checked = chosen.shape[0] > 0
    for i in range(slots.shape[0]):
        if not checked or chosen[i]:
            marks[slots[i]] |= mark


@kernel("int64(float64[::1])")
def largest_exponent(values):
    """The largest exponent of finite doubles, as in their bits; 0 where there are none but zeros."""
    words = values.view(np.int64)
    largest = np.int64(0)
    for i in range(words.shape[0]):
        exponent = (words[i] >> 52) & 0x7FF
        largest = max(largest, exponent if exponent != 0x7FF else 0)
    return largest


@kernel("int64(int32[::1], int64[::1], int64[::1], int64[::1], int64[::1])")
def merge_totals(slots, totals, shifts, into, failed):
    """Adds each total times 2**shift to its slot's; `shifts` holds one number a total, or one for all.

    Totals that lose digits by it, or come near 128 bits, are listed in `failed`; returns how many.
    """
    address = into.ctypes.data
    step = 1 if shifts.shape[0] == slots.shape[0] else 0
    listed = 0
    for i in range(slots.shape[0]):
        low, high, shift = np.uint64(totals[2 * i]), totals[2 * i + 1], shifts[i * step]
        if low == 0 and high == 0:
            continue
        exact = True
        while shift >= 32 and exact:
            exact = -(1 << 28) <= high < 1 << 28
            high = high << 32 | np.int64(low >> np.uint64(32))
            low = low << np.uint64(32)
            shift -= 32
        if shift > 0 and exact:
            exact = -(HEADROOM >> shift) <= high < HEADROOM >> shift
            high = high << shift | np.int64(low >> np.uint64(64 - shift))
            low = low << np.uint64(shift)
        while shift <= -32 and exact:
            exact = low & np.uint64(0xFFFFFFFF) == 0
            low = low >> np.uint64(32) | np.uint64(high) << np.uint64(32)
            high >>= 32
            shift += 32
        if shift < 0 and exact:
            exact = low << np.uint64(64 + shift) == 0
            low = low >> np.uint64(-shift) | np.uint64(high) << np.uint64(64 + shift)
            high >>= -shift
        held = into[2 * slots[i] + 1]
        if exact and -HEADROOM <= high < HEADROOM and -HEADROOM <= held < HEADROOM:
            add_wide(address, slots[i], low, high)
        else:
            failed[listed] = i
            listed += 1
    return listed


@kernel("int64(int32[::1], int64[::1], int64[::1], int64[::1], int64[::1])")
def merge_integers(slots, totals, into, carries, failed):
    """Adds totals of two words to those of slots, which are a word and its carries; lists as `merge_totals` does."""
    words, above = into.ctypes.data, carries.ctypes.data
    listed = 0
    for i in range(slots.shape[0]):
        low, high, held = totals[2 * i], totals[2 * i + 1], carries[slots[i]]
        if -HEADROOM <= high < HEADROOM and -HEADROOM <= held < HEADROOM:
            add_carrying(words, above, slots[i], low)
            carries[slots[i]] += high - (low >> 63)
        else:
            failed[listed] = i
            listed += 1
    return listed


@kernel("int64(int64[::1], int64, int64[::1], int64[::1])")
def read_totals(offsets, data, totals, failed):
    """Little-endian two's complement integers of any size as totals; those of more than 16 bytes are listed."""
    listed = 0
    for i in range(offsets.shape[0] - 1):
        start, length = data + offsets[i], offsets[i + 1] - offsets[i]
        low, high = np.uint64(0), np.uint64(0)
        if length > 16:
            failed[listed] = i
            listed += 1
            length = 0
        for j in range(min(length, 8)):
            low |= load_byte(start + j) << np.uint64(8 * j)
        for j in range(8, length):
            high |= load_byte(start + j) << np.uint64(8 * j - 64)
        negative = length > 0 and load_byte(start + length - 1) >= 128
        if negative and length < 8:
            low |= ~np.uint64(0) << np.uint64(8 * length)
        if negative and length < 16:
            high |= ~np.uint64(0) << np.uint64(8 * max(length - 8, 0))
        totals[2 * i], totals[2 * i + 1] = np.int64(low), np.int64(high)
    return listed


@numba.njit(inline="always")
def _scaled(value, exponent):
    """value * 2**exponent, where no digits are lost by it; infinite where it is too large."""
    while exponent > 1000:
        value *= bits_double(np.uint64(1023 + 1000) << np.uint64(52))
        exponent -= 1000
    while exponent < -1000:
        value *= bits_double(np.uint64(1023 - 1000) << np.uint64(52))
        exponent += 1000
    return value * bits_double(np.uint64(1023 + exponent) << np.uint64(52))


@kernel("void(int64[::1], int64, float64[::1])")
def round_totals(totals, exponent, doubles):
    """The doubles nearest to totals in units of 2**exponent, ties to even."""
    for i in range(doubles.shape[0]):
        low, high = np.uint64(totals[2 * i]), np.uint64(totals[2 * i + 1])
        negative = totals[2 * i + 1] < 0
        if negative:
            low = ~low + np.uint64(1)
            high = ~high + (np.uint64(1) if low == np.uint64(0) else np.uint64(0))
        scale = exponent
        if high != np.uint64(0):
            zeros = leading_zeros(high)
            rest = low << zeros
            low = (high << zeros) | ((low >> np.uint64(1)) >> (np.uint64(63) - zeros))
            if rest != np.uint64(0):
                low |= np.uint64(1)                       # a sticky bit: what is cut off still breaks ties
            scale += 64 - np.int64(zeros)
        doubles[i] = _scaled(np.float64(low), scale) * (-1.0 if negative else 1.0)
