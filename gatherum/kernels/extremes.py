"""Kernels for the least and greatest values of groups."""

from __future__ import annotations

import numba
import numpy as np

from gatherum.kernels.compiler import kernel
from gatherum.kernels.intrinsics import copy_bytes, double_bits, load_byte, load_word

NAN_RANK = np.int64(-(1 << 63))


@numba.njit(inline="always")
def rank_of_double(value, greatest):
    """An integer in the order of the doubles: NaN is below all numbers. Of the two zeros, which are equal, -0.0 is to
    be preferred: it is below 0.0, and above it where the `greatest` is looked for."""
    bits = double_bits(value)
    rank = bits ^ ((bits >> 63) & 0x7FFFFFFFFFFFFFFF)
    if greatest and (rank == 0 or rank == -1):
        rank = ~rank
    return NAN_RANK if value != value else rank


@kernel("void(int32[::1], int64[::1], uint8[::1], int64, int64[::1])")
def keep_greatest(slots, ranks, chosen, flip, best):
    """Keeps for each group the greatest of `rank ^ flip`: the greatest rank where `flip` is 0, the least where -1."""
    checked = chosen.shape[0] > 0
    for i in range(ranks.shape[0]):
        if not checked or chosen[i]:
            slot = np.uint32(slots[i])
            best[slot] = max(best[slot], ranks[i] ^ flip)


@kernel("void(int32[::1], float64[::1], uint8[::1], int64, int64[::1])")
def keep_greatest_doubles(slots, values, chosen, flip, best):
    """As `keep_greatest`, for the ranks of doubles."""
    checked, greatest = chosen.shape[0] > 0, flip == 0
    for i in range(values.shape[0]):
        if not checked or chosen[i]:
            slot = np.uint32(slots[i])
            best[slot] = max(best[slot], rank_of_double(values[i], greatest) ^ flip)


@numba.njit(inline="always")
def compare_bytes(a, a_length, b, b_length):
    """Negative, 0 or positive as the bytes at `a` are before, equal to or after those at `b`."""
    length = min(a_length, b_length)
    at = 0
    while at + 8 <= length and load_word(a + at) == load_word(b + at):
        at += 8
    while at < length:
        difference = np.int64(load_byte(a + at)) - np.int64(load_byte(b + at))
        if difference != 0:
            return difference
        at += 1
    return a_length - b_length


@kernel("int64(int32[::1], int32[::1], int64[::1], int64, uint8[::1], int64, int64, int64, int64, int64[::1], "
        "int64[::1], int64[::1])")
def keep_strings(slots, narrow, wide, data, chosen, start, sign, store, room, begins, lengths, used):
    """Keeps for each group the greatest string, where `sign` is 1, or the least, where it is -1, from row `start` on.

    Group g's is `lengths[g]` bytes (-1: none) at begins[g] in the `room` bytes at the address `store`, of which
    used[0] are in use. Returns the row reached: less than all where there is no room for its string.
    """
    checked = chosen.shape[0] > 0
    for i in range(start, slots.shape[0]):
        if checked and not chosen[i]:
            continue
        slot = slots[i]
        begin, end = (wide[i], wide[i + 1]) if narrow.shape[0] == 0 else (np.int64(narrow[i]), np.int64(narrow[i + 1]))
        length = end - begin
        held = lengths[slot]
        if held >= 0 and sign * compare_bytes(data + begin, length, store + begins[slot], held) <= 0:
            continue
        if length > held:
            if used[0] + length > room:
                return i
            begins[slot] = used[0]
            used[0] += length
        copy_bytes(data + begin, store + begins[slot], length)
        lengths[slot] = length
    return slots.shape[0]
