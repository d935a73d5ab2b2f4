"""Whole expressions by their meaning: documents are made of the columns that an expression reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gatherum.kernels.columns.build import column_of
from gatherum.kernels.columns.column import Column
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.forms import Constant
from gatherum.kernels.selection import Selection
from gatherum.plan.analysis import free_variables, paths_read
from gatherum.plan.expressions import ROOT, Expression
from gatherum.rows.expressions import compile_expression
from gatherum.rows.scope import Scope
from gatherum.types.values import Value


class Meaning:
    """An expression's closure, with the slots of the variables that are bound around it."""

    __slots__ = ("_closure", "_names", "_scope", "_slots", "_variables")

    def __init__(self, expression: Expression, variables: Mapping[str, Value]) -> None:
        self._scope = Scope(variables)
        self._variables = variables
        self._slots = {name: self._scope.bind(name) for name in sorted(free_variables(expression) - {ROOT})}
        self._closure: Any = compile_expression(expression, self._scope)
        paths = paths_read(expression)
        self._names = None if paths is None else tuple({path[0]: None for path in sorted(paths)})

    def column(self, rows: Selection) -> Column:
        """The values over some rows."""
        documents, frame, closure = rows.documents(self._names), self._scope.frame(), self._closure
        bound = []
        for name, slot in self._slots.items():
            operand = rows.variable(name)
            operand = Constant(self._variables[name]) if operand is None else operand
            bound.append((slot, [operand.value] * rows.rows if isinstance(operand, Constant) else values_of(operand)))
        if not bound:
            return column_of([closure(document, frame) for document in documents])
        found = []
        for i, document in enumerate(documents):
            for slot, values in bound:
                frame[slot] = values[i]
            found.append(closure(document, frame))
        return column_of(found)
