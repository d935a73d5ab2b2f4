"""Group: the values of rows are computed column by column, and taken into the states group by group."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import count
from operator import itemgetter
from typing import Any, Final

from gatherum.errors import GatherumError
from gatherum.plan.expressions import AggregateCall, Expression, MakeDocument
from gatherum.plan.nodes import Group
from gatherum.rows.batches import BATCH_ROWS, Batches, by_single_rows
from gatherum.rows.interpreter import Run, interprets
from gatherum.rows.values import values_of
from gatherum.types.canonical import canonical_hashes
from gatherum.types.order import group_key, order_key
from gatherum.types.values import MISSING, Document, Value

FOLDED_ROWS: Final = 1 << 16
SEVERAL: Final = 4
"""How many rows a group must have on the average for its values to be taken together."""
_PLAIN: Final = frozenset({str, int})
"""The types whose values are their own `group_key`."""


@interprets(Group)
def group(node: Group, run: Run) -> Batches:
    """One row for each key, in the order of the keys' canonical hashes."""
    table = _Table(node, run)
    try:
        for rows in run.batches(node.input):
            by_single_rows(table.take, rows)
    except GatherumError:
        table.fold()  # where a row before that one fails, it does here
        raise
    table.finish()
    yield from table.rows(partial(run.holds, node), by_hash=id(node) not in run.in_any_order)


class Column:
    """One aggregate of several: its function, and the values that rows give to it."""

    def __init__(self, name: str, call: AggregateCall, run: Run) -> None:
        self.name = name
        self.function = call.build()
        self.values = values_of(call.argument, run)

    def update(self, state: Any, values: Sequence[Value], first: int, places: Iterable[int]) -> None:
        """Takes values into a state, in the order of their rows, which have the ordinals `first` + `places`."""
        if self.function.ordered:
            self.function.update_ordered(state, values, [first + place for place in places])
        else:
            self.function.update_many(state, values)

    def answers(self, groups: Sequence[int], values: Sequence[Value], count: int) -> list[Value]:
        """The answers of groups of which all values are at hand; null where the function gives nothing."""
        return [None if value is MISSING else value for value in self.function.answers(groups, values, count)]

    def finalized(self, states: Iterable[Any]) -> list[Value]:
        """The answers of groups; null where the function gives nothing."""
        return [None if value is MISSING else value for value in map(self.function.finalize, states)]


class _Key:
    """The key of a Group. What rows are grouped by are stand-ins that are equal where the keys are; the fields of a
    document are taken one by one, so that the document is made once a group."""

    def __init__(self, key: Expression, run: Run) -> None:
        items = key.items if isinstance(key, MakeDocument) else ()
        self.names = [name for name, _ in items]
        if len(set(self.names)) < len(items):
            items = self.names = ()
        self.columns = [values_of(part, run) for part in ([part for _, part in items] if items else [key])]

    def compute(self, rows: list[Document]) -> tuple[list[list[Value]], Sequence[Any]]:
        """The columns of the key's parts, and the rows' stand-ins."""
        columns = [values(rows) for values in self.columns]
        if self.names:
            return columns, list(zip(*map(_stand_ins, columns), strict=True))
        column, = columns
        if _PLAIN.issuperset(map(type, column)):
            return columns, column
        column = [None if value is MISSING else value for value in column]
        return [column], list(map(group_key, column))

    def at(self, columns: list[list[Value]], places: list[int]) -> list[Value]:
        """The keys of some rows."""
        if not self.names:
            return [columns[0][place] for place in places]
        parts = list(zip(self.names, columns, strict=True))
        return [{name: column[place] for name, column in parts if column[place] is not MISSING} for place in places]


def _stand_ins(column: list[Value]) -> list[Any]:
    return column if _PLAIN.issuperset(map(type, column)) else list(map(group_key, column))


class _Table:
    """The groups, in the order of their first rows. Values wait, so that a group takes many of them at once."""

    def __init__(self, node: Group, run: Run) -> None:
        self.key = _Key(node.key, run)
        self.columns = [Column(name, call, run) for name, call in node.aggregates]
        self.numbers: defaultdict[Any, int] = defaultdict(count().__next__)
        self.keys: list[Value] = []
        self.states: list[list[Any]] = [[] for _ in self.columns]
        self.answers: list[list[Value]] = []
        self.folded = 0
        self._stand_ins: list[Any] = []
        self._key_columns: list[list[Value]] = [[] for _ in self.key.columns]
        self._waiting: list[list[Value]] = [[] for _ in self.columns]

    def take(self, rows: list[Document]) -> None:
        """Computes the keys and values of rows."""
        key_columns, stand_ins = self.key.compute(rows)
        values = [column.values(rows) for column in self.columns]
        self._stand_ins += stand_ins
        for waiting, found in zip([*self._key_columns, *self._waiting], [*key_columns, *values], strict=True):
            waiting += found
        if len(self._stand_ins) >= FOLDED_ROWS:
            self.fold()

    def fold(self) -> None:
        """Takes the waiting values into the states."""
        self._fold(self._number_groups())

    def _fold(self, numbers: list[int]) -> None:
        for column, states in zip(self.columns, self.states, strict=True):
            init = column.function.init
            states += [init() for _ in range(len(self.keys) - len(states))]
        fold = self._fold_by_column if self._few_in_a_group() else self._fold_by_group
        try:
            fold(numbers)
        except GatherumError:
            self._fold_by_row(numbers)                  # raises the error of the first row that has one
            raise
        self.folded += len(numbers)
        for waiting in (self._stand_ins, *self._key_columns, *self._waiting):
            waiting.clear()

    def finish(self) -> None:
        """Takes what waits at the end. Groups that need no states, as all their values wait, go to their answers."""
        numbers = self._number_groups()
        if not self.folded and self._few_in_a_group():
            try:
                self.answers = [column.answers(numbers, values, len(self.keys))
                                for column, values in zip(self.columns, self._waiting, strict=True)]
                return
            except GatherumError:
                self.answers = []                       # the states raise the error of the first row that has one
        self._fold(numbers)

    def _number_groups(self) -> list[int]:
        """The number of the group of each waiting row; makes the groups that are not there."""
        numbers = list(map(self.numbers.__getitem__, self._stand_ins))
        firsts, place = [], -1
        for number in range(len(self.keys), len(self.numbers)):
            place = numbers.index(number, place + 1)
            firsts.append(place)
        self.keys += self.key.at(self._key_columns, firsts)
        return numbers

    def _few_in_a_group(self) -> bool:
        return len(self._stand_ins) < SEVERAL * len(self.numbers)

    def _fold_by_row(self, numbers: list[int]) -> None:
        """Takes row after row."""
        updates = [(column.function.update, states, values)
                   for column, states, values in zip(self.columns, self.states, self._waiting, strict=True)]
        for place, number in enumerate(numbers):
            for update, states, values in updates:
                update(states[number], values[place], self.folded + place)

    def _fold_by_column(self, numbers: list[int]) -> None:
        """Takes the values of one column after the other, each into the state of its row's group."""
        for column, states, values in zip(self.columns, self.states, self._waiting, strict=True):
            column.function.update_each(map(states.__getitem__, numbers), values, self.folded)

    def _fold_by_group(self, numbers: list[int]) -> None:
        """Takes the values of one group after the other, many at once."""
        places_of: dict[int, list[int]] = defaultdict(list)
        for place, number in enumerate(numbers):
            places_of[number].append(place)
        for number, places in places_of.items():
            pick = itemgetter(*places) if len(places) > 1 else itemgetter(slice(places[0], places[0] + 1))
            for column, states, values in zip(self.columns, self.states, self._waiting, strict=True):
                column.update(states[number], pick(values), self.folded, places)

    def rows(self, holds: Callable[..., None], *, by_hash: bool) -> Batches:
        """The finished documents, in `hash_order` or as the groups came; `holds` is told what is in memory."""
        columns: list[list[Any]] = [self.keys, *(self.answers or self.states)]
        if by_hash:
            order = hash_order(self.keys)
            columns = [[column[number] for number in order] for column in columns]
        holds(self.numbers, *columns)
        for start in range(0, len(self.keys), BATCH_ROWS):
            keys, *found = [column[start:start + BATCH_ROWS] for column in columns]
            rows: list[Document] = [{"_id": key} for key in keys]
            for column, values in zip(self.columns, found, strict=True):
                for row, value in zip(rows, values if self.answers else column.finalized(values), strict=True):
                    row[column.name] = value
            yield rows


def hash_order(keys: Sequence[Value]) -> list[int]:
    """The places of the keys of groups by canonical hash, and by value where hashes are equal."""
    hashes = canonical_hashes(keys)
    order = sorted(range(len(keys)), key=hashes.__getitem__)
    if len(set(hashes)) < len(hashes):
        order.sort(key=lambda number: (hashes[number], order_key(keys[number])))
    return order
