"""How many rows each node of a plan gives, as far as the statistics of the sources tell."""

from __future__ import annotations

from collections.abc import Iterator

from gatherum.optimizer.context import Context
from gatherum.optimizer.statistics import Columns, selectivity
from gatherum.plan.analysis import paths_read
from gatherum.plan.expressions import ROOT, Call, Expression, Get, Literal, MakeArray, MakeDocument, Path, Variable
from gatherum.plan.nodes import (
    Documents,
    Facet,
    Filter,
    Group,
    Limit,
    Lookup,
    Node,
    Project,
    ReplaceRoot,
    Sample,
    Scan,
    Shared,
    Skip,
    Sort,
    Union,
)
from gatherum.plan.output import paths_defined
from gatherum.plan.protocols import ColumnStatistics
from gatherum.plan.render import subplans
from gatherum.records import record


@record
class _Rows:
    """The rows of a node: how many, and what is known of their columns; `complete` while they are all that the
    columns' statistics are about."""

    count: float | None = None
    columns: Columns | None = None
    complete: bool = True


_UNKNOWN = _Rows()


def estimate(plan: Node, context: Context) -> dict[int, float]:
    """The rows estimated for each node, by its identity; a node whose rows nothing tells is not in it.

    A Scan gives all rows of its source: which of them a pushed down filter leaves out is seen when it is read.
    """
    found: dict[int, _Rows] = {}
    _estimate(plan, context, _UNKNOWN, found)
    return {node: rows.count for node, rows in found.items() if rows.count is not None}


def _estimate(plan: Node, context: Context, shared: _Rows, found: dict[int, _Rows]) -> None:
    for node in reversed(list(plan.walk())):
        inputs = [found[id(each)] for each in node.inputs()]
        found[id(node)] = _rows(node, inputs, context, shared)
        for below in _run_once(node):
            _estimate(below, context, inputs[0] if isinstance(node, Facet) else _UNKNOWN, found)


def _run_once(node: Node) -> Iterator[Node]:
    """The subplans of a node, but what a lookup runs again for each row."""
    if isinstance(node, Lookup) and (node.local is not None or node.bindings):
        start = [*node.other.walk()][-1]
        yield from [start] if isinstance(start, Scan) and not isinstance(node.other, Union) else []
    else:
        yield from (plan for _, plan in subplans(node))


def _rows(node: Node, inputs: list[_Rows], context: Context, shared: _Rows) -> _Rows:
    match node:
        case Scan():
            return _scanned(node, context)
        case Shared():
            return shared
        case Documents(expression):
            return _Rows(_length(expression))
        case Facet():
            return _Rows(1)
        case Union():
            first, second = inputs
            known = first.count is not None and second.count is not None
            return _Rows((first.count or 0) + (second.count or 0) if known else None)
    if not inputs:
        return _UNKNOWN
    below = inputs[0]
    match node:
        case Filter(_, predicate):
            return _filtered(predicate, below)
        case Group(_, key, _):
            return _Rows(_groups(key, below))
        case Sort(_, _, limit):
            return below if limit is None else _cut(below, limit)
        case Limit(_, count) | Sample(_, count):
            return _cut(below, count)
        case Skip(_, count):
            return _Rows(None if below.count is None else max(below.count - count, 0), below.columns, False)
        case Project() | Lookup():
            return _reshaped(node, below)
        case ReplaceRoot():
            return _Rows(below.count)
        case _:
            return _UNKNOWN


def _scanned(scan: Scan, context: Context) -> _Rows:
    known = context.statistics.get(scan.source)
    if known is None or known.rows is None:
        return _UNKNOWN
    every = _Rows(known.rows, Columns(known.rows, known.columns.get))
    return every if scan.limit is None else _cut(every, scan.limit)


def _length(expression: Expression) -> int | None:
    match expression:
        case Literal(list() as values):
            return len(values)
        case MakeArray(items):
            return len(items)
        case _:
            return None


def _cut(below: _Rows, count: int) -> _Rows:
    if count == 0:
        return _Rows(0)
    return _Rows(None if below.count is None else min(below.count, count), below.columns, False)


def _filtered(predicate: Expression, below: _Rows) -> _Rows:
    """The columns that the predicate does not look at keep their spread."""
    share = selectivity(predicate, below.columns or Columns(below.count or 0, lambda path: None))
    count = None if share is None or below.count is None else share * below.count
    read = paths_read(predicate)
    if below.columns is None or read is None:
        return _Rows(count)
    return _Rows(count, _without(below.columns, read), False)


def _without(columns: Columns, changed: frozenset[Path]) -> Columns:
    def at(path: Path) -> ColumnStatistics | None:
        return None if any(_overlap(path, each) for each in changed) else columns.at(path)
    return Columns(columns.rows, at)


def _overlap(a: Path, b: Path) -> bool:
    shorter = min(len(a), len(b))
    return a[:shorter] == b[:shorter]


def _groups(key: Expression, below: _Rows) -> float | None:
    """A constant key makes one group of any rows; a field as many as it has distinct values, where all are there."""
    if isinstance(key, MakeDocument) and len(key.items) == 1:
        key = key.items[0][1]
    match key:
        case Call("$ifNull", (Get() as field, Literal(None))):
            return _groups(field, below)
        case Literal():
            return None if below.count is None else min(below.count, 1)
        case Get(Variable(name), path) if name == ROOT and below.complete and below.columns is not None:
            known = below.columns.at(path)
            if known is None or known.distinct is None or known.nulls is None:
                return None
            return known.distinct + (1 if known.nulls else 0)
        case _:
            return None


def _reshaped(node: Project | Lookup, below: _Rows) -> _Rows:
    if below.columns is None:
        return _Rows(below.count)
    changed = paths_defined(node)
    columns = below.columns
    if isinstance(node, Project):
        if node.kind == "without":
            changed |= {each.path for each in node.projections}
        elif node.kind == "only":
            columns = _only(columns, [each.path for each in node.projections if each.action == "keep"])
    return _Rows(below.count, _without(columns, changed), below.complete)


def _only(columns: Columns, kept: list[Path]) -> Columns:
    def at(path: Path) -> ColumnStatistics | None:
        return columns.at(path) if any(path[:len(each)] == each for each in kept) else None
    return Columns(columns.rows, at)


