"""$documents."""

from __future__ import annotations

from gatherum.errors import PipelineError
from gatherum.frontends.mongo.expressions import parse_expression
from gatherum.frontends.mongo.stage import Context, stage
from gatherum.plan.nodes import Documents, Node
from gatherum.types.values import Value


@stage("$documents", first_only=True, not_in=["facet"], examples=[([], [{"a": 1}, {"a": 2}], [{"a": 1}, {"a": 2}])])
def documents(argument: Value, input: Node, context: Context) -> Node:
    """The documents of an array, in place of a collection: the argument is an expression that gives the array."""
    if context.collection is not None:
        raise PipelineError(f"$documents cannot run on a collection; this pipeline reads {context.collection!r}", 73)
    return Documents(parse_expression(argument, context.names))
