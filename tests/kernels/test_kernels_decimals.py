"""Decimals of one exponent become integers; all others are left to the meaning."""

import decimal

import numpy as np
import pytest
from bson import Decimal128
from columns_and_meaning import check
from hypothesis import given
from hypothesis import strategies as st

from gatherum.frontends.mongo.expressions import parse_expression
from gatherum.functions.registry import aggregates
from gatherum.kernels.columns.batch import Batch
from gatherum.kernels.columns.build import column_of
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.decimals import decimal_ranks, scaled_decimals
from gatherum.kernels.functions.totals import Totals
from gatherum.types.order import compare


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


coefficients = st.one_of(st.integers(-10**34 + 1, 10**34 - 1), st.integers(-10**4, 10**4),
                         st.builds(lambda n, p: 5 * n * 10**p, st.integers(-100, 100), st.integers(0, 30)))
finite = st.builds(lambda c, e, sign: Decimal128(f"{sign if c == 0 else ''}{c}E{e}"), coefficients,
                   st.one_of(st.integers(-40, 25), st.sampled_from([-6176, 6111])), st.sampled_from(["", "-"]))


@given(st.lists(st.one_of(st.none(), finite), min_size=1, max_size=9), st.integers(-20, 22),
       st.sampled_from(["$round", "$trunc"]))
def test_decimals_are_rounded_as_by_the_meaning(numbers, places, name):
    column = column_of([Decimal128("1"), *numbers]).slice(1)
    assert check(parse_expression({name: ["$a", places]}), Batch({"a": column}, len(numbers)),
                 [{"a": number} for number in numbers], strict=True) or len(numbers) == 1


@given(st.lists(st.one_of(finite, st.sampled_from([Decimal128(text) for text in ("NaN", "-Infinity", "1.0", "1")])),
                min_size=2, max_size=9))
def test_ranks_compare_as_the_decimals_do(numbers):
    found = decimal_ranks(column_of(numbers).array).tolist()
    for rank, number in zip(found, numbers, strict=True):
        assert [(rank > other) - (rank < other) for other in found] == [compare(number, other) for other in numbers]


DECIMALS = {"one exponent": [["1.25", "-3.50"], ["0.01", "2.00"]], "two exponents": [["1.25", "2.50"], ["1.5", "7"]],
            "all null first": [[None, None], ["1.25", None]], "with a hole": [["1.10", None], ["2.20", "3.30"]]}


@pytest.mark.parametrize("parts", DECIMALS.values(), ids=DECIMALS)
@pytest.mark.parametrize("name", ["$sum", "$avg"])
def test_totals_of_decimals_are_as_they_are_meant_in_one_table_and_in_two(name, parts):
    values = [[None if text is None else Decimal128(text) for text in part] for part in parts]
    aggregate = aggregates()[name]()
    state = aggregate.init()
    for value in [*values[0], *values[1]]:
        aggregate.update(state, value)
    expected = str(aggregate.finalize(state))
    one, (first, second) = Totals(aggregate), [Totals(aggregate) for _ in range(2)]
    for states, batches in ((one, values), (first, values[:1]), (second, values[1:])):
        states.grow(1)
        for batch in batches:
            states.update(np.zeros(2, np.int32), column_of(batch), 0)
    absorbed = Totals(aggregate)
    absorbed.grow(1)
    for states in (first, second):
        absorbed.absorb(np.zeros(1, np.int32), states.export(np.zeros(1, np.int64)))
    merged = first.merge(np.zeros(1, np.int32), second)
    for states in (one, absorbed, merged):
        assert [str(value) for value in values_of(states.finalize(np.zeros(1, np.int64)))] == [expected]
