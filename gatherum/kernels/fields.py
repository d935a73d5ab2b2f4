"""Fields of documents in columns: put in, picked out and replaced, each row's order of keys kept.

The rows of a struct column are treated like those of a batch: its fields are the columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa

from gatherum.kernels.buffers import valid_mask
from gatherum.kernels.columns.batch import Batch
from gatherum.kernels.columns.build import column_of
from gatherum.kernels.columns.column import Column, invalid_is_missing, missing_column, variant_array
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.columns.variant import parts
from gatherum.kernels.paths import child, present_values
from gatherum.plan.expressions import Path
from gatherum.rows.nodes.paths import with_value
from gatherum.types.values import MISSING, BsonType

Presence = bool | np.ndarray
"""Which rows have a field: all, none, or those of a mask."""


def put(batch: Batch, new: Mapping[str, Column]) -> Batch:
    """The rows with some fields set, or taken out where the new value is missing.

    A field that a row has keeps its place among the keys; the others come last, in the order of `new`.
    """
    if not new:
        return batch
    before = {name: presence(batch.column(name)) for name in new}
    masks = [mask for mask in before.values() if not isinstance(mask, bool)]
    columns = {**batch.columns, **new}
    if batch.layout is None and not masks:
        return Batch({name: columns[name] for name in _order(batch, 0, before)}, batch.rows, batch.ordinal)
    number = np.zeros(batch.rows, np.int64) if batch.layout is None else batch.layout
    for mask in masks:
        number = np.unique(2 * number.astype(np.int64) + mask, return_inverse=True)[1]
    _, first, layout = np.unique(number, return_index=True, return_inverse=True)
    orders = [_order(batch, row, before) for row in first.tolist()] or [_order(batch, 0, before)]
    if len(set(orders)) == 1:
        return Batch({name: columns[name] for name in orders[0]}, batch.rows, batch.ordinal)
    names = dict.fromkeys(name for order in orders for name in order)
    return Batch({name: columns[name] for name in names}, batch.rows, batch.ordinal, layout.astype(np.int32),
                 tuple(orders))


def _order(batch: Batch, row: int, before: Mapping[str, Presence]) -> tuple[str, ...]:
    """The order of a row's keys after the new ones have been put in."""
    keys = batch.layouts[batch.layout[row]] if batch.layout is not None and batch.rows else batch.names
    held = {name: mask if isinstance(mask, bool) else bool(mask[row]) for name, mask in before.items()}
    return tuple([name for name in keys if held.get(name, True)] + [name for name in held if not held[name]])


def presence(column: Column) -> Presence:
    """Which rows have a value that is not missing."""
    mask = present_values(column)
    return True if mask is None or mask.all() else mask if mask.any() else False


def pick(batch: Batch, columns: Mapping[str, Column]) -> Batch:
    """The batch with some of its columns, changed or not; they come in the batch's order."""
    layouts = tuple(tuple(name for name in keys if name in columns) for keys in batch.layouts)
    return replace(batch, columns=columns, layouts=layouts)


def fields_of(column: Column) -> Batch | None:
    """The fields of a column's documents; none where no value can be a document, None where they are not in columns."""
    kind = column.array.type
    if not column.is_variant and pa.types.is_struct(kind):
        return Batch({field.name: child(column, field.name) for field in kind}, len(column))
    return None if column.is_variant or pa.types.is_nested(kind) else Batch({}, len(column))


def documents_column(batch: Batch, valid: np.ndarray | None = None, missing: bool = False) -> Column:
    """The rows as a column of documents, `missing` or else null where not `valid`.

    It is a struct, or variant where one struct has no room for every row's order of keys.
    """
    if batch.layout is not None or not batch.columns:
        rows: list[object] = list(batch.documents())
        if valid is not None:
            hole = MISSING if missing else None
            rows = [row if is_valid else hole for row, is_valid in zip(rows, valid.tolist(), strict=True)]
        return column_of(rows)
    fields = [column.field(name) for name, column in batch.columns.items()]
    arrays = [column.array for column in batch.columns.values()]
    mask = None if valid is None else pa.array(~valid)
    return Column(pa.StructArray.from_arrays(arrays, fields=fields, mask=mask), missing and mask is not None)


def direct_column(batch: Batch, path: Path) -> Column | None:
    """The values at `path` where no array is on the way; None where one may be."""
    column = batch.column(path[0])
    for name in path[1:]:
        if column.is_variant or not pa.types.is_struct(column.array.type):
            return None if may_hold(column, BsonType.OBJECT, BsonType.ARRAY) else missing_column(batch.rows)
        column = child(column, name)
    return column


def may_hold(column: Column, *kinds: BsonType) -> bool:
    """Whether some values of a column, other than a struct column, may be of these types, documents or arrays."""
    if column.is_variant:
        return bool(np.isin(parts(column)[0], kinds).any())
    kind = column.array.type
    return pa.types.is_nested(kind) and not pa.types.is_struct(kind)


def has_path(batch: Batch, path: Path) -> bool:
    """Whether the columns have a place for `path`: structs down to its last name."""
    column = batch.columns.get(path[0])
    kind = None if column is None else column.array.type
    for name in path[1:]:
        if kind is None or not pa.types.is_struct(kind) or kind.get_field_index(name) < 0:
            return False
        kind = kind.field(name).type
    return kind is not None


def replaced(column: Column, path: Path, value: Column) -> Column:
    """A struct column with other values at `path`, whose fields it has; an empty path is the whole column."""
    if not path:
        return value
    # As they are stored, for what is in the slots of invalid documents stays there.
    fields = {field.name: Column(column.array.field(number), invalid_is_missing(field))
              for number, field in enumerate(column.array.type)}
    fields[path[0]] = replaced(fields[path[0]], path[1:], value)
    return documents_column(Batch(fields, len(column)), valid_mask(column.array), column.missing)


def missing_to_null(column: Column) -> Column:
    """The column with missing values made null."""
    if not column.is_variant:
        return Column(column.array) if column.missing else column
    types, words, data = parts(column)
    holes = types == BsonType.MISSING
    if not holes.any():
        return column
    return Column(variant_array(np.where(holes, np.uint8(BsonType.NULL), types), words, data))


def put_below(batch: Batch, path: Path, value: Column) -> Batch:
    """The rows with a value at `path`; what stands in its way becomes a document, a missing value takes out."""
    name, *rest = path
    if not rest:
        return put(batch, {name: value})
    outer = batch.column(name)
    fields = fields_of(outer)
    if fields is not None:
        return put(batch, {name: documents_column(put_below(fields, tuple(rest), value))})
    made = [with_value(document, tuple(rest), item)
            for document, item in zip(values_of(outer), values_of(value), strict=True)]
    return put(batch, {name: column_of(made)})
