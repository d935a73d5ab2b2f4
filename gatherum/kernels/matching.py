"""Query predicates over columns: along paths and into arrays, as `rows/matching.py` says, for whole columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from gatherum.functions.registry import predicates
from gatherum.kernels.buffers import valid_mask
from gatherum.kernels.by_type import parted
from gatherum.kernels.columns.column import Column, missing_column
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.columns.variant import parts
from gatherum.kernels.distinct import encoded, words_and_codes
from gatherum.kernels.forms import Constant, predicate_forms
from gatherum.kernels.kinds import is_list
from gatherum.kernels.lists import lists_of
from gatherum.kernels.paths import child, documents_among
from gatherum.kernels.selection import Selection
from gatherum.plan.expressions import ROOT, AnyElement, Matches, Path, Variable
from gatherum.types.values import MISSING, BsonType, Value

if TYPE_CHECKING:
    from gatherum.kernels.evaluate import ColumnExpression

Reached = list[tuple[Column, np.ndarray | None]]
"""Values that a path reaches, with the row that each belongs to (None: one value a row)."""


class ColumnMatcher:
    """A query predicate on the values at a path."""

    __slots__ = ("argument", "each", "expression", "name", "negated", "of_root", "path", "test")

    def __init__(self, expression: ColumnExpression) -> None:
        matches = expression.expression
        assert isinstance(matches, Matches)
        predicate = predicates()[matches.predicate]
        self.negated = bool(predicate.negates)
        predicate = predicates()[predicate.negates] if predicate.negates else predicate
        self.expression = expression
        self.name, self.argument = predicate.name, matches.argument.value
        self.test = predicate.prepare(self.argument)
        self.of_root = matches.of == Variable(ROOT)
        self.path = matches.path
        self.each = predicate.reach == "each" and (self.of_root or bool(self.path))

    def mask(self, rows: Selection) -> np.ndarray | None:
        """Where the predicate holds; None where only the meaning can tell."""
        reached = _start(self.expression, self.of_root, self.path, rows)
        if reached is None:
            return None
        found = np.zeros(rows.rows, np.bool_)
        for column, owners in reached:
            mask = self._any_of(column) if self.each else self._values(column)
            if owners is None:
                found |= mask
            else:
                found[owners[mask]] = True
        return ~found if self.negated else found

    def _any_of(self, column: Column) -> np.ndarray:
        """Where the test holds for the value or, if that is an array, for one of its items."""
        if not is_list(column.array.type):
            return self._values(column, into_arrays=True)
        lists = lists_of(column)
        found = self._values(column).copy()
        owners = lists.owners
        found[owners[self._values(lists.items)]] = True
        return found

    def _values(self, column: Column, into_arrays: bool = False) -> np.ndarray:
        """Where the test holds for the value as it is; with `into_arrays` also for an item of a variant's array."""
        if column.is_variant:
            return self._variant(column, into_arrays)
        nullish = MISSING if column.missing else None
        if pa.types.is_null(column.array.type):
            return np.full(len(column), self.test(nullish), np.bool_)
        if isinstance(column.array.type, pa.DictionaryType):
            return self._coded(column)
        form = predicate_forms().get(self.name)
        mask = None if form is None else form.apply(column, self.argument)
        if mask is None:
            return self._by_meaning(column)
        valid = valid_mask(column.array)
        if valid is None:
            return mask
        return mask | ~valid if self.test(nullish) else mask & valid

    def _coded(self, column: Column) -> np.ndarray:
        coded = words_and_codes(column)
        if coded is None or len(coded[0]) > len(column):
            return self._values(Column(column.array.dictionary_decode(), column.missing))
        words, codes = coded
        form = predicate_forms().get(self.name)
        mask = None if form is None else form.apply(words, self.argument)
        if mask is None:
            return self._tested(words).take(codes)
        if words.nullish:
            mask = mask.copy()
            mask[-1] = self.test(MISSING if words.missing else None)
        return mask.take(codes)

    def _variant(self, column: Column, into_arrays: bool) -> np.ndarray:
        found = np.empty(len(column), np.bool_)
        for at, part in parted(column):
            if not part.is_variant:
                found[at] = self._values(part)
            elif into_arrays:
                self._note(part)
                found[at] = [_holds(self.test, value) for value in values_of(part)]
            else:
                found[at] = self._by_meaning(part)
        return found

    def _by_meaning(self, column: Column) -> np.ndarray:
        coded = encoded(column)
        if coded is not None:
            return self._coded(coded)
        self._note(column)
        return self._tested(column)

    def _tested(self, column: Column) -> np.ndarray:
        return np.fromiter(map(self.test, values_of(column)), np.bool_, len(column))

    def _note(self, column: Column) -> None:
        self.expression.evaluation.fill(f"the predicate {self.name}", len(column))


def _holds(test: object, value: Value) -> bool:
    assert callable(test)
    return bool(test(value) or (type(value) is list and any(test(item) for item in value)))


def any_element_mask(expression: ColumnExpression, rows: Selection) -> np.ndarray | None:
    """Where the value at a path is an array with an element for which a body is true ($elemMatch)."""
    any_element = expression.expression
    assert isinstance(any_element, AnyElement)
    reached = _start(expression, any_element.of == Variable(ROOT), any_element.path, rows)
    if reached is None or any(not _arrays_are_lists(column) for column, _ in reached):
        return None
    found = np.zeros(rows.rows, np.bool_)
    body = expression.part(1).part(0)
    for column, owners in reached:
        if is_list(column.array.type):
            lists = lists_of(column)
            at = lists.owners if owners is None else owners[lists.owners]
            elements = rows.select(at).bind({any_element.test.parameters[0]: lists.items})
            found[at[body.test(elements)]] = True
    return found


def _arrays_are_lists(column: Column) -> bool:
    return not (column.is_variant and (parts(column)[0] == BsonType.ARRAY).any())


def _start(expression: ColumnExpression, of_root: bool, path: Path, rows: Selection) -> Reached | None:
    """The values that the path reaches from the rows' documents, or from what the expression's first part gives."""
    if of_root:
        return None if not path else _reach(rows.column(path[0]), path[1:])
    of = expression.part(0).evaluate(rows)
    if isinstance(of, Constant):
        of = of.column(rows.rows)
    if path and (is_list(of.array.type) or not _arrays_are_lists(of)):
        return None
    return _reach(of, path)


def _reach(column: Column, path: Path) -> Reached | None:
    """The values at `path` below a column's values; None where only the meaning can tell."""
    if not path:
        return [(column, None)]
    kind = column.array.type
    if column.is_variant:
        types = parts(column)[0]
        nested = (types == BsonType.OBJECT) | (types == BsonType.ARRAY)
        return None if nested.any() else [(missing_column(len(column)), None)]
    if pa.types.is_struct(kind):
        return _reach(child(column, path[0]), path[1:])
    if is_list(kind):
        return None if any(name.isdecimal() for name in path) else _reach_inside(column, path)
    return None if pa.types.is_nested(kind) else [(missing_column(len(column)), None)]


def _reach_inside(column: Column, path: Path) -> Reached | None:
    """The values below the documents among the items; rows without an array have none at all."""
    lists = lists_of(column)
    documents = documents_among(lists.items)
    owners = lists.owners[documents]
    below = _reach(lists.items.filter(pa.array(documents)), path)
    if below is None:
        return None
    found: Reached = [(values, owners if within is None else owners[within]) for values, within in below]
    return found + list(_without_array(lists.valid))


def _without_array(valid: np.ndarray | None) -> Iterator[tuple[Column, np.ndarray]]:
    if valid is not None:
        rows = np.flatnonzero(~valid)
        yield missing_column(len(rows)), rows
