"""Aggregate functions as expressions: over the elements of one array, or over several arguments."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from gatherum.functions.aggregate import Aggregate
from gatherum.functions.operator import operator
from gatherum.functions.registry import aggregates
from gatherum.functions.signature import variadic
from gatherum.types.order import order_key
from gatherum.types.values import Value, is_nullish


@cache
def _aggregate(name: str) -> Aggregate:
    return aggregates()[name]()


def _items(values: Sequence[Value]) -> Sequence[Value]:
    """What is folded: the values, or the elements of the only one, where that is an array."""
    return values[0] if len(values) == 1 and type(values[0]) is list else values


def _fold(name: str, values: Sequence[Value]) -> Value:
    function = _aggregate(name)
    state = function.init()
    for ordinal, value in enumerate(_items(values)):
        function.update(state, value, ordinal)
    return function.finalize(state)


def _present(values: Sequence[Value]) -> list[Value]:
    return [value for value in _items(values) if not is_nullish(value)]


@operator("$sum", variadic(), raises=False,
          examples=[({"$sum": [1, 2.5]}, 3.5), ({"$sum": [[1, 2, "a"]]}, 3), ({"$sum": [[1, 2], 3]}, 3),
                    ({"$sum": None}, 0)])
def sum_(*values: Value) -> Value:
    """The sum of the arguments, or of the elements of a single argument that is an array.

    Values that are not numbers are passed over, arrays among several arguments included; the sum of none is 0. The
    sum is exact and rounded once.
    """
    return _fold("$sum", values)


@operator("$avg", variadic(), raises=False,
          examples=[({"$avg": [1, 2]}, 1.5), ({"$avg": [[1, 2, "a"]]}, 1.5), ({"$avg": "a"}, None)])
def average(*values: Value) -> Value:
    """The mean of the arguments, or of the elements of a single argument that is an array.

    Values that are not numbers are passed over, arrays among several arguments included; the mean of none is null.
    """
    return _fold("$avg", values)


@operator("$min", variadic(), raises=False,
          examples=[({"$min": [3, 1, None]}, 1), ({"$min": [[3, 1]]}, 1), ({"$min": [[0], "a"]}, "a"),
                    ({"$min": []}, None)])
def minimum(*values: Value) -> Value:
    """The smallest of the arguments in BSON's order, or of the elements of a single argument that is an array.

    Nulls and missing values are passed over; the result is null where nothing else is there. Of equal values the first
    is taken: that of 1.0 and 1 is 1.0.
    """
    # The aggregate $min chooses among equal values by their type, since rows may come in any order; arguments have one.
    return min(_present(values), key=order_key, default=None)


@operator("$max", variadic(), raises=False,
          examples=[({"$max": [3, 1, None]}, 3), ({"$max": [[3, 1]]}, 3), ({"$max": [[0], "a"]}, [0]),
                    ({"$max": []}, None)])
def maximum(*values: Value) -> Value:
    """The largest of the arguments in BSON's order, or of the elements of a single argument that is an array.

    Nulls and missing values are passed over; the result is null where nothing else is there. Of equal values the first
    is taken: that of 1.0 and 1 is 1.0.
    """
    return max(_present(values), key=order_key, default=None)


@operator("$stdDevPop", variadic(), raises=False,
          examples=[({"$stdDevPop": [1, 3]}, 1.0), ({"$stdDevPop": [[1, 3, "a"]]}, 1.0), ({"$stdDevPop": "a"}, None)])
def deviation_of_population(*values: Value) -> Value:
    """The population standard deviation of the arguments, or of the elements of a single argument that is an array.

    Values that are not numbers are passed over; of none it is null.
    """
    return _fold("$stdDevPop", values)


@operator("$stdDevSamp", variadic(), raises=False,
          examples=[({"$stdDevSamp": [1, 3, 5]}, 2.0), ({"$stdDevSamp": [[1, 3, 5]]}, 2.0),
                    ({"$stdDevSamp": [1]}, None)])
def deviation_of_sample(*values: Value) -> Value:
    """The sample standard deviation of the arguments, or of the elements of a single argument that is an array.

    Values that are not numbers are passed over; of fewer than two numbers it is null.
    """
    return _fold("$stdDevSamp", values)
