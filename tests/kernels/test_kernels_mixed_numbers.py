"""Sums of columns of mixed numbers are those of the meaning, and no rows are taken apart for them."""

import numpy as np
from bson import Decimal128, Int64
from hypothesis import example, given
from hypothesis import strategies as st

from gatherum.functions.registry import operators
from gatherum.kernels.columns.build import column_of
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.columns.variant import variant_of
from gatherum.kernels.forms import Constant
from gatherum.kernels.mixed_numbers import mixed_sum
from gatherum.types.values import INT64_MAX, MISSING

ints = st.integers(-(2**31), 2**31 - 1)
numbers = st.one_of(ints, st.integers(-(2**61), 2**61).map(Int64), st.floats(allow_nan=False), st.none(),
                    st.just(MISSING))


def exactly(values):
    return [(type(value), repr(value)) for value in values]


@example([(float("inf"), float("-inf"))], 1)
@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=8), numbers)
def test_sums_of_any_numbers(rows, constant):
    meaning = operators()["$add"].meaning
    first, second = (variant_of(list(side)) for side in zip(*rows, strict=True))
    with np.errstate(all="ignore"):                         # as expressions are evaluated: infinities may cancel out
        found = mixed_sum([first, Constant(constant), second])
    assert exactly(values_of(found)) == exactly(meaning(a, constant, b) for a, b in rows)


def test_sums_beyond_a_block():
    values = [1, 0.5, Int64(3), 2**31 - 1] * 5000
    found = mixed_sum([column_of(values), column_of([1] * len(values))])
    assert exactly(values_of(found)) == exactly([2, 1.5, Int64(4), Int64(2**31)] * 5000)


def test_an_overflow_is_left_to_the_meaning():
    assert mixed_sum([column_of([1.5, Int64(INT64_MAX)]), Constant(1)]) is None


def test_other_types_are_not_served():
    assert mixed_sum([column_of([1.5, Decimal128("1")]), Constant(1)]) is None
    assert mixed_sum([column_of([1.5, 1]), Constant("text")]) is None
