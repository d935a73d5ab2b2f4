"""Kernels that list rows by group, and choose one row of each."""

from __future__ import annotations

import numpy as np

from gatherum.kernels.compiler import kernel


@kernel("void(int32[::1], int64[::1], int64[::1], int64[::1])")
def list_rows(slots, order, ends, listed):
    """Lists the rows group by group, those of one group in the order `order`. Before, `ends` holds where the rows of
    each group begin; after, where they end."""
    for i in range(order.shape[0]):
        slot = slots[order[i]]
        listed[ends[slot]] = order[i]
        ends[slot] += 1


@kernel("int64(int32[::1], int64[::1], int64, int64[::1], int64[::1], int64, int64[::1])")
def choose_rows(slots, ordinals, sign, best, at, start, changed):
    """Chooses for each group the row whose ordinal times `sign` is least, among these rows and the one chosen before.

    `best` holds that product for each group and `at` the row's position, -1 where there is none; row i gets the
    position `start` + i. `ordinals` holds one number a row, or that of the first where they follow each other.
    `changed` lists the groups that have a new row; returns how many. The rows are gone through from the end that is
    preferred, so that hardly any is chosen in vain.
    """
    rows = slots.shape[0]
    each = np.int64(ordinals.shape[0] == rows)
    listed = 0
    for k in range(rows):
        i = k if sign > 0 else rows - 1 - k
        slot = np.uint32(slots[i])
        rank = sign * (ordinals[i] if each else ordinals[0] + i)
        if rank < best[slot] or at[slot] < 0:
            if at[slot] < start:
                changed[listed] = slot
                listed += 1
            best[slot] = rank
            at[slot] = start + i
    return listed


@kernel("int64(int32[::1], int64[::1], int64, int64[::1], int64, int64[::1], int64[::1], int64[::1], int64, "
        "int64[::1])")
def choose_rows_by_word(slots, words, word_flip, ordinals, ordinal_flip, best, best_ordinal, at, start, changed):
    """Chooses for each group the row whose (word, ordinal) is least, as `choose_rows` does.

    A flip of -1 inverts all bits of the words, or of the ordinals, so that the greatest one is the least. `best` and
    `best_ordinal` hold them so. There must be a row.
    """
    rows = slots.shape[0]
    each = np.int64(ordinals.shape[0] == rows)
    first = ordinals[0]
    ascending = words[0] ^ word_flip <= words[-1] ^ word_flip
    listed = 0
    for k in range(rows):
        i = k if ascending else rows - 1 - k
        slot = np.uint32(slots[i])
        word = words[i] ^ word_flip
        place = at[slot]
        if place >= 0:
            if word > best[slot]:
                continue
            if word == best[slot] and ((ordinals[i] if each else first + i) ^ ordinal_flip) > best_ordinal[slot]:
                continue
        if place < start:
            changed[listed] = slot
            listed += 1
        best[slot] = word
        best_ordinal[slot] = (ordinals[i] if each else first + i) ^ ordinal_flip
        at[slot] = start + i
    return listed


@kernel("void(int32[::1], int64, int64[::1])")
def first_rows(codes, known, first):
    """Finds the first row of each code from `known` on; each occurs."""
    for i in range(codes.shape[0] - 1, -1, -1):
        if codes[i] >= known:
            first[codes[i] - known] = i


@kernel("int64(int32[::1], int64[::1], int64[::1], int64[::1])")
def lower_ordinals(codes, ordinals, held, lowest):
    """Lowers the ordinals held for codes to those of rows that precede them; other codes are passed over.

    `ordinals` is as in `choose_rows`. `lowest` lists the row that has the ordinal now held, for each code that was
    preceded; returns how many.
    """
    each = ordinals.shape[0] == codes.shape[0]
    listed = 0
    for i in range(codes.shape[0]):
        code, ordinal = codes[i], ordinals[i] if each else ordinals[0] + i
        if code < held.shape[0] and ordinal < held[code]:
            held[code] = ordinal
            lowest[listed] = i
            listed += 1
    found = 0
    for j in range(listed):
        i = lowest[j]
        if held[codes[i]] == (ordinals[i] if each else ordinals[0] + i):
            lowest[found] = i
            found += 1
    return found
