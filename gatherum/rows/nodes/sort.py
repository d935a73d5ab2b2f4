"""Sort: stable, by the keys of `types/sort_key.py`."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import Any

from gatherum.plan.nodes import Group, Sort, SortKey
from gatherum.rows.batches import Batches, cut
from gatherum.rows.interpreter import Run, interprets
from gatherum.rows.nodes.group import hash_order
from gatherum.types.sort_key import Reversed, key_columns
from gatherum.types.values import Document


@interprets(Sort)
def sort(node: Sort, run: Run) -> Batches:
    """The rows in order; with a limit, the first of them."""
    grouped = isinstance(node.input, Group)
    if grouped:
        run.in_any_order.add(id(node.input))
    rows = [row for batch in run.batches(node.input) for row in batch]
    columns = sort_columns(rows, node.keys)
    if grouped and _has_ties(columns):
        rows = [rows[number] for number in hash_order([row["_id"] for row in rows])]
        columns = sort_columns(rows, node.keys)
    run.holds(node, rows, *columns)
    if node.limit is None:
        ordered = _sorted(rows, columns, node.keys)
    else:
        ordered = _first(rows, columns, node.keys, node.limit)
    yield from cut(ordered)


def _has_ties(columns: list[list[Any]]) -> bool:
    """Whether the order below decides between some rows."""
    ranks = columns[0] if len(columns) == 1 else list(zip(*columns, strict=True))
    return len(set(ranks)) < len(ranks)


def _sorted(rows: list[Document], columns: list[list[Any]], keys: Sequence[SortKey]) -> list[Document]:
    """Sorts by the last key first: Python's sort is stable."""
    order = list(range(len(rows)))
    for column, key in zip(reversed(columns), reversed(keys), strict=True):
        order.sort(key=column.__getitem__, reverse=key.descending)
    return [rows[number] for number in order]


def _first(rows: list[Document], columns: list[list[Any]], keys: Sequence[SortKey], limit: int) -> list[Document]:
    numbers = range(len(rows))
    if len(keys) == 1:
        choose = heapq.nlargest if keys[0].descending else heapq.nsmallest
        chosen = choose(limit, numbers, key=columns[0].__getitem__)
    else:
        ranks = [[Reversed(value) for value in column] if key.descending else column
                 for column, key in zip(columns, keys, strict=True)]
        tuples = list(zip(*ranks, strict=True))
        chosen = heapq.nsmallest(limit, numbers, key=tuples.__getitem__)
    return [rows[number] for number in chosen]


def sort_columns(rows: list[Document], keys: Sequence[SortKey]) -> list[list[Any]]:
    """For each sort key, a comparable value for each row."""
    return key_columns(rows, [key.path for key in keys], [key.descending for key in keys])
