"""Which Arrow type holds which BSON type, and back: the one table, from which the reference is generated too.

BSON's Decimal128 and ObjectId, and columns that hold values of several types, are Arrow extension types, so that
they keep their meaning in files and in other Arrow tools.
"""

from __future__ import annotations

import contextlib
from typing import Final, NamedTuple

import pyarrow as pa

from gatherum.types.values import BsonType


class _Parameterless(pa.ExtensionType):
    """An extension type that its name says all of."""

    storage: pa.DataType
    name: str

    def __init__(self) -> None:
        super().__init__(self.storage, self.name)

    def __hash__(self) -> int:
        return hash(self.name)

    def __arrow_ext_serialize__(self) -> bytes:
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage_type: pa.DataType, serialized: bytes) -> pa.ExtensionType:
        return cls()


class ObjectIdType(_Parameterless):
    """The 12 bytes of an ObjectId."""

    storage, name = pa.binary(12), "gatherum.objectid"


class Decimal128Type(_Parameterless):
    """The 16 little-endian bytes of an IEEE 754-2008 decimal128 in BSON's (binary integer) encoding."""

    storage, name = pa.binary(16), "gatherum.decimal128"


class VariantType(_Parameterless):
    """Values of any BSON types, missing included.

    `type` is the BSON type number (0: missing). An int, long, double, date or bool lies in `word` (doubles by their
    bits, the others as 64-bit integers); a string's UTF-8, an ObjectId's 12 and a decimal's 16 bytes and a document's
    BSON lie in `bytes`; so does every other value, as the BSON of a document with the one key "".
    """

    storage = pa.struct([pa.field("type", pa.uint8(), False), pa.field("word", pa.uint64(), False),
                         pa.field("bytes", pa.large_binary(), False)])
    name = "gatherum.variant"


class BsonValueType(_Parameterless):
    """How a variant column is written to files: each value as the BSON of a document with the one key "", or of an
    empty document where it is missing."""

    storage, name = pa.large_binary(), "gatherum.bson"


OBJECT_ID: Final = ObjectIdType()
DECIMAL128: Final = Decimal128Type()
VARIANT: Final = VariantType()
BSON_VALUE: Final = BsonValueType()
DATE: Final = pa.timestamp("ms")

for _extension in (OBJECT_ID, DECIMAL128, VARIANT, BSON_VALUE):
    with contextlib.suppress(pa.ArrowKeyError):              # registered by an earlier import of this module
        pa.register_extension_type(_extension)


COLUMN_TYPES: Final[dict[BsonType, pa.DataType]] = {
    BsonType.DOUBLE: pa.float64(), BsonType.STRING: pa.string(), BsonType.BINARY: pa.binary(),
    BsonType.OBJECT_ID: OBJECT_ID, BsonType.BOOL: pa.bool_(), BsonType.DATE: DATE, BsonType.INT: pa.int32(),
    BsonType.LONG: pa.int64(), BsonType.DECIMAL: DECIMAL128,
}
"""The type of a column whose values are all of one BSON type; documents are structs and arrays are lists."""


class ArrowRule(NamedTuple):
    """What becomes of an Arrow type: `column` is the type it has in a column (None: its own), `bson` the type of its
    values in documents, and `loss` says which values no document can hold ("" where there are none)."""

    arrow: str
    column: pa.DataType | None
    bson: BsonType | None
    loss: str = ""


ARROW_RULES: Final = (
    ArrowRule("null", None, BsonType.NULL), ArrowRule("bool", None, BsonType.BOOL),
    ArrowRule("int8", pa.int32(), BsonType.INT), ArrowRule("int16", pa.int32(), BsonType.INT),
    ArrowRule("int32", None, BsonType.INT), ArrowRule("int64", None, BsonType.LONG),
    ArrowRule("uint8", pa.int32(), BsonType.INT), ArrowRule("uint16", pa.int32(), BsonType.INT),
    ArrowRule("uint32", pa.int64(), BsonType.LONG),
    ArrowRule("uint64", None, BsonType.LONG, "values of 2**63 and more"),
    ArrowRule("halffloat", pa.float64(), BsonType.DOUBLE), ArrowRule("float", pa.float64(), BsonType.DOUBLE),
    ArrowRule("double", None, BsonType.DOUBLE), ArrowRule("string", None, BsonType.STRING),
    ArrowRule("large_string", None, BsonType.STRING), ArrowRule("string_view", pa.string(), BsonType.STRING),
    ArrowRule("dictionary", None, None), ArrowRule("binary", None, BsonType.BINARY),
    ArrowRule("large_binary", None, BsonType.BINARY), ArrowRule("binary_view", pa.binary(), BsonType.BINARY),
    ArrowRule("fixed_size_binary", pa.binary(), BsonType.BINARY), ArrowRule("date32", DATE, BsonType.DATE),
    ArrowRule("date64", DATE, BsonType.DATE),
    ArrowRule("timestamp", None, BsonType.DATE, "what is finer than a millisecond"),
    ArrowRule("decimal32", None, BsonType.DECIMAL), ArrowRule("decimal64", None, BsonType.DECIMAL),
    ArrowRule("decimal128", None, BsonType.DECIMAL, "more than 34 digits"),
    ArrowRule("decimal256", None, BsonType.DECIMAL, "more than 34 digits"),
    ArrowRule("struct", None, BsonType.OBJECT), ArrowRule("list", None, BsonType.ARRAY),
    ArrowRule("large_list", None, BsonType.ARRAY), ArrowRule("fixed_size_list", None, BsonType.ARRAY),
    ArrowRule("list_view", None, BsonType.ARRAY), ArrowRule("large_list_view", None, BsonType.ARRAY),
    ArrowRule("map", None, BsonType.ARRAY), ArrowRule("run_end_encoded", None, None),
    ArrowRule("duration", None, None, "every value"), ArrowRule("time32", None, None, "every value"),
    ArrowRule("time64", None, None, "every value"), ArrowRule("month_day_nano_interval", None, None, "every value"),
)
"""The table for the types of Arrow itself; an extension type other than gatherum's counts as its storage."""
