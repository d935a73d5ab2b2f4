"""$let: variables for one expression."""

from __future__ import annotations

from collections.abc import Mapping

from gatherum.errors import PipelineError
from gatherum.frontends.mongo.expressions import Names, check_variable_name, form, parse_expression
from gatherum.functions.registry import nearest_of_few
from gatherum.plan.expressions import Call, Expression, Lambda
from gatherum.types.values import Value, type_name


@form("$let")
def let(argument: Value, names: Names) -> Expression:
    """A document of `vars`, the variables' names with their values, and `in`, the expression that uses them."""
    if not isinstance(argument, Mapping):
        raise PipelineError(f"takes an object as its argument, not {type_name(argument)}", 16874)
    for name in argument:
        if name not in ("vars", "in"):
            raise PipelineError(f"found an unknown argument: {name}{nearest_of_few(name, ('vars', 'in'))}", 16875)
    if "vars" not in argument:
        raise PipelineError("the argument 'vars' is missing", 16876)
    if "in" not in argument:
        raise PipelineError("the argument 'in' is missing", 16877)
    variables = argument["vars"]
    if isinstance(variables, list | tuple):
        variables = {str(position): value for position, value in enumerate(variables)}
    if not isinstance(variables, Mapping):
        raise PipelineError(f"'vars' must be an object, not {type_name(variables)}", 10065)
    bound = tuple([check_variable_name(name) for name in variables])
    values = tuple([parse_expression(value, names) for value in variables.values()])
    return Call("$let", (*values, Lambda(bound, parse_expression(argument["in"], names.bind(*bound)))))
