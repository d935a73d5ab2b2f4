"""Which values count as true."""

from __future__ import annotations

from bson import Decimal128

from gatherum.types.values import MISSING, Value


def truth(value: Value) -> bool:
    """False for false, null, missing and every zero; true for all else, NaN and empty strings included."""
    if value is True:
        return True
    if value is False or value is None or value is MISSING:
        return False
    if isinstance(value, int | float):
        return value != 0
    return not value.to_decimal().is_zero() if type(value) is Decimal128 else True
