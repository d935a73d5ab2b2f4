"""Values at a path below a column: through structs by their children, through lists by their items, through
the documents of variant columns by their bytes, and below the arrays of variant columns by the meaning."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from gatherum.kernels.assemble import Piece, assemble
from gatherum.kernels.buffers import valid_mask
from gatherum.kernels.columns.build import column_of
from gatherum.kernels.columns.column import CodedColumn, Column, invalid_is_missing, missing_column, variant_array
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.columns.variant import parts, to_variant
from gatherum.kernels.distinct import by_codes
from gatherum.kernels.document_fields import field_of_documents
from gatherum.kernels.forms import Constant
from gatherum.kernels.kinds import is_list
from gatherum.kernels.lists import lists_of
from gatherum.plan.expressions import Path
from gatherum.rows.expressions import get_path
from gatherum.types.values import MISSING, BsonType

if TYPE_CHECKING:
    from gatherum.kernels.evaluate import Evaluation


def column_at(column: Column, path: Path, evaluation: Evaluation) -> Column:
    """The values at `path` below a column's values, as a field path gives them."""
    for position, name in enumerate(path):
        kind = column.array.type
        if column.is_variant:
            return _below_variant(column, path[position:], evaluation)
        if pa.types.is_struct(kind):
            column = child(column, name)
        elif is_list(kind):
            return _below_lists(column, path[position:], evaluation)
        elif not pa.types.is_nested(kind):
            return missing_column(len(column))
        else:
            return _by_meaning(column, path[position:], evaluation)
    return column


def child(column: Column, name: str) -> Column:
    """A field of a struct column; missing where the struct is null or missing."""
    kind = column.array.type
    index = kind.get_field_index(name)
    if index < 0:
        return missing_column(len(column))
    found = Column(column.array.field(index), invalid_is_missing(kind.field(index)))
    valid = valid_mask(column.array)
    if valid is None:
        return found
    if not found.is_variant and (found.missing or not found.nullish):
        return Column(found.take(pa.array(np.arange(len(column)), mask=~valid)).array, missing=True)
    types, words, data = parts(to_variant(found))
    return Column(variant_array(np.where(valid, types, np.uint8(BsonType.MISSING)), words, data))


def documents_among(column: Column) -> np.ndarray:
    """A mask of the values that are documents."""
    if column.is_variant:
        return parts(column)[0] == BsonType.OBJECT
    if not pa.types.is_struct(column.array.type):
        return np.zeros(len(column), np.bool_)
    valid = valid_mask(column.array)
    return np.ones(len(column), np.bool_) if valid is None else valid


def present_values(column: Column) -> np.ndarray | None:
    """A mask of the values that are not missing; None where none is missing."""
    if isinstance(column, CodedColumn):
        there = present_values(column.values)
        return None if there is None else there.take(column.codes)
    if column.is_variant:
        there = parts(column)[0] != BsonType.MISSING
        return None if there.all() else there
    return valid_mask(column.array) if column.missing else None


def _below_lists(column: Column, path: Path, evaluation: Evaluation) -> Column:
    """The arrays of what is found below the items that are documents; missing where there is no array."""
    lists = lists_of(column)
    documents = documents_among(lists.items)
    if not documents.all():
        lists = lists_of(lists.keep(documents))
    found = replace(lists, items=column_at(lists.items, path, evaluation))
    there = present_values(found.items)
    return Column((found.column() if there is None else found.keep(there)).array, missing=True)


def _below_variant(column: Column, path: Path, evaluation: Evaluation) -> Column:
    if isinstance(column, CodedColumn) and len(column.values) <= len(column):
        return by_codes(_below_variant(column.values, path, evaluation), column.codes)
    types, _, data = parts(column)
    documents, arrays = types == BsonType.OBJECT, types == BsonType.ARRAY
    rows, others = np.flatnonzero(documents), np.flatnonzero(arrays)
    pieces: list[Piece] = [(np.flatnonzero(~documents & ~arrays), Constant(MISSING))]
    if len(rows):
        field = field_of_documents(data.take(pa.array(rows)), path[0])
        found = _by_meaning(column.take(rows), path, evaluation) if field is None else \
            column_at(field, path[1:], evaluation)
        pieces.append((rows, found))
    if len(others):
        pieces.append((others, _by_meaning(column.take(others), path, evaluation)))
    found = assemble(pieces, len(column))
    return found.column(len(column)) if isinstance(found, Constant) else found


def _by_meaning(column: Column, path: Path, evaluation: Evaluation) -> Column:
    evaluation.fill(f"the path {'.'.join(path)}", len(column))
    return column_of([get_path(value, path) for value in values_of(column)])
