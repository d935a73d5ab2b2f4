"""Expressions over whole batches: as closures, and from some number of rows on as generated source."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gatherum.plan.expressions import ROOT, Expression, Get, Literal, Variable
from gatherum.rows.source import source_of_filter, source_of_values
from gatherum.types.values import MISSING, Document, Value

if TYPE_CHECKING:
    from gatherum.rows.interpreter import Run

SOURCE_ROWS = 300
"""After so many rows it pays to compile source."""

OverRows = Callable[[list[Document]], list[Any]]


def values_of(expression: Expression, run: Run) -> Callable[[list[Document]], list[Value]]:
    """A function that gives the expression's value for each row of a list."""
    match expression:
        case Get(Variable(name), (single,)) if name == ROOT:
            return _field(single)
        case Literal(value):
            return lambda rows: [value] * len(rows)
    evaluate = run.expression(expression)
    frame = run.frame()
    return improving(lambda rows: [evaluate(row, frame) for row in rows],
                     lambda row: source_of_values(expression, run.variables))


def _field(name: str) -> OverRows:
    def over(rows: list[Document]) -> list[Value]:
        try:
            return [row[name] for row in rows]
        except KeyError:
            return [row.get(name, MISSING) for row in rows]
    return over


def filter_of(predicate: Expression, run: Run) -> OverRows:
    """A function that gives the rows of a list for which the predicate is true."""
    test = run.predicate(predicate)
    frame = run.frame()
    return improving(lambda rows: [row for row in rows if test(row, frame)],
                     lambda row: source_of_filter(predicate, run.variables))


def improving(first: OverRows, generate: Callable[[Document], OverRows]) -> OverRows:
    """`first` for the first rows; then what `generate` gives, which is shown a row."""
    seen = 0
    chosen = first

    def over(rows: list[Document]) -> list[Any]:
        nonlocal seen, chosen
        seen += len(rows)
        if chosen is first and rows and seen > SOURCE_ROWS:
            chosen = generate(rows[0])
        return chosen(rows)
    return over
