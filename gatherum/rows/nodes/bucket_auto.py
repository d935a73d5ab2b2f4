"""BucketAuto: rows sorted by a key and cut into buckets of nearly equal size."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from gatherum.plan.nodes import BucketAuto
from gatherum.rows.batches import by_single_rows
from gatherum.rows.interpreter import Run, interprets
from gatherum.rows.nodes.granularity import Rounder, check_roundable, rounder
from gatherum.rows.nodes.group import Column
from gatherum.rows.values import values_of
from gatherum.types.order import compare, order_key
from gatherum.types.values import MISSING, Document, Value


@dataclass(slots=True)
class _Bucket:
    """The bounds of one bucket, and where its rows end in the sorted order."""

    least: Value
    most: Value
    end: int


@interprets(BucketAuto)
def bucket_auto(node: BucketAuto, run: Run) -> Iterator[list[Document]]:
    """One row for each bucket: its bounds as `_id`, and the aggregates."""
    key = values_of(node.key, run)
    columns = [Column(name, call, run) for name, call in node.aggregates]
    rows = [row for batch in run.batches(node.input) for row in batch]
    keys = [None if value is MISSING else value for value in key(rows)]
    if node.granularity is not None:
        for value in keys:
            check_roundable(value)
    run.holds(node, rows, keys)
    order = sorted(range(len(rows)), key=[order_key(value) for value in keys].__getitem__)
    buckets = cut([keys[place] for place in order], node)
    ordered = [rows[place] for place in order]
    values: list[list[Value]] = [[] for _ in columns]

    def compute(part: list[Document]) -> None:
        for column, found in zip(columns, values, strict=True):
            found += column.values(part)

    by_single_rows(compute, ordered)
    if buckets:
        starts = [0, *(bucket.end for bucket in buckets)]
        yield [_row(bucket, range(start, bucket.end), columns, values)
               for start, bucket in zip(starts, buckets, strict=False)]


def _row(bucket: _Bucket, places: range, columns: list[Column], values: list[list[Value]]) -> Document:
    row: Document = {"_id": {"min": bucket.least, "max": bucket.most}}
    for column, given in zip(columns, values, strict=True):
        state = column.function.init()
        column.update(state, given[places.start:places.stop], 0, places)
        row[column.name], = column.finalized([state])
    return row


def cut(keys: Sequence[Value], node: BucketAuto) -> list[_Bucket]:
    """The buckets of sorted keys: each takes its share, and then what must not be parted from it."""
    rounding = rounder(node.granularity) if node.granularity is not None else None
    size = max(1, int(len(keys) / node.buckets + 0.5))
    buckets: list[_Bucket] = []
    start = 0
    while start < len(keys):
        last = len(buckets) + 1 == node.buckets
        end = len(keys) if last else min(start + size, len(keys))
        if rounding is None:
            buckets.append(_exact(keys, start, end))
        else:
            buckets.append(_rounded(keys, start, end, rounding, buckets[-1] if buckets else None))
        start = buckets[-1].end
    return buckets


def _exact(keys: Sequence[Value], start: int, end: int) -> _Bucket:
    highest = keys[end - 1]
    end = _after(keys, end, lambda key: compare(key, highest) == 0)
    return _Bucket(keys[start], keys[end] if end < len(keys) else keys[end - 1], end)


def _rounded(keys: Sequence[Value], start: int, end: int, rounding: Rounder, before: _Bucket | None) -> _Bucket:
    least = rounding.down(keys[start]) if before is None else before.most
    bound = rounding.up(keys[end - 1])
    end = _after(keys, end, lambda key: compare(key, bound) < 0)
    if compare(bound, 0) == 0 and end < len(keys):
        bound = rounding.down(keys[end])
    return _Bucket(least, bound, end)


def _after(keys: Sequence[Value], start: int, belongs: Callable[[Value], bool]) -> int:
    """The end of the keys from `start` on that belong to what is before them, found in steps that double."""
    step = 1
    while (probe := start + step - 1) < len(keys) and belongs(keys[probe]):
        start, step = probe + 1, 2 * step
    return bisect_left(keys, True, start, min(probe, len(keys)), key=lambda key: not belongs(key))
