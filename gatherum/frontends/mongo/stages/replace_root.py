"""$replaceRoot and $replaceWith."""

from __future__ import annotations

from gatherum.errors import PipelineError
from gatherum.frontends.mongo.expressions import parse_expression
from gatherum.frontends.mongo.options import check_options
from gatherum.frontends.mongo.stage import Context, stage
from gatherum.plan.nodes import Node, ReplaceRoot
from gatherum.types.values import Value, type_name


@stage("$replaceRoot", examples=[([{"a": {"b": 1}}], {"newRoot": "$a"}, [{"b": 1}])])
def replace_root(argument: Value, input: Node, context: Context) -> Node:
    """The document that the expression `newRoot` gives, in place of each document; any other value is an error."""
    if not isinstance(argument, dict):
        raise PipelineError(f"takes an object with the field newRoot, not {type_name(argument)}", 40229)
    check_options(argument, ("newRoot",), 40415)
    if "newRoot" not in argument:
        raise PipelineError("the field newRoot is missing", 40414)
    return ReplaceRoot(input, parse_expression(argument["newRoot"], context.names))


@stage("$replaceWith", examples=[([{"a": {"b": 1}}], "$a", [{"b": 1}])])
def replace_with(argument: Value, input: Node, context: Context) -> Node:
    """The document that the expression gives, in place of each document; any other value is an error."""
    return ReplaceRoot(input, parse_expression(argument, context.names))
