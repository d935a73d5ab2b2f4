"""Decimals of one exponent become integers; all others are left to the meaning."""

import decimal

import pytest
from bson import Decimal128
from hypothesis import given
from hypothesis import strategies as st

from gatherum.kernels.columns.build import column_of
from gatherum.kernels.decimals import scaled_decimals


@given(st.lists(st.one_of(st.none(), st.integers(-(2**62) + 1, 2**62 - 1)), min_size=1, max_size=20),
       st.integers(-6176, 6111))
def test_scaled(coefficients, exponent):
    values = [None if c is None else Decimal128(f"{c}E{exponent}") for c in coefficients]
    column = column_of([Decimal128(f"7E{exponent}"), *values])
    found = scaled_decimals(column.array.slice(1))
    assert found.coefficients.tolist() == [c or 0 for c in coefficients]
    if any(c is not None for c in coefficients):
        assert found.exponent == exponent


@pytest.mark.parametrize("odd", ["NaN", "Infinity", "1E+3", "1.00", "9223372036854775808.0", "1E-6176"])
def test_left_to_the_meaning(odd):
    assert scaled_decimals(column_of([Decimal128("1.5"), Decimal128(odd)]).array) is None


def test_negative_zero_is_zero():
    assert scaled_decimals(column_of([Decimal128("-0.0"), Decimal128(decimal.Decimal("0.1"))]).array).exponent == -1
