"""Kernels that find the values of some fields in lines of JSON documents, checking the grammar of all that they pass.

Whatever is out of the ordinary makes them give up, and the lines are read in another way: text that is broken, or more
than one line long; documents that nest deep; names of fields with escapes, or that are there twice; a first name that
may be a wrapper of Extended JSON. They take for granted that the text is UTF-8.
"""

from __future__ import annotations

import numba
import numpy as np

from gatherum.kernels.compiler import kernel
from gatherum.kernels.field_names import number_of_name
from gatherum.kernels.intrinsics import byte_at, copy_bytes, leading_zeros, load_word

DEEPEST = 60
MOST_DIGITS, MOST_EXPONENT_DIGITS = 200, 2
FIRST_NAME, NAME, COLON, FIRST_ITEM, VALUE, NEXT = 0, 1, 2, 3, 4, 5
_ONES = np.uint64(0x0101010101010101)
_HIGH = np.uint64(0x8080808080808080)
_QUOTES, _BACKSLASHES, _BLANKS = (np.uint64(byte) * _ONES for byte in b'"\\ ')


@kernel("int64(int64, int64, uint8[::1], int64[::1], int64[:, ::1])")
def find_fields(text, size, names, ends, spans):
    """Fills a row of `spans` for each document: where it begins, and where the value of each name begins (-1: it is not
    there) and ends. `names` holds the names one behind the other, `ends` where each ends.

    Returns how many documents there are; -1 where the text cannot be read here.
    """
    row, i = 0, 0
    while True:
        while i < size and _is_blank(byte_at(text, i), True):
            i += 1
        if i >= size:
            return row
        if row >= spans.shape[0] or byte_at(text, i) != 123:
            return -1
        i = _document(text, i, size, names, ends, spans[row])
        if i < 0:
            return -1
        while i < size and _is_blank(byte_at(text, i), False):
            i += 1
        if i < size and byte_at(text, i) != 10:
            return -1
        row += 1


@numba.njit(inline="always")
def _is_blank(byte, newline):
    return byte == 32 or byte == 9 or byte == 13 or (newline and byte == 10)


@numba.njit
def _document(text, i, size, names, ends, span):
    """The end of the document that begins at `i`, or -1; fills its row."""
    span[0] = i
    for number in range(ends.shape[0]):
        span[2 * number + 1] = -1
    depth, arrays, state, wanted, first = 1, np.uint64(0), FIRST_NAME, -1, True
    i += 1
    while i < size:
        byte = byte_at(text, i)
        if _is_blank(byte, False):
            i += 1
            continue
        closes = byte == 125 if state == FIRST_NAME else state == FIRST_ITEM and byte == 93
        if state in (FIRST_NAME, NAME) and not closes:
            if byte != 34:
                return -1
            found = _string(text, i + 1, size)
            if found < 0:
                return -1
            if depth == 1:
                if found & 1 or (first and byte_at(text, i + 1) == 36):
                    return -1
                first = False
                wanted = number_of_name(text, i + 1, found >> 1, names, ends)
                if wanted >= 0 and span[2 * wanted + 1] >= 0:
                    return -1
            i, state = (found >> 1) + 1, COLON
            continue
        if state == COLON:
            if byte != 58:
                return -1
            i, state = i + 1, VALUE
            continue
        if state == NEXT:
            inside_array = (arrays >> np.uint64(depth)) & np.uint64(1) != np.uint64(0)
            if byte == 44:
                i, state = i + 1, VALUE if inside_array else NAME
                continue
            if byte != (93 if inside_array else 125):
                return -1
            closes = True
        if closes:
            depth -= 1
            i += 1
            if depth == 0:
                return i
        else:
            if depth == 1 and wanted >= 0:
                span[2 * wanted + 1] = i
            if byte == 123 or byte == 91:
                depth += 1
                if depth > DEEPEST:
                    return -1
                bit = np.uint64(1) << np.uint64(depth)
                arrays = arrays | bit if byte == 91 else arrays & ~bit
                i, state = i + 1, FIRST_ITEM if byte == 91 else FIRST_NAME
                continue
            i = _scalar(text, i, size, byte)
            if i < 0:
                return -1
        if depth == 1 and wanted >= 0:
            span[2 * wanted + 2] = i
        state = NEXT
    return -1


@numba.njit
def _scalar(text, i, size, byte):
    """The end of a string, a number or a word, or -1."""
    if byte == 34:
        found = _string(text, i + 1, size)
        return -1 if found < 0 else (found >> 1) + 1
    if byte == 45 or 48 <= byte <= 57:
        return _number(text, i, size)
    if byte == 116:
        return _word(text, i, size, (116, 114, 117, 101))
    if byte == 110:
        return _word(text, i, size, (110, 117, 108, 108))
    if byte == 102:
        return _word(text, i, size, (102, 97, 108, 115, 101))
    return -1


@numba.njit
def _word(text, i, size, letters):
    if i + len(letters) > size:
        return -1
    for k in range(len(letters)):
        if byte_at(text, i + k) != letters[k]:
            return -1
    return i + len(letters)


@numba.njit(inline="always")
def _zero_bytes(word):
    """The highest bit of the lowest byte that is 0; what is said of the bytes above it does not count."""
    return (word - _ONES) & ~word & _HIGH


@numba.njit
def _string(text, i, size):
    """Twice the place of the quote that ends a string, and 1 more where it has escapes; or -1."""
    escaped = 0
    while i < size:
        if i + 8 <= size:
            word = load_word(text + i)
            control = (word - _BLANKS) & ~word & _HIGH
            found = _zero_bytes(word ^ _QUOTES) | _zero_bytes(word ^ _BACKSLASHES) | control
            if found == 0:
                i += 8
                continue
            i += (63 - np.int64(leading_zeros(found & (~found + np.uint64(1))))) >> 3
        byte = byte_at(text, i)
        if byte == 34:
            return 2 * i + escaped
        if byte < 32:
            return -1
        if byte == 92:
            escaped = 1
            i = _escape(text, i + 1, size)
            if i < 0:
                return -1
        else:
            i += 1
    return -1


@numba.njit
def _escape(text, i, size):
    """The end of what follows a backslash, or -1; also for halves of a pair that stands for one character."""
    if i >= size:
        return -1
    byte = byte_at(text, i)
    if byte == 34 or byte == 92 or byte == 47 or byte == 98 or byte == 102 or byte == 110 or byte == 114 or byte == 116:
        return i + 1
    if byte != 117 or i + 5 > size:
        return -1
    code = 0
    for k in range(1, 5):
        digit = byte_at(text, i + k)
        if 48 <= digit <= 57:
            code = code * 16 + digit - 48
        elif 97 <= digit | 32 <= 102:
            code = code * 16 + (digit | 32) - 87
        else:
            return -1
    return -1 if 0xD800 <= code <= 0xDFFF else i + 5


@numba.njit
def _digits(text, i, size):
    while i < size and 48 <= byte_at(text, i) <= 57:
        i += 1
    return i


@numba.njit
def _number(text, i, size):
    """The end of a number, or -1; also for numbers that may be beyond doubles."""
    if byte_at(text, i) == 45:
        i += 1
    end = _digits(text, i, size)
    if end == i or (end > i + 1 and byte_at(text, i) == 48) or end - i > MOST_DIGITS:
        return -1
    i = end
    if i < size and byte_at(text, i) == 46:
        end = _digits(text, i + 1, size)
        if end == i + 1:
            return -1
        i = end
    if i < size and byte_at(text, i) | 32 == 101:
        i += 1
        if i < size and (byte_at(text, i) == 43 or byte_at(text, i) == 45):
            i += 1
        end = _digits(text, i, size)
        if end == i or end - i > MOST_EXPONENT_DIGITS:
            return -1
        i = end
    return i


@kernel("int64(int64, int64[::1], int64[::1], uint8[::1])")
def join_values(text, starts, ends, made):
    """Writes the values as a JSON array, null for those that are not there; returns its length."""
    target = made.ctypes.data
    made[0] = 91
    at = 1
    for i in range(starts.shape[0]):
        if i:
            made[at] = 44
            at += 1
        if starts[i] < 0:
            made[at], made[at + 1], made[at + 2], made[at + 3] = 110, 117, 108, 108
            at += 4
        else:
            copy_bytes(text + starts[i], target + at, ends[i] - starts[i])
            at += ends[i] - starts[i]
    made[at] = 93
    return at + 1
