"""Values and documents to columns. A column is typed where its values are of one type, and variant otherwise."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
from bson import Decimal128, Int64, ObjectId
from bson.datetime_ms import DatetimeMS

from gatherum.kernels.columns.column import Column, invalid_metadata, missing_column
from gatherum.kernels.columns.types import DATE, DECIMAL128, OBJECT_ID
from gatherum.kernels.columns.variant import variant_of
from gatherum.types.values import INT32_MAX, INT32_MIN, MISSING, Document, Missing, Value, millis

WIDEST_STRUCT: Final = 512
_INT32: Final = pa.int32()


def column_of(values: list[Value]) -> Column:
    """The column of some values, in their order.

    >>> column_of([1, 2, None]).array.type, column_of([1, "a"]).is_variant
    (DataType(int32), True)
    """
    classes = set(map(type, values))
    has_missing, has_null = Missing in classes, type(None) in classes
    if has_missing and has_null:
        return variant_of(values)
    classes -= {Missing, type(None)}
    if DatetimeMS in classes:
        classes = (classes | {dt.datetime}) - {DatetimeMS}
    if not classes:
        return Column(pa.nulls(len(values)), missing=has_missing)
    if len(classes) > 1:
        return variant_of(values)
    build = _BUILDERS.get(next(iter(classes)))
    if build is None:
        return variant_of(values)
    if has_missing:
        values = [None if value is MISSING else value for value in values]
    array = build(values)
    return variant_of([MISSING if v is None and has_missing else v for v in values]) if array is None else \
        Column(array, has_missing)


def _ints(values: list[Any]) -> pa.Array | None:
    try:
        return pa.array(values, _INT32)
    except (pa.ArrowInvalid, OverflowError):
        solid = [v for v in values if v is not None]
        if any(INT32_MIN <= v <= INT32_MAX for v in solid):
            return None
        return pa.array(values, pa.int64())


def _through(convert: Callable[[Any], Any], kind: pa.DataType) -> Callable[[list[Any]], pa.Array]:
    def build(values: list[Any]) -> pa.Array:
        storage = kind.storage_type if isinstance(kind, pa.ExtensionType) else kind
        array = pa.array([None if v is None else convert(v) for v in values], storage)
        return pa.ExtensionArray.from_storage(kind, array) if isinstance(kind, pa.ExtensionType) else array
    return build


def _strings(values: list[Any]) -> pa.Array | None:
    try:
        return pa.array(values, pa.string())
    except (UnicodeEncodeError, pa.ArrowInvalid):
        return None


def _plain(kind: pa.DataType) -> Callable[[list[Any]], pa.Array]:
    return lambda values: pa.array(values, kind)


def _dates(values: list[Any]) -> pa.Array:
    return pa.array([None if v is None else millis(v) for v in values], pa.int64()).cast(DATE)


def _structs(values: list[Any]) -> pa.Array | None:
    order = common_order(values)
    if order is None or len(order) > WIDEST_STRUCT or not order:
        return None
    arrays, fields = [], []
    holes = [v is None for v in values]
    for name in order:
        present = [MISSING if v is None else v.get(name, MISSING) for v in values]
        if not any(v is not None and name not in v for v in values):
            present = [None if item is MISSING else item for item in present]
        column = column_of(present)
        arrays.append(column.array)
        fields.append(pa.field(name, column.array.type, metadata=invalid_metadata(column.missing)))
    return pa.StructArray.from_arrays(arrays, fields=fields, mask=pa.array(holes) if any(holes) else None)


def _lists(values: list[Any]) -> pa.Array:
    offsets = np.zeros(len(values) + 1, np.int64)
    np.cumsum([0 if v is None else len(v) for v in values], out=offsets[1:])
    items = column_of([item for v in values if v is not None for item in v])
    holes = [v is None for v in values]
    kind = pa.large_list(pa.field("item", items.array.type, metadata=invalid_metadata(items.missing)))
    return pa.LargeListArray.from_arrays(pa.array(offsets), items.array, type=kind,
                                          mask=pa.array(holes) if any(holes) else None)


_BUILDERS: Final[dict[type, Callable[[list[Any]], pa.Array | None]]] = {
    int: _ints, Int64: _plain(pa.int64()), float: _plain(pa.float64()), str: _strings, bool: _plain(pa.bool_()),
    bytes: _plain(pa.binary()), dt.datetime: _dates, dict: _structs, list: _lists,
    ObjectId: _through(lambda v: v.binary, OBJECT_ID), Decimal128: _through(lambda v: v.bid, DECIMAL128),
}


def common_order(documents: Iterable[Document | None]) -> tuple[str, ...] | None:
    """An order of all the documents' keys in which every document has its own; None where there is none."""
    layouts = {tuple(document) for document in documents if document is not None}
    return merge_orders(sorted(layouts, key=lambda layout: (-len(layout), layout)))


def merge_orders(layouts: Sequence[tuple[str, ...]]) -> tuple[str, ...] | None:
    """One order that contains each of the given ones as a subsequence; None where they contradict each other."""
    after: dict[str, dict[str, None]] = {}
    waiting: dict[str, int] = {}
    for layout in layouts:
        for name in layout:
            after.setdefault(name, {})
            waiting.setdefault(name, 0)
        for name, following in itertools.pairwise(layout):
            if following not in after[name]:
                after[name][following] = None
                waiting[following] += 1
    ready = [name for name in waiting if not waiting[name]]
    order = []
    while ready:
        name = ready.pop(0)
        order.append(name)
        freed = []
        for following in after[name]:
            waiting[following] -= 1
            if not waiting[following]:
                freed.append(following)
        ready = freed + ready
    return tuple(order) if len(order) == len(waiting) else None


def document_columns(documents: list[Document], names: Sequence[str]) -> dict[str, Column]:
    """The columns of the named fields of some documents."""
    if not documents:
        return {name: missing_column(0) for name in names}
    return {name: column_of([document.get(name, MISSING) for document in documents]) for name in names}
