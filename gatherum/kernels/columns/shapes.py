"""What the values of a column are, as far as the schema of a file must tell, and what two columns have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gatherum.kernels.columns.build import WIDEST_STRUCT, merge_orders
from gatherum.kernels.columns.column import Column, invalid_is_missing
from gatherum.kernels.columns.types import COLUMN_TYPES
from gatherum.kernels.columns.variant import parts
from gatherum.types.values import INT32_MAX, INT32_MIN, BsonType

NULL: Final = "null"
MISSING: Final = "missing"
INT: Final = "int"
LONG: Final = "long"
WIDE_LONG: Final = "wide long"
DOUBLE: Final = "double"
FRACTION: Final = "fraction"
STRING: Final = "string"
BINARY: Final = "binary"
STRUCT: Final = "struct"
LIST: Final = "list"
ANY: Final = "any"

INTEGERS: Final = frozenset({INT, WIDE_LONG})
NUMBERS: Final = frozenset({INT, FRACTION})
_TOGETHER: Final = (INTEGERS, NUMBERS, frozenset({LONG, WIDE_LONG}), frozenset({DOUBLE, FRACTION}))
_HOLES: Final = frozenset({NULL, MISSING})


@dataclass(frozen=True, slots=True)
class Shape:
    """The kinds of values in a column.

    `kinds` holds the constants above, and Arrow types for what has no constant. A `WIDE_LONG` does not fit 32 bits and
    a `FRACTION` is no whole number of 32 bits, so that beside them an `INT` can be told by its value. `fields` are
    those of structs, `items` is the elements of lists.
    """

    kinds: frozenset[Any]
    fields: tuple[tuple[str, Shape], ...] = ()
    items: Shape | None = None

    @property
    def types(self) -> frozenset[Any]:
        """The kinds without null and missing."""
        return self.kinds - _HOLES


ANY_SHAPE: Final = Shape(frozenset({ANY}))
MISSING_SHAPE: Final = Shape(frozenset({MISSING}))


def union(a: Shape, b: Shape) -> Shape:
    """The shape of the values of both; `ANY_SHAPE` where one typed column of a file cannot hold them.

    >>> union(Shape(frozenset({INT})), Shape(frozenset({STRING}))) == ANY_SHAPE
    True
    """
    if a == b:
        return a
    kinds = a.kinds | b.kinds
    types = kinds - _HOLES
    if ANY in kinds or kinds >= _HOLES or (len(types) > 1 and types not in _TOGETHER):
        return ANY_SHAPE
    fields = _union_fields(a, b)
    if fields is None:
        return ANY_SHAPE
    items = a.items if b.items is None else b.items if a.items is None else union(a.items, b.items)
    return Shape(kinds, fields, items)


def _union_fields(a: Shape, b: Shape) -> tuple[tuple[str, Shape], ...] | None:
    if STRUCT not in a.kinds or STRUCT not in b.kinds:
        return a.fields or b.fields
    first, second = dict(a.fields), dict(b.fields)
    order = merge_orders([tuple(first), tuple(second)])
    if order is None or len(order) > WIDEST_STRUCT:
        return None
    return tuple((name, union(first.get(name, MISSING_SHAPE), second.get(name, MISSING_SHAPE))) for name in order)


def shape_of(column: Column, below: pa.BooleanArray | None = None) -> Shape:
    """The shape of a column; of its slots where `below` is true only, where it is given."""
    array, kind = column.array, column.array.type
    if column.is_variant:
        return _shape_of_variant(column, below)
    holes = array.null_count if below is None else _both(array.is_null(), below).true_count
    kinds = frozenset({MISSING if column.missing else NULL}) if holes else frozenset()
    if pa.types.is_null(kind):
        return Shape(kinds)
    valid = below if not array.null_count else array.is_valid() if below is None else _both(array.is_valid(), below)
    if pa.types.is_struct(kind):
        if not kind.num_fields:
            return ANY_SHAPE
        return Shape(kinds | {STRUCT}, tuple(
            (field.name, shape_of(Column(array.field(i), invalid_is_missing(field)), valid))
            for i, field in enumerate(kind)))
    if pa.types.is_large_list(kind):
        return Shape(kinds | {LIST}, items=shape_of(list_parts(array)[1]))
    return Shape(kinds | {_leaf(array)})


def _both(a: pa.BooleanArray, b: pa.BooleanArray) -> pa.BooleanArray:
    return pc.call_function("and", [a, b])


def list_parts(array: pa.Array) -> tuple[np.ndarray, Column]:
    """Where the elements of each list begin, and where the last end, in the column of all elements; an invalid list
    has none."""
    raw = array.offsets.to_numpy().astype(np.int64)
    items = Column(array.values, invalid_is_missing(array.type.value_field))
    lengths = np.diff(raw)
    hidden = lengths * ~array.is_valid().to_numpy(zero_copy_only=False) if array.null_count else lengths[:0]
    if hidden.any():
        chosen = np.repeat(hidden == 0, lengths)
        items = items.take(raw[0] + np.flatnonzero(chosen))
        lengths = lengths - hidden
    else:
        items = items.slice(int(raw[0]), int(raw[-1] - raw[0]))
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)]), items


def _leaf(array: pa.Array) -> Any:
    kind = array.type
    if pa.types.is_int32(kind):
        return INT
    if pa.types.is_int64(kind):
        return LONG if _fits_int(array.drop_null().to_numpy()).any() else WIDE_LONG
    if pa.types.is_float64(kind):
        return DOUBLE if _is_int(array.drop_null().to_numpy()).any() else FRACTION
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind):
        return STRING
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return BINARY
    return kind


def _fits_int(values: np.ndarray) -> np.ndarray:
    return (values >= INT32_MIN) & (values <= INT32_MAX)


def _is_int(values: np.ndarray) -> np.ndarray:
    """Where a double is a whole number of 32 bits; -0.0 is none, since no int is written like it."""
    return (np.trunc(values) == values) & _fits_int(values) & ~((values == 0) & np.signbit(values))


def are_ints(values: np.ndarray) -> np.ndarray:
    """Where a number, beside which only `WIDE_LONG` or `FRACTION` may lie, is an int."""
    return _is_int(values) if values.dtype == np.float64 else _fits_int(values)


def _shape_of_variant(column: Column, below: pa.BooleanArray | None) -> Shape:
    types, words, _ = parts(column)
    if below is not None:
        chosen = below.to_numpy(zero_copy_only=False)
        types, words = types[chosen], words[chosen]
    shape = Shape(frozenset())
    for number in np.unique(types).tolist():
        kind = _kind_of_type(number, words[types == number])
        shape = union(shape, Shape(frozenset({kind})))
    return shape


def _kind_of_type(number: int, words: np.ndarray) -> Any:
    match BsonType(number):
        case BsonType.MISSING:
            return MISSING
        case BsonType.NULL:
            return NULL
        case BsonType.INT:
            return INT
        case BsonType.LONG:
            return LONG if _fits_int(words.view(np.int64)).any() else WIDE_LONG
        case BsonType.DOUBLE:
            return DOUBLE if _is_int(words.view(np.float64)).any() else FRACTION
        case BsonType.STRING:
            return STRING
        case BsonType.BOOL | BsonType.DATE | BsonType.OBJECT_ID | BsonType.DECIMAL as kind:
            return COLUMN_TYPES[kind]
        case _:
            return ANY
