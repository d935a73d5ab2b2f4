"""$size, $arrayElemAt, $first, $last, $slice, $concatArrays and $in over list columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from gatherum.kernels.assemble import assemble, join
from gatherum.kernels.buffers import array_of, valid_mask
from gatherum.kernels.columns.column import Column
from gatherum.kernels.forms import Constant, Form, Operand, form, predicate_forms
from gatherum.kernels.kinds import is_list, kind_of
from gatherum.kernels.lists import Lists, counts, lists_of, ranges_mask
from gatherum.kernels.numbers import nulls
from gatherum.kernels.ordering import equal, side_of
from gatherum.types.values import INT32_MAX, INT32_MIN, MISSING, BsonType, bson_type


def lists_in(operand: Operand | None) -> Lists | None:
    """The lists of a column; None for everything else."""
    return lists_of(operand) if isinstance(operand, Column) and is_list(operand.array.type) else None


def _is_nothing(operand: Operand | None) -> bool:
    return isinstance(operand, Column) and kind_of(operand) in (BsonType.NULL, BsonType.MISSING)


def _int32(operand: Operand | None) -> int | None:
    if isinstance(operand, Constant) and type(operand.value) is int and INT32_MIN <= operand.value <= INT32_MAX:
        return operand.value
    return None


@form("$size")
def size(arguments: Sequence[Operand], rows: int) -> Operand | None:
    """Lengths, where every row has an array."""
    lists = lists_in(arguments[0])
    if lists is None or lists.valid is not None:
        return None
    return Column(array_of(lists.lengths.astype(np.int32)))


@form("$arrayElemAt")
def element_at(arguments: Sequence[Operand], rows: int) -> Operand | None:
    """The items at a constant position."""
    position = _int32(arguments[1])
    return None if position is None else _element(arguments[0], position, rows)


def _end(name: str, position: int) -> Form:
    def apply(arguments: Sequence[Operand], rows: int) -> Operand | None:
        return _element(arguments[0], position, rows)
    return form(name)(apply)


first = _end("$first", 0)
last = _end("$last", -1)


def _element(array: Operand, position: int, rows: int) -> Operand | None:
    if _is_nothing(array):
        return nulls(rows)
    lists = lists_in(array)
    if lists is None:
        return None
    there = lists.lengths > position if position >= 0 else lists.lengths >= -position
    found = np.flatnonzero(there)
    at = lists.starts[found] + (position if position >= 0 else lists.lengths[found] + position)
    nothing = np.zeros(rows, np.bool_) if lists.valid is None else ~lists.valid
    return assemble([(found, lists.items.take(at)), (np.flatnonzero(nothing), Constant(None)),
                     (np.flatnonzero(~there & ~nothing), Constant(MISSING))], rows)


@form("$slice")
def slice_(arguments: Sequence[Operand], rows: int) -> Operand | None:
    """Parts of arrays, by constant numbers."""
    lists, number = lists_in(arguments[0]), _int32(arguments[1])
    count = _int32(arguments[2]) if len(arguments) > 2 else -1
    if lists is None or number is None or count is None or (len(arguments) > 2 and count <= 0):
        return None
    lengths = lists.lengths
    if len(arguments) == 2:
        begin = np.zeros(rows, np.int64) if number >= 0 else np.maximum(lengths + number, 0)
        end = np.minimum(lengths, number) if number >= 0 else lengths
    else:
        begin = np.minimum(lengths, number) if number >= 0 else np.maximum(lengths + number, 0)
        end = np.minimum(lengths, begin + count)
    return Column(lists.keep(ranges_mask(lists, begin, end)).array)


@form("$concatArrays")
def concat_arrays(arguments: Sequence[Operand], rows: int) -> Operand | None:
    """The items of several arrays in each row; null where one is null or missing."""
    columns = [a.column(rows) if isinstance(a, Constant) and type(a.value) is list else a for a in arguments]
    parts = [lists_in(column) for column in columns]
    solid = [part for part in parts if part is not None]
    if len(solid) < len(parts) or any(part.valid is not None for part in solid):
        return None
    items = join([part.items for part in solid])
    lengths = np.stack([part.lengths for part in solid], axis=1)
    shifts = np.cumsum([0] + [len(part.items) for part in solid[:-1]])
    starts = np.stack([part.starts for part in solid], axis=1) + shifts
    flat = lengths.ravel()
    order = np.repeat(starts.ravel() - (np.cumsum(flat) - flat), flat) + np.arange(int(flat.sum()))
    return solid[0].with_items(items.take(order), lengths.sum(axis=1))


@form("$in")
def in_(arguments: Sequence[Any], rows: int) -> Operand | None:
    """Whether a constant array has the value, or an array column the value of its row."""
    value, array = arguments
    if isinstance(array, Constant):
        return _in_constant(value, array.value)
    lists = lists_in(array)
    if lists is None or lists.valid is not None:
        return None
    owners = lists.owners
    wanted = side_of(value if isinstance(value, Constant) else value.take(owners))
    items = side_of(lists.items)
    found = None if wanted is None or items is None else equal(wanted, items, len(owners))
    return None if found is None else Column(array_of(counts(found, lists.lengths) > 0))


def _in_constant(value: Column, array: Any) -> Operand | None:
    """By the form of the predicate `$in`, but that a missing value equals nothing."""
    kind = kind_of(value)
    if type(array) is not list or kind is None or isinstance(value.array.type, pa.DictionaryType):
        return None
    if any(bson_type(item) == BsonType.REGEX for item in array):
        return None
    nullish = not value.missing and None in array
    if kind in (BsonType.NULL, BsonType.MISSING):
        return Constant(nullish)
    mask = predicate_forms()["$in"].apply(value, array)
    if mask is None:
        return None
    valid = valid_mask(value.array)
    return Column(array_of(mask if valid is None else np.where(valid, mask, nullish)))
