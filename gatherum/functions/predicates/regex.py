"""$regex: strings in which a regular expression is found."""

from __future__ import annotations

from bson import Regex

from gatherum.errors import PipelineError
from gatherum.functions.predicate import Test, predicate
from gatherum.functions.predicates.pcre import compile_pcre
from gatherum.types.order import order_key, regex_options
from gatherum.types.values import BsonType, Value, bson_type, type_name


@predicate("$regex", examples=[("Anna", Regex("^an", "i"), True), (["x", "ab"], "b$", True), (5, "5", False),
                               (Regex("a"), Regex("a"), True)])
def matches_regex(argument: Value) -> Test:
    """True for a string in which the regular expression is found, and for a regular expression equal to it.

    The language is PCRE's: `i` ignores case, `m` lets `^` and `$` match at line ends, `s` lets `.` match a newline,
    `x` ignores white space in the pattern; `\\d`, `\\w`, `\\s` and `\\b` know ASCII only. Recursion, callouts, control
    verbs and script properties are not supported.
    """
    if bson_type(argument) is BsonType.STRING:
        argument = Regex(argument)
    if bson_type(argument) is not BsonType.REGEX:
        raise PipelineError(f"$regex has to be a string or a regular expression, not {type_name(argument)}", 2)
    regex = argument if isinstance(argument, Regex) else Regex.from_native(argument)
    pattern = regex.pattern if isinstance(regex.pattern, str) else regex.pattern.decode()
    search = compile_pcre(pattern, regex_options(regex)).search
    key = order_key(regex)

    def test(value: Value) -> bool:
        if type(value) is str:
            return search(value) is not None
        return bson_type(value) is BsonType.REGEX and order_key(value) == key
    return test
