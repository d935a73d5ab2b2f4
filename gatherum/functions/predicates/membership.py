"""Membership in a list of values: $in, $nin."""

from __future__ import annotations

from bson import Decimal128, Int64

from gatherum.errors import PipelineError
from gatherum.functions.predicate import Test, predicate
from gatherum.functions.predicates.regex import matches_regex
from gatherum.types.order import MISSING_KEY, NULL_KEY, order_key, rank
from gatherum.types.values import MISSING, BsonType, Value, bson_type, type_name


@predicate("$in", examples=[(1.0, [1, 2], True), ([5, 2], [1, 2], True), (MISSING, [None], True), (3, [], False),
                            (True, [1], False)])
def one_of(argument: Value) -> Test:
    """True where the value equals one of the values of the argument, an array.

    A regular expression among them is searched for in strings. Null matches a missing field too.
    """
    return _membership("$in", argument)


@predicate("$nin", negates="$in", examples=[(3, [1, 2], True), ([5, 2], [1, 2], False), (MISSING, [1], True)])
def none_of(argument: Value) -> Test:
    """True where `$in` is false."""
    found = _membership("$nin", argument)
    return lambda value: not found(value)


def _membership(name: str, argument: Value) -> Test:
    if not isinstance(argument, list | tuple):
        raise PipelineError(f"{name} needs an array, not {type_name(argument)}", 2)
    regexes = [matches_regex.prepare(item) for item in argument if bson_type(item) is BsonType.REGEX]
    keys = {order_key(item) for item in argument if bson_type(item) is not BsonType.REGEX}
    if NULL_KEY in keys:
        keys.add(MISSING_KEY)
    found = _among(keys, {item for item in map(_hashed, argument) if item is not None})
    if not regexes:
        return found
    return lambda value: found(value) or any(test(value) for test in regexes)


def _hashed(item: Value) -> object:
    """What a string or number is found by in a set of Python's own; None for other values and NaN."""
    cls = type(item)
    if cls is Decimal128:
        number = item.to_decimal()
        return None if number.is_nan() else number
    if cls is str or cls is int or cls is Int64 or cls is float:
        return item if item == item else None
    return None


def _among(keys: set[tuple[object, ...]], plain: set[object]) -> Test:
    ranks = {key[0] for key in keys}

    def test(value: Value) -> bool:
        cls = type(value)
        if cls is str or cls is int or (cls is float and value == value):
            return value in plain
        return rank(value) in ranks and order_key(value) in keys
    return test
