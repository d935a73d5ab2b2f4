"""Checks that several stages make of their arguments."""

from __future__ import annotations

from bson import Decimal128, Int64

from gatherum.errors import PipelineError
from gatherum.types.values import INT64_MAX, INT64_MIN, Value, type_name


def whole_number(value: Value, what: str, code: int) -> int:
    """The integer that a number of any type holds; PipelineError where it holds none within 64 bits."""
    if type(value) is Decimal128:
        value = value.to_decimal()
        if not value.is_finite() or value != value.to_integral_value():
            raise PipelineError(f"{what} must be representable as a 64-bit integer: {value}", code)
        value = int(value)
    elif type(value) is float:
        if value != value or value in (float("inf"), float("-inf")) or value != int(value):
            raise PipelineError(f"{what} must be representable as a 64-bit integer: {value}", code)
        value = int(value)
    elif type(value) not in (int, Int64):
        raise PipelineError(f"{what} must be a number, not {type_name(value)}", code)
    if not INT64_MIN <= value <= INT64_MAX:
        raise PipelineError(f"{what} must be representable as a 64-bit integer: {value}", code)
    return int(value)
