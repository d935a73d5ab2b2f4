"""Expressions that stand for constants."""

from __future__ import annotations

from gatherum.functions.registry import operators
from gatherum.plan.expressions import Call, Expression, Lambda, Variable
from gatherum.rows.expressions import compile_expression
from gatherum.rows.scope import Scope
from gatherum.types.values import Value


def is_constant(expression: Expression, bound: frozenset[str] = frozenset()) -> bool:
    """Whether the expression gives the same value for every document and every run."""
    if isinstance(expression, Variable):
        return expression.name in bound
    if isinstance(expression, Call) and not operators()[expression.function].deterministic:
        return False
    if isinstance(expression, Lambda):
        bound = bound | set(expression.parameters)
    return all(is_constant(child, bound) for child in expression.children())


def constant_value(expression: Expression) -> Value:
    """The value of a constant expression."""
    scope = Scope()
    evaluate = compile_expression(expression, scope)
    return evaluate({}, scope.frame())
