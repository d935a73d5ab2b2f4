"""Group: a dictionary from keys to states, updated column by column."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from gatherum.functions.operator import Frame
from gatherum.plan.expressions import ROOT, AggregateCall, Expression, Get, Literal, Variable
from gatherum.plan.nodes import Group
from gatherum.rows.interpreter import BATCH_ROWS, Run, interprets
from gatherum.types.canonical import hash_of_key
from gatherum.types.order import OrderKey, group_key, order_key
from gatherum.types.values import MISSING, Document, Value

Batches = Iterator[list[Document]]


@interprets(Group)
def group(node: Group, run: Run) -> Batches:
    """One row for each key, in the order of the keys' canonical hashes."""
    keys = values_of(node.key, run)
    columns = [Column(name, call, run) for name, call in node.aggregates]
    frame = run.frame()
    table = _Table(columns)
    ordinal = 0
    for batch in run.batches(node.input):
        numbers = table.numbers(keys(batch, frame))
        for column in columns:
            column.update(numbers, batch, frame, ordinal)
        ordinal += len(batch)
    rows = table.rows()
    for start in range(0, len(rows), BATCH_ROWS):
        yield rows[start:start + BATCH_ROWS]


def values_of(expression: Expression, run: Run) -> Callable[[list[Document], Frame], list[Value]]:
    """A function of (rows, frame) that gives the expression's value for each row."""
    match expression:
        case Get(Variable(name), (single,)) if name == ROOT:
            return lambda rows, frame: [row.get(single, MISSING) for row in rows]
        case Literal(value):
            return lambda rows, frame: [value] * len(rows)
        case _:
            evaluate = run.expression(expression)
            return lambda rows, frame: [evaluate(row, frame) for row in rows]


class Column:
    """One aggregate of a Group, with a state for each group."""

    def __init__(self, name: str, call: AggregateCall, run: Run) -> None:
        self.name = name
        self.function = call.build()
        self.states: list[Any] = []
        self._values = values_of(call.argument, run)

    def add_groups(self, count: int) -> None:
        """Makes the states of so many new groups."""
        init = self.function.init
        self.states.extend([init() for _ in range(count)])

    def update(self, numbers: Sequence[int], rows: list[Document], frame: Frame, ordinal: int) -> None:
        """Takes rows into the states of the groups whose numbers stand beside them; `ordinal` is the first row's."""
        update: Callable[..., None] = self.function.update
        states = self.states
        values = self._values(rows, frame)
        if self.function.ordered:
            skips = self.function.skips_nulls
            for position, (number, value) in enumerate(zip(numbers, values, strict=True), ordinal):
                if not (skips and (value is None or value is MISSING)):
                    update(states[number], value, position)
        elif self.function.skips_nulls:
            for number, value in zip(numbers, values, strict=True):
                if value is not None and value is not MISSING:
                    update(states[number], value)
        else:
            for number, value in zip(numbers, values, strict=True):
                update(states[number], value)

    def finalize(self, number: int) -> Value:
        """The answer of one group; null where the function gives nothing."""
        value = self.function.finalize(self.states[number])
        return None if value is MISSING else value


class _Table:
    """The groups in the order of their first rows."""

    def __init__(self, columns: list[Column]) -> None:
        self.columns = columns
        self.known: dict[Any, int] = {}
        self.keys: list[Value] = []

    def numbers(self, keys: list[Value]) -> list[int]:
        """The group number of each key; new keys get the next ones."""
        known = self.known
        before = len(self.keys)
        numbers = []
        for key in keys:
            cls = type(key)
            number = known.get(key if cls is str or cls is int else self._stand_in(key))
            numbers.append(self._add(key) if number is None else number)
        added = len(self.keys) - before
        if added:
            for column in self.columns:
                column.add_groups(added)
        return numbers

    def _stand_in(self, key: Value) -> Any:
        return group_key(None if key is MISSING else key)

    def _add(self, key: Value) -> int:
        number = len(self.keys)
        self.known[self._stand_in(key)] = number
        self.keys.append(None if key is MISSING else key)
        return number

    def rows(self) -> list[Document]:
        """The finished documents, by hash and then by order of their keys."""
        ranked: list[tuple[int, OrderKey, int]] = []
        for number, key in enumerate(self.keys):
            order = order_key(key)
            ranked.append((hash_of_key(order), order, number))
        ranked.sort()
        rows = []
        for _, _, number in ranked:
            row = {"_id": self.keys[number]}
            for column in self.columns:
                row[column.name] = column.finalize(number)
            rows.append(row)
        return rows
