"""Kernels that find the cells of CSV, and tell what their texts are.

Whatever is out of the ordinary makes them give up, and the rows are read in another way: rows of another width, text
behind a closing quote, carriage returns alone, zero bytes. They take for granted that the text is UTF-8.
"""

from __future__ import annotations

import numba

from gatherum.kernels.compiler import kernel
from gatherum.kernels.intrinsics import byte_at, copy_bytes

EMPTY, INT, LONG, DOUBLE, FALSE, TRUE, STRING, OTHER = 0, 1, 2, 3, 4, 5, 6, 7
MOST_DIGITS = 18
"""Integers of so many digits fit 64 bits."""
INT32_MIN, INT32_MAX = -(1 << 31), (1 << 31) - 1
SHORTEST_DATE = 17
INCOMPLETE, ODD = -1, -2


@kernel("int64(int64, int64, int64, boolean, int64[::1], int64[:, ::1], int64[::1])")
def find_cells(text, size, delimiter, ends_file, wanted, spans, passed):
    """Fills a line of `spans` for each whole row: where the cells wanted begin, and where they end, times two, plus one
    where quotes within are doubled. `wanted` has the place of each column among those, or -1.

    Returns how many rows there are, at most as many as `spans` has lines, and puts the number of bytes that they take
    into `passed`; -1 where the text cannot be read here.
    """
    row, i, passed[0] = 0, 0, 0
    while i < size and row < spans.shape[0]:
        after = _line_end(text, i, size, ends_file)
        if after == ODD:
            return -1
        if after == INCOMPLETE:
            return row
        if after == i:
            after = _row(text, i, size, delimiter, ends_file, wanted, spans[row])
            if after == ODD:
                return -1
            if after == INCOMPLETE:
                return row
            row += 1
        i = after
        passed[0] = i
    return row


@numba.njit(inline="always")
def _line_end(text, i, size, ends_file):
    """Where the next line begins if this one ends at `i`, else `i`."""
    byte = byte_at(text, i)
    if byte == 10:
        return i + 1
    if byte != 13:
        return i
    if i + 1 >= size:
        return ODD if ends_file else INCOMPLETE
    return i + 2 if byte_at(text, i + 1) == 10 else ODD


@numba.njit
def _row(text, i, size, delimiter, ends_file, wanted, span):
    """Where the row that begins at `i` ends, its line end included; fills its line."""
    column = 0
    while column < wanted.shape[0]:
        start, doubled = i, 0
        if i < size and byte_at(text, i) == 34:
            i, start = i + 1, start + 1
            while True:
                while i < size and byte_at(text, i) != 34:
                    if byte_at(text, i) == 0:
                        return ODD
                    i += 1
                if i >= size:
                    return ODD if ends_file else INCOMPLETE
                if i + 1 >= size and not ends_file:
                    return INCOMPLETE
                if i + 1 >= size or byte_at(text, i + 1) != 34:
                    break
                doubled = 1
                i += 2
            end = i
            i += 1
        else:
            while i < size and byte_at(text, i) != delimiter and byte_at(text, i) != 10 and byte_at(text, i) != 13:
                if byte_at(text, i) == 0:
                    return ODD
                i += 1
            end = i
        place = wanted[column]
        if place >= 0:
            span[2 * place], span[2 * place + 1] = start, 2 * end + doubled
        column += 1
        if i < size and byte_at(text, i) == delimiter:
            i += 1
            continue
        if i >= size:
            if not ends_file:
                return INCOMPLETE
        else:
            after = _line_end(text, i, size, ends_file)
            if after < 0:
                return after
            if after == i:
                return ODD
            i = after
        return i if column == wanted.shape[0] else ODD
    return ODD


@kernel("void(int64, int64[::1], int64[::1], uint8[::1], int32[::1])")
def copy_cells(text, starts, ends, made, offsets):
    """Copies cells, as `find_cells` tells of them, one behind the other; `offsets` says where each ends."""
    to, at = made.ctypes.data, 0
    offsets[0] = 0
    for row in range(starts.shape[0]):
        start, end = starts[row], ends[row] >> 1
        if ends[row] & 1:
            i = start
            while i < end:
                made[at] = byte_at(text, i)
                i += 2 if made[at] == 34 else 1
                at += 1
        else:
            copy_bytes(text + start, to + at, end - start)
            at += end - start
        offsets[row + 1] = at


@kernel("void(uint8[::1], int32[::1], uint8[::1], int64[::1])")
def classify_cells(text, offsets, kinds, integers):
    """What each text is, and which integer. Texts that need a closer look are `OTHER`."""
    for row in range(kinds.shape[0]):
        start, end = offsets[row], offsets[row + 1]
        kinds[row], integers[row] = _kind(text, start, end)


@numba.njit
def _kind(text, start, end):
    if start == end:
        return EMPTY, 0
    i = start + 1 if text[start] == 45 else start
    first, value = i, 0
    while i < end and 48 <= text[i] <= 57 and i - first <= MOST_DIGITS:
        value = 10 * value + (text[i] - 48)
        i += 1
    digits = i - first
    if digits > MOST_DIGITS:
        return OTHER, 0
    canonical = digits == 1 or (digits > 1 and text[first] != 48)
    if i == end:
        if not canonical or (value == 0 and first > start):
            return STRING, 0
        value = -value if first > start else value
        return (INT if INT32_MIN <= value <= INT32_MAX else LONG), value
    if text[i] == 46 or ((text[i] | 32) == 101 and digits):
        whole = canonical or (digits == 0 and text[i] == 46)
        return (DOUBLE if whole and _is_fraction(text, i, end) else STRING), 0
    if end - start >= SHORTEST_DATE and text[end - 1] == 90 and text[start + 10] == 84:
        return OTHER, 0
    return _truth(text, start, end), 0


@numba.njit
def _is_fraction(text, i, end):
    """Whether the text from `i` on is what follows the integer part of a number."""
    if text[i] == 46:
        i += 1
        first = i
        while i < end and 48 <= text[i] <= 57:
            i += 1
        if i == first:
            return False
        if i == end:
            return True
    if (text[i] | 32) != 101:
        return False
    i += 1
    if i < end and (text[i] == 43 or text[i] == 45):
        i += 1
    first = i
    while i < end and 48 <= text[i] <= 57:
        i += 1
    return i > first and i == end


@numba.njit
def _truth(text, start, end):
    word = b"true" if end - start == 4 else b"false"
    if end - start != len(word):
        return STRING
    for i in range(len(word)):
        if text[start + i] != word[i]:
            return STRING
    return TRUE if end - start == 4 else FALSE
