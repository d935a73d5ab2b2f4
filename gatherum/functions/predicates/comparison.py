"""Comparisons: $eq, $ne, $gt, $gte, $lt, $lte.

A comparison is true only between values of one type, where all numbers count as one type: `{$gt: 5}` never matches a
string. Null and a missing field are equal to each other; NaN is equal to NaN and neither above nor below any number.
Every value is above MinKey and below MaxKey.
"""

from __future__ import annotations

import datetime as dt
import operator
from collections.abc import Callable
from typing import Any

from bson import Decimal128, Int64, MaxKey, MinKey, ObjectId

from gatherum.errors import PipelineError
from gatherum.functions.predicate import Test, predicate
from gatherum.types.order import OrderKey, order_key, rank
from gatherum.types.values import MISSING, BsonType, Value, bson_type, from_millis, is_nullish, millis

_NUMBERS = frozenset({int, float, Int64})
_STRINGS = frozenset({str})
_NAN_KEY = order_key(float("nan"))


@predicate("$eq", examples=[(1.0, 1, True), ([1, 2], 1, True), ([1, 2], [1, 2], True), (None, None, True),
                            (MISSING, None, True), (True, 1, False), ({"a": 1, "b": 2}, {"b": 2, "a": 1}, False)])
def equal_to(argument: Value) -> Test:
    """True where the value equals the argument.

    Numbers are equal whatever their types; documents only with the same fields in the same order. Null equals a
    missing field too. A regular expression equals itself only; it is not searched for.
    """
    return _equality(argument)


def _equality(argument: Value) -> Test:
    key = order_key(argument)
    cls = type(argument)
    if argument is None:
        return is_nullish
    if cls is bool:
        return lambda value: value is argument
    if cls is str or cls is ObjectId:
        return lambda value: value == argument
    if cls in _NUMBERS and key != _NAN_KEY:
        return _equal_number(argument, key)
    wanted = key[0]
    return lambda value: rank(value) == wanted and order_key(value) == key


def _equal_number(argument: Any, key: OrderKey) -> Test:
    def test(value: Value) -> bool:
        if value == argument:
            return type(value) is not bool
        return type(value) is Decimal128 and order_key(value) == key
    return test


@predicate("$ne", negates="$eq", examples=[(1, 2, True), (1.0, 1, False), ([1, 2], 1, False), (MISSING, 1, True)])
def not_equal_to(argument: Value) -> Test:
    """True where `$eq` is false: no value at the path, and no element of an array there, equals the argument."""
    if bson_type(argument) is BsonType.REGEX:
        raise PipelineError("$ne takes no regular expression: use {$not: /.../}", 2)
    equal = _equality(argument)
    return lambda value: not equal(value)


@predicate("$gt", examples=[(2, 1, True), (1, 1.0, False), ("2", 1, False), ([0, 5], 1, True), (MISSING, 1, False)])
def above(argument: Value) -> Test:
    """True where the value has the argument's type and comes after it in the order of that type."""
    return _ordering("$gt", argument)


@predicate("$gte", examples=[(1, 1.0, True), (None, None, True), (MISSING, None, True), (float("nan"), 1, False)])
def at_least(argument: Value) -> Test:
    """True where the value has the argument's type and equals it or comes after it."""
    return _ordering("$gte", argument)


@predicate("$lt", examples=[(1, 2, True), ("a", "b", True), (None, 2, False), (False, True, True)])
def below(argument: Value) -> Test:
    """True where the value has the argument's type and comes before it in the order of that type."""
    return _ordering("$lt", argument)


@predicate("$lte", examples=[(2, 2, True), ({"a": 1}, {"a": 2}, True), (float("nan"), float("nan"), True)])
def at_most(argument: Value) -> Test:
    """True where the value has the argument's type and equals it or comes before it."""
    return _ordering("$lte", argument)


Bounded = Callable[[Any, frozenset[type], Test], Test]
"""Makes a test that compares values of the given classes with a bound, and leaves the others to another test."""


def _gt(bound: Any, classes: frozenset[type], others: Test) -> Test:
    return lambda value: value > bound if type(value) in classes else others(value)


def _gte(bound: Any, classes: frozenset[type], others: Test) -> Test:
    return lambda value: value >= bound if type(value) in classes else others(value)


def _lt(bound: Any, classes: frozenset[type], others: Test) -> Test:
    return lambda value: value < bound if type(value) in classes else others(value)


def _lte(bound: Any, classes: frozenset[type], others: Test) -> Test:
    return lambda value: value <= bound if type(value) in classes else others(value)


_BOUNDED: dict[str, Bounded] = {"$gt": _gt, "$gte": _gte, "$lt": _lt, "$lte": _lte}
_HOLDS: dict[str, Callable[[Any, Any], bool]] = {"$gt": operator.gt, "$gte": operator.ge, "$lt": operator.lt,
                                                 "$lte": operator.le}


def _ordering(name: str, argument: Value) -> Test:
    or_equal = name.endswith("e")
    if bson_type(argument) is BsonType.REGEX:
        raise PipelineError(f"{name} takes no regular expression", 2)
    key = order_key(argument)
    if argument is None:
        return is_nullish if or_equal else _never
    if type(argument) in (MinKey, MaxKey):
        return _against_extreme(argument, or_equal, (type(argument) is MinKey) == name.startswith("$g"))
    if key == _NAN_KEY:
        return _is_nan if or_equal else _never
    by_key = _by_key(key, _HOLDS[name])
    if type(argument) in _NUMBERS:
        return _BOUNDED[name](argument, _NUMBERS, by_key)
    if type(argument) is str:
        return _BOUNDED[name](argument, _STRINGS, by_key)
    if bson_type(argument) is BsonType.DATE:
        return _date_ordering(name, argument, by_key)
    return by_key


def _by_key(bound: OrderKey, holds: Callable[[Any, Any], bool]) -> Test:
    wanted = bound[0]

    def test(value: Value) -> bool:
        if rank(value) != wanted:
            return False
        key = order_key(value)
        return key != _NAN_KEY and holds(key, bound)
    return test


def _against_extreme(extreme: Value, or_equal: bool, beyond: bool) -> Test:
    """A comparison with MinKey or MaxKey; `beyond` where all other values satisfy it."""
    cls = type(extreme)
    if beyond:
        return _always if or_equal else lambda value: type(value) is not cls
    return (lambda value: type(value) is cls) if or_equal else _never


def _date_ordering(name: str, argument: Value, by_key: Test) -> Test:
    """Compares datetimes without time zone as they are; what they hold beyond milliseconds does not count."""
    at = millis(argument)
    bound = from_millis(at if name in ("$gte", "$lt") else at + 1)
    if type(bound) is not dt.datetime:
        return by_key
    if name in ("$gt", "$gte"):
        return lambda value: value >= bound if type(value) is dt.datetime and value.tzinfo is None else by_key(value)
    return lambda value: value < bound if type(value) is dt.datetime and value.tzinfo is None else by_key(value)


def _is_nan(value: Value) -> bool:
    return type(value) in (float, Decimal128) and order_key(value) == _NAN_KEY


def _never(value: Value) -> bool:
    return False


def _always(value: Value) -> bool:
    return True
