"""$bucketAuto."""

from __future__ import annotations

from collections.abc import Mapping

from gatherum.errors import PipelineError
from gatherum.frontends.mongo.accumulators import parse_accumulators
from gatherum.frontends.mongo.arguments import whole_number
from gatherum.frontends.mongo.expressions import parse_expression
from gatherum.frontends.mongo.options import check_options
from gatherum.frontends.mongo.stage import Context, stage
from gatherum.frontends.mongo.stages.bucket import COUNT, check_group_by, check_output
from gatherum.plan.nodes import BucketAuto, Node
from gatherum.rows.nodes.granularity import GRANULARITIES
from gatherum.types.values import INT32_MAX, INT32_MIN, Value, is_number, is_string, type_name

OPTIONS = ("groupBy", "buckets", "output", "granularity")


@stage("$bucketAuto", examples=[
    ([{"a": 1}, {"a": 2}, {"a": 3}, {"a": 4}], {"groupBy": "$a", "buckets": 2},
     [{"_id": {"min": 1, "max": 3}, "count": 2}, {"_id": {"min": 3, "max": 4}, "count": 2}]),
    ([{"a": 3}, {"a": 7}], {"groupBy": "$a", "buckets": 1, "granularity": "POWERSOF2", "output": {"n": {"$sum": "$a"}}},
     [{"_id": {"min": 2, "max": 8}, "n": 10}]),
])
def bucket_auto(argument: Value, input: Node, context: Context) -> Node:
    """At most `buckets` documents, for ranges of `groupBy` that hold about equally many documents each.

    Equal values stay in one bucket. `_id` has the bounds: `min` is included, `max` only in the last bucket. With
    `granularity` the bounds are numbers of that series (R5 to R80, 1-2-5, E6 to E192, POWERSOF2), and the values must
    be numbers of at least 0. `output` holds accumulators; without it, a count is given.
    """
    if not isinstance(argument, dict):
        raise PipelineError(f"takes an object, not {type_name(argument)}", 40240)
    output: Mapping[str, Value] = COUNT
    for name, value in argument.items():
        if name == "groupBy":
            check_group_by(value, 40239)
        elif name == "buckets":
            _check_buckets(value)
        elif name == "output":
            output = check_output(value, 40244)
        elif name == "granularity":
            _check_granularity(value)
        else:
            check_options([name], OPTIONS, 40245)
    if "groupBy" not in argument or "buckets" not in argument:
        raise PipelineError("needs both 'groupBy' and 'buckets'", 40246)
    return BucketAuto(input, parse_expression(argument["groupBy"], context.names), _check_buckets(argument["buckets"]),
                      parse_accumulators(output, context.names), argument.get("granularity"))


def _check_buckets(value: Value) -> int:
    if not is_number(value):
        raise PipelineError(f"'buckets' must be a number, not {type_name(value)}", 40241)
    count = whole_number(value, "'buckets'", 40242)
    if not INT32_MIN <= count <= INT32_MAX:
        raise PipelineError(f"'buckets' must be representable as a 32-bit integer: {count}", 40242)
    if count <= 0:
        raise PipelineError(f"'buckets' must be greater than 0, but is {count}", 40243)
    return count


def _check_granularity(value: Value) -> None:
    if not is_string(value):
        raise PipelineError(f"'granularity' must be a string, not {type_name(value)}", 40261)
    if value not in GRANULARITIES:
        raise PipelineError(f"unknown granularity {value!r}: use one of {', '.join(GRANULARITIES)}", 40257)
