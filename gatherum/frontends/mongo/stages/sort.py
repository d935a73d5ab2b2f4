"""$sort."""

from __future__ import annotations

from bson import Decimal128

from gatherum.errors import PipelineError, UnsupportedError
from gatherum.frontends.mongo.expressions import split_path
from gatherum.frontends.mongo.stage import Context, stage
from gatherum.plan.nodes import Node, Sample, Sort, SortKey
from gatherum.types.numbers import as_double
from gatherum.types.values import INT64_MAX, Value, is_number, type_name

MOST_KEYS = 32
METADATA = ("textScore", "randVal", "searchScore", "vectorSearchScore", "geoNearDistance")


@stage("$sort", examples=[
    ([{"a": 2}, {"a": 1}], {"a": 1}, [{"a": 1}, {"a": 2}]),
    ([{"a": 1, "b": 1}, {"a": 1, "b": 2}], {"a": 1, "b": -1}, [{"a": 1, "b": 2}, {"a": 1, "b": 1}]),
])
def sort(argument: Value, input: Node, context: Context) -> Node:
    """The documents in the order of the paths given: 1 is ascending, -1 descending; ties stay in input order.

    Values of different types have MongoDB's order of types; a missing field counts as null. Of an array the smallest
    element counts in ascending order, the largest in descending order; an empty array comes before null. With
    `{$meta: "randVal"}` in the place of a direction, ties are put in random order, the same one each time.
    """
    if not isinstance(argument, dict):
        raise PipelineError(f"the sort key specification must be an object, not {type_name(argument)}", 15973)
    if not argument:
        raise PipelineError("the specification must have at least one sort key", 15976)
    keys: list[SortKey] = []
    before_random: int | None = None
    for name, value in argument.items():
        if not isinstance(value, dict):
            keys.append(_parse_key(name, value))
        elif _parse_metadata(name, value) == "randVal" and before_random is None:
            before_random = len(keys)
    if len(keys) > MOST_KEYS:
        raise PipelineError(f"there are {len(keys)} sort keys; at most {MOST_KEYS} are possible", 13103)
    if before_random is not None:
        input = Sample(input, INT64_MAX)
        keys = keys[:before_random]
    return Sort(input, tuple(keys)) if keys else input


def _parse_key(name: str, value: Value) -> SortKey:
    if not is_number(value):
        raise PipelineError(f"{name}: a sort key must be 1 or -1, not {type_name(value)} {value!r}", 15974)
    direction = round(value.to_decimal()) if type(value) is Decimal128 and _is_small(value) else as_double(value)
    if not 1 <= abs(direction) < 2:
        raise PipelineError(f"{name}: sort key ordering must be 1 (ascending) or -1 (descending), not {value}", 15975)
    return SortKey(split_path(name), direction < 0)


def _is_small(value: Decimal128) -> bool:
    number = value.to_decimal()
    return number.is_finite() and abs(number) < 10


def _parse_metadata(name: str, value: dict[str, Value]) -> Value:
    """The metadata to sort by; documents here have none, so that only the random order changes anything."""
    if set(value) != {"$meta"}:
        raise PipelineError(f"{name}: an object as a sort key must be {{$meta: ...}}", 17312)
    if value["$meta"] not in METADATA:
        raise PipelineError(f"{name}: $sort knows no metadata {value['$meta']!r}", 31138)
    if value["$meta"] in ("textScore", "geoNearDistance"):
        raise UnsupportedError(f"{name}: the documents have no metadata {value['$meta']!r} to sort by", 40218)
    return value["$meta"]
