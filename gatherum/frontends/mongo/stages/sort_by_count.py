"""$sortByCount."""

from __future__ import annotations

from gatherum.errors import PipelineError
from gatherum.frontends.mongo.expressions import parse_expression
from gatherum.frontends.mongo.stage import Context, stage
from gatherum.plan.expressions import AggregateCall, Literal
from gatherum.plan.nodes import Group, Node, Sort, SortKey
from gatherum.types.values import Value, is_string, type_name


@stage("$sortByCount", examples=[
    ([{"a": 1}, {"a": 2}, {"a": 2}], "$a", [{"_id": 2, "count": 2}, {"_id": 1, "count": 1}]),
])
def sort_by_count(argument: Value, input: Node, context: Context) -> Node:
    """How often each value of the expression occurs, the most frequent first."""
    if isinstance(argument, dict):
        if not next(iter(argument), "").startswith("$"):
            raise PipelineError("an object must be an expression with an operator", 40147)
    elif is_string(argument):
        if not argument.startswith("$"):
            raise PipelineError(f"a field path must begin with '$': {argument!r}", 40148)
    else:
        raise PipelineError(f"takes a field path or an expression, not {type_name(argument)}", 40149)
    key = parse_expression(argument, context.names)
    counted = Group(input, key, (("count", AggregateCall("$count", Literal(None))),))
    return Sort(counted, (SortKey(("count",), descending=True),))
