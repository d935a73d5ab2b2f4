"""How large a part of some rows a predicate selects, told from the statistics of their columns.

Values are taken to be spread evenly between the smallest and the largest, every distinct one to be as frequent as the
others, and columns to be independent of one another. What the statistics do not tell is None, never a default.
"""

from __future__ import annotations

from collections.abc import Callable
from math import floor
from typing import Final

from gatherum.plan.expressions import ROOT, And, Call, Expression, Get, Literal, Matches, Not, Path, Variable
from gatherum.plan.protocols import ColumnStatistics
from gatherum.records import record
from gatherum.types.order import OrderKey, order_key
from gatherum.types.truth import truth
from gatherum.types.values import MISSING, Value

_MEASURABLE: Final = frozenset({10, 45})
"""The ranks of numbers and dates: between two of these there is a distance."""
_NULLISH: Final = frozenset({0, 5})
_NAN: Final = order_key(float("nan"))
_MIRRORED: Final = {"$eq": "$eq", "$ne": "$ne", "$gt": "$lt", "$gte": "$lte", "$lt": "$gt", "$lte": "$gte"}

ColumnAt = Callable[[Path], ColumnStatistics | None]


@record
class Columns:
    """What is known of the columns of a number of rows; `at` gives None for a path of which nothing is known."""

    rows: float
    at: ColumnAt


def selectivity(predicate: Expression, columns: Columns) -> float | None:
    """The share of the rows, between 0 and 1, for which the predicate is true; None where nothing tells.

    >>> from gatherum.plan.expressions import Matches, Variable
    >>> at = {("qty",): ColumnStatistics(0, order_key(0), order_key(9))}.get
    >>> selectivity(Matches(Variable(ROOT), ("qty",), "$gte", Literal(5)), Columns(100, at))
    0.5
    """
    match predicate:
        case Literal(value):
            return float(truth(value))
        case And(parts):
            return _product([selectivity(part, columns) for part in parts])
        case Not(part):
            selected = selectivity(part, columns)
            return None if selected is None else 1 - selected
        case Matches(Variable(name), path, test, Literal(argument)) if name == ROOT:
            return _matching(columns, path, test, argument)
        case Call(function, (Get(Variable(name), path), Literal(value))) if name == ROOT and function in _MIRRORED:
            return _comparing(columns, path, function, value)
        case Call(function, (Literal(value), Get(Variable(name), path))) if name == ROOT and function in _MIRRORED:
            return _comparing(columns, path, _MIRRORED[function], value)
        case _:
            return None


def _product(shares: list[float | None]) -> float | None:
    if 0 in shares:
        return 0.0
    total = 1.0
    for share in shares:
        if share is None:
            return None
        total *= share
    return total


def _matching(columns: Columns, path: Path, test: str, argument: Value) -> float | None:
    """A query predicate: but for equality with null it is true only of values of the argument's type."""
    if test == "$ne":
        return _complement(_matching(columns, path, "$eq", argument))
    if test == "$nin":
        return _complement(_matching(columns, path, "$in", argument))
    if test == "$in" and isinstance(argument, list):
        return _sum([_matching(columns, path, "$eq", item) for item in _distinct(argument)])
    if test not in _MIRRORED:
        return None
    known = columns.at(path)
    nulls = None if known is None else _null_share(known, columns.rows)
    if known is None or nulls is None:
        return None
    key = order_key(argument)
    if key[0] in _NULLISH:
        return nulls if test in ("$eq", "$gte", "$lte") else 0.0
    if known.low is not None and key[0] != known.low[0]:
        return 0.0
    share = 0.0 if nulls == 1 else _share(known, test, key)
    return None if share is None else share * (1 - nulls)


def _comparing(columns: Columns, path: Path, function: str, value: Value) -> float | None:
    """A comparison of expressions, in the order of all values: null and missing are before all others."""
    known = columns.at(path)
    key = order_key(value)
    nulls = None if known is None else _null_share(known, columns.rows)
    if known is None or nulls is None or key[0] in _NULLISH or value is MISSING:
        return None
    if function == "$ne":
        return _complement(_comparing(columns, path, "$eq", value))
    share = _share(known, function, key)
    if share is None:
        return None
    return share * (1 - nulls) + (nulls if function in ("$lt", "$lte") else 0.0)


def _null_share(known: ColumnStatistics, rows: float) -> float | None:
    return None if known.nulls is None or not rows else min(known.nulls / rows, 1.0)


def _share(known: ColumnStatistics, comparison: str, key: OrderKey) -> float | None:
    """The share of the values that are not null which stand to the key as the comparison says."""
    low, high = known.low, known.high
    if key == _NAN:
        return None
    if low is None or high is None:
        return _one_of(known) if comparison == "$eq" else None
    match comparison:
        case "$eq" if not low <= key <= high:
            return 0.0
        case "$eq":
            return 1.0 if low == high else _one_of(known)
        case "$gt" | "$lte":
            below = 0.0 if key < low else 1.0 if key >= high else _part(low, high, key, reached=True)
            return below if comparison == "$lte" else _complement(below)
        case _:
            below = 0.0 if key <= low else 1.0 if key > high else _part(low, high, key, reached=False)
            return below if comparison == "$lt" else _complement(below)


def _one_of(known: ColumnStatistics) -> float | None:
    return 1 / known.distinct if known.distinct else None


def _part(low: OrderKey, high: OrderKey, key: OrderKey, *, reached: bool) -> float | None:
    """The share of the values from `low` to `high` that lie below the key, which is between; `reached`: or at it."""
    if not low[0] == high[0] == key[0] or low[0] not in _MEASURABLE or low == high:
        return None
    start, end, at = low[1], high[1], key[1]
    if isinstance(start, int) and isinstance(end, int):
        whole = floor(at)
        below = whole - start + (1 if reached or whole != at else 0)
        return below / (end - start + 1)
    share = (float(at) - float(start)) / (float(end) - float(start))
    return share if 0 <= share <= 1 else None


def _complement(share: float | None) -> float | None:
    return None if share is None else 1 - share


def _sum(shares: list[float | None]) -> float | None:
    known = [share for share in shares if share is not None]
    return min(sum(known), 1.0) if len(known) == len(shares) else None


def _distinct(values: list[Value]) -> list[Value]:
    return list({order_key(value): value for value in values}.values())
