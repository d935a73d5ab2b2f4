"""Columns back to values and documents."""

from __future__ import annotations

import decimal
import itertools
from collections.abc import Callable, Mapping
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from bson import Decimal128, Int64, ObjectId

from gatherum.errors import LossError
from gatherum.kernels.arrow import compute
from gatherum.kernels.columns.column import Column, invalid_is_missing
from gatherum.kernels.columns.types import Decimal128Type, ObjectIdType
from gatherum.kernels.columns.variant import values_of_variant
from gatherum.types.exact import DECIMAL128
from gatherum.types.values import INT64_MAX, MISSING, Document, Value, from_millis

_ELSE: Final = "or leave it out; with engine='columnar' it can be passed on as it is, in columns"


def values_of(column: Column, name: str = "") -> list[Value]:
    """The BSON values of a column, in order; LossError, with the column's name, where BSON cannot hold one.

    >>> values_of(Column(pa.array([1, None], pa.int32()), missing=True))
    [1, MISSING]
    """
    if column.is_variant:
        return values_of_variant(column)
    values = _typed(column.array, name)
    if column.missing and column.array.null_count:
        return [MISSING if value is None else value for value in values]
    return values


def _typed(array: pa.Array, name: str) -> list[Value]:
    kind = array.type
    if isinstance(kind, pa.ExtensionType):
        make = ObjectId if isinstance(kind, ObjectIdType) else \
            Decimal128.from_bid if isinstance(kind, Decimal128Type) else None
        return _typed(array.storage, name) if make is None else _each(array.storage.to_pylist(), make)
    reader = _READERS.get(kind.id)
    if reader is not None:
        return reader(array, name)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind):
        return array.to_numpy().tolist() if not array.null_count and not pa.types.is_boolean(kind) else \
            array.to_pylist()
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind):
        return array.to_pylist()
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return array.to_pylist()
    raise LossError(f"column {name!r} is {kind}, and no BSON type holds its values: cast it, {_ELSE}")


def _each(values: list[Any], make: Callable[[Any], Value]) -> list[Value]:
    return [None if value is None else make(value) for value in values]


def _longs(array: pa.Array, name: str) -> list[Value]:
    values = array.to_pylist() if array.null_count else array.to_numpy().tolist()
    if pa.types.is_uint64(array.type) and any(v is not None and v > INT64_MAX for v in values):
        raise LossError(f"column {name!r} is uint64 and holds {max(v for v in values if v is not None)}, "
                        f"which BSON's 64-bit integers do not: cast it to decimal128 or double, {_ELSE}")
    return _each(values, Int64)


def _dates(array: pa.Array, name: str) -> list[Value]:
    wanted = pa.timestamp("ms", getattr(array.type, "tz", None))
    try:
        milliseconds = pc.cast(array, wanted)
    except pa.ArrowInvalid:
        cut = pc.cast(pc.cast(array, wanted, safe=False), array.type, safe=False)
        first = array.filter(compute.not_equal(array, cut))[0]
        if array.type.unit == "s":
            raise LossError(f"column {name!r} is {array.type} and holds {first.value} seconds since 1970, which is "
                            f"beyond the range of BSON's dates: correct it, {_ELSE}") from None
        raise LossError(f"column {name!r} is {array.type} and holds {first.cast(pa.string())}, but BSON's dates are "
                        "whole milliseconds: cut or round it to them (pandas: dt.floor('ms'), polars: "
                        f"dt.truncate('1ms'), Arrow: cast to timestamp('ms'), safe=False), {_ELSE}") from None
    return _each(milliseconds.cast(pa.int64()).to_pylist(), from_millis)


def _decimals(array: pa.Array, name: str) -> list[Value]:
    def make(value: decimal.Decimal) -> Value:
        if len(value.as_tuple().digits) > DECIMAL128.prec:
            raise LossError(f"column {name!r} is {array.type} and holds {value}, which has more than the 34 digits of "
                            f"a BSON decimal: round or cast it, {_ELSE}")
        return Decimal128(value)
    return _each(array.to_pylist(), make)


def _documents(array: pa.Array, name: str) -> list[Value]:
    columns = {field.name: Column(array.field(i), invalid_is_missing(field)) for i, field in enumerate(array.type)}
    rows = documents_of_columns(columns, len(array), f"{name}." if name else "")
    if array.null_count:
        valid = array.is_valid().to_pylist()
        return [row if ok else None for row, ok in zip(rows, valid, strict=True)]
    return rows


def documents_of_columns(columns: Mapping[str, Column], rows: int, prefix: str = "") -> list[Document]:
    """Documents with the columns' names as keys, in their order; missing values are left out."""
    if not columns:
        return [{} for _ in range(rows)]
    fields = [values_of(column, prefix + name) for name, column in columns.items()]
    documents = [dict(zip(columns, row, strict=True)) for row in zip(*fields, strict=True)]
    for (name, column), values in zip(columns.items(), fields, strict=True):
        if column.is_variant or (column.missing and column.nullish):
            for document, value in zip(documents, values, strict=True):
                if value is MISSING:
                    del document[name]
    return documents


def _arrays(array: pa.Array, name: str) -> list[Value]:
    if pa.types.is_fixed_size_list(array.type):
        array = array.cast(pa.large_list(array.type.value_field))
    field = array.type.value_field
    offsets = array.offsets.to_numpy().tolist()
    first = offsets[0]
    items = values_of(Column(array.values.slice(first, offsets[-1] - first), invalid_is_missing(field)), name)
    found: list[Value] = [items[a - first:b - first] for a, b in itertools.pairwise(offsets)]
    if array.null_count:
        valid = array.is_valid().to_pylist()
        return [row if ok else None for row, ok in zip(found, valid, strict=True)]
    return found


def _maps(array: pa.Array, name: str) -> list[Value]:
    as_pairs = array.cast(pa.list_(pa.struct([pa.field("k", array.type.key_type),
                                              pa.field("v", array.type.item_type)])))
    return _arrays(as_pairs, name)


def _coded(array: pa.Array, name: str) -> list[Value]:
    words = _typed(array.dictionary, name)
    return [None if code is None else words[code] for code in array.indices.to_pylist()]


_READERS: Final[dict[int, Callable[[pa.Array, str], list[Value]]]] = {
    pa.int64().id: _longs, pa.uint32().id: _longs, pa.uint64().id: _longs, pa.timestamp("ms").id: _dates,
    pa.date32().id: _dates, pa.date64().id: _dates, pa.decimal128(1).id: _decimals, pa.decimal256(1).id: _decimals,
    pa.struct([]).id: _documents, pa.list_(pa.null()).id: _arrays, pa.large_list(pa.null()).id: _arrays,
    pa.list_(pa.null(), 1).id: _arrays, pa.map_(pa.string(), pa.string()).id: _maps,
    pa.dictionary(pa.int32(), pa.string()).id: _coded,
}
