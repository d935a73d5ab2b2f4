"""$switch over ranges that follow each other, as $bucket makes it: columns give what the meaning gives."""

import math
from itertools import pairwise

import pytest
from bson import Decimal128, Int64
from columns_and_meaning import check

from gatherum.frontends.mongo.expressions import parse_expression
from gatherum.kernels.columns.batch import Batch
from gatherum.kernels.columns.build import column_of
from gatherum.kernels.evaluate import Evaluation
from gatherum.kernels.ranges import ranges_of
from gatherum.types.values import MISSING

DECIMALS = [Decimal128(text) for text in ("-0.01", "0.00", "24.99", "25.00", "25.01", "49.99", "99999999999999.99")]
MIXED = [0, 25, Int64(30), 49.5, None, "a", MISSING, [1], Decimal128("NaN")]


def case(lower, upper):
    return {"$and": [{"$gte": ["$a", {"$literal": lower}]}, {"$lt": ["$a", {"$literal": upper}]}]}


def switch(bounds, results, default):
    branches = [{"case": case(*each), "then": then} for each, then in zip(pairwise(bounds), results, strict=True)]
    return parse_expression({"$switch": {"branches": branches, "default": default}})


@pytest.mark.parametrize(("results", "default"), [
    ([0, 25, 50], {"$literal": "more"}), (["low", "mid", "low"], {"$literal": "more"}), ([0, 1.5, Int64(2)], None),
    (["low", None, "high"], "$$REMOVE"), ([0, 25, 50], "$a"), ([{"x": 1}, {"$add": ["$b", 1]}, 2], 3)])
@pytest.mark.parametrize(("values", "bounds"), [
    (DECIMALS, [0, 25, 50, 100]), (DECIMALS, [Decimal128("0.005"), Decimal128("25.00"), 49.99, 1e300]),
    (DECIMALS[:4], [Int64(-(2**63)), -1, 0, 25]), ([0, None, 24, 25, 99, 100], [0, 25.0, 50, 100]),
    ([math.nan, -0.0, 24.9, 25.0], [-1, 0, 25, 100]), (["a", "b", MISSING, "zz"], ["a", "b", "c", "d"]),
    (["a", "b"], [0, 25, 50, 100]), (MIXED, [0, 25, 50, 100]), ([], [0, 25, 50, 100])])
def test_ranges_give_what_the_meaning_gives(values, bounds, results, default):
    rows = [{"b": i} if value is MISSING else {"a": value, "b": i} for i, value in enumerate(values)]
    batch = Batch({"a": column_of(values), "b": column_of(list(range(len(values))))}, len(values))
    check(switch(bounds, results, default), batch, rows)


@pytest.mark.parametrize(("ranges", "found"), [
    ([(0, 1), (1, 2)], True), ([(0, 1), (2, 3)], False), ([(1, 2), (0, 1)], False), ([(1, 0), (0, 1)], False)])
def test_only_adjacent_ascending_ranges_are_taken_together(ranges, found):
    cases = [Evaluation().compile(parse_expression(case(*each))) for each in ranges]
    assert (ranges_of(cases) is not None) == found


def test_cases_of_several_values_are_no_ranges():
    other = {"$and": [{"$gte": ["$b", 1]}, {"$lt": ["$b", 2]}]}
    assert ranges_of([Evaluation().compile(parse_expression(each)) for each in (case(0, 1), other)]) is None
