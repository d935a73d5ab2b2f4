"""Truth and numbers, signaling NaNs included, which Python refuses to compare."""

import math
import random
from fractions import Fraction

import pytest
from bson import Decimal128

from gatherum.types.exact import exact_parts
from gatherum.types.numbers import as_decimal, as_double
from gatherum.types.order import equal
from gatherum.types.truth import truth

SIGNALING = Decimal128("sNaN")


def test_truth_of_decimals():
    assert [truth(Decimal128(text)) for text in ("0", "-0E+3", "0.1", "NaN", "sNaN", "Infinity")] == [
        False, False, True, True, True, True]


def test_a_signaling_nan_is_a_nan():
    assert math.isnan(as_double(SIGNALING))
    assert as_decimal(SIGNALING).is_qnan()
    assert equal(SIGNALING, math.nan)


def test_the_parts_of_a_sum_are_exact():
    draw = random.Random(1)
    for size in (1, 2, 50, 1000):
        values = [draw.uniform(-1, 1) * 10.0 ** draw.randint(-300, 300) for _ in range(size)]
        parts = exact_parts(values)
        assert sum(map(Fraction, parts)) == sum(map(Fraction, values))
        assert len(parts) < 50
    assert exact_parts([1e308, -1e308]) == []


@pytest.mark.parametrize("values", [[math.nan, 1.0], [math.inf], [math.inf, -math.inf], [1e308, 1e308, 1e308]])
def test_what_has_no_finite_sum_has_no_parts(values):
    with pytest.raises((ValueError, OverflowError)):
        exact_parts(values)
