"""Sort: stable, with MongoDB's rule for arrays: ascending, the smallest element stands for the array; descending, the
largest."""

from __future__ import annotations

import functools
import heapq
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from bson import Int64

from gatherum.errors import OperatorError
from gatherum.plan.expressions import Path
from gatherum.plan.nodes import Sort, SortKey
from gatherum.rows.batches import Batches, cut
from gatherum.rows.interpreter import Run, interprets
from gatherum.types.order import NULL_KEY, OrderKey, order_key
from gatherum.types.values import MISSING, Document, Value

EMPTY_ARRAY_KEY: OrderKey = (0,)


@interprets(Sort)
def sort(node: Sort, run: Run) -> Batches:
    """The rows in order; with a limit, the first of them."""
    rows = [row for batch in run.batches(node.input) for row in batch]
    columns = sort_columns(rows, node.keys)
    if node.limit is None:
        ordered = _sorted(rows, columns, node.keys)
    else:
        ordered = _first(rows, columns, node.keys, node.limit)
    yield from cut(ordered)


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
        ranks = [[_Reversed(value) for value in column] if key.descending else column
                 for column, key in zip(columns, keys, strict=True)]
        tuples = list(zip(*ranks, strict=True))
        chosen = heapq.nsmallest(limit, numbers, key=tuples.__getitem__)
    return [rows[number] for number in chosen]


@functools.total_ordering
class _Reversed:
    """A key that compares the other way round."""

    __slots__ = ("key",)

    def __init__(self, key: Any) -> None:
        self.key = key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Reversed) and self.key == other.key

    def __lt__(self, other: _Reversed) -> bool:
        return other.key < self.key

    __hash__ = None  # pyright: ignore[reportAssignmentType]


def sort_columns(rows: list[Document], keys: Sequence[SortKey]) -> list[list[Any]]:
    """For each sort key, a comparable value for each row."""
    if all(len(key.path) == 1 for key in keys):
        found = [[row.get(key.path[0], MISSING) for row in rows] for key in keys]
        types = [set(map(type, column)) for column in found]
        if not any(list in kinds for kinds in types):
            return [_comparable(column, kinds) for column, kinds in zip(found, types, strict=True)]
    paths = [key.path for key in keys]
    descending = [key.descending for key in keys]
    made = [_row_key(row, paths, descending) for row in rows]
    return [[key[position] for key in made] for position in range(len(keys))]


def _comparable(column: list[Value], kinds: set[type]) -> list[Any]:
    """The values themselves where Python compares them as BSON does, otherwise their order keys."""
    if kinds <= {str} or (kinds <= {int, Int64}) or (kinds <= {int, Int64, float} and _all_ordered(column)):
        return column
    return [NULL_KEY if value is MISSING else order_key(value) for value in column]


def _all_ordered(column: list[Value]) -> bool:
    return not any(value != value for value in column)


def _row_key(row: Document, paths: list[Path], descending: list[bool]) -> Sequence[OrderKey]:
    candidates = list(_key_tuples([(row, path) for path in paths]))
    if len(candidates) == 1:
        return candidates[0]
    for position in range(len(paths) - 1, -1, -1):
        candidates.sort(key=_part(position), reverse=descending[position])
    return candidates[0]


def _part(position: int) -> Callable[[Sequence[OrderKey]], OrderKey]:
    return lambda key: key[position]


_Place = tuple[Value, Path]


def _key_tuples(places: list[_Place]) -> Iterator[list[OrderKey]]:
    """Every tuple of keys that a row has: one for each element of the array that its paths share, if any."""
    reached = [_walk(value, path) for value, path in places]
    arrays = [(value, path) for value, path in reached if type(value) is list and path is not _ELEMENT]
    if not arrays:
        yield [_key_of(value) for value, _ in reached]
        return
    array = arrays[0][0]
    if any(other is not array for other, _ in arrays):
        raise OperatorError("cannot sort with keys that are parallel arrays", 2)
    for item in array or [_EMPTY]:
        yield from _key_tuples([_into(item, path) if value is array and path is not _ELEMENT else (value, _ELEMENT)
                                for value, path in reached])


_ELEMENT: Path = ("",)
"""Marks a value that is final: an element of an array, or what a path ended at. No path has an empty name."""
_EMPTY = object()


def _walk(value: Value, path: Path) -> _Place:
    """Follows a path through documents, and through arrays where a number picks an element, up to an array."""
    if path is _ELEMENT:
        return value, _ELEMENT
    for position, name in enumerate(path):
        if type(value) is list and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        elif type(value) is list:
            return value, path[position:]
        elif type(value) is dict:
            value = value.get(name, MISSING)
        else:
            return MISSING, ()
    return value, ()


def _into(item: Value, path: Path) -> _Place:
    """The place that a path leads to within an element of an array."""
    if not path:
        return item, _ELEMENT
    return (item, path) if type(item) is dict else (MISSING, _ELEMENT)


def _key_of(value: Value) -> OrderKey:
    if value is _EMPTY:
        return EMPTY_ARRAY_KEY
    return NULL_KEY if value is MISSING else order_key(value)
