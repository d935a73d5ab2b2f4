"""Kernels that give small integers to keys: every distinct key gets the next code, in the order of first appearance.

A *word table* maps pairs of a kind (one byte) and a word (64 bits) to codes; a *string table* maps byte strings to
numbers, which then are words. Tables are linear-probing hash tables with room for a whole batch made beforehand, so
that no kernel has to grow them.
"""

from __future__ import annotations

import numba
import numpy as np

from gatherum.kernels.compiler import kernel
from gatherum.kernels.intrinsics import copy_bytes, load_byte, load_word

MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
SPREAD = np.uint64(0xC2B2AE3D27D4EB4F)
EMPTY = np.uint64(0)


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


@kernel("int64(uint64[::1], uint8[::1], int64, uint64[::1], int64, int64, int32[::1], int64[::1])")
def encode_words(words, kinds, kind_step, slots, shift, used, codes, new_rows):
    """Codes of (kind, word) pairs; rows that met a new pair go to `new_rows`. Returns how many pairs are known.

    `slots` holds two words a slot: the word, and kind << 40 | code + 1 (0: empty). `kind_step` is 0 where `kinds`
    holds one kind for all rows.
    """
    mask = np.int64(slots.shape[0] >> 1) - 1
    fresh = 0
    last_word, last_kind, last_code = np.uint64(0), np.uint64(0), np.int32(-1)
    for i in range(words.shape[0]):
        word, kind = words[i], np.uint64(kinds[i * kind_step])
        if last_code >= 0 and word == last_word and kind == last_kind:
            codes[i] = last_code
            continue
        h = (word ^ (kind * SPREAD)) * MULTIPLIER
        h ^= h >> np.uint64(32)
        slot = np.int64((h * SPREAD) >> np.uint64(shift)) & mask
        while True:
            tag = slots[2 * slot + 1]
            if tag == EMPTY:
                slots[2 * slot] = word
                slots[2 * slot + 1] = (kind << np.uint64(40)) | np.uint64(used + 1)
                new_rows[fresh] = i
                code = np.int32(used)
                fresh += 1
                used += 1
                break
            if slots[2 * slot] == word and tag >> np.uint64(40) == kind:
                code = np.int32(np.int64(tag & np.uint64(0xFFFFFFFFFF)) - 1)
                break
            slot = (slot + 1) & mask
        codes[i] = code
        last_word, last_kind, last_code = word, kind, code
    return used


@kernel("void(uint64[::1], uint64[::1], int64)")
def rehash_words(old, slots, shift):
    """Puts all entries of a word table into a larger one."""
    mask = np.int64(slots.shape[0] >> 1) - 1
    for at in range(old.shape[0] >> 1):
        tag = old[2 * at + 1]
        if tag == EMPTY:
            continue
        word, kind = old[2 * at], tag >> np.uint64(40)
        h = (word ^ (kind * SPREAD)) * MULTIPLIER
        h ^= h >> np.uint64(32)
        slot = np.int64((h * SPREAD) >> np.uint64(shift)) & mask
        while slots[2 * slot + 1] != EMPTY:
            slot = (slot + 1) & mask
        slots[2 * slot] = word
        slots[2 * slot + 1] = tag


@kernel("int64(int64[::1], int64, int32[::1], int32[::1], int64[::1])")
def encode_range(values, low, lookup, codes, misses):
    """Codes of integers by direct index: `lookup[value - low]`, -1 where unknown. Rows without a code are `misses`."""
    span = lookup.shape[0]
    missed = 0
    for i in range(values.shape[0]):
        at = values[i] - low
        code = np.int32(-1)
        if 0 <= at < span:
            code = lookup[at]
        codes[i] = code
        misses[missed] = i
        missed += code < 0
    return missed


@kernel("int64(int64[::1], int64, uint8[::1], uint64[::1], int64[::1], int64[::1], int64, int64[::1], int64[::1])")
def encode_strings(offsets, data, valid, slots, starts, arena, limit, numbers, state):
    """Numbers of the strings data[offsets[i]:offsets[i + 1]]; -1 where `valid` (empty: all are) says so.

    `slots` holds two words a slot: the hash, and number + 1. `starts[n]` is where string n begins in the bytes at
    the address arena[0]; `state` holds how many strings are known and the bytes in use. `limit` ends the data.
    Returns how many strings are new.
    """
    mask = np.int64(slots.shape[0] >> 1) - 1
    known, end = state[0], state[1]
    store = arena[0]
    checked = valid.shape[0] > 0
    for i in range(offsets.shape[0] - 1):
        if checked and valid[i] == 0:
            numbers[i] = -1
            continue
        start = data + offsets[i]
        length = offsets[i + 1] - offsets[i]
        h = np.uint64(length) * SPREAD
        at = 0
        while at + 8 <= length:
            h = (h ^ load_word(start + at)) * MULTIPLIER
            h ^= h >> np.uint64(29)
            at += 8
        if at < length:
            tail = np.uint64(0)
            if start + at + 8 <= limit:
                tail = load_word(start + at) & ((np.uint64(1) << np.uint64(8 * (length - at))) - np.uint64(1))
            else:
                for j in range(length - at):
                    tail |= load_byte(start + at + j) << np.uint64(8 * j)
            h = (h ^ tail) * MULTIPLIER
            h ^= h >> np.uint64(29)
        h = h * SPREAD
        h ^= h >> np.uint64(32)
        slot = np.int64(h) & mask
        while True:
            number = np.int64(slots[2 * slot + 1]) - 1
            if number < 0:
                slots[2 * slot] = h
                slots[2 * slot + 1] = np.uint64(known + 1)
                number = known
                known += 1
                starts[known] = end + length
                state[0], state[1] = known, end + length
                copy_bytes(start, store + end, length)
                end += length
                break
            if slots[2 * slot] == h and starts[number + 1] - starts[number] == length and \
                    same_bytes(start, store + starts[number], length):
                break
            slot = (slot + 1) & mask
        numbers[i] = number
    fresh = known - state[2]
    state[2] = known
    return fresh


@kernel("void(uint64[::1], uint64[::1])")
def rehash_strings(old, slots):
    """Puts all entries of a string table into a larger one."""
    mask = np.int64(slots.shape[0] >> 1) - 1
    for at in range(old.shape[0] >> 1):
        if old[2 * at + 1] == EMPTY:
            continue
        slot = np.int64(old[2 * at]) & mask
        while slots[2 * slot + 1] != EMPTY:
            slot = (slot + 1) & mask
        slots[2 * slot] = old[2 * at]
        slots[2 * slot + 1] = old[2 * at + 1]
