"""$and, $or and $not as expressions."""

from __future__ import annotations

from gatherum.errors import PipelineError
from gatherum.frontends.mongo.expressions import Names, form, parse_expression
from gatherum.plan.expressions import And, Expression, Not, Or
from gatherum.types.values import Value


@form("$and")
def conjunction(argument: Value, names: Names) -> Expression:
    """True where all the arguments are true; with none it is true."""
    return And(_parts(argument, names))


@form("$or")
def disjunction(argument: Value, names: Names) -> Expression:
    """True where one of the arguments is true; with none it is false."""
    return Or(_parts(argument, names))


@form("$not")
def negation(argument: Value, names: Names) -> Expression:
    """True where its one argument is false, zero, null or missing."""
    parts = _parts(argument, names)
    if len(parts) != 1:
        raise PipelineError(f"takes 1 argument; {len(parts)} were passed in", 16020)
    return Not(parts[0])


def _parts(argument: Value, names: Names) -> tuple[Expression, ...]:
    items = argument if isinstance(argument, list | tuple) else [argument]
    return tuple(parse_expression(item, names) for item in items)
