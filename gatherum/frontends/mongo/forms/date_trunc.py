"""$dateTrunc: a startOfWeek that is the constant null."""

from __future__ import annotations

from gatherum.frontends.mongo.constants import constant_value, is_constant
from gatherum.frontends.mongo.expressions import Names, form, parse_arguments
from gatherum.functions.registry import operators
from gatherum.plan.expressions import Call, Expression, Literal
from gatherum.types.values import Value, is_nullish


@form("$dateTrunc")
def date_trunc(argument: Value, names: Names) -> Expression:
    """A document of `date`, `unit` and, where wanted, `binSize`, `timezone` and `startOfWeek`.

    A constant null as `startOfWeek` makes the result null whatever the unit, unless all arguments are constant: so
    MongoDB's optimizer has it.
    """
    signature = operators()["$dateTrunc"].signature
    arguments = parse_arguments(signature, argument, names)
    call = Call("$dateTrunc", arguments)
    start = arguments[[each.name for each in signature.values].index("startOfWeek")]
    null = start is not None and is_constant(start) and is_nullish(constant_value(start))
    return Literal(None) if null and not is_constant(call) else call
