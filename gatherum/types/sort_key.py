"""The key that a document is sorted by, with MongoDB's rule for arrays: ascending, the smallest element stands for the
array; descending, the largest."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from bson import Int64

from gatherum.errors import OperatorError
from gatherum.types.order import NULL_KEY, OrderKey, order_key
from gatherum.types.values import MISSING, Document, Value

Path = tuple[str, ...]
EMPTY_ARRAY_KEY: OrderKey = (0,)


@functools.total_ordering
class Reversed:
    """A key that compares the other way round."""

    __slots__ = ("key",)

    def __init__(self, key: Any) -> None:
        self.key = key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reversed) and self.key == other.key

    def __lt__(self, other: Reversed) -> bool:
        return other.key < self.key

    __hash__ = None  # pyright: ignore[reportAssignmentType]


def comparable_keys(paths: Sequence[Path], descending: Sequence[bool]) -> Callable[[Document], tuple[Any, ...]]:
    """A function that gives the key of a document as a tuple: of two documents the one with the lesser tuple is the
    first in the order.

    >>> key = comparable_keys([("a",), ("b",)], [False, True])
    >>> key({"a": 1, "b": 2}) < key({"a": 1, "b": 1}) < key({"a": [3, 2]})
    True
    """
    def key(document: Document) -> tuple[Any, ...]:
        parts = document_key(document, paths, descending)
        return tuple([Reversed(part) if down else part for part, down in zip(parts, descending, strict=True)])

    if len(paths) != 1 or len(paths[0]) != 1 or descending[0]:
        return key
    (name,), = paths

    def key_of_field(document: Document) -> tuple[Any, ...]:
        value = document.get(name, MISSING)
        if type(value) is list:
            return key(document)
        return (NULL_KEY if value is MISSING else order_key(value),)
    return key_of_field


def key_columns(documents: Sequence[Document], paths: Sequence[Path], descending: Sequence[bool]) -> list[list[Any]]:
    """For each path a list of values, one for each document, that compare as the documents' keys do."""
    if all(len(path) == 1 for path in paths):
        found = [[document.get(path[0], MISSING) for document in documents] for path in paths]
        types = [set(map(type, column)) for column in found]
        if not any(list in kinds for kinds in types):
            return [_comparable(column, kinds) for column, kinds in zip(found, types, strict=True)]
    made = [document_key(document, paths, descending) for document in documents]
    return [[key[position] for key in made] for position in range(len(paths))]


def _comparable(column: list[Value], kinds: set[type]) -> list[Any]:
    """The values themselves where Python compares them as BSON does, otherwise their order keys."""
    if kinds <= {str} or (kinds <= {int, Int64}) or (kinds <= {int, Int64, float} and _all_ordered(column)):
        return column
    if kinds == {dt.datetime} and not any(date.tzinfo or date.microsecond % 1000 for date in column):
        return column
    return [NULL_KEY if value is MISSING else order_key(value) for value in column]


def _all_ordered(column: list[Value]) -> bool:
    return not any(value != value for value in column)


def document_key(document: Document, paths: Sequence[Path], descending: Sequence[bool]) -> Sequence[OrderKey]:
    """An order key for each path; OperatorError where two paths lead through different arrays."""
    candidates = list(_key_tuples([(document, path) for path in paths]))
    if len(candidates) == 1:
        return candidates[0]
    for position in range(len(paths) - 1, -1, -1):
        candidates.sort(key=_part(position), reverse=descending[position])
    return candidates[0]


def _part(position: int) -> Callable[[Sequence[OrderKey]], OrderKey]:
    return lambda key: key[position]


_Place = tuple[Value, Path]


def _key_tuples(places: list[_Place]) -> Iterator[list[OrderKey]]:
    """Every tuple of keys that a document has: one for each element of the array that its paths share, if any."""
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
