"""Comparison over all types by the order of BSON: $cmp, $eq, $ne, $gt, $gte, $lt and $lte."""

from __future__ import annotations

import operator as python
from collections.abc import Callable
from typing import Any

from bson import Int64

from gatherum.functions.operator import Operator, operator
from gatherum.functions.signature import positional
from gatherum.types.order import compare, order_key
from gatherum.types.values import Value

_NUMBERS = frozenset({int, float, Int64})


def _comparison(name: str, holds: Callable[[Any, Any], bool], documentation: str,
                examples: list[tuple[Any, bool]]) -> Operator:
    def meaning(first: Value, second: Value) -> bool:
        a, b = type(first), type(second)
        if a is str and b is str:
            return holds(first, second)
        if a in _NUMBERS and b in _NUMBERS and first == first and second == second:
            return holds(first, second)
        return holds(order_key(first), order_key(second))

    meaning.__doc__ = documentation
    return operator(name, positional("first", "second"), raises=False, examples=examples)(meaning)


_ORDER = ("Numbers compare by value whatever their type, NaN is below all other numbers, and values of different "
          "types compare by type: missing, null, numbers, strings, documents, arrays, binary data, ObjectIds, "
          "booleans, dates, timestamps, regular expressions.")

equals = _comparison("$eq", python.eq, f"True where the two values are equal.\n\n{_ORDER}",
                     [({"$eq": [1, 1.0]}, True), ({"$eq": [1, "1"]}, False)])
differs = _comparison("$ne", python.ne, f"True where the two values are not equal.\n\n{_ORDER}",
                      [({"$ne": [1, 1.0]}, False), ({"$ne": [None, "$a"]}, True)])
greater = _comparison("$gt", python.gt, f"True where the first value is after the second.\n\n{_ORDER}",
                      [({"$gt": [3, 2]}, True), ({"$gt": ["a", 5]}, True)])
greater_or_equal = _comparison("$gte", python.ge, f"True where the first value is not before the second.\n\n{_ORDER}",
                               [({"$gte": [3, 3.0]}, True), ({"$gte": [None, 0]}, False)])
less = _comparison("$lt", python.lt, f"True where the first value is before the second.\n\n{_ORDER}",
                   [({"$lt": [2, 3]}, True), ({"$lt": ["$a", None]}, True)])
less_or_equal = _comparison("$lte", python.le, f"True where the first value is not after the second.\n\n{_ORDER}",
                            [({"$lte": [2, 2.0]}, True), ({"$lte": ["a", 5]}, False)])


@operator("$cmp", positional("first", "second"), raises=False,
          examples=[({"$cmp": [1, 2]}, -1), ({"$cmp": [2, 2.0]}, 0), ({"$cmp": ["a", 5]}, 1)])
def order(first: Value, second: Value) -> Value:
    """-1, 0 or 1 as the first value is before, equal to or after the second, in the order that `$gt` explains."""
    return compare(first, second)
