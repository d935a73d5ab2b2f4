"""$unset."""

from __future__ import annotations

from gatherum.errors import PipelineError
from gatherum.frontends.mongo.projection import parse_removed_fields
from gatherum.frontends.mongo.stage import Context, stage
from gatherum.plan.nodes import Node
from gatherum.types.values import Value, is_string, type_name


@stage("$unset", examples=[
    ([{"a": 1, "b": 2}], "a", [{"b": 2}]),
    ([{"a": 1, "b": {"c": 2, "d": 3}}], ["a", "b.c"], [{"b": {"d": 3}}]),
])
def unset(argument: Value, input: Node, context: Context) -> Node:
    """Leaves out the fields named: a path, or an array of paths. Arrays on the way are reached into."""
    if not is_string(argument) and not isinstance(argument, list | tuple):
        raise PipelineError(f"the specification must be a string or an array, not {type_name(argument)}", 31002)
    paths = [argument] if is_string(argument) else list(argument)
    if not paths:
        raise PipelineError("the specification must be a string or an array with at least one field", 31119)
    for path in paths:
        if not is_string(path):
            raise PipelineError(f"the specification must hold only strings, not {type_name(path)}", 31120)
    for path in paths:
        if "\0" in path:
            raise PipelineError(f"a field path cannot contain a null byte: {path!r}", 9527900)
    return parse_removed_fields(paths, input, context.names)
