"""Comparison: the quick ways agree with the order of all values."""

import datetime as dt
import itertools
import math

import pytest
from bson import Decimal128, Int64, MaxKey, MinKey, ObjectId

from gatherum.functions.registry import operators
from gatherum.types.order import compare
from gatherum.types.values import MISSING

VALUES = [MISSING, None, math.nan, -math.inf, -0.0, 0, 1, True, False, Int64(1), 1.0, Decimal128("1"), 2**53 + 1,
          2.0**53, "", "a", "ab", "é", {"a": 1}, {"a": 1.0}, {"b": 1}, [], [1], [1.0, 2], b"a", ObjectId("0" * 24),
          dt.datetime(2024, 1, 1), MinKey(), MaxKey()]

MEANS = {"$eq": (0,), "$ne": (-1, 1), "$gt": (1,), "$gte": (0, 1), "$lt": (-1,), "$lte": (-1, 0)}


@pytest.mark.parametrize("name", MEANS)
def test_agrees_with_the_order_of_values(name):
    meaning = operators()[name].meaning
    for a, b in itertools.product(VALUES, VALUES):
        assert meaning(a, b) is (compare(a, b) in MEANS[name]), (a, b)


def test_types_compare_by_their_place_in_the_order():
    less = operators()["$lt"].meaning
    ordered = [MinKey(), MISSING, None, math.nan, 0, "a", {}, [], b"", ObjectId("0" * 24), False, True,
               dt.datetime(1970, 1, 1), MaxKey()]
    assert all(less(a, b) for a, b in itertools.pairwise(ordered))


def test_large_integers_are_not_compared_as_doubles():
    assert operators()["$gt"].meaning(2**53 + 1, 2.0**53) is True
    assert operators()["$eq"].meaning(Int64(2**53 + 1), 2.0**53) is False


def test_cmp_gives_an_int():
    order = operators()["$cmp"].meaning
    assert [order(1, 2), order(1, 1.0), order("a", 1)] == [-1, 0, 1]
