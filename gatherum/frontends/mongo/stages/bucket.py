"""$bucket."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from gatherum.errors import PipelineError
from gatherum.frontends.mongo.accumulators import parse_accumulators
from gatherum.frontends.mongo.constants import constant_value, is_constant
from gatherum.frontends.mongo.expressions import Names, parse_expression
from gatherum.frontends.mongo.options import check_options
from gatherum.frontends.mongo.stage import Context, stage
from gatherum.plan.nodes import Group, Node, Sort, SortKey
from gatherum.types.order import compare, rank
from gatherum.types.values import MISSING, Value, is_string, type_name

OPTIONS = ("groupBy", "boundaries", "default", "output")
COUNT = {"count": {"$sum": 1}}


@stage("$bucket", examples=[
    ([{"a": 1}, {"a": 4}, {"a": 5}], {"groupBy": "$a", "boundaries": [0, 5, 10]},
     [{"_id": 0, "count": 2}, {"_id": 5, "count": 1}]),
    ([{"a": 1}, {"a": 50}],
     {"groupBy": "$a", "boundaries": [0, 5], "default": "other", "output": {"n": {"$sum": "$a"}}},
     [{"_id": 0, "n": 1}, {"_id": "other", "n": 50}]),
])
def bucket(argument: Value, input: Node, context: Context) -> Node:
    """One document for each range between two `boundaries` that holds some value of `groupBy`, in their order.

    A range includes its lower boundary, which is its `_id`, and not its upper one. Values outside all ranges are
    counted under `default`, and are an error without it. `output` holds accumulators; without it, a count is given.
    """
    if not isinstance(argument, dict):
        raise PipelineError(f"takes an object, not {type_name(argument)}", 40201)
    boundaries: list[Value] = []
    output: Mapping[str, Value] = COUNT
    for name, value in argument.items():
        if name == "groupBy":
            check_group_by(value, 40202)
        elif name == "boundaries":
            boundaries = _parse_boundaries(value, context.names)
        elif name == "output":
            output = check_output(value, 40196)
        else:
            check_options([name], OPTIONS, 40197)
    if "groupBy" not in argument or "boundaries" not in argument:
        raise PipelineError("needs both 'groupBy' and 'boundaries'", 40198)
    key = _switch(argument["groupBy"], boundaries)
    if "default" in argument:
        key["$switch"]["default"] = {"$literal": _parse_default(argument["default"], boundaries, context.names)}
    grouped = Group(input, parse_expression(key, context.names), parse_accumulators(output, context.names))
    return Sort(grouped, (SortKey(("_id",)),))


def check_group_by(value: Value, code: int) -> None:
    """PipelineError where the value is neither a path nor an object."""
    if not isinstance(value, dict) and not (is_string(value) and value.startswith("$")):
        raise PipelineError("'groupBy' must be a path that begins with '$', or an expression in an object", code)


def check_output(value: Value, code: int) -> Mapping[str, Value]:
    """The accumulators of `output`; PipelineError where they cannot be some."""
    if not isinstance(value, dict):
        raise PipelineError(f"'output' must be an object of accumulators, not {type_name(value)}", code)
    if "_id" in value:
        raise PipelineError("'output' cannot have a field _id: that is the bucket", 15948)
    return value


def _parse_boundaries(value: Value, names: Names) -> list[Value]:
    if not isinstance(value, list | tuple):
        raise PipelineError(f"'boundaries' must be an array, not {type_name(value)}", 40200)
    boundaries = [_constant("boundaries", item, 40191, names) for item in value]
    if len(boundaries) < 2:
        raise PipelineError(f"'boundaries' must have at least 2 values; found {len(boundaries)}", 40192)
    for lower, upper in pairwise(boundaries):
        if rank(lower) != rank(upper):
            raise PipelineError("'boundaries' must all have one type; found "
                                f"{type_name(lower)} and {type_name(upper)}", 40193)
        if compare(lower, upper) >= 0:
            raise PipelineError(f"'boundaries' must ascend; found {lower!r} before {upper!r}", 40194)
    return boundaries


def _parse_default(value: Value, boundaries: list[Value], names: Names) -> Value:
    default = _constant("default", value, 40195, names)
    if compare(default, boundaries[0]) >= 0 and compare(default, boundaries[-1]) < 0:
        raise PipelineError(f"'default' must lie outside the boundaries, but is {default!r}", 40199)
    return default


def _constant(option: str, value: Value, code: int, names: Names) -> Value:
    expression = parse_expression(value, names)
    if not is_constant(expression):
        raise PipelineError(f"'{option}' takes constants only; found {value!r}", code)
    found = constant_value(expression)
    return None if found is MISSING else found


def _switch(group_by: Value, boundaries: list[Value]) -> dict[str, dict[str, Value]]:
    """The expression that gives the lower boundary of the range that a value lies in."""
    return {"$switch": {"branches": [
        {"case": {"$and": [{"$gte": [group_by, {"$literal": lower}]}, {"$lt": [group_by, {"$literal": upper}]}]},
         "then": {"$literal": lower}}
        for lower, upper in pairwise(boundaries)]}}
