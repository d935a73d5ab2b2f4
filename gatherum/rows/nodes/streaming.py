"""Nodes that look at one row at a time: scan, constant documents, filter, limit, skip, union, replace root."""

from __future__ import annotations

from gatherum.errors import OperatorError
from gatherum.plan.nodes import Documents, Filter, Limit, ReplaceRoot, Scan, Shared, Skip, Union
from gatherum.rows.batches import Batches, cut, row_wise
from gatherum.rows.interpreter import Run, interpret, interprets
from gatherum.rows.values import filter_of, values_of
from gatherum.types.values import Document, type_name


@interprets(Scan)
def scan(node: Scan, run: Run) -> Batches:
    """Reads a source."""
    for batch in run.open(node):
        yield from cut(batch)


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
    yield from cut(rows)


@interprets(Filter)
def filter_rows(node: Filter, run: Run) -> Batches:
    """Keeps the rows for which the predicate is true."""
    return row_wise(filter_of(node.predicate, run), run.batches(node.input))


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
    yield from interpret(node.second, run)


@interprets(ReplaceRoot)
def replace_root(node: ReplaceRoot, run: Run) -> Batches:
    """Puts the expression's document in the place of each row."""
    values = values_of(node.expression, run)

    def replaced(rows: list[Document]) -> list[Document]:
        made = values(rows)
        for row in made:
            if type(row) is not dict:
                raise OperatorError(f"'newRoot' expression must evaluate to an object, but it gave {type_name(row)}",
                                    40228)
        return made
    return row_wise(replaced, run.batches(node.input))
