"""Kernels for exact sums: integers in 128 bits, doubles in a 128-bit window of fixed point."""

from __future__ import annotations

import numba
import numpy as np

from gatherum.kernels.compiler import kernel
from gatherum.kernels.intrinsics import add_shifted, add_wide, bits_double, double_bits, leading_zeros


@kernel("void(int32[::1], int64[::1], uint8[::1], int64[::1], int64[::1])")
def add_integers(slots, values, valid, totals, counts):
    """Adds integers to the 128-bit totals (two words a group) and counts them; `valid` empty: all are."""
    address = totals.ctypes.data
    if valid.shape[0] == 0:
        for i in range(values.shape[0]):
            add_shifted(address, slots[i], values[i], 0)
            counts[slots[i]] += 1
    else:
        for i in range(values.shape[0]):
            if valid[i]:
                add_shifted(address, slots[i], values[i], 0)
                counts[slots[i]] += 1


@kernel("int64(int32[::1], float64[::1], uint8[::1], int64[::1], int64[::1], int64, int64, int64[::1])")
def add_doubles(slots, values, valid, totals, counts, base, top, outside):
    """Adds doubles to the 128-bit totals in units of 2**(base - 1075) and counts them.

    Rows whose exponent lies outside base .. base + top are counted and listed in `outside`; returns how many.
    """
    address = totals.ctypes.data
    checked = valid.shape[0] > 0
    listed = 0
    for i in range(values.shape[0]):
        if checked and not valid[i]:
            continue
        slot = slots[i]
        bits = double_bits(values[i])
        exponent = (bits >> 52) & 0x7FF
        shift = exponent - base
        counts[slot] += 1
        if shift < 0 or shift > top or exponent == 0:
            outside[listed] = i
            listed += (bits << 1) != 0
            continue
        mantissa = (bits & 0xFFFFFFFFFFFFF) | 0x10000000000000
        add_shifted(address, slot, -mantissa if bits < 0 else mantissa, shift)
    return listed


@kernel("void(int32[::1], int64[::1], int64[::1], int64[::1], int64[::1])")
def merge_totals(slots, totals, counts, into, into_counts):
    """Adds the 128-bit totals and the counts of one table to those of another."""
    address = into.ctypes.data
    for i in range(slots.shape[0]):
        add_wide(address, slots[i], np.uint64(totals[2 * i]), totals[2 * i + 1])
        into_counts[slots[i]] += counts[i]


@numba.njit(inline="always")
def _scaled(value, exponent):
    """value * 2**exponent for results that are normal doubles."""
    while exponent > 1000:
        value *= bits_double(np.uint64(1023 + 1000) << np.uint64(52))
        exponent -= 1000
    while exponent < -1000:
        value *= bits_double(np.uint64(1023 - 1000) << np.uint64(52))
        exponent += 1000
    return value * bits_double(np.uint64(1023 + exponent) << np.uint64(52))


@kernel("void(int64[::1], int64, float64[::1])")
def round_totals(totals, exponent, doubles):
    """The doubles nearest to 128-bit totals in units of 2**exponent, ties to even."""
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
