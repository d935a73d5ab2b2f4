"""Columns that are nested too deep for a message of Arrow's, in another form."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from gatherum.kernels.columns.column import Column
from gatherum.kernels.columns.variant import to_variant

DEEPEST: Final = 60
"""Arrow's messages hold at most 64 levels, and what holds a column takes some of them."""


def shallow(column: Column) -> Column:
    """The same values in a column that can be written as an Arrow message: one that is nested deeper is a variant."""
    return to_variant(column) if levels(column.array.type) > DEEPEST else column


def levels(kind: pa.DataType) -> int:
    """How deep a type is nested; 1 for one that is not.

    >>> levels(pa.int32()), levels(pa.large_list(pa.struct([("a", pa.int32())])))
    (1, 3)
    """
    return 1 + max((levels(kind.field(number).type) for number in range(kind.num_fields)), default=0)
