"""$reduce that adds what it finds: in one pass over the items, as the meaning adds them."""

import pytest
from bson import Int64
from hypothesis import given
from hypothesis import strategies as st

from gatherum.errors import OperatorError
from gatherum.frontends.mongo.expressions import parse_expression
from gatherum.kernels.columns.batch import batch_of
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.evaluate import Evaluation
from gatherum.types.values import INT64_MAX

ints = st.integers(-(2**31), 2**31 - 1)
numbers = st.one_of(ints, st.integers(-(2**61), 2**61).map(Int64), st.floats(allow_nan=False), st.none())
BODIES = [{"$add": ["$$value", "$$this"]}, {"$add": ["$$this.x", "$$value"]},
          {"$add": ["$$value", {"$ifNull": ["$$this.x", 0]}]}]


def reduced(rows, body, initial, **options):
    expression = parse_expression({"$reduce": {"input": "$l", "initialValue": initial, "in": body}})
    try:
        found = values_of(Evaluation(**options).compile(expression).column(batch_of(rows)))
    except OperatorError as error:
        return str(error)
    return [(type(value), repr(value)) for value in found]


@pytest.mark.parametrize("body", BODIES)
@given(rows=st.lists(st.fixed_dictionaries({"n": numbers}, optional={"l": st.one_of(
    st.none(), st.lists(st.one_of(numbers, st.fixed_dictionaries({}, optional={"x": numbers})), max_size=5))}),
    min_size=1, max_size=6), initial=st.sampled_from([0, 0.0, -0.0, None, Int64(1), "$n"]))
def test_sums_are_those_without_the_kernel(body, rows, initial):
    assert reduced(rows, body, initial, compiled=lambda: True) == reduced(rows, body, initial)


@pytest.mark.parametrize("rows", [
    [{"l": [1.5, -0.0, 2]}, {"l": []}, {"l": [2**31 - 1, 1, -1]}], [{"l": [-0.0]}, {"l": [0.5, Int64(2)]}],
    [{"l": [1, 2]}, {"l": [3]}], [{"l": [1, None]}, {"l": None}, {}], [{"l": [Int64(INT64_MAX), 1]}]])
def test_corners_are_those_without_the_kernel(rows):
    assert reduced(rows, BODIES[0], 0, compiled=lambda: True) == reduced(rows, BODIES[0], 0)


def test_the_kernel_serves_the_whole_array(monkeypatch):
    from gatherum.kernels.functions import array_iteration

    calls = []
    monkeypatch.setattr(array_iteration, "folded_sums", lambda *given: calls.append(given))
    reduced([{"l": [{"x": 1}, {}]}], BODIES[2], 0, compiled=lambda: True)
    reduced([{"l": [{"x": 1}, {}]}], BODIES[2], 0)
    reduced([{"l": [{"x": 1}, {}]}], {"$add": ["$$value", "$$value"]}, 0, compiled=lambda: True)
    assert len(calls) == 1
