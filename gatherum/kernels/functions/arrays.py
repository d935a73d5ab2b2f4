"""$size, $arrayElemAt, $first, $last, $slice, $concatArrays and $in over list columns, and $range."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from bson import Int64

from gatherum.functions.operators.arrays import RANGE_LIMIT
from gatherum.kernels.assemble import assemble, join
from gatherum.kernels.buffers import array_of, fixed_values, valid_mask
from gatherum.kernels.columns.column import Column
from gatherum.kernels.forms import Constant, Form, Operand, form, predicate_forms
from gatherum.kernels.kinds import is_list, kind_of
from gatherum.kernels.lists import Lists, counts, list_array, lists_of, ranges_mask
from gatherum.kernels.numbers import nulls
from gatherum.kernels.ordering import equal, side_of
from gatherum.types.values import INT32_MAX, INT32_MIN, MISSING, BsonType, bson_type


def lists_in(operand: Operand | None) -> Lists | None:
    """The lists of a column; None for everything else."""
    return lists_of(operand) if isinstance(operand, Column) and is_list(operand.array.type) else None


def _is_nothing(operand: Operand | None) -> bool:
    return isinstance(operand, Column) and kind_of(operand) in (BsonType.NULL, BsonType.MISSING)


def _int32(operand: Operand | None) -> int | None:
    if isinstance(operand, Constant) and type(operand.value) in (int, Int64) and _fits(operand.value, operand.value):
        return int(operand.value)
    return None


def _fits(least: int, most: int) -> bool:
    return least >= INT32_MIN and most <= INT32_MAX


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
    items = lists.items
    if lists.valid is None and not items.is_variant and (items.missing or not items.nullish):
        at = lists.starts + (position if position >= 0 else lists.lengths + position)
        return Column(items.take(pa.array(at, mask=~there)).array, missing=True)
    found = np.flatnonzero(there)
    at = lists.starts[found] + (position if position >= 0 else lists.lengths[found] + position)
    nothing = np.zeros(rows, np.bool_) if lists.valid is None else ~lists.valid
    return assemble([(found, items.take(at)), (np.flatnonzero(nothing), Constant(None)),
                     (np.flatnonzero(~there & ~nothing), Constant(MISSING))], rows)


@form("$slice")
def slice_(arguments: Sequence[Operand | None], rows: int) -> Operand | None:
    """Parts of arrays, by ints in every row."""
    lists, number = lists_in(arguments[0]), _int32s(arguments[1], rows)
    third = arguments[2] if len(arguments) > 2 else None
    count = None if third is None else _int32s(third, rows)
    if lists is None or number is None or (third is not None and (count is None or (count <= 0).any())):
        return None
    from_end = np.maximum(lists.lengths + number, 0)
    upto = np.minimum(lists.lengths, number)
    if count is None:
        begin, end = np.where(number >= 0, 0, from_end), np.where(number >= 0, upto, lists.lengths)
    else:
        begin = np.where(number >= 0, upto, from_end)
        end = np.minimum(lists.lengths, begin + count)
    return Column(lists.keep(ranges_mask(lists, begin, end)).array)


def _int32s(operand: Operand | None, rows: int) -> np.ndarray | None:
    """The ints and longs of 32 bits of an operand that has one in every row."""
    if isinstance(operand, Column) and kind_of(operand) in (BsonType.INT, BsonType.LONG):
        values = fixed_values(operand.array).astype(np.int64)
        usable = rows and not operand.array.null_count and _fits(int(values.min()), int(values.max()))
        return values if usable else None
    value = _int32(operand)
    return None if value is None else np.full(rows, value, np.int64)


@form("$range")
def range_(arguments: Sequence[Operand | None], rows: int) -> Operand | None:
    """Ints between ints in every row."""
    third = arguments[2] if len(arguments) > 2 else None
    start, end = _int32s(arguments[0], rows), _int32s(arguments[1], rows)
    step = np.ones(rows, np.int64) if third is None else _int32s(third, rows)
    if start is None or end is None or step is None or (step == 0).any():
        return None
    lengths = np.maximum(-((start - end) // step), 0)
    if (lengths > RANGE_LIMIT).any():
        return None
    ends = np.cumsum(lengths)
    places = np.arange(int(lengths.sum())) - np.repeat(ends - lengths, lengths)
    items = np.repeat(start, lengths) + places * np.repeat(step, lengths)
    return Column(list_array(np.append(0, ends), Column(pa.array(items.astype(np.int32))), None))


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
