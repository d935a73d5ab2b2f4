"""Kernels that number strings too long for words: by a hash, and by their bytes where that agrees."""

from __future__ import annotations

import numba
import numpy as np

from gatherum.kernels.coding import BLOCK, LAST, MULTIPLIER, SPREAD, bytes_word
from gatherum.kernels.compiler import kernel
from gatherum.kernels.intrinsics import copy_bytes, load_byte, load_word


@numba.njit(inline="always")
def hash_bytes(address, length):
    """A hash of the bytes at an address."""
    h = np.uint64(length) * SPREAD
    at = 0
    while at + 8 <= length:
        h = (h ^ load_word(address + at)) * MULTIPLIER
        h ^= h >> np.uint64(29)
        at += 8
    h = (h ^ bytes_word(address + at, length - at)) * MULTIPLIER
    h ^= h >> np.uint64(29)
    return h * LAST


@numba.njit(inline="always")
def same_bytes(a, b, length):
    """True where the bytes at two addresses are equal."""
    at = 0
    while at + 8 <= length:
        if load_word(a + at) != load_word(b + at):
            return False
        at += 8
    while at < length:
        if load_byte(a + at) != load_byte(b + at):
            return False
        at += 1
    return True


@kernel("void(int32[::1], int64[::1], int64, int64[::1], int32[::1], uint64[::1], int64[::1], int64, int64[::1], "
        "uint64[::1])")
def number_strings(narrow, wide, data, rows, slots, hashes, starts, store, used, low):
    """Writes the number of each of the strings `rows` into `low`; equal strings have one number.

    `slots` holds number + 1 (0: empty), `hashes` the hash of each string, and string n is the bytes from starts[n] to
    starts[n + 1] at the address `store`. `used` holds how many are known, and the shift that makes hashes slots.
    """
    mask, shift, known = slots.shape[0] - 1, np.uint64(used[1]), used[0]
    block = np.empty(BLOCK, np.uint64)
    for begin in range(0, rows.shape[0], BLOCK):
        count = min(BLOCK, rows.shape[0] - begin)
        for j in range(count):
            row = rows[begin + j]
            start = wide[row] if narrow.shape[0] == 0 else np.int64(narrow[row])
            length = (wide[row + 1] if narrow.shape[0] == 0 else np.int64(narrow[row + 1])) - start
            block[j] = hash_bytes(data + start, length)
        for j in range(count):
            row = rows[begin + j]
            start = wide[row] if narrow.shape[0] == 0 else np.int64(narrow[row])
            length = (wide[row + 1] if narrow.shape[0] == 0 else np.int64(narrow[row + 1])) - start
            slot = np.int64(block[j] >> shift)
            while True:
                number = np.int64(slots[slot]) - 1
                if number < 0:
                    number = known
                    known += 1
                    slots[slot] = known
                    hashes[number] = block[j]
                    copy_bytes(data + start, store + starts[number], length)
                    starts[known] = starts[number] + length
                    break
                if hashes[number] == block[j] and starts[number + 1] - starts[number] == length and \
                        same_bytes(data + start, store + starts[number], length):
                    break
                slot = (slot + 1) & mask
            low[row] = np.uint64(number)
    used[0] = known


@kernel("void(uint64[::1], int64[::1], int32[::1])")
def place_strings(hashes, used, slots):
    """Puts all strings into a larger, empty table."""
    mask, shift = slots.shape[0] - 1, np.uint64(used[1])
    for number in range(used[0]):
        slot = np.int64(hashes[number] >> shift)
        while slots[slot] != 0:
            slot = (slot + 1) & mask
        slots[slot] = number + 1
