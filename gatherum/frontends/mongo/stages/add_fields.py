"""$addFields and $set."""

from __future__ import annotations

from gatherum.errors import PipelineError
from gatherum.frontends.mongo.projection import parse_added_fields
from gatherum.frontends.mongo.stage import Context, stage
from gatherum.plan.nodes import Node
from gatherum.types.values import Value, type_name


@stage("$addFields", aliases=["$set"], examples=[
    ([{"a": 1}], {"b": "$a"}, [{"a": 1, "b": 1}]),
    ([{"a": [{"b": 1}, 2]}], {"a.c": 3}, [{"a": [{"b": 1, "c": 3}, {"c": 3}]}]),
    ([{"a": 1, "b": 2}], {"a": "$$REMOVE"}, [{"b": 2}]),
])
def add_fields(argument: Value, input: Node, context: Context) -> Node:
    """Adds computed fields, or replaces fields of that name where they stand; all others stay.

    A missing value takes the field out. Dotted paths and nested objects reach into documents and into every element
    of arrays; what is no document there is replaced by one.
    """
    if not isinstance(argument, dict):
        raise PipelineError(f"the specification must be an object, not {type_name(argument)}", 40272)
    if not argument:
        return input
    return parse_added_fields(argument, input, context.names)
