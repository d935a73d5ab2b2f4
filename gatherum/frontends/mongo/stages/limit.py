"""$limit."""

from __future__ import annotations

from gatherum.errors import PipelineError
from gatherum.frontends.mongo.arguments import whole_number
from gatherum.frontends.mongo.stage import Context, stage
from gatherum.plan.nodes import Limit, Node
from gatherum.types.values import Value


@stage("$limit", examples=[([{"a": 1}, {"a": 2}], 1, [{"a": 1}])])
def limit(argument: Value, input: Node, context: Context) -> Node:
    """The first documents of the input, as many as the argument says: a whole number of at least 1."""
    count = whole_number(argument, "the limit", 5107201)
    if count <= 0:
        raise PipelineError(f"the limit must be positive, not {count}", 15958)
    return Limit(input, count)
