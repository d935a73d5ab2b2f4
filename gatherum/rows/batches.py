"""Batches of rows: how they are cut, and what happens to those before an error.

The error of the lowest row is the one that is raised. So, where a batch fails, its rows are taken one by one: those
before the failing one go on first, since a later node may fail for one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gatherum.errors import GatherumError
from gatherum.types.values import Document

Batches = Iterator[list[Document]]
BATCH_ROWS = 1024
"""Few enough for the documents of a batch to be freed before Python's garbage collector comes to see them."""


def row_wise(function: Callable[[list[Document]], list[Document]], batches: Batches) -> Batches:
    """What a function that treats every row by itself makes of each batch; batches of nothing are left out."""
    for batch in batches:
        try:
            made = function(batch)
        except GatherumError:
            yield from _up_to_the_error(function, batch)
            raise
        if made:
            yield made


def _up_to_the_error(function: Callable[[list[Document]], list[Document]], batch: list[Document]) -> Batches:
    made: list[Document] = []
    try:
        for row in batch:
            made += function([row])
    except GatherumError:
        if made:
            yield made
        raise


def by_single_rows(function: Callable[[list[Document]], None], rows: list[Document]) -> None:
    """Gives all rows to a function that keeps what it makes of them; raises the error of the first row that has one."""
    try:
        function(rows)
    except GatherumError:
        for row in rows:
            function([row])
        raise


def cut(rows: list[Document]) -> Batches:
    """The rows in batches of at most the usual size."""
    if len(rows) <= BATCH_ROWS:
        yield rows
        return
    for start in range(0, len(rows), BATCH_ROWS):
        yield rows[start:start + BATCH_ROWS]
