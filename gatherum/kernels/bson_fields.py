"""A kernel that leaves of BSON documents only some fields: what is left is decoded in a part of the time."""

from __future__ import annotations

import numba
import numpy as np

from gatherum.kernels.compiler import kernel
from gatherum.kernels.field_names import number_of_name
from gatherum.kernels.intrinsics import byte_at, copy_bytes

_SIZES = np.full(256, -1, np.int64)
"""The bytes of a value by its type; -1 where there is no such type, -2 and less where the value says it."""
for _kinds, _size in [((6, 10, 127, 255), 0), ((8,), 1), ((16,), 4), ((1, 9, 17, 18), 8), ((7,), 12), ((19,), 16),
                      ((2, 13, 14), -2), ((3, 4, 15), -3), ((5,), -4), ((12,), -5), ((11,), -6)]:
    for _kind in _kinds:
        _SIZES[_kind] = _size


@kernel("int64(int64, int64, uint8[::1], int64[::1], uint8[::1])")
def keep_fields(data, size, names, ends, made):
    """Writes the documents with only the fields of these names, in the order that they have; returns the bytes written.

    -1 where the bytes are not documents one after the other, as far as their outermost fields tell.
    """
    at, i = 0, 0
    target = made.ctypes.data
    while i < size:
        length = _length(data, i, size)
        if length < 5 or i + length > size or byte_at(data, i + length - 1) != 0:
            return -1
        begin, end = at, i + length - 1
        at += 4
        place = i + 4
        while place < end:
            name = place + 1
            value = _after_text(data, name, end)
            after = -1 if value < 0 else _after_value(data, byte_at(data, place), value, end)
            if after < 0:
                return -1
            if number_of_name(data, name, value - 1, names, ends) >= 0:
                copy_bytes(data + place, target + at, after - place)
                at += after - place
            place = after
        made[at] = 0
        at += 1
        for k in range(4):
            made[begin + k] = (at - begin) >> (8 * k) & 255
        i += length
    return at


@numba.njit
def _length(data, place, end):
    """The number of 32 bits at a place; -1 where it would end behind `end` or is negative."""
    if place + 4 > end or byte_at(data, place + 3) > 127:
        return -1
    return byte_at(data, place) | byte_at(data, place + 1) << 8 | byte_at(data, place + 2) << 16 | \
        byte_at(data, place + 3) << 24


@numba.njit
def _after_text(data, place, end):
    """The place behind the 0 that ends a text; -1 where there is none."""
    while place < end:
        if byte_at(data, place) == 0:
            return place + 1
        place += 1
    return -1


@numba.njit
def _after_value(data, kind, value, end):
    """The place behind a value; -1 where it would end behind `end`."""
    size = _SIZES[kind]
    if size == -1:
        return -1
    if size == -6:
        value = _after_text(data, value, end)
        return -1 if value < 0 else _after_text(data, value, end)
    if size < 0:
        length = _length(data, value, end)
        if length < (5 if size == -3 else 1 if size != -4 else 0):
            return -1
        size = length + (4 if size == -2 else 0 if size == -3 else 5 if size == -4 else 16)
    return value + size if value + size <= end else -1
