"""Arrow arrays from outside in the types that columns have: the same values, in fewer types."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import pyarrow as pa

from gatherum.kernels.arrow import compute
from gatherum.kernels.columns.types import ARROW_RULES, BSON_VALUE, DATE, DECIMAL128, OBJECT_ID, VARIANT
from gatherum.types.values import MISSING

_RULES = {rule.arrow: rule.column for rule in ARROW_RULES}
_OWN = (OBJECT_ID, DECIMAL128, VARIANT)


def column_type(kind: pa.DataType) -> pa.DataType:
    """The type that an Arrow type's values have in a column; the same type where it is kept.

    It has the metadata of the fields, which types that are equal may differ in: so it cannot be looked up by the type.
    """
    if kind in _OWN:
        return kind
    if isinstance(kind, pa.BaseExtensionType):
        return column_type(kind.storage_type)
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(column_type(field.type)) for field in kind])
    if pa.types.is_run_end_encoded(kind):
        return column_type(kind.value_type)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind) or \
            pa.types.is_list_view(kind) or pa.types.is_large_list_view(kind):
        return pa.large_list(kind.value_field.with_type(column_type(kind.value_type)))
    if pa.types.is_dictionary(kind):
        values = column_type(kind.value_type)
        return pa.dictionary(pa.int32(), pa.string()) if pa.types.is_string(values) or \
            pa.types.is_large_string(values) else values
    if pa.types.is_timestamp(kind):
        return DATE
    if pa.types.is_decimal32(kind) or pa.types.is_decimal64(kind):
        return pa.decimal128(kind.precision, kind.scale)
    wanted = _RULES.get(_family(kind))
    return kind if wanted is None else wanted


def _family(kind: pa.DataType) -> str:
    return str(kind).split("[")[0].split("(")[0]


@lru_cache(1024)
def is_normal(kind: pa.DataType) -> bool:
    """Whether `normalize` keeps all arrays of a type as they are."""
    return kind != BSON_VALUE and column_type(kind) == kind


def normalize(array: pa.Array | pa.ChunkedArray) -> pa.Array:
    """The array in its column type; timestamps finer than milliseconds stay where a value would be cut."""
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if array.type == BSON_VALUE:
        from gatherum.kernels.columns.variant import unboxed, variant_of

        return variant_of([MISSING if b is None else unboxed(b) for b in array.storage.to_pylist()]).array
    wanted = column_type(array.type)
    if wanted == array.type:
        return array
    if isinstance(array, pa.ExtensionArray):
        return normalize(array.storage)
    if pa.types.is_run_end_encoded(array.type):
        return normalize(compute.run_end_decode(array))
    if pa.types.is_timestamp(array.type):
        return _milliseconds(array)
    if pa.types.is_struct(array.type):
        return _struct(array)
    if pa.types.is_large_list(wanted):
        return _list(array)
    if pa.types.is_dictionary(wanted):
        array = with_words(array)
        return pa.DictionaryArray.from_arrays(array.indices.cast(pa.int32()), array.dictionary.cast(pa.string()))
    return array.dictionary_decode().cast(wanted) if pa.types.is_dictionary(array.type) else array.cast(wanted)


@lru_cache(1024)
def has_dictionary(kind: pa.DataType) -> bool:
    """Whether a type has a dictionary, or one of its parts."""
    return pa.types.is_dictionary(kind) or \
        (pa.types.is_nested(kind) and any(has_dictionary(kind.field(i).type) for i in range(kind.num_fields)))


def _word_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(kind):
        return kind.value_type
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_word_type(field.type)) for field in kind])
    if pa.types.is_large_list(kind):
        return pa.large_list(kind.value_field.with_type(_word_type(kind.value_type)))
    return kind


def without_codes(array: pa.Array) -> pa.Array:
    """The array with the words of dictionaries instead of codes, in documents and arrays too."""
    return array.cast(_word_type(array.type)) if has_dictionary(array.type) else array


def with_words(array: pa.Array) -> pa.Array:
    """The array with invalid slots instead of codes of a dictionary's invalid words, in documents and arrays too; what
    is read by its meaning, as maps are, stays."""
    return _coded_anew(array, lambda coded: bool(coded.dictionary.null_count))


def compact(array: pa.Array) -> pa.Array:
    """The array with only the words that occur in dictionaries that have more words than there are codes, in documents
    and arrays too."""
    return _coded_anew(array, lambda coded: len(coded.dictionary) > len(coded))


def _coded_anew(array: pa.Array, is_to_be: Callable[[pa.DictionaryArray], bool]) -> pa.Array:
    if isinstance(array, pa.DictionaryArray):
        return array.dictionary_decode().dictionary_encode() if is_to_be(array) else array
    if not has_dictionary(array.type) or not (pa.types.is_struct(array.type) or pa.types.is_large_list(array.type)):
        return array
    mask = array.is_null() if array.null_count else None
    if pa.types.is_struct(array.type):
        children = [_coded_anew(array.field(i), is_to_be) for i in range(array.type.num_fields)]
        return pa.StructArray.from_arrays(children, fields=list(array.type), mask=mask)
    offsets = array.offsets.to_numpy()
    first, last = offsets[[0, -1]].tolist() if len(offsets) else (0, 0)
    items = _coded_anew(array.values.slice(first, last - first), is_to_be)
    return pa.LargeListArray.from_arrays(pa.array(offsets - first), items, type=array.type, mask=mask)


def _milliseconds(array: pa.Array) -> pa.Array:
    try:
        whole = array.cast(pa.timestamp("ms", array.type.tz))
    except pa.ArrowInvalid:
        return array
    return whole.cast(pa.int64()).cast(DATE)


def _struct(array: pa.Array) -> pa.Array:
    children = [normalize(array.field(i)) for i in range(array.type.num_fields)]
    fields = [field.with_type(child.type) for field, child in zip(array.type, children, strict=True)]
    return pa.StructArray.from_arrays(children, fields=fields, mask=array.is_null() if array.null_count else None)


def _list(array: pa.Array) -> pa.Array:
    if pa.types.is_list_view(array.type) or pa.types.is_large_list_view(array.type):
        array = _one_behind_the_other(array)
    if not pa.types.is_large_list(array.type):
        array = array.cast(pa.large_list(array.type.value_field))
    items = normalize(array.values)
    kind = pa.large_list(array.type.value_field.with_type(items.type))
    offsets = pa.array(array.offsets.to_numpy())             # a copy: a mask does not go with sliced offsets
    return pa.LargeListArray.from_arrays(offsets, items, type=kind, mask=array.is_null() if array.null_count else None)


def _one_behind_the_other(views: pa.Array) -> pa.Array:
    """The lists of a list view, which may lie in any order and share items."""
    offsets = np.zeros(len(views) + 1, np.int64)
    np.cumsum(compute.list_value_length(views).fill_null(0).to_numpy(), out=offsets[1:])
    return pa.LargeListArray.from_arrays(pa.array(offsets), views.flatten(), mask=views.is_null(),
                                         type=pa.large_list(views.type.value_field))
