"""Literals: equal only to literals of the same value and type."""

import itertools
import uuid

from bson import Decimal128, Int64

from gatherum.plan.expressions import Literal
from gatherum.plan.serialize import fingerprint, from_canonical, to_canonical
from gatherum.types.values import MISSING

FIVES = [5, Int64(5), 5.0, Decimal128("5"), "5", True, None, MISSING, [5], {"a": 5}, {"$numberInt": "5"},
         {"$numberLong": "5"}, {"a": {"$numberInt": "5"}}, [{"$numberInt": "5"}], {"a": 5, "b": {"$x": 1}},
         {"a": {"$numberInt": "5"}, "b": {"$x": 1}}, {"$uuid": uuid.UUID(int=5)}]


def test_values_that_extended_json_writes_alike_are_different_literals():
    for (i, first), (j, second) in itertools.product(enumerate(FIVES), repeat=2):
        assert (Literal(first) == Literal(second)) == (i == j), (first, second)
    assert len(set(map(Literal, FIVES))) == len(FIVES)


def test_equal_literals_have_equal_hashes_and_fingerprints():
    for value in FIVES:
        assert hash(Literal(value)) == hash(Literal(value))
        assert from_canonical(to_canonical(Literal(value))) == Literal(value)
    assert len({fingerprint(Literal(value)) for value in FIVES}) == len(FIVES)
