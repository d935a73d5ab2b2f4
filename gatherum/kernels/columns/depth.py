"""Columns that are nested too deep for Arrow's messages and files and for Parquet, in another form."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from gatherum.kernels.columns.column import Column
from gatherum.kernels.columns.variant import to_variant

DEEPEST: Final = 48
"""Readers of Parquet take a schema of 100 levels, two of them for each array; Arrow's messages and files hold 64. What
holds a column takes some of them."""


def shallow(column: Column) -> Column:
    """The same values in a column that can be written as an Arrow message: one that is nested deeper is a variant."""
    return to_variant(column) if is_deep(column.array.type) else column


def is_deep(kind: pa.DataType) -> bool:
    """Whether a type is nested too deep to be written."""
    return levels(kind) > DEEPEST


def levels(kind: pa.DataType) -> int:
    """How deep a type is nested; 1 for one that is not.

    >>> levels(pa.int32()), levels(pa.large_list(pa.struct([("a", pa.int32())])))
    (1, 3)
    """
    return 1 + max((levels(kind.field(number).type) for number in range(kind.num_fields)), default=0)
