"""A kernel for exact sums of doubles and of their squares, in windows of fixed point."""

from __future__ import annotations

import numpy as np

from gatherum.kernels.compiler import kernel
from gatherum.kernels.intrinsics import add_shifted, add_square, double_bits


@kernel("int64(int32[::1], float64[::1], uint8[::1], int64[::1], int64[::1], int64, int64, int64[::1])")
def add_moments(slots, values, chosen, totals, squares, base, top, outside):
    """Adds doubles to 128-bit totals in units of 2**(base - 1075), and their squares to 256-bit ones in units of its
    square. Rows whose exponent lies outside base .. base + top are listed in `outside`; returns how many."""
    checked = chosen.shape[0] > 0
    listed = 0
    for i in range(values.shape[0]):
        bits = double_bits(values[i])
        if (checked and not chosen[i]) or (bits << 1) == 0:
            continue
        shift = ((bits >> 52) & 0x7FF) - base
        if shift < 0 or shift > top:
            outside[listed] = i
            listed += 1
            continue
        mantissa = (bits & 0xFFFFFFFFFFFFF) | 0x10000000000000
        add_shifted(totals.ctypes.data, slots[i], -mantissa if bits < 0 else mantissa, shift)
        add_square(squares.ctypes.data, slots[i], mantissa, shift)
    return listed


@kernel("void(int32[::1], int64[::1], uint8[::1], int64[::1])")
def merge_squares(slots, squares, chosen, into):
    """Adds the chosen 256-bit integers, four words each, to their slots'."""
    for i in range(slots.shape[0]):
        carry = np.uint64(0)
        for j in range(4 if chosen[i] else 0):
            at = 4 * np.int64(slots[i]) + j
            held, term = np.uint64(into[at]), np.uint64(squares[4 * i + j])
            half = held + carry
            total = half + term
            carry = np.uint64((half < held) | (total < half))
            into[at] = np.int64(total)
