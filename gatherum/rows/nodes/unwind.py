"""Unwind: one row for each element of an array."""

from __future__ import annotations

from collections.abc import Iterator

from bson import Int64

from gatherum.plan.nodes import Unwind
from gatherum.rows.batches import Batches, row_wise
from gatherum.rows.interpreter import Run, interprets
from gatherum.rows.nodes.paths import value_at, with_value
from gatherum.types.values import MISSING, Document


@interprets(Unwind)
def unwind(node: Unwind, run: Run) -> Batches:
    """Writes each element in the place of the array; a value that is no array is its own only element."""
    unwind_row = _plain if len(node.path) == 1 and node.index is None and not node.keep_empty else _general
    return row_wise(lambda rows: [made for row in rows for made in unwind_row(row, node)], run.batches(node.input))


def _plain(document: Document, node: Unwind) -> list[Document]:
    name, = node.path
    value = document.get(name)
    if type(value) is list:
        return [{**document, name: item} for item in value]
    return [] if value is None else [document]


def _general(document: Document, node: Unwind) -> Iterator[Document]:
    value = value_at(document, node.path)
    if type(value) is list and value:
        for position, item in enumerate(value):
            yield _with_index(with_value(document, node.path, item), node, Int64(position))
    elif type(value) is list:
        if node.keep_empty:
            yield _with_index(with_value(document, node.path, MISSING), node, None)
    elif (value is not None and value is not MISSING) or node.keep_empty:
        yield _with_index(document, node, None)


def _with_index(document: Document, node: Unwind, position: Int64 | None) -> Document:
    if node.index is None:
        return document
    return with_value(document, tuple(node.index.split(".")), position)
