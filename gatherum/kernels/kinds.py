"""Which BSON type the valid values of a typed column have, and a value of each type to ask the meaning with."""

from __future__ import annotations

from typing import Final

import pyarrow as pa
from bson import Decimal128, Int64, ObjectId

from gatherum.kernels.columns.column import Column
from gatherum.kernels.columns.types import COLUMN_TYPES
from gatherum.types.values import MISSING, BsonType, Value, from_millis

_BY_ARROW: Final = {kind: bson for bson, kind in COLUMN_TYPES.items()} | {
    pa.large_string(): BsonType.STRING, pa.large_binary(): BsonType.BINARY}
_BY_ID: Final = {pa.struct([]).id: BsonType.OBJECT, pa.list_(pa.null()).id: BsonType.ARRAY,
                 pa.large_list(pa.null()).id: BsonType.ARRAY,
                 pa.dictionary(pa.int32(), pa.string()).id: BsonType.STRING}

SAMPLES: Final[dict[BsonType, Value]] = {
    BsonType.INT: 1, BsonType.LONG: Int64(1), BsonType.DOUBLE: 1.0, BsonType.DECIMAL: Decimal128("1"),
    BsonType.STRING: "", BsonType.BOOL: True, BsonType.DATE: from_millis(0), BsonType.OBJECT: {}, BsonType.ARRAY: [],
    BsonType.OBJECT_ID: ObjectId(bytes(12)), BsonType.BINARY: b"", BsonType.NULL: None, BsonType.MISSING: MISSING,
}
"""A value of each type that columns are typed by, for what depends on nothing but the type."""


def kind_of(column: Column) -> BsonType | None:
    """The BSON type of a typed column's valid values: that of null or missing where there are none; None for variant
    columns, and for Arrow types that are no type of BSON."""
    if column.is_variant:
        return None
    kind = column.array.type
    if pa.types.is_null(kind):
        return BsonType.MISSING if column.missing else BsonType.NULL
    return _BY_ARROW.get(kind) or _BY_ID.get(kind.id)


def is_list(kind: pa.DataType) -> bool:
    """True for the list types that columns of arrays have."""
    return pa.types.is_large_list(kind) or pa.types.is_list(kind)


def is_strings(kind: pa.DataType) -> bool:
    """True for string types that are not encoded by a dictionary."""
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)
