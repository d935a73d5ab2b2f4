"""Values at a path below a column: through structs by their children, through anything else by the meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from gatherum.kernels.columns.build import column_of
from gatherum.kernels.columns.column import Column, invalid_is_missing, missing_column
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.columns.variant import parts, to_variant
from gatherum.plan.expressions import Path
from gatherum.rows.expressions import get_path
from gatherum.types.values import BsonType

if TYPE_CHECKING:
    from gatherum.kernels.columns.batch import Batch
    from gatherum.kernels.evaluate import Evaluation


def column_at(column: Column, path: Path, evaluation: Evaluation) -> Column:
    """The values at `path` below a column's values, as a field path gives them."""
    for position, name in enumerate(path):
        kind = column.array.type
        if not column.is_variant and pa.types.is_struct(kind):
            column = _child(column, name)
        elif _never_holds_fields(kind):
            return missing_column(len(column))
        else:
            rest = path[position:]
            evaluation.fill(f"the path {'.'.join(rest)}", len(column))
            return column_of([get_path(value, rest) for value in values_of(column)])
    return column


def _never_holds_fields(kind: pa.DataType) -> bool:
    return not (isinstance(kind, pa.ExtensionType) and kind.extension_name == "gatherum.variant") and not \
        pa.types.is_nested(kind)


def _child(column: Column, name: str) -> Column:
    """A field of a struct column; missing where the struct is null or missing."""
    kind = column.array.type
    index = kind.get_field_index(name)
    if index < 0:
        return missing_column(len(column))
    child = Column(column.array.field(index), invalid_is_missing(kind.field(index)))
    if not column.array.null_count:
        return child
    if not child.is_variant and (child.missing or not child.array.null_count):
        valid = column.array.is_valid()
        indices = pa.compute.if_else(valid, pa.array(np.arange(len(column))), None)
        return Column(child.take(indices).array, missing=True)
    made = to_variant(child)
    types, words, data = parts(made)
    types = np.where(column.array.is_valid().to_numpy(zero_copy_only=False), types, np.uint8(BsonType.MISSING))
    from gatherum.kernels.columns.column import variant_array

    return Column(variant_array(types, words, data))


def reads_no_array(batch: Batch, path: Path) -> bool:
    """Whether a query path meets no array in this batch, so that it reads one value of each row."""
    column = batch.columns.get(path[0])
    if column is None:
        return True
    kind = column.array.type
    for name in path[1:]:
        if pa.types.is_struct(kind):
            index = kind.get_field_index(name)
            if index < 0:
                return True
            kind = kind.field(index).type
        else:
            return _never_holds_fields(kind)
    if isinstance(kind, pa.ExtensionType) and kind.extension_name == "gatherum.variant":
        return len(path) == 1 and not (parts(column)[0] == BsonType.ARRAY).any()
    return not pa.types.is_list(kind) and not pa.types.is_large_list(kind)
