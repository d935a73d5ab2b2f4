"""$cond and $switch, which nest their arguments and have errors of their own."""

from __future__ import annotations

from collections.abc import Mapping

from gatherum.errors import PipelineError
from gatherum.frontends.mongo.expressions import Names, form, parse_arguments, parse_expression
from gatherum.functions.registry import nearest_of_few
from gatherum.functions.signature import positional
from gatherum.plan.expressions import Call, Expression, Literal
from gatherum.types.truth import truth
from gatherum.types.values import Value, type_name

_CONDITION = positional("if", "then", "else")
_CONDITION_MISSING = {"if": 17080, "then": 17081, "else": 17082}
_BRANCH_MISSING = {"case": 40064, "then": 40065}


@form("$cond")
def condition(argument: Value, names: Names) -> Expression:
    """Three expressions in an array, or a document of `if`, `then` and `else`."""
    if not isinstance(argument, Mapping):
        return Call("$cond", parse_arguments(_CONDITION, argument, names))
    _check(argument, _CONDITION_MISSING, 17083)
    return Call("$cond", tuple(parse_expression(argument[name], names) for name in _CONDITION_MISSING))


@form("$switch")
def switch(argument: Value, names: Names) -> Expression:
    """A document of `branches`, an array of documents of `case` and `then`, and maybe a `default`."""
    if not isinstance(argument, Mapping):
        raise PipelineError(f"takes an object as its argument, not {type_name(argument)}", 40060)
    for name in argument:
        if name not in ("branches", "default"):
            hint = nearest_of_few(name, ("branches", "default"))
            raise PipelineError(f"found an unknown argument: {name}{hint}", 40067)
    branches = argument.get("branches", [])
    if not isinstance(branches, list | tuple):
        raise PipelineError(f"'branches' must be an array, not {type_name(branches)}", 40061)
    parsed = [_branch(branch, names) for branch in branches]
    default = parse_expression(argument["default"], names) if "default" in argument else None
    if not parsed:
        raise PipelineError("needs at least one branch", 40068)
    if default is None and all(isinstance(case, Literal) and not truth(case.value) for case, _ in parsed):
        raise PipelineError("no case can be true, and there is no default: give one", 40069)
    return Call("$switch", (*[part for branch in parsed for part in branch], default))


def _branch(branch: Value, names: Names) -> tuple[Expression, Expression]:
    if not isinstance(branch, Mapping):
        raise PipelineError(f"each branch must be an object, not {type_name(branch)}", 40062)
    _check(branch, _BRANCH_MISSING, 40063)
    return parse_expression(branch["case"], names), parse_expression(branch["then"], names)


def _check(given: Mapping[str, Value], wanted: Mapping[str, int], unknown: int) -> None:
    for name in given:
        if name not in wanted:
            raise PipelineError(f"found an unknown argument: {name}{nearest_of_few(name, wanted)}", unknown)
    for name, code in wanted.items():
        if name not in given:
            raise PipelineError(f"the argument '{name}' is missing", code)
