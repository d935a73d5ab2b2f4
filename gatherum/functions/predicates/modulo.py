"""$mod: what a number leaves when divided."""

from __future__ import annotations

import math

from bson import Decimal128, Int64

from gatherum.errors import PipelineError
from gatherum.functions.predicate import Test, predicate
from gatherum.types.values import INT64_MAX, INT64_MIN, Value, is_number, type_name


@predicate("$mod", examples=[(7, [3, 1], True), (-7, [3, -1], True), (7.9, [3, 1], True), ("7", [3, 1], False),
                             ([2, 6], [3, 0], True)])
def leaves(argument: Value) -> Test:
    """True for a number that, divided by the first number of the argument, leaves the second one as remainder.

    Fractions are cut off before dividing, and the remainder has the sign of the value. NaN, infinities and numbers
    beyond 64 bits never match.
    """
    if not isinstance(argument, list | tuple):
        raise PipelineError(f"$mod needs an array [divisor, remainder], not {type_name(argument)}", 2)
    if len(argument) != 2:
        much = "not enough" if len(argument) < 2 else "too many"
        raise PipelineError(f"malformed $mod, {much} elements: it takes [divisor, remainder]", 2)
    divisor, remainder = _whole("divisor", argument[0]), _whole("remainder", argument[1])
    if divisor == 0:
        raise PipelineError("$mod: the divisor cannot be 0", 2)
    size = abs(divisor)

    def test(value: Value) -> bool:
        if type(value) is not int:
            whole = truncated(value)
            if whole is None:
                return False
            value = whole
        return (value % size if value >= 0 else -(-value % size)) == remainder
    return test


def _whole(what: str, value: Value) -> int:
    if not is_number(value):
        raise PipelineError(f"malformed $mod, {what} is not a number but {type_name(value)}", 2)
    whole = truncated(value)
    if whole is None:
        raise PipelineError(f"malformed $mod, {what} {value} does not fit a 64-bit integer", 2)
    return whole


def truncated(value: Value) -> int | None:
    """The integer part of a number; None where it does not fit 64 bits, and for what is not a number."""
    cls = type(value)
    if cls is int or cls is Int64 or (cls is float and math.isfinite(value)):
        whole = int(value)
    elif cls is Decimal128 and value.to_decimal().is_finite() and value.to_decimal().adjusted() < 20:
        whole = int(value.to_decimal())
    else:
        return None
    return whole if INT64_MIN <= whole <= INT64_MAX else None
