"""Arrays: their elements, parts and sizes; joining and making them."""

from __future__ import annotations

from typing import Final

from gatherum.errors import OperatorError, ResourceError
from gatherum.functions.operator import operator
from gatherum.functions.operators.int32 import int32
from gatherum.functions.signature import positional, variadic
from gatherum.types.order import order_key
from gatherum.types.values import MISSING, Value, is_nullish, type_name

RANGE_LIMIT: Final = 100 * 1024 * 1024 // 16
LEFT_OUT: Final = object()


@operator("$arrayElemAt", positional("array", "index"), null="null",
          examples=[({"$arrayElemAt": [[1, 2, 3], 0]}, 1), ({"$arrayElemAt": [[1, 2, 3], -1]}, 3),
                    ({"$arrayElemAt": [None, 0]}, None)])
def element_at(array: Value, index: Value) -> Value:
    """The element at `index`, counted from 0, or from the end where it is negative; missing where there is none.

    Null or missing arguments give null. An argument that is no array, and an index that is not a whole number within
    32 bits, are errors.
    """
    if is_nullish(array) or is_nullish(index):
        return None
    if type(array) is not list:
        raise OperatorError(f"$arrayElemAt takes an array, not {type_name(array)}", 28689)
    position = int32(index, "$arrayElemAt: the index", 28690, 28691)
    return array[position] if -len(array) <= position < len(array) else MISSING


@operator("$first", positional("array"), null="null",
          examples=[({"$first": [[1, 2]]}, 1), ({"$first": {"$literal": None}}, None)])
def first(array: Value) -> Value:
    """The first element of an array; missing where it is empty. Null and missing give null, other types an error."""
    return _end(array, 0, "$first")


@operator("$last", positional("array"), null="null",
          examples=[({"$last": [[1, 2]]}, 2), ({"$last": {"$literal": None}}, None)])
def last(array: Value) -> Value:
    """The last element of an array; missing where it is empty. Null and missing give null, other types an error."""
    return _end(array, -1, "$last")


def _end(array: Value, position: int, name: str) -> Value:
    if type(array) is list:
        return array[position] if array else MISSING
    if is_nullish(array):
        return None
    raise OperatorError(f"{name} takes an array, not {type_name(array)}", 28689)


@operator("$concatArrays", variadic(), null="null",
          examples=[({"$concatArrays": [[1], [2, [3]]]}, [1, 2, [3]]), ({"$concatArrays": [[1], None]}, None),
                    ({"$concatArrays": []}, [])])
def concat_arrays(*arrays: Value) -> Value:
    """One array of the elements of all, in order.

    Null or missing among them makes the result null; a value of another type that comes before is an error.
    """
    joined = []
    for array in arrays:
        if type(array) is not list:
            if is_nullish(array):
                return None
            raise OperatorError(f"$concatArrays takes arrays, not {type_name(array)}", 28664)
        joined += array
    return joined


@operator("$slice", positional("array", "position_or_count", "count?"), null="null",
          examples=[({"$slice": [[1, 2, 3], 2]}, [1, 2]), ({"$slice": [[1, 2, 3], -2]}, [2, 3]),
                    ({"$slice": [[1, 2, 3], 1, 1]}, [2]), ({"$slice": [None, 1]}, None)])
def slice_(array: Value, where: Value, count: Value = LEFT_OUT) -> Value:
    """A part of an array.

    With two arguments, its first `n` elements, or its last `-n` where that is negative. With three, at most `count`
    elements from a position on, which counts from 0, or from the end where it is negative.

    Null or missing arguments give null. A first argument that is no array, numbers that are not whole or not within
    32 bits, and a count below 1 given with a position, are errors.
    """
    if is_nullish(array) or is_nullish(where):
        return None
    if type(array) is not list:
        raise OperatorError(f"$slice takes an array, not {type_name(array)}", 28724)
    number = int32(where, "$slice: the second argument", 28725, 28726)
    if count is LEFT_OUT:
        return array[:number] if number >= 0 else array[number:]
    if is_nullish(count):
        return None
    most = int32(count, "$slice: the third argument", 28727, 28728)
    if most <= 0:
        raise OperatorError(f"$slice: the third argument must be positive, not {most}", 28729)
    start = number if number >= 0 else max(0, len(array) + number)
    return array[start:start + most]


@operator("$isArray", positional("value"), raises=False, of_type=True,
          examples=[({"$isArray": [[1]]}, True), ({"$isArray": "a"}, False), ({"$isArray": [None]}, False)])
def is_array(value: Value) -> Value:
    """True for an array, false for all else, null and missing included."""
    return type(value) is list


@operator("$size", positional("array"), of_type=True, examples=[({"$size": [[1, 2]]}, 2)])
def size(array: Value) -> Value:
    """The number of elements of an array, as an int. Any other type, null and missing included, is an error."""
    if type(array) is not list:
        raise OperatorError(f"$size takes an array, not {type_name(array)}", 17124)
    return len(array)


@operator("$in", positional("value", "array"),
          examples=[({"$in": [2, [1, 2.0]]}, True), ({"$in": ["a", ["b"]]}, False), ({"$in": [None, [None]]}, True)])
def in_(value: Value, array: Value) -> Value:
    """True where some element of the array equals the value, by BSON's equality: 1, 1.0 and a decimal 1 are equal.

    A missing value equals nothing. A second argument that is no array, null and missing included, is an error.
    """
    if type(array) is not list:
        raise OperatorError(f"$in takes an array as its second argument, not {type_name(array)}", 40081)
    if type(value) is str:
        return value in array
    wanted = order_key(value)
    return any(order_key(item) == wanted for item in array)


@operator("$range", positional("start", "end", "step?"),
          examples=[({"$range": [0, 3]}, [0, 1, 2]), ({"$range": [5, 0, -2]}, [5, 3, 1]), ({"$range": [3, 0]}, [])])
def range_(start: Value, end: Value, step: Value = 1) -> Value:
    """The ints from `start` on, `step` apart, up to but without `end`.

    All arguments must be whole numbers within 32 bits, and `step` not 0; null and missing are errors too.
    """
    low = int32(start, "$range: the start", 34443, 34444)
    high = int32(end, "$range: the end", 34445, 34446)
    by = int32(step, "$range: the step", 34447, 34448)
    if by == 0:
        raise OperatorError("$range: the step must not be 0", 34449)
    numbers = range(low, high, by)
    if len(numbers) > RANGE_LIMIT:
        raise ResourceError(f"$range would make {len(numbers)} numbers; the limit is {RANGE_LIMIT}", 146)
    return list(numbers)
