"""The values that rows are sorted by: columns where a path meets no array, order keys by the meaning elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from gatherum.kernels.columns.batch import Batch
from gatherum.kernels.evaluate import Evaluation
from gatherum.kernels.fields import direct_column, may_hold
from gatherum.kernels.sorting import SortColumn
from gatherum.plan.nodes import SortKey
from gatherum.rows.nodes.sort import sort_columns
from gatherum.types.order import order_key
from gatherum.types.values import BsonType


def sort_keys(batch: Batch, keys: Sequence[SortKey], evaluation: Evaluation) -> list[SortColumn]:
    """For each sort key the values of a batch's rows, as `ranks` takes them."""
    found = [direct_column(batch, key.path) for key in keys]
    columns: list[SortColumn] = [column for column in found
                                 if column is not None and not may_hold(column, BsonType.ARRAY)]
    if len(columns) == len(keys):
        return columns
    evaluation.fill("sort keys with arrays", batch.rows)
    names = dict.fromkeys(key.path[0] for key in keys)
    rows = batch.with_columns({name: batch.column(name) for name in names}).documents()
    return [[key if type(key) is tuple else order_key(key) for key in column] for column in sort_columns(rows, keys)]
