"""$skip."""

from __future__ import annotations

from gatherum.errors import PipelineError
from gatherum.frontends.mongo.arguments import whole_number
from gatherum.frontends.mongo.stage import Context, stage
from gatherum.plan.nodes import Node, Skip
from gatherum.types.values import Value


@stage("$skip", examples=[([{"a": 1}, {"a": 2}], 1, [{"a": 2}]), ([{"a": 1}], 5, [])])
def skip(argument: Value, input: Node, context: Context) -> Node:
    """All documents but the first, as many as the argument says: a whole number of at least 0."""
    count = whole_number(argument, "the number of documents to skip", 5107200)
    if count < 0:
        raise PipelineError(f"the number of documents to skip must not be negative, but is {count}", 5107200)
    return Skip(input, count)
