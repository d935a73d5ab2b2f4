"""$literal: a value as it stands."""

from __future__ import annotations

from gatherum.frontends.mongo.expressions import Names, form
from gatherum.plan.expressions import Expression, Literal
from gatherum.types.values import Value


@form("$literal", "$const")
def literal(argument: Value, names: Names) -> Expression:
    """The argument, not evaluated."""
    return Literal(argument)
