"""Lookup: the rows of another plan, as an array in each row.

The other plan is a chain of nodes above the one that it starts from. What of the chain does not use the bindings is
evaluated once; what does is evaluated for each row. Where rows are matched by equality too, the rows that the chain
starts from are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, replace
from typing import Any

from gatherum.plan.expressions import AggregateCall, Expression, Path, Variable
from gatherum.plan.nodes import Lookup, Node, Projection, Shared
from gatherum.rows.batches import Batches, row_wise
from gatherum.rows.interpreter import Run, interpret, interprets
from gatherum.rows.matching import values_at
from gatherum.rows.nodes.paths import with_value
from gatherum.types.order import group_key
from gatherum.types.values import MISSING, Document, Value

Partners = Callable[[Document], list[Document]]
_TREES = (Node, Expression, AggregateCall, Projection)


@interprets(Lookup)
def lookup(node: Lookup, run: Run) -> Batches:
    """Gives each row the array of its partners."""
    partners: Partners | None = None

    def joined(rows: list[Document]) -> list[Document]:
        nonlocal partners
        partners = partners or _partners(node, run)
        return [with_value(row, node.into, partners(row)) for row in rows]
    return row_wise(joined, run.batches(node.input))


def _partners(node: Lookup, run: Run) -> Partners:
    names = frozenset(name for name, _ in node.bindings)
    chain = _chain(node.other)
    depth = _independent(chain, names) if node.local is None else 1
    start, rest = chain[depth - 1], _above(chain[depth:])
    bind = _binder(node, run)
    once = None if _uses_any(start, names) else _held_finder(node, run, _rows(start, _within(run, {}, [])))
    if isinstance(rest, Shared) and once is not None and not names:
        return once

    def partners(row: Document) -> list[Document]:
        values = bind(row)
        find = once or _finder(node, _rows(start, _within(run, values, [])))
        return _rows(rest, _within(run, values, find(row)))
    return partners


def _binder(node: Lookup, run: Run) -> Callable[[Document], dict[str, Value]]:
    bindings = [(name, run.expression(expression)) for name, expression in node.bindings]
    frame = run.frame()
    return lambda row: {name: evaluate(row, frame) for name, evaluate in bindings}


def _within(run: Run, values: dict[str, Value], shared: list[Document]) -> Run:
    """The run of a subplan that has more variables, and whose `Shared` node reads `shared`."""
    return Run(run.open, {**run.variables, **values}, [shared], run.watch)


def _finder(node: Lookup, rows: list[Document]) -> Partners:
    if node.local is None or node.foreign is None:
        return lambda row: rows.copy()
    return _matching(node.local, node.foreign, rows)


def _held_finder(node: Lookup, run: Run, rows: list[Document]) -> Partners:
    run.holds(node, rows)
    return _finder(node, rows)


def _rows(plan: Node, run: Run) -> list[Document]:
    return [row for batch in interpret(plan, run) for row in batch]


def _chain(plan: Node) -> list[Node]:
    """A node and those below it that it reads first, from the one that the chain starts from upwards."""
    chain = [plan]
    while (below := next(chain[-1].inputs(), None)) is not None:
        chain.append(below)
    return chain[::-1]


def _independent(chain: list[Node], names: frozenset[str]) -> int:
    """How many nodes from the start of a chain use none of the variables; at least 1."""
    below: Node | None = None
    for depth, node in enumerate(chain):
        if any(_uses_any(part, names) for part in _parts(node) if part is not below):
            return max(depth, 1)
        below = node
    return len(chain)


def _above(chain: list[Node]) -> Node:
    """The nodes of a chain over a `Shared`."""
    plan: Node = Shared()
    for node in chain:
        first = next(node.inputs())
        name = next(part.name for part in fields(node) if getattr(node, part.name) is first)
        plan = replace(node, **{name: plan})
    return plan


def _parts(value: Any) -> Iterable[Any]:
    """What a node or an expression consists of."""
    if isinstance(value, tuple):
        return value
    return [getattr(value, part.name) for part in fields(value)] if isinstance(value, _TREES) else ()


def _uses_any(value: Any, names: frozenset[str]) -> bool:
    """Whether one of the variables stands somewhere in a plan, its subplans included."""
    left = [value]
    while left and names:
        part = left.pop()
        if isinstance(part, Variable) and part.name in names:
            return True
        left.extend(_parts(part))
    return False


def _matching(local: Path, foreign: Path, rows: list[Document]) -> Partners:
    """Partners by equality, found through an index of the other rows by each value that `foreign` reaches."""
    index: dict[Any, list[int]] = {}
    for number, row in enumerate(rows):
        for key in {key for value in values_at(row, foreign) for key in _keys(value)}:
            index.setdefault(key, []).append(number)

    def partners(row: Document) -> list[Document]:
        keys = {_key(value) for value in _local_values(row, local)} or {_key(None)}
        if len(keys) == 1:
            return [rows[number] for number in index.get(keys.pop(), ())]
        return [rows[number] for number in sorted({number for key in keys for number in index.get(key, ())})]
    return partners


def _keys(value: Value) -> Iterator[Any]:
    """The keys under which a value is found: its own and, of an array, its elements'."""
    yield _key(value)
    if type(value) is list:
        for item in value:
            yield _key(item)


def _key(value: Value) -> Any:
    return group_key(None if value is MISSING else value)


def _local_values(value: Value, path: Path, start: int = 0) -> Iterator[Value]:
    """The values that a row looks for: below the documents of arrays met on the way, and of an array at the end the
    elements. A number picks an element of an array."""
    while start < len(path) and type(value) is list and path[start].isdecimal():
        position = int(path[start])
        value = value[position] if position < len(value) else MISSING
        start += 1
    if type(value) is list:
        for item in value:
            if start == len(path):
                yield item
            elif type(item) is dict:
                yield from _local_values(item, path, start)
    elif start == len(path):
        if value is not MISSING:
            yield value
    elif type(value) is dict:
        yield from _local_values(value.get(path[start], MISSING), path, start + 1)
