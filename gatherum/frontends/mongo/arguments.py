"""Checks that several stages make of their arguments."""

from __future__ import annotations

from bson import Decimal128, Int64

from gatherum.errors import PipelineError
from gatherum.types.values import INT64_MAX, INT64_MIN, Value, type_name


def whole_number(value: Value, what: str, code: int) -> int:
    """The integer that a number of any type holds; PipelineError where it holds none within 64 bits."""
    if type(value) is Decimal128:
        number = value.to_decimal()
        whole = int(number) if number.is_finite() and number == number.to_integral_value() else None
    elif type(value) is float:
        whole = int(value) if value.is_integer() else None
    elif type(value) in (int, Int64):
        whole = int(value)
    else:
        raise PipelineError(f"{what} must be a number, not {type_name(value)}", code)
    if whole is None or not INT64_MIN <= whole <= INT64_MAX:
        raise PipelineError(f"{what} must be representable as a 64-bit integer: {value}", code)
    return whole
