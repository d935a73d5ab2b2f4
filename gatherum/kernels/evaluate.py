"""Expressions over batches: by kernels where the types of this batch have them, by the meaning elsewhere.

The choice is made for each expression and each batch. What was filled by the meaning, and why, is counted for explain;
an evaluation that is `strict` raises `NoKernelError` instead.

Columns are computed one after the other, not row after row, so the first error met need not be that of the first row.
Any error therefore makes the meaning evaluate the whole expression over the batch again: it raises the right one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa

from gatherum.errors import OperatorError, QueryError, ResourceError
from gatherum.functions.operator import Operator
from gatherum.functions.registry import operators
from gatherum.kernels.assemble import join
from gatherum.kernels.buffers import array_of
from gatherum.kernels.by_meaning import Meaning
from gatherum.kernels.by_words import ByWords, by_words
from gatherum.kernels.columns.batch import Batch
from gatherum.kernels.columns.column import Column, invalid_metadata
from gatherum.kernels.expression_parts import field_name, parts_of
from gatherum.kernels.forms import Constant, Operand, lazy_forms
from gatherum.kernels.lists import list_array, null_where_missing
from gatherum.kernels.matching import ColumnMatcher, any_element_mask
from gatherum.kernels.paths import column_at
from gatherum.kernels.selection import Selection
from gatherum.kernels.strict import apply_strict
from gatherum.kernels.truth import truth_mask
from gatherum.plan.expressions import (
    ROOT,
    And,
    AnyElement,
    Call,
    Expression,
    Get,
    Literal,
    MakeArray,
    MakeDocument,
    Matches,
    Not,
    Or,
    Variable,
)
from gatherum.plan.render import expression_text
from gatherum.rows.expressions import get_path
from gatherum.types.values import MISSING, Value

SHOWN: Final = 80
"""So many letters are shown of what has no kernel."""


class NoKernelError(QueryError):
    """The columnar engine was asked for by name, and an expression has no kernel for the types at hand."""


@dataclass(slots=True)
class Evaluation:
    """What the expressions of one operator share: the query's variables, whether the meaning may fill columns,
    whether kernels may be called, and how many rows the meaning filled, by reason."""

    variables: Mapping[str, Value] = field(default_factory=dict)
    strict: bool = False
    compiled: Callable[[], bool] = lambda: False
    filled: Counter[str] = field(default_factory=Counter)

    def compile(self, expression: Expression) -> ColumnExpression:
        """The expression, ready to evaluate over batches."""
        return ColumnExpression(expression, self)

    def fill(self, what: str, rows: int) -> None:
        """Notes that the meaning fills a column; NoKernelError where that is not allowed."""
        if not rows:
            return
        if self.strict:
            raise NoKernelError(f"engine='columnar': {what} has no kernel for the types of this batch; use "
                                "engine='auto', which takes the meaning in Python there")
        self.filled[what] += rows


class ColumnExpression:
    """An expression that gives a column for a batch."""

    __slots__ = ("_by_words", "_evaluate", "_field", "_mask", "_meaning", "_operator", "evaluation", "expression",
                 "parts")

    def __init__(self, expression: Expression, evaluation: Evaluation) -> None:
        self.expression = expression
        self.evaluation = evaluation
        self.parts: list[ColumnExpression | None] = [
            None if part is None else ColumnExpression(part, evaluation) for part in parts_of(expression)]
        self._operator: Operator | None = operators()[expression.function] if isinstance(expression, Call) else None
        self._meaning: Meaning | None = None
        self._field = field_name(expression)
        self._evaluate: Callable[[Selection], Operand] = self._evaluator()
        self._mask: Callable[[Selection], np.ndarray] | None = self._tester()
        self._by_words: ByWords | None = by_words(expression, self._evaluate)

    def column(self, batch: Batch) -> Column:
        """The values as a column."""
        if self._field is not None:
            return batch.column(self._field)
        rows = Selection(batch)
        try:
            with np.errstate(all="ignore"):
                return self.values(rows)
        except (OperatorError, ResourceError):
            return self._with_first_error(rows)

    def mask(self, batch: Batch) -> np.ndarray:
        """Where the value is true: not false, zero, null or missing."""
        rows = Selection(batch)
        try:
            with np.errstate(all="ignore"):
                return self.test(rows)
        except (OperatorError, ResourceError):
            return truth_mask(self._with_first_error(rows), batch.rows)

    def evaluate(self, rows: Selection) -> Operand:
        """The values over some rows, as a column or a constant."""
        found = None if self._by_words is None else self._by_words.of(rows)
        return self._evaluate(rows) if found is None else found

    def values(self, rows: Selection) -> Column:
        """The values over some rows, as a column."""
        return _as_column(self.evaluate(rows), rows.rows)

    def test(self, rows: Selection) -> np.ndarray:
        """Where over some rows the value is true."""
        return truth_mask(self.evaluate(rows), rows.rows) if self._mask is None else self._mask(rows)

    @property
    def word_field(self) -> str | None:
        """The field that the value is, or depends on alone: where that is coded, `of_words` gives the values."""
        return self._field if self._by_words is None else self._by_words.field

    def of_words(self, words: Column) -> Operand:
        """The values over the words of `word_field`; an error where one, which need not occur, raises it."""
        return words if self._by_words is None else self._by_words.of_words(words)

    def part(self, index: int) -> ColumnExpression:
        """A part that is there."""
        part = self.parts[index]
        assert part is not None
        return part

    def by_meaning(self, rows: Selection) -> Column:
        """The whole expression's meaning, over documents of the fields that it reads."""
        what = expression_text(self.expression)[:SHOWN] if self._operator is None else self._operator.name
        self.evaluation.fill(what, rows.rows)
        return self._by_rows(rows)

    def _by_rows(self, rows: Selection) -> Column:
        if self._meaning is None:
            self._meaning = Meaning(self.expression, self.evaluation.variables)
        return self._meaning.column(rows)

    def _with_first_error(self, rows: Selection) -> Column:
        """The error of the first row that has one; or the values, where columns raised what rows do not."""
        found = self._by_rows(rows)
        self.evaluation.filled["values that raise where they are not used"] += rows.rows
        return found

    def _evaluator(self) -> Callable[[Selection], Operand]:
        match self.expression:
            case Literal(value):
                constant = Constant(value)
                return lambda rows: constant
            case Variable(name):
                return lambda rows: self._variable(name, rows)
            case Get(Variable(name), (single,)) if name == ROOT:
                return lambda rows: rows.column(single)
            case Get(Variable(name), (first, *rest)) if name == ROOT:
                return lambda rows: column_at(rows.column(first), tuple(rest), self.evaluation)
            case Get():
                return self._get
            case MakeDocument():
                return self._document
            case MakeArray():
                return self._array
            case And() | Or() | Not() | Matches() | AnyElement():
                return lambda rows: Column(array_of(self.test(rows)))
            case Call(function, _):
                lazy = lazy_forms().get(function)
                if lazy is not None:
                    return lambda rows: self._lazy(lazy.apply, rows)
                return self._strict if operators()[function].strict else self.by_meaning
        return self.by_meaning

    def _tester(self) -> Callable[[Selection], np.ndarray] | None:
        match self.expression:
            case And(_):
                return self._all
            case Or(_):
                return self._any
            case Not(_):
                return lambda rows: ~self.part(0).test(rows)
            case Matches():
                matcher = ColumnMatcher(self)
                return lambda rows: self._or_meaning(matcher.mask(rows), rows)
            case AnyElement():
                return lambda rows: self._or_meaning(any_element_mask(self, rows), rows)
        return None

    def _or_meaning(self, found: np.ndarray | None, rows: Selection) -> np.ndarray:
        return truth_mask(self.by_meaning(rows), rows.rows) if found is None else found

    def _variable(self, name: str, rows: Selection) -> Operand:
        bound = rows.variable(name)
        if bound is not None:
            return bound
        if name in self.evaluation.variables:
            return Constant(self.evaluation.variables[name])
        root = rows.root() if name == ROOT else None
        return self.by_meaning(rows) if root is None else root

    def _get(self, rows: Selection) -> Operand:
        assert isinstance(self.expression, Get)
        of = self.part(0).evaluate(rows)
        if isinstance(of, Constant):
            return Constant(get_path(of.value, self.expression.path))
        return column_at(of, self.expression.path, self.evaluation)

    def _document(self, rows: Selection) -> Operand:
        assert isinstance(self.expression, MakeDocument)
        names = [name for name, _ in self.expression.items]
        if not names or len(set(names)) != len(names):
            return self.by_meaning(rows) if names else Constant({})
        found = [self.part(i).evaluate(rows) for i in range(len(names))]
        if all(isinstance(operand, Constant) for operand in found):
            return Constant({name: operand.value for name, operand in zip(names, found, strict=True)
                             if isinstance(operand, Constant) and operand.value is not MISSING})
        columns = [_as_column(operand, rows.rows) for operand in found]
        fields = [pa.field(name, column.array.type, metadata=invalid_metadata(column.missing))
                  for name, column in zip(names, columns, strict=True)]
        return Column(pa.StructArray.from_arrays([column.array for column in columns], fields=fields))

    def _array(self, rows: Selection) -> Operand:
        found = [self.part(i).evaluate(rows) for i in range(len(self.parts))]
        if all(isinstance(operand, Constant) for operand in found):
            return Constant([None if operand.value is MISSING else operand.value for operand in found
                             if isinstance(operand, Constant)])
        columns = [null_where_missing(_as_column(operand, rows.rows)) for operand in found]
        width, count = len(columns), rows.rows
        order = np.arange(width * count).reshape(width, count).T.ravel()
        items = join(columns).take(order)
        return Column(list_array(np.arange(0, width * count + 1, width), items, None))

    def _all(self, rows: Selection) -> np.ndarray:
        """Later parts see only the rows that are still true, as in a short-cut evaluation."""
        mask = np.ones(rows.rows, np.bool_)
        for part in self.parts:
            assert part is not None
            mask = _narrowed(part, rows, mask, mask)
        return mask

    def _any(self, rows: Selection) -> np.ndarray:
        """Later parts see only the rows that are not yet true."""
        mask = np.zeros(rows.rows, np.bool_)
        for part in self.parts:
            assert part is not None
            mask = _narrowed(part, rows, mask, ~mask)
        return mask

    def _lazy(self, apply: Callable[..., Operand | None], rows: Selection) -> Operand:
        found = apply(self.parts, rows)
        return self.by_meaning(rows) if found is None else found

    def _strict(self, rows: Selection) -> Operand:
        assert self._operator is not None
        arguments = [None if part is None else part.evaluate(rows) for part in self.parts]
        while arguments and arguments[-1] is None:
            arguments.pop()
        if all(isinstance(a, Constant) for a in arguments) and self._operator.deterministic:
            return Constant(self._operator.meaning(*[a.value for a in arguments if isinstance(a, Constant)]))
        return apply_strict(self._operator, arguments, rows.rows, self.evaluation)


def _as_column(operand: Operand, rows: int) -> Column:
    return operand.column(rows) if isinstance(operand, Constant) else operand


def _narrowed(part: ColumnExpression, rows: Selection, mask: np.ndarray, open_rows: np.ndarray) -> np.ndarray:
    """The mask with the open rows decided by a part, which sees no others."""
    if open_rows.all():
        return part.test(rows)
    at = np.flatnonzero(open_rows)
    if not len(at):
        return mask
    changed = mask.copy()
    changed[at] = part.test(rows.select(at))
    return changed
