"""$project."""

from __future__ import annotations

from gatherum.errors import PipelineError
from gatherum.frontends.mongo.projection import parse_projection
from gatherum.frontends.mongo.stage import Context, stage
from gatherum.plan.nodes import Node
from gatherum.types.values import Value, type_name


@stage("$project", examples=[
    ([{"_id": 1, "a": 2, "b": 3}], {"a": 1}, [{"_id": 1, "a": 2}]),
    ([{"_id": 1, "a": 2, "b": 3}], {"_id": 0, "c": "$b"}, [{"c": 3}]),
    ([{"a": [{"b": 1, "c": 2}, 3]}], {"a.c": 0}, [{"a": [{"b": 1}, 3]}]),
])
def project(argument: Value, input: Node, context: Context) -> Node:
    """Keeps, computes or leaves out fields.

    Numbers and booleans say whether a field is kept (true, not 0) or left out; everything else is an expression. A
    document either keeps or leaves out, but for `_id`, which is kept unless it is left out by name. Dotted paths and
    nested objects reach into documents, and into the documents that arrays hold. Fields kept stay in the order of the
    input; computed ones follow.
    """
    if not isinstance(argument, dict):
        raise PipelineError(f"the specification must be an object, not {type_name(argument)}", 15969)
    if not argument:
        raise PipelineError("the specification must have at least one field", 51272)
    return parse_projection(argument, input, context.names)
