"""Nodes that look at one row at a time: scan, constant documents, filter, limit, skip, union, replace root."""

from __future__ import annotations

from collections.abc import Iterator

from gatherum.errors import OperatorError
from gatherum.plan.nodes import Documents, Filter, Limit, ReplaceRoot, Scan, Shared, Skip, Union
from gatherum.rows.interpreter import BATCH_ROWS, Run, interprets
from gatherum.types.values import Document, type_name

Batches = Iterator[list[Document]]


@interprets(Scan)
def scan(node: Scan, run: Run) -> Batches:
    """Reads a source."""
    yield from run.open(node)


@interprets(Shared)
def shared(node: Shared, run: Run) -> Batches:
    """Reads the rows that the enclosing node holds."""
    yield from run.shared


@interprets(Documents)
def documents(node: Documents, run: Run) -> Batches:
    """Evaluates a constant array of documents."""
    evaluate = run.expression(node.expression)
    rows = evaluate({}, run.frame())
    if not isinstance(rows, list):
        raise OperatorError(f"$documents takes an array, not {type_name(rows)}", 5858203)
    for row in rows:
        if not isinstance(row, dict):
            raise OperatorError(f"$documents takes an array of documents; it holds {type_name(row)}", 40228)
    for start in range(0, len(rows), BATCH_ROWS):
        yield rows[start:start + BATCH_ROWS]


@interprets(Filter)
def filter_rows(node: Filter, run: Run) -> Batches:
    """Keeps the rows for which the predicate is true."""
    test = run.predicate(node.predicate)
    frame = run.frame()
    for batch in run.batches(node.input):
        kept = [row for row in batch if test(row, frame)]
        if kept:
            yield kept


@interprets(Limit)
def limit(node: Limit, run: Run) -> Batches:
    """Ends after so many rows, reading no further."""
    left = node.count
    for batch in run.batches(node.input):
        yield batch[:left]
        left -= len(batch)
        if left <= 0:
            return


@interprets(Skip)
def skip(node: Skip, run: Run) -> Batches:
    """Drops the first rows."""
    left = node.count
    for batch in run.batches(node.input):
        if left < len(batch):
            yield batch[left:] if left else batch
        left = max(left - len(batch), 0)


@interprets(Union)
def union(node: Union, run: Run) -> Batches:
    """The first input, then the second."""
    yield from run.batches(node.first)
    yield from run.batches(node.second)


@interprets(ReplaceRoot)
def replace_root(node: ReplaceRoot, run: Run) -> Batches:
    """Puts the expression's document in the place of each row."""
    evaluate = run.expression(node.expression)
    frame = run.frame()
    for batch in run.batches(node.input):
        made = [evaluate(row, frame) for row in batch]
        for row in made:
            if type(row) is not dict:
                raise OperatorError(f"'newRoot' expression must evaluate to an object, but it gave {type_name(row)}",
                                    40228)
        yield made
