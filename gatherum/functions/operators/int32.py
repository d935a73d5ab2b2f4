"""The 32-bit integers that operators take as positions and counts."""

from __future__ import annotations

import math
from decimal import Decimal

from bson import Decimal128

from gatherum.errors import OperatorError
from gatherum.types.values import INT32_MAX, INT32_MIN, Value, is_number, type_name


def int32(value: Value, what: str, no_number: int, not_whole: int) -> int:
    """The 32-bit integer that a number of any type holds.

    OperatorError about `what` with code `no_number` where it is no number, `not_whole` where it is not a whole number
    or too large.
    """
    if not is_number(value):
        raise OperatorError(f"{what} must be a number, not {type_name(value)}", no_number)
    number = value.to_decimal() if type(value) is Decimal128 else value
    finite = number.is_finite() if isinstance(number, Decimal) else math.isfinite(number)
    if not finite or not INT32_MIN <= number <= INT32_MAX or number != int(number):
        raise OperatorError(f"{what} must be a whole number within 32 bits, not {value}", not_whole)
    return int(number)
