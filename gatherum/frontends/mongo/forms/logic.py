"""$and, $or and $not as expressions."""

from __future__ import annotations

from gatherum.errors import PipelineError
from gatherum.frontends.mongo.expressions import Names, form, parse_expression
from gatherum.plan.expressions import And, Expression, Literal, Not, Or
from gatherum.types.truth import truth
from gatherum.types.values import Value


@form("$and")
def conjunction(argument: Value, names: Names) -> Expression:
    """True where all the arguments are true; with none it is true."""
    parts = _parts(argument, names)
    return Literal(False) if _decided(parts, False) else And(parts)


@form("$or")
def disjunction(argument: Value, names: Names) -> Expression:
    """True where one of the arguments is true; with none it is false."""
    parts = _parts(argument, names)
    return Literal(True) if _decided(parts, True) else Or(parts)


@form("$not")
def negation(argument: Value, names: Names) -> Expression:
    """True where its one argument is false, zero, null or missing."""
    parts = _parts(argument, names)
    if len(parts) != 1:
        raise PipelineError(f"takes 1 argument; {len(parts)} were passed in", 16020)
    return Not(parts[0])


def _decided(parts: tuple[Expression, ...], by: bool) -> bool:
    """True where a constant decides the result: the other parts are then not evaluated, in whatever order they are."""
    return any(isinstance(part, Literal) and truth(part.value) is by for part in parts)


def _parts(argument: Value, names: Names) -> tuple[Expression, ...]:
    items = argument if isinstance(argument, list | tuple) else [argument]
    return tuple(parse_expression(item, names) for item in items)
