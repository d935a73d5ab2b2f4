"""A column: an Arrow array, and what its invalid slots mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from gatherum.kernels.columns.types import VARIANT, VariantType

INVALID = b"gatherum.invalid"


@dataclass(frozen=True, slots=True)
class Column:
    """The values of one field over the rows of a batch.

    A *typed* column has values of one type; `missing` says whether its invalid slots are missing (else they are
    null). A *variant* column (`array.type` is `VARIANT`) holds any values, missing and null among them, and has no
    invalid slots. Fields of structs carry the same in their metadata, under `gatherum.invalid`.
    """

    array: pa.Array
    missing: bool = False

    def __len__(self) -> int:
        return len(self.array)

    @property
    def is_variant(self) -> bool:
        """True where values of several types, or both null and missing ones, may occur."""
        return isinstance(self.array.type, VariantType)

    @property
    def nullish(self) -> int:
        """How many slots of a typed column are invalid."""
        return self.array.null_count

    def slice(self, start: int, length: int | None = None) -> Column:
        """The column of `length` rows from `start`, without copying."""
        return Column(self.array.slice(start, length), self.missing)

    def filter(self, mask: pa.BooleanArray) -> Column:
        """The rows where the mask is true."""
        return Column(_through_storage(self.array, lambda array: array.filter(mask)), self.missing)

    def take(self, indices: np.ndarray | pa.Array) -> Column:
        """The rows at these positions."""
        picked = indices if isinstance(indices, pa.Array) else pa.array(indices)
        return Column(_through_storage(self.array, lambda array: array.take(picked)), self.missing)

    def field(self, name: str) -> pa.Field:
        """The Arrow field of this column, with its metadata."""
        return pa.field(name, self.array.type, metadata=invalid_metadata(self.missing))


class CodedColumn(Column):
    """A variant column whose values repeat: row i has the value `codes[i]` of the variant column `values`.

    Not all of these need occur. The array is made when it is asked for; what knows of the codes does without.
    """

    __slots__ = ("codes", "values")
    values: Column
    codes: np.ndarray

    def __init__(self, values: Column, codes: np.ndarray) -> None:
        for name, value in (("values", values), ("codes", codes), ("missing", False)):
            object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:
        if name != "array":
            raise AttributeError(name)
        object.__setattr__(self, "array", self.values.take(self.codes).array)
        return self.array

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def is_variant(self) -> bool:
        """As `Column.is_variant`."""
        return True

    @property
    def nullish(self) -> int:
        """As `Column.nullish`."""
        return 0

    def slice(self, start: int, length: int | None = None) -> Column:
        """As `Column.slice`."""
        return CodedColumn(self.values, self.codes[start:None if length is None else start + length])

    def filter(self, mask: pa.BooleanArray) -> Column:
        """As `Column.filter`."""
        return CodedColumn(self.values, self.codes[mask.to_numpy(zero_copy_only=False)])

    def take(self, indices: np.ndarray | pa.Array) -> Column:
        """As `Column.take`."""
        return CodedColumn(self.values, self.codes.take(np.asarray(indices)))


def _through_storage(array: pa.Array, change: Any) -> pa.Array:
    """Applies a change to an array by its storage, where it is of an extension type that kernels do not know."""
    if isinstance(array.type, pa.ExtensionType):
        return pa.ExtensionArray.from_storage(array.type, change(array.storage))
    return change(array)


def invalid_metadata(missing: bool) -> dict[bytes, bytes] | None:
    """The metadata of a field whose invalid slots are missing; none where they are null."""
    return {INVALID: b"missing"} if missing else None


def invalid_is_missing(field: pa.Field) -> bool:
    """What a field's metadata say of its invalid slots."""
    return bool(field.metadata) and field.metadata.get(INVALID) == b"missing"


def missing_column(rows: int) -> Column:
    """A column in which every value is missing."""
    return Column(pa.nulls(rows), missing=True)


def null_column(rows: int) -> Column:
    """A column in which every value is null."""
    return Column(pa.nulls(rows))


def concat(columns: list[Column]) -> Column:
    """The rows of all columns, one behind the other; variant where their types differ."""
    if len(columns) == 1:
        return columns[0]
    solid = [c for c in columns if c.array.type != pa.null()] or columns
    first = solid[0]
    kind = first.array.type
    alike = all(c.array.type.equals(kind, check_metadata=True) for c in solid)
    meanings = {c.missing for c in columns if c.array.null_count}
    if alike and len(meanings) < 2 and (not first.is_variant or len(solid) == len(columns)):
        arrays = [c.array if c.array.type == kind else pa.nulls(len(c), kind) for c in columns]
        if isinstance(kind, pa.DictionaryType):
            arrays = pa.chunked_array(arrays).unify_dictionaries().chunks
        return Column(pa.concat_arrays(arrays), meanings.pop() if meanings else first.missing)
    from gatherum.kernels.columns.variant import to_variant

    return Column(pa.concat_arrays([to_variant(c).array for c in columns]))


def plain_strings(column: Column) -> Column:
    """The column with dictionary codes replaced by their values."""
    if isinstance(column.array.type, pa.DictionaryType):
        return Column(column.array.dictionary_decode(), column.missing)
    return column


def validity(column: Column) -> np.ndarray | None:
    """A boolean array, true where a typed column's slot is valid; None where all are."""
    if column.array.null_count == 0:
        return None
    return column.array.is_valid().to_numpy(zero_copy_only=False)


def variant_array(types: np.ndarray, words: np.ndarray, data: pa.Array) -> pa.Array:
    """A variant array of its three parts."""
    storage = pa.StructArray.from_arrays([pa.array(types, pa.uint8()), pa.array(words, pa.uint64()), data],
                                         fields=list(VARIANT.storage_type))
    return pa.ExtensionArray.from_storage(VARIANT, storage)
