"""$unwind."""

from __future__ import annotations

from bson import Int64

from gatherum.errors import PipelineError
from gatherum.frontends.mongo.expressions import split_path
from gatherum.frontends.mongo.options import check_options
from gatherum.frontends.mongo.stage import Context, stage
from gatherum.plan.nodes import Node, Unwind
from gatherum.types.values import Value, is_string, type_name

OPTIONS = ("path", "includeArrayIndex", "preserveNullAndEmptyArrays")


@stage("$unwind", examples=[
    ([{"a": [1, 2]}, {"a": []}, {"a": 3}], "$a", [{"a": 1}, {"a": 2}, {"a": 3}]),
    ([{"a": [1]}, {"a": []}], {"path": "$a", "includeArrayIndex": "i", "preserveNullAndEmptyArrays": True},
     [{"a": 1, "i": Int64(0)}, {"i": None}]),
])
def unwind(argument: Value, input: Node, context: Context) -> Node:
    """One document for each element of an array, the element in the place of the array.

    A value that is no array counts as an array of one. Documents whose array is empty, null or missing are left out,
    or kept with `preserveNullAndEmptyArrays`. `includeArrayIndex` names a field for the position: a long, or null
    where there was no array. The path goes through documents only.
    """
    if is_string(argument):
        argument = {"path": argument}
    if not isinstance(argument, dict):
        raise PipelineError(f"takes a path or an object, not {type_name(argument)}", 15981)
    check_options(argument, OPTIONS, 28811)
    keep_empty = argument.get("preserveNullAndEmptyArrays", False)
    for option in argument:
        if option == "path":
            _check_string(argument["path"])
        elif option == "includeArrayIndex":
            _check_index(argument["includeArrayIndex"])
        elif not isinstance(keep_empty, bool):
            raise PipelineError(f"preserveNullAndEmptyArrays must be a boolean, not {type_name(keep_empty)}", 28809)
    return Unwind(input, _parse_path(argument.get("path", "")), argument.get("includeArrayIndex"), keep_empty)


def _check_string(path: Value) -> None:
    if not is_string(path):
        raise PipelineError(f"the path must be a string, not {type_name(path)}", 28808)


def _check_index(index: Value) -> None:
    if not is_string(index) or not index:
        found = "an empty string" if index == "" else type_name(index)
        raise PipelineError(f"includeArrayIndex must be a non-empty string, not {found}", 28810)
    if index.startswith("$"):
        raise PipelineError(f"includeArrayIndex must not begin with '$': {index!r}", 28822)
    split_path(index)


def _parse_path(path: str) -> tuple[str, ...]:
    if not path:
        raise PipelineError("no path specified", 28812)
    if not path.startswith("$"):
        raise PipelineError(f"the path must begin with '$': {path!r}", 28818)
    return split_path(path[1:])
