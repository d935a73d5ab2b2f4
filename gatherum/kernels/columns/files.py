"""Columns as the columns of Parquet and Arrow files, and back, exactly.

Well-typed columns are written as they are, and read by any tool. The metadata of a field say the rest: under
`gatherum.invalid` that invalid slots are missing fields, not nulls; under `gatherum.numbers` that whole numbers of 32
bits are BSON ints beside longs (`integers`) or doubles (`numbers`). What no typed column of a file holds, or is nested
too deep for one, is written as BSON, in the extension type `gatherum.bson`; where a reader gives that as codes,
`gatherum.coded` says so. Where one order of the columns does not fit the keys of all rows, a column of strings, marked
by `gatherum.layout`, holds the keys of the rows that it does not fit, as a JSON array.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa
from bson.errors import BSONError

from gatherum.errors import LossError
from gatherum.kernels.columns.build import column_of
from gatherum.kernels.columns.column import (
    CodedColumn,
    Column,
    invalid_is_missing,
    invalid_metadata,
    plain_strings,
    variant_array,
)
from gatherum.kernels.columns.normalize import is_normal, normalize
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.columns.shapes import (
    ANY,
    BINARY,
    DOUBLE,
    FRACTION,
    INT,
    INTEGERS,
    LIST,
    LONG,
    MISSING,
    NUMBERS,
    STRING,
    STRUCT,
    WIDE_LONG,
    Shape,
    are_ints,
    list_parts,
)
from gatherum.kernels.columns.types import BSON_VALUE, DATE, BsonValueType
from gatherum.kernels.columns.variant import boxed, parts, unboxed, variant_of
from gatherum.kernels.document_fields import field_of_documents
from gatherum.types.values import BsonType

NUMBERS_KEY: Final = b"gatherum.numbers"
CODED_KEY: Final = b"gatherum.coded"
_STORED: Final[dict[Any, pa.DataType]] = {
    INT: pa.int32(), LONG: pa.int64(), WIDE_LONG: pa.int64(), DOUBLE: pa.float64(), FRACTION: pa.float64(),
    STRING: pa.string(), BINARY: pa.binary(), ANY: BSON_VALUE,
}
_IN_WORDS: Final = (pa.int32(), pa.int64(), pa.float64(), pa.bool_(), DATE)
_MISSING_BLOB: Final = pa.scalar(b"\5\0\0\0\0", pa.large_binary())


def file_field(name: str, shape: Shape) -> pa.Field:
    """The field of a file that holds values of a shape."""
    metadata = dict(invalid_metadata(MISSING in shape.kinds) or {})
    if shape.types in (INTEGERS, NUMBERS):
        metadata[NUMBERS_KEY] = b"integers" if shape.types == INTEGERS else b"numbers"
    return pa.field(name, _file_type(shape), metadata=metadata or None)


def _file_type(shape: Shape) -> pa.DataType:
    if STRUCT in shape.kinds:
        return pa.struct([file_field(*field) for field in shape.fields])
    if LIST in shape.kinds:
        assert shape.items is not None
        return pa.large_list(file_field("item", shape.items))
    if shape.types in (INTEGERS, NUMBERS):
        return pa.int64() if shape.types == INTEGERS else pa.float64()
    kind = next(iter(shape.types), None)
    return pa.null() if kind is None else _STORED.get(kind, kind)


def to_file(column: Column, shape: Shape, name: str) -> pa.Array:
    """A column's values as an array of the type of `file_field`; LossError where a file cannot hold one."""
    kind = _file_type(shape)
    if kind == BSON_VALUE:
        return _boxed(column, name)
    if column.is_variant:
        if kind in _IN_WORDS:
            return _of_words(column, kind)
        column = column_of(values_of(column))
        if column.is_variant:
            raise LossError(f"column {name!r} holds a string that is not valid Unicode")
    if pa.types.is_null(column.array.type):
        return typed_nulls(len(column), kind)
    if STRUCT in shape.kinds:
        return _struct(column, shape, name)
    if LIST in shape.kinds:
        return _list(column, shape, name)
    array = plain_strings(column).array
    return array if array.type == kind else array.cast(kind)


def typed_nulls(rows: int, kind: pa.DataType) -> pa.Array:
    """An array of invalid slots."""
    if isinstance(kind, pa.ExtensionType):
        return pa.ExtensionArray.from_storage(kind, pa.nulls(rows, kind.storage_type))
    if pa.types.is_struct(kind):
        return pa.StructArray.from_arrays([typed_nulls(rows, field.type) for field in kind], fields=list(kind),
                                          mask=pa.repeat(True, rows))
    if pa.types.is_large_list(kind):
        return pa.LargeListArray.from_arrays(pa.repeat(pa.scalar(0, pa.int64()), rows + 1),
                                             typed_nulls(0, kind.value_type), type=kind, mask=pa.repeat(True, rows))
    return pa.nulls(rows, kind)


def _boxed(column: Column, name: str) -> pa.Array:
    try:
        blobs = [boxed(value) for value in values_of(column, name)]
    except (BSONError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise LossError(f"column {name!r} cannot be written as BSON: {error}") from None
    return pa.ExtensionArray.from_storage(BSON_VALUE, pa.array(blobs, pa.large_binary()))


def _of_words(column: Column, kind: pa.DataType) -> pa.Array:
    """The values of a variant column that holds nothing but what lies in words."""
    types, words, _ = parts(column)
    values: np.ndarray = words.view(np.int64)
    if pa.types.is_float64(kind):
        values = np.where(types == BsonType.DOUBLE, words.view(np.float64), values.astype(np.float64))
    holes = (types == BsonType.NULL) | (types == BsonType.MISSING)
    found = pa.array(values, mask=holes)
    return found if found.type == kind else found.cast(kind)


def _struct(column: Column, shape: Shape, name: str) -> pa.Array:
    array = column.array
    present = {field.name: Column(array.field(i), invalid_is_missing(field)) for i, field in enumerate(array.type)}
    children = []
    for each, inner in shape.fields:
        child = present.get(each)
        children.append(typed_nulls(len(array), _file_type(inner)) if child is None and ANY not in inner.kinds else
                        to_file(child or Column(pa.nulls(len(array)), True), inner, f"{name}.{each}"))
    return pa.StructArray.from_arrays(children, fields=[file_field(*field) for field in shape.fields],
                                      mask=array.is_null() if array.null_count else None)


def _list(column: Column, shape: Shape, name: str) -> pa.Array:
    array = column.array
    assert shape.items is not None
    offsets, elements = list_parts(array)
    items = to_file(elements, shape.items, name)
    return pa.LargeListArray.from_arrays(pa.array(offsets), items, type=_file_type(shape),
                                         mask=array.is_null() if array.null_count else None)


def from_file(array: pa.Array, field: pa.Field) -> Column:
    """The column of a file's array: the inverse of `to_file`; any other Arrow array as it is, in its column type."""
    missing = invalid_is_missing(field)
    if not _is_coded(field):
        return Column(normalize(array), missing)
    if isinstance(field.type, BsonValueType):
        return _from_bson(array.storage)
    if _is_coded_bson(field):
        return _from_codes(array)
    if pa.types.is_struct(field.type):
        return Column(_from_struct(array), missing)
    if _is_list(field.type):
        return Column(_from_list(array), missing)
    return _from_numbers(array, missing)


def _from_bson(blobs: pa.Array) -> Column:
    blobs = blobs.fill_null(_MISSING_BLOB) if blobs.null_count else blobs
    found = field_of_documents(blobs, "")
    return variant_of([unboxed(blob) for blob in blobs.to_pylist()]) if found is None else found


def _from_codes(array: pa.DictionaryArray) -> Column:
    """Values that are taken apart once for each word, where there are not more words than rows."""
    if len(array.dictionary) > len(array):
        return _from_bson(array.dictionary_decode().cast(pa.large_binary()))
    blobs, codes = array.dictionary.cast(pa.large_binary()), array.indices.cast(pa.int32())
    if codes.null_count:
        blobs, codes = pa.concat_arrays([blobs, pa.array([_MISSING_BLOB])]), codes.fill_null(len(blobs))
    return CodedColumn(_from_bson(blobs), codes.to_numpy())


def coded_bson(field: pa.Field) -> pa.Field:
    """The field of codes of BSON, as a reader may give them in place of BSON."""
    return field.with_metadata({CODED_KEY: b"1"})


def _is_coded_bson(field: pa.Field) -> bool:
    return bool(field.metadata) and CODED_KEY in field.metadata and isinstance(field.type, pa.DictionaryType)


def is_column(field: pa.Field) -> bool:
    """Whether the arrays of a file's field are columns as they are."""
    return not _is_coded(field) and is_normal(field.type)


def _is_list(kind: pa.DataType) -> bool:
    return pa.types.is_list(kind) or pa.types.is_large_list(kind)


def _is_coded(field: pa.Field) -> bool:
    """Whether there is more to a field than its Arrow type says."""
    kind = field.type
    if isinstance(kind, BsonValueType) or _is_coded_bson(field):
        return True
    if pa.types.is_struct(kind):
        return any(_is_coded(child) for child in kind)
    if _is_list(kind):
        return _is_coded(kind.value_field)
    return bool(field.metadata) and NUMBERS_KEY in field.metadata and kind in (pa.int64(), pa.float64())


def _from_struct(array: pa.Array) -> pa.Array:
    columns = [from_file(array.field(i), field) for i, field in enumerate(array.type)]
    return pa.StructArray.from_arrays([column.array for column in columns],
                                      fields=[column.field(field.name)
                                              for column, field in zip(columns, array.type, strict=True)],
                                      mask=array.is_null() if array.null_count else None)


def _from_list(array: pa.Array) -> pa.Array:
    offsets, elements = list_parts(array)
    items = from_file(elements.array, array.type.value_field)
    return pa.LargeListArray.from_arrays(pa.array(offsets), items.array, type=pa.large_list(items.field("item")),
                                         mask=array.is_null() if array.null_count else None)


def _from_numbers(array: pa.Array, missing: bool) -> Column:
    """Ints told from longs or doubles by their values."""
    valid = np.ones(len(array), np.bool_) if not array.null_count else \
        array.is_valid().to_numpy(zero_copy_only=False)
    values = (array.fill_null(0) if array.null_count else array).to_numpy()
    ints = are_ints(values) & valid
    if not ints.any():
        return Column(array, missing)
    if (ints == valid).all():
        return Column(array.cast(pa.int32()), missing)
    other = BsonType.DOUBLE if values.dtype == np.float64 else BsonType.LONG
    types = np.where(ints, np.uint8(BsonType.INT), np.uint8(other))
    types[~valid] = BsonType.MISSING if missing else BsonType.NULL
    words = values.view(np.uint64).copy()
    words[ints] = values[ints].astype(np.int64).view(np.uint64)
    words[~valid] = 0
    return Column(variant_array(types, words, pa.repeat(pa.scalar(b"", pa.large_binary()), len(array))))
