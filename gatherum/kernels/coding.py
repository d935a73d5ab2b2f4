"""Kernels that give small integers to keys: every distinct key gets the next code, in the order of first appearance.

A key is two words of 64 bits. A *word table* is a linear-probing hash table: `slots` holds code + 1, below the lower
half of the key's hash (0: empty), and `keys` the two words of each key at 2 * (code + 1). Row 0 of `keys` equals no
key. Rows are looked up by the block, in several passes that have hardly a branch on the data, so that the loads of
many rows are under way at once.
"""

from __future__ import annotations

import numba
import numpy as np

from gatherum.kernels.compiler import kernel
from gatherum.kernels.intrinsics import load_byte, load_word

MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
SPREAD = np.uint64(0xC2B2AE3D27D4EB4F)
LAST = np.uint64(0xD6E8FEB86659FD93)
BLOCK = 1024
PACKED = 15
"""The longest string that lies in the words themselves."""


@numba.njit(inline="always")
def mix(low, high):
    """A hash of two words; its upper bits are the best."""
    h = low * MULTIPLIER + high * SPREAD
    h ^= h >> np.uint64(32)
    return h * LAST


@numba.njit(inline="always")
def differs(slot, h):
    """Whether a slot's key has another hash."""
    return ((slot >> np.uint64(32)) ^ h) & np.uint64(0xFFFFFFFF) != 0


@numba.njit(inline="always")
def slot_code(slot):
    """The code in a slot; -1 where it is empty."""
    return np.int32(np.int64(slot & np.uint64(0xFFFFFFFF)) - 1)


@kernel("int64(uint64[::1], uint64[::1], int64, uint64[::1], uint64[::1], int64[::1], int32[::1])")
def encode_words(low, high, start, slots, keys, used, codes):
    """The codes of the keys (low[i], high[i]) from row `start` on; `high` may hold one word for all rows.

    `used` holds how many keys are known, and the shift that makes hashes slots. Returns the row reached: less than
    all rows where the table has to grow first.
    """
    rows, room = low.shape[0], slots.shape[0] // 2
    hashes, others = np.empty(BLOCK, np.uint64), np.empty(BLOCK, np.int32)
    for begin in range(start, rows, BLOCK):
        count = min(BLOCK, rows - begin)
        if used[0] + count > room:
            return begin
        one, two = low[begin:begin + count], high[begin:begin + count] if high.shape[0] == rows else high
        code = codes[begin:begin + count]
        if _is_run(one) and _is_run(two):
            _look_up(one[:1], two[:1], hashes, others, slots, keys, used, code[:1])
            code[:] = code[0]
        else:
            _look_up(one, two, hashes, others, slots, keys, used, code)
    return rows


@numba.njit
def _is_run(words):
    """Whether all words are the same."""
    first, count = words[0], words.shape[0]
    for begin in range(0, count, 64):
        differ = np.uint64(0)
        for i in range(begin, min(begin + 64, count)):
            differ |= words[i] ^ first
        if differ != 0:
            return False
    return True


@kernel("int64(int32[::1], int64[::1], int64, int64, uint64, uint8[::1], uint64, int64, uint64[::1], uint64[::1], "
        "int64[::1], int32[::1])")
def encode_strings(narrow, wide, data, limit, kind, valid, invalid, start, slots, keys, used, codes):
    """As `pack_strings` and `encode_words` by the block. Stops before a block with a string that is too long, too."""
    rows, room = codes.shape[0], slots.shape[0] // 2
    hashes, others = np.empty(BLOCK, np.uint64), np.empty(BLOCK, np.int32)
    low, high, offsets = np.empty(BLOCK, np.uint64), np.empty(BLOCK, np.uint64), np.empty(BLOCK + 1, np.int64)
    for begin in range(start, rows, BLOCK):
        count = min(BLOCK, rows - begin)
        one, two = low[:count], high[:count]
        if used[0] + count > room or \
                _pack(narrow, wide, begin, offsets, data, limit, kind, valid, invalid, one, two) > PACKED:
            return begin
        _look_up(one, two, hashes, others, slots, keys, used, codes[begin:begin + count])
    return rows


@numba.njit
def _look_up(one, two, hashes, others, slots, keys, used, code):
    """The codes of the keys of a block, for which the table has room."""
    count, mask, shift, known = one.shape[0], slots.shape[0] - 1, np.uint64(used[1]), used[0]
    step = 1 if two.shape[0] == count else 0
    for i in range(count):
        hashes[i] = mix(one[i], two[i * step])
    left = 0
    for i in range(count):
        found = slots[hashes[i] >> shift]
        code[i] = slot_code(found)
        others[left] = i
        left += differs(found, hashes[i])
    for j in range(left):
        i = others[j]
        slot = np.int64(hashes[i] >> shift)
        while slots[slot] != 0 and differs(slots[slot], hashes[i]):
            slot = (slot + 1) & mask
        code[i] = slot_code(slots[slot])
    left = 0
    for i in range(count):
        found = np.uint64(2 * (np.int64(code[i]) + 1))
        others[left] = i
        left += (keys[found] != one[i]) | (keys[found + np.uint64(1)] != two[i * step])
    for j in range(left):
        i = others[j]
        slot = np.int64(hashes[i] >> shift)
        while True:
            if slots[slot] == 0:
                known += 1
                slots[slot] = hashes[i] << np.uint64(32) | np.uint64(known)
                keys[2 * known] = one[i]
                keys[2 * known + 1] = two[i * step]
            at = 2 * (np.int64(slot_code(slots[slot])) + 1)
            if keys[at] == one[i] and keys[at + 1] == two[i * step]:
                break
            slot = (slot + 1) & mask
        code[i] = slot_code(slots[slot])
    used[0] = known


@kernel("void(uint64[::1], int64[::1], uint64[::1])")
def place_words(keys, used, slots):
    """Puts all keys into a larger, empty table."""
    mask, shift = slots.shape[0] - 1, np.uint64(used[1])
    for code in range(1, used[0] + 1):
        h = mix(keys[2 * code], keys[2 * code + 1])
        slot = np.int64(h >> shift)
        while slots[slot] != 0:
            slot = (slot + 1) & mask
        slots[slot] = h << np.uint64(32) | np.uint64(code)


@numba.njit(inline="always")
def bytes_word(address, length):
    """The first `length` bytes (at most 8) at an address as a word, without reading further."""
    word = np.uint64(0)
    for j in range(length):
        word |= load_byte(address + j) << np.uint64(8 * j)
    return word


@numba.njit(inline="always")
def low_mask(length):
    """Ones in the lower `length` bytes; 0 to 8."""
    half = np.uint64(4 * length)
    return ~((~np.uint64(0) << half) << half)


@kernel("int64(int32[::1], int64[::1], int64, int64, uint64, uint8[::1], uint64, uint64[::1], uint64[::1], int64[::1])")
def pack_strings(narrow, wide, data, limit, kind, valid, invalid, low, high, long_rows):
    """Strings of up to 15 bytes as words: bytes 0 to 7 in `low`; bytes 8 to 14, and kind + length above, in `high`.

    The strings are the bytes between offsets, which come in `narrow` or `wide`, from the address `data`; nothing
    beyond the address `limit` is read. A row that `valid` (empty: all are) rules out has `invalid` in `high`. Returns
    how many rows are too long; `long_rows` lists them.
    """
    rows = max(narrow.shape[0], wide.shape[0]) - 1
    offsets = np.empty(BLOCK + 1, np.int64)
    too_long = 0
    for begin in range(0, rows, BLOCK):
        count = min(BLOCK, rows - begin)
        longest = _pack(narrow, wide, begin, offsets, data, limit, kind, valid, invalid, low[begin:begin + count],
                        high[begin:begin + count])
        if longest > PACKED:
            for i in range(count):
                long_rows[too_long] = begin + i
                too_long += (offsets[i + 1] - offsets[i] > PACKED) & (valid.shape[0] == 0 or valid[begin + i] != 0)
    return too_long


@numba.njit
def _pack(narrow, wide, begin, offsets, data, limit, kind, valid, invalid, one, two):
    """The words of a block of strings; returns the length of the longest."""
    count = one.shape[0]
    for i in range(count + 1):
        offsets[i] = wide[begin + i] if narrow.shape[0] == 0 else narrow[begin + i]
    first = offsets[1] - offsets[0]
    differ, longest = np.int64(0), np.int64(0)
    for i in range(count):
        length = offsets[i + 1] - offsets[i]
        differ |= length ^ first
        longest = max(longest, length)
    if data + offsets[count] + 16 > limit:
        for i in range(count):
            length = offsets[i + 1] - offsets[i]
            one[i] = bytes_word(data + offsets[i], min(length, 8))
            two[i] = bytes_word(data + offsets[i] + 8, min(max(length - 8, 0), 7)) | \
                (kind + np.uint64(length)) << np.uint64(56)
    elif differ == 0 and first <= PACKED:
        mask_one, mask_two = low_mask(min(first, 8)), low_mask(max(first - 8, 0))
        tag = (kind + np.uint64(first)) << np.uint64(56)
        for i in range(count):
            one[i] = load_word(data + offsets[i]) & mask_one
            two[i] = load_word(data + offsets[i] + 8) & mask_two | tag
    else:
        for i in range(count):
            length = offsets[i + 1] - offsets[i]
            one[i] = load_word(data + offsets[i]) & low_mask(min(length, 8))
            two[i] = load_word(data + offsets[i] + 8) & low_mask(min(max(length - 8, 0), 7)) | \
                (kind + np.uint64(length)) << np.uint64(56)
    if valid.shape[0] > 0:
        for i in range(count):
            if not valid[begin + i]:
                one[i], two[i] = np.uint64(0), invalid
    return longest
