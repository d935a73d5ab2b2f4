"""$count."""

from __future__ import annotations

from gatherum.errors import PipelineError
from gatherum.frontends.mongo.stage import Context, stage
from gatherum.plan.expressions import AggregateCall, Literal
from gatherum.plan.nodes import Group, Node, Project, Projection
from gatherum.types.values import Value, is_string, type_name


@stage("$count", examples=[([{"a": 1}, {"a": 2}], "n", [{"n": 2}]), ([], "n", [])])
def count(argument: Value, input: Node, context: Context) -> Node:
    """One document with the number of documents, in the field that the argument names; none where there are none."""
    name = _check_name(argument)
    counted = Group(input, Literal(None), ((name, AggregateCall("$count", Literal(None))),))
    return Project(counted, "without", (Projection(("_id",), "drop"),))


def _check_name(name: Value) -> str:
    if not is_string(name):
        raise PipelineError(f"the name of the count field must be a string, not {type_name(name)}", 40156)
    if not name:
        raise PipelineError("the name of the count field must not be empty", 40157)
    if name.startswith("$"):
        raise PipelineError(f"the name of the count field must not begin with '$': {name!r}", 40158)
    if "\0" in name:
        raise PipelineError("the name of the count field must not contain a null byte", 40159)
    if "." in name:
        raise PipelineError(f"the name of the count field must not contain '.': {name!r}", 40160)
    if name == "_id":
        raise PipelineError("the name of the count field must not be _id", 9039800)
    return name
