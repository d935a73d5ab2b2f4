"""Expressions over batches: by kernels where the types of this batch have them, by the meaning elsewhere.

The choice is made for each expression and each batch. What was filled by the meaning, and why, is counted for explain;
an evaluation that is `strict` raises `NoKernelError` instead.
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from gatherum.errors import QueryError
from gatherum.functions.registry import operators
from gatherum.kernels.columns.batch import Batch
from gatherum.kernels.columns.build import column_of
from gatherum.kernels.columns.column import Column, invalid_metadata
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.forms import Constant, Operand, forms, lazy_forms, predicate_forms
from gatherum.kernels.paths import column_at, reads_no_array
from gatherum.kernels.truth import truth_mask
from gatherum.plan.analysis import paths_read
from gatherum.plan.expressions import (
    ROOT,
    And,
    Call,
    Expression,
    Get,
    Literal,
    MakeDocument,
    Matches,
    Not,
    Or,
    Variable,
)
from gatherum.rows.expressions import compile_expression
from gatherum.rows.scope import Scope
from gatherum.types.values import Value


class NoKernelError(QueryError):
    """The columnar engine was asked for by name, and an expression has no kernel for the types at hand."""


@dataclass(slots=True)
class Evaluation:
    """What the expressions of one operator share: the query's variables, whether the meaning may fill columns, and
    how many rows it filled, by reason."""

    variables: Mapping[str, Value] = field(default_factory=dict)
    strict: bool = False
    filled: Counter[str] = field(default_factory=Counter)

    def compile(self, expression: Expression) -> ColumnExpression:
        """The expression, ready to evaluate over batches."""
        return ColumnExpression(expression, self)

    def fill(self, what: str, rows: int) -> None:
        """Notes that the meaning fills a column; NoKernelError where that is not allowed."""
        if self.strict:
            raise NoKernelError(f"engine='columnar': {what} has no kernel for the types of this batch; use "
                                "engine='auto', which takes the meaning in Python there")
        self.filled[what] += rows


class ColumnExpression:
    """An expression that gives a column for a batch."""

    __slots__ = ("_closure", "_names", "_scope", "evaluation", "expression", "parts")

    def __init__(self, expression: Expression, evaluation: Evaluation) -> None:
        self.expression = expression
        self.evaluation = evaluation
        self.parts: list[ColumnExpression | None] = [
            None if part is None else ColumnExpression(part, evaluation) for part in _parts(expression)]
        self._closure: Any = None
        self._scope: Scope | None = None
        self._names: tuple[str, ...] | None = None

    def column(self, batch: Batch) -> Column:
        """The values as a column."""
        found = self.evaluate(batch)
        return found.column(batch.rows) if isinstance(found, Constant) else found

    def mask(self, batch: Batch) -> np.ndarray:
        """Where the value is true: not false, zero, null or missing."""
        match self.expression:
            case And(_):
                return self._all(batch)
            case Or(_):
                return self._any(batch)
            case Not(_):
                return ~self._part(0).mask(batch)
            case Matches():
                found = self._matches(batch)
                if found is not None:
                    return found
        found = self.evaluate(batch)
        return truth_mask(found, batch.rows)

    def evaluate(self, batch: Batch) -> Operand:
        """The values, as a column or a constant."""
        match self.expression:
            case Literal(value):
                return Constant(value)
            case Variable(name) if name in self.evaluation.variables:
                return Constant(self.evaluation.variables[name])
            case Get(Variable(name), path) if name == ROOT:
                return column_at(batch.column(path[0]), path[1:], self.evaluation)
            case Get(_, path):
                return column_at(self._part(0).column(batch), path, self.evaluation)
            case MakeDocument(items):
                return self._document(batch, tuple(name for name, _ in items))
            case And() | Or() | Not():
                return Column(pa.array(self.mask(batch)))
            case Matches():
                found = self._matches(batch)
                if found is not None:
                    return Column(pa.array(found))
            case Call(function, _):
                return self._call(function, batch)
        return self.by_meaning(batch)

    def _part(self, index: int) -> ColumnExpression:
        part = self.parts[index]
        assert part is not None
        return part

    def _document(self, batch: Batch, names: tuple[str, ...]) -> Operand:
        columns = [self._part(i).column(batch) for i in range(len(names))]
        if not names or len(set(names)) != len(names):
            return self.by_meaning(batch)
        fields = [pa.field(name, column.array.type, metadata=invalid_metadata(column.missing))
                  for name, column in zip(names, columns, strict=True)]
        return Column(pa.StructArray.from_arrays([column.array for column in columns], fields=fields))

    def _all(self, batch: Batch) -> np.ndarray:
        """Later parts see only the rows that are still true, as in a short-cut evaluation."""
        mask = np.ones(batch.rows, np.bool_)
        for part in self.parts:
            assert part is not None
            if mask.all():
                mask = part.mask(batch).copy()
            elif mask.any():
                mask[mask] = part.mask(batch.filter(pa.array(mask)))
        return mask

    def _any(self, batch: Batch) -> np.ndarray:
        """Later parts see only the rows that are not yet true."""
        mask = np.zeros(batch.rows, np.bool_)
        for part in self.parts:
            assert part is not None
            if not mask.any():
                mask = part.mask(batch).copy()
            elif not mask.all():
                mask[~mask] = part.mask(batch.filter(pa.array(~mask)))
        return mask

    def _matches(self, batch: Batch) -> np.ndarray | None:
        match self.expression:
            case Matches(Variable(name), path, predicate, argument) if name == ROOT and path:
                found = predicate_forms().get(predicate)
                if found is not None and reads_no_array(batch, path):
                    column = column_at(batch.column(path[0]), path[1:], self.evaluation)
                    return found.apply(column, argument.value)
        return None

    def _call(self, function: str, batch: Batch) -> Operand:
        lazy = lazy_forms().get(function)
        if lazy is not None:
            found = lazy.apply(self.parts, batch)
            return self.by_meaning(batch) if found is None else found
        if not operators()[function].strict:
            return self.by_meaning(batch)
        arguments = [None if part is None else part.evaluate(batch) for part in self.parts]
        kernel = forms().get(function)
        if kernel is not None:
            found = kernel.apply(arguments, batch.rows)
            if found is not None:
                return found
        return self._strict_by_meaning(function, arguments, batch.rows)

    def _strict_by_meaning(self, function: str, arguments: list[Operand | None], rows: int) -> Operand:
        """A strict operator's meaning, over the values of its arguments' columns."""
        meaning = operators()[function].meaning
        while arguments and arguments[-1] is None:
            arguments.pop()
        if arguments and all(isinstance(a, Constant) for a in arguments):
            return Constant(meaning(*[a.value for a in arguments if isinstance(a, Constant)]))
        self.evaluation.fill(function, rows)
        defaults = list(inspect.signature(meaning).parameters.values())
        lists = [[defaults[i].default] * rows if a is None else [a.value] * rows if isinstance(a, Constant)
                 else values_of(a) for i, a in enumerate(arguments)]
        if not lists:
            return column_of([meaning() for _ in range(rows)])
        return column_of([meaning(*row) for row in zip(*lists, strict=True)])

    def by_meaning(self, batch: Batch) -> Column:
        """The whole expression's meaning, over documents of the fields that it reads."""
        what = self.expression.function if isinstance(self.expression, Call) else type(self.expression).__name__
        self.evaluation.fill(what, batch.rows)
        if self._closure is None:
            self._scope = Scope(self.evaluation.variables)
            self._closure = compile_expression(self.expression, self._scope)
            paths = paths_read(self.expression)
            self._names = None if paths is None else tuple({path[0]: None for path in sorted(paths)})
        assert self._scope is not None
        frame = self._scope.frame()
        closure, names = self._closure, self._names
        narrowed = batch if names is None else batch.with_columns({name: batch.column(name) for name in names})
        return column_of([closure(document, frame) for document in narrowed.documents()])


def _parts(expression: Expression) -> list[Expression | None]:
    match expression:
        case Call(_, arguments):
            return list(arguments)
        case MakeDocument(items):
            return [item for _, item in items]
        case Get(of, _):
            return [of]
        case And(parts) | Or(parts):
            return list(parts)
        case Not(part):
            return [part]
        case _:
            return []
