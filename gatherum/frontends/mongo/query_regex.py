"""The query operator $regex with its $options, as one regular expression."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bson import Regex

from gatherum.errors import PipelineError
from gatherum.types.order import regex_options
from gatherum.types.values import BsonType, Value, bson_type, type_name

OPTIONS = "imsxu"


def parse_regex(operators: Mapping[str, Value]) -> Regex[Any]:
    """The regular expression that `$regex` and `$options` among the operators of a field make, in either order.

    >>> parse_regex({"$options": "i", "$regex": "^a"}) == Regex("^a", "i")
    True
    """
    pattern, options = operators["$regex"], operators.get("$options", "")
    if bson_type(options) is not BsonType.STRING:
        raise PipelineError(f"$options has to be a string, not {type_name(options)}", 2)
    for letter in options:
        if letter not in OPTIONS:
            raise PipelineError(f"invalid flag in regex options: {letter!r}; the options are {', '.join(OPTIONS)}",
                                51108)
    if bson_type(pattern) is BsonType.REGEX:
        regex = pattern if isinstance(pattern, Regex) else Regex.from_native(pattern)
        own = regex_options(regex)
        if own and options:
            options_came_first = list(operators).index("$options") < list(operators).index("$regex")
            raise PipelineError(f"options set in both $regex ({own}) and $options ({options})",
                                51074 if options_came_first else 51075)
        return Regex(regex.pattern, own or options)
    if bson_type(pattern) is not BsonType.STRING:
        raise PipelineError(f"$regex has to be a string or a regular expression, not {type_name(pattern)}", 2)
    return Regex(pattern, options)
