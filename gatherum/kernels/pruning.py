"""Whether some of many rows may satisfy a predicate, told from the smallest and the largest value of each column.

The answer may be true though no row does, never false though one does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from gatherum.functions.registry import predicates
from gatherum.plan.expressions import ROOT, And, Call, Expression, Get, Literal, Matches, Or, Path, Variable
from gatherum.types.order import MISSING_KEY, NULL_KEY, OrderKey, order_key
from gatherum.types.truth import truth
from gatherum.types.values import MISSING, Value

NUMBER_RANK: Final = 10
NAN_KEY: Final = order_key(float("nan"))
_COMPARED_RANKS: Final = frozenset({NUMBER_RANK, 15, 35, 40, 45})
_MIRRORED: Final = {"$eq": "$eq", "$gt": "$lt", "$gte": "$lte", "$lt": "$gt", "$lte": "$gte"}


@dataclass(frozen=True, slots=True)
class Values:
    """What is known of the values at a path, in some rows.

    `rank` is the place in the order of types that all have which are not null, missing or NaN; None stands for any
    values. They lie between `low` and `high`, two order keys, both included; None is no bound. `nullish`, `nan`: some
    may be null or missing, or NaN. `inside_arrays`: they are elements of arrays, or lie below some. `solid` is false
    where all are null or missing.
    """

    rank: int | None = None
    low: OrderKey | None = None
    high: OrderKey | None = None
    nullish: bool = True
    nan: bool = False
    inside_arrays: bool = False
    solid: bool = True


UNKNOWN: Final = Values(inside_arrays=True)
NOTHING: Final = Values(solid=False)
"""A field that no row has: all values are missing, none is null."""

ValuesAt = Callable[[Path], Values]


def may_hold(predicate: Expression, values_at: ValuesAt) -> bool:
    """Whether the predicate may be true for a row.

    >>> from gatherum.plan.expressions import field
    >>> above = Call("$gt", (field("a"), Literal(5)))
    >>> may_hold(above, lambda path: Values(10, order_key(1), order_key(4), nullish=False))
    False
    """
    match predicate:
        case And(parts):
            return all(may_hold(part, values_at) for part in parts)
        case Or(parts):
            return any(may_hold(part, values_at) for part in parts)
        case Literal(value):
            return truth(value)
        case Matches(Variable(name), path, test, Literal(argument)) if name == ROOT and path:
            return _may_match(values_at(path), test, argument)
        case Call(function, (Get(Variable(name), path), Literal(value))) if name == ROOT and function in _MIRRORED:
            return _may_compare(values_at(path), function, value)
        case Call(function, (Literal(value), Get(Variable(name), path))) if name == ROOT and function in _MIRRORED:
            return _may_compare(values_at(path), _MIRRORED[function], value)
        case _:
            return True


def _may_match(values: Values, predicate: str, argument: Value) -> bool:
    """A query predicate: true only between values of one type, for an array also where it is for an element."""
    if not values.solid and not values.inside_arrays:
        test = predicates()[predicate].prepare(argument)
        return test(MISSING) or (values.rank is not None and test(None))
    if values.rank is None:
        return True
    if predicate == "$in":
        return any(_may_match(values, "$eq", item) for item in argument)
    if predicate not in _MIRRORED:
        return True
    key = order_key(argument)
    if argument is None or argument is MISSING:
        return values.inside_arrays or values.nullish
    if key == NAN_KEY:
        return values.nan or values.rank == NUMBER_RANK or values.inside_arrays
    if key[0] not in _COMPARED_RANKS:
        return True
    return key[0] == values.rank and _in_bounds(values, predicate, key)


def _may_compare(values: Values, function: str, argument: Value) -> bool:
    """A comparison of expressions, in the order of all values."""
    if values.inside_arrays or (values.rank is None and values.solid):
        return True
    key = order_key(argument)
    others = [MISSING_KEY] if values.nullish or not values.solid else []
    if others and values.rank is not None:
        others.append(NULL_KEY)
    if values.nan:
        others.append(NAN_KEY)
    if any(_in_bounds(Values(low=other, high=other), function, key) for other in others):
        return True
    if not values.solid:
        return False
    assert values.rank is not None
    low = (values.rank,) if values.low is None else values.low
    high = (values.rank + 1,) if values.high is None else values.high
    return _in_bounds(Values(low=low, high=high), function, key)


def _in_bounds(values: Values, comparison: str, key: OrderKey) -> bool:
    """Whether a value between the bounds may stand to the key as the comparison says."""
    low, high = values.low, values.high
    match comparison:
        case "$gt":
            return high is None or high > key
        case "$gte":
            return high is None or high >= key
        case "$lt":
            return low is None or low < key
        case "$lte":
            return low is None or low <= key
        case _:
            return (low is None or low <= key) and (high is None or high >= key)
