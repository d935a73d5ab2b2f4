"""$toInt, $toLong, $toDouble, $toString, $toDate, $toBool, $type and $isNumber, where every value of a column
converts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa

from gatherum.kernels.arrow import compute as pc
from gatherum.kernels.buffers import array_of, distinct_bytes, fixed_values, valid_mask
from gatherum.kernels.columns.column import Column
from gatherum.kernels.columns.types import DATE
from gatherum.kernels.columns.variant import parts
from gatherum.kernels.date_text import date_texts
from gatherum.kernels.forms import Form, Operand, form
from gatherum.kernels.functions.dates import instants_of
from gatherum.kernels.kinds import is_strings, kind_of
from gatherum.kernels.numbers import nulls
from gatherum.kernels.truth import truth_mask
from gatherum.types.convert import double_text
from gatherum.types.values import INT32_MAX, INT32_MIN, NUMERIC, TYPE_NAMES, BsonType

_NOTHING: Final = (BsonType.NULL, BsonType.MISSING)
_LONGEST: Final = 2.0**63
_MILLISECONDS: Final = pa.timestamp("ms")

Convert = Callable[[Column, BsonType], pa.Array | None]


def _conversion(name: str, convert: Convert) -> Form:
    """A form that converts the valid values and leaves null where there are none."""
    def apply(arguments: Sequence[Any], rows: int) -> Operand | None:
        column: Column = arguments[0]
        kind = kind_of(column)
        if kind is None or isinstance(column.array.type, pa.DictionaryType):
            return None
        if kind in _NOTHING:
            return nulls(rows)
        found = convert(column, kind)
        return None if found is None else Column(found)
    return form(name)(apply)


def _integers(column: Column, kind: BsonType) -> tuple[np.ndarray, np.ndarray | None] | None:
    """Whole numbers of 64 bits and their validity; None where some value has none."""
    if is_strings(column.array.type):
        return _digits(column.array)
    if kind not in (BsonType.INT, BsonType.LONG, BsonType.DOUBLE, BsonType.BOOL):
        return None
    values, valid = fixed_values(column.array), valid_mask(column.array)
    if kind != BsonType.DOUBLE:
        return values.astype(np.int64), valid
    fits = (values >= -_LONGEST) & (values < _LONGEST)
    if not np.all(fits if valid is None else fits | ~valid):
        return None
    return np.where(fits, values, 0.0).astype(np.int64), valid


def _digits(array: pa.Array) -> tuple[np.ndarray, np.ndarray | None] | None:
    try:
        numbers = array.cast(pa.int64())
    except pa.ArrowInvalid:
        return None
    if any(pc.any(pc.match_substring(array, letter)).as_py() for letter in "xX"):
        return None                                         # Arrow reads hexadecimal digits too
    return fixed_values(numbers), valid_mask(numbers)


def _to_int(column: Column, kind: BsonType) -> pa.Array | None:
    if kind == BsonType.INT:
        return column.array
    found = _integers(column, kind)
    if found is None:
        return None
    values, valid = found
    fits = (values >= INT32_MIN) & (values <= INT32_MAX)
    return array_of(values.astype(np.int32), valid) if np.all(fits if valid is None else fits | ~valid) else None


def _to_long(column: Column, kind: BsonType) -> pa.Array | None:
    if kind == BsonType.LONG:
        return column.array
    if kind == BsonType.DATE:
        return array_of(fixed_values(column.array), valid_mask(column.array))
    found = _integers(column, kind)
    return None if found is None else array_of(*found)


def _to_double(column: Column, kind: BsonType) -> pa.Array | None:
    if kind == BsonType.DOUBLE:
        return column.array
    if kind in (BsonType.INT, BsonType.LONG, BsonType.BOOL, BsonType.DATE):
        return array_of(fixed_values(column.array).astype(np.float64), valid_mask(column.array))
    return _written_doubles(column.array) if is_strings(column.array.type) else None


def _written_doubles(array: pa.Array) -> pa.Array | None:
    """Doubles of written numbers; None where one is no number, or too large or too small for a double."""
    try:
        numbers = array.cast(pa.float64())
    except pa.ArrowInvalid:
        return None
    values = fixed_values(numbers)
    special = np.flatnonzero((values == 0) | ~np.isfinite(values))
    if len(special) and pc.any(pc.match_substring_regex(array.take(pa.array(special)), "^[^eE]*[1-9]")).as_py():
        return None
    return numbers


def _to_string(column: Column, kind: BsonType) -> pa.Array | None:
    match kind:
        case BsonType.STRING:
            return column.array
        case BsonType.INT | BsonType.LONG | BsonType.BOOL:
            return column.array.cast(pa.string())
        case BsonType.DOUBLE:
            return _double_texts(column.array)
        case BsonType.DATE:
            return date_texts(fixed_values(column.array), valid_mask(column.array), "%Y-%m-%dT%H:%M:%S.%LZ")
        case _:
            return None


def _double_texts(array: pa.Array) -> pa.Array:
    """The shortest digits; where Arrow writes an exponent and the meaning may not, or the other way round, by the
    meaning."""
    size, valid = np.abs(fixed_values(array)), valid_mask(array)
    unlike = ~((size == 0) | ((size >= 1e-4) & (size < 1e10)))
    rows = np.flatnonzero(unlike if valid is None else unlike & valid)
    texts = array.cast(pa.string())
    if not len(rows):
        return texts
    mask = np.zeros(len(array), np.bool_)
    mask[rows] = True
    return pc.replace_with_mask(texts, pa.array(mask), pa.array(map(double_text, fixed_values(array)[rows].tolist()),
                                                                pa.string()))


def _to_date(column: Column, kind: BsonType) -> pa.Array | None:
    match kind:
        case BsonType.DATE:
            return column.array
        case BsonType.LONG:
            return array_of(fixed_values(column.array), valid_mask(column.array), DATE)
        case BsonType.DOUBLE:
            found = _integers(column, kind)
            return None if found is None else array_of(*found, DATE)
        case BsonType.STRING:
            return _written_dates(column.array)
        case BsonType.OBJECT_ID:
            found = instants_of(column)
            return None if found is None else array_of(*found, DATE)
        case _:
            return None


def _written_dates(array: pa.Array) -> pa.Array | None:
    """Dates written as ISO 8601 has them, all in one form; None where there is another one."""
    lengths = pc.min_max(pc.binary_length(array)).as_py()
    if lengths["min"] != lengths["max"] or lengths["min"] not in (10, 19, 20, 23, 24):
        return None
    try:
        if lengths["min"] in (20, 24):
            return array.cast(pa.timestamp("ms", "UTC")).cast(pa.int64()).cast(DATE) if pc.all(
                pc.ends_with(array, "Z")).as_py() else None
        return array.cast(_MILLISECONDS)
    except pa.ArrowInvalid:
        return None


def _to_bool(column: Column, kind: BsonType) -> pa.Array | None:
    return array_of(truth_mask(column, len(column)), valid_mask(column.array))


to_int = _conversion("$toInt", _to_int)
to_long = _conversion("$toLong", _to_long)
to_double = _conversion("$toDouble", _to_double)
to_string = _conversion("$toString", _to_string)
to_date = _conversion("$toDate", _to_date)
to_bool = _conversion("$toBool", _to_bool)

_NAMES: Final = [TYPE_NAMES.get(BsonType(number), "") if number in list(BsonType) else "" for number in range(256)]


def types_of(column: Column) -> np.ndarray | None:
    """The type number of each value; None where the column's values are of no type of BSON."""
    if column.is_variant:
        return parts(column)[0]
    kind, valid = kind_of(column), valid_mask(column.array)
    if kind is None:
        return None
    return np.full(len(column), kind, np.uint8) if valid is None else \
        np.where(valid, np.uint8(kind), np.uint8(_nullish(column)))


def _nullish(column: Column) -> BsonType:
    """The type of a typed column's invalid slots."""
    return BsonType.MISSING if column.missing else BsonType.NULL


@form("$type")
def type_name(arguments: Sequence[Any], rows: int) -> Operand | None:
    """The names of the types, as the codes of a dictionary."""
    types = types_of(arguments[0])
    if types is None:
        return None
    present = distinct_bytes(types)
    codes = np.zeros(256, np.int32)
    codes[present] = np.arange(len(present))
    return Column(pa.DictionaryArray.from_arrays(array_of(codes.take(types)), [_NAMES[number] for number in present]))


def _by_type(name: str, true: frozenset[BsonType]) -> Form:
    holds = np.zeros(256, np.bool_)
    holds[list(true)] = True

    def apply(arguments: Sequence[Any], rows: int) -> Operand | None:
        column = arguments[0]
        kind, valid = kind_of(column), valid_mask(column.array)
        if column.is_variant or kind is None or (valid is not None and holds[_nullish(column)]):
            types = types_of(column)
            return None if types is None else Column(array_of(holds.take(types)))
        if not holds[kind]:
            return Column(array_of(np.zeros(rows, np.bool_)))
        return Column(array_of(np.ones(rows, np.bool_) if valid is None else valid))
    return form(name)(apply)


is_number = _by_type("$isNumber", NUMERIC)
is_array = _by_type("$isArray", frozenset({BsonType.ARRAY}))
