"""$sample."""

from __future__ import annotations

from gatherum.errors import PipelineError
from gatherum.frontends.mongo.options import check_options
from gatherum.frontends.mongo.stage import Context, stage
from gatherum.plan.nodes import Node, Sample
from gatherum.types.numbers import as_double
from gatherum.types.values import INT64_MAX, Value, is_number, type_name


@stage("$sample", examples=[([{"a": 1}], {"size": 3}, [{"a": 1}])])
def sample(argument: Value, input: Node, context: Context) -> Node:
    """`size` documents drawn at random, all where there are fewer; the same ones each time for the same input."""
    if not isinstance(argument, dict):
        raise PipelineError(f"takes an object with the field size, not {type_name(argument)}", 28745)
    check_options(argument, ("size",), 28748)
    if "size" not in argument:
        raise PipelineError("the field size is missing", 28749)
    size = argument["size"]
    if not is_number(size):
        raise PipelineError(f"the size must be a number, not {type_name(size)}", 28746)
    number = as_double(size)
    if not number >= 1:
        raise PipelineError(f"the size must be a positive integer, not {size}", 28747)
    return Sample(input, int(min(number, INT64_MAX)))
