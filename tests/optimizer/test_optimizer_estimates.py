"""Rows and selectivities told from statistics, and None where these do not tell."""

import datetime as dt
import doctest

import pytest

from gatherum.frontends.mongo.query import parse_query
from gatherum.frontends.mongo.stage import Context as Names
from gatherum.frontends.mongo.stage import parse_pipeline
from gatherum.optimizer import statistics
from gatherum.optimizer.context import Context
from gatherum.optimizer.estimates import estimate
from gatherum.optimizer.statistics import Columns, selectivity
from gatherum.plan.protocols import ColumnStatistics, Statistics
from gatherum.types.order import order_key


def column(low, high, nulls=0, distinct=None):
    return ColumnStatistics(nulls, order_key(low), order_key(high), distinct)


COLUMNS = {
    ("qty",): column(0, 9), ("price",): column(0.0, 10.0), ("name",): column("b", "y", distinct=20),
    ("note",): column("a", "c", nulls=75), ("day",): column(dt.datetime(2026, 1, 1), dt.datetime(2026, 1, 11)),
    ("none",): ColumnStatistics(nulls=100), ("paid",): column(False, True, distinct=2),
    ("one",): column(7, 7, distinct=1),
}
KNOWN = Context({"orders": Statistics(100, 1000, COLUMNS), "others": Statistics(10), "file": Statistics(None, 5000)})


@pytest.mark.parametrize(("query", "expected"), [
    ({}, 1), ({"qty": {"$gte": 5}}, 0.5), ({"qty": {"$gt": 5}}, 0.4), ({"qty": {"$lt": 2.5}}, 0.3),
    ({"qty": {"$gt": 9}}, 0), ({"qty": {"$lte": 9}}, 1), ({"qty": {"$gte": -3}}, 1), ({"qty": "x"}, 0),
    ({"qty": 5}, None), ({"qty": 50}, 0), ({"one": 7}, 1), ({"one": {"$ne": 7}}, 0), ({"qty": float("nan")}, None),
    ({"price": {"$gt": 2.5}}, 0.75), ({"price": {"$gte": 2.5, "$lt": 5}}, 0.375),
    ({"name": "k"}, 0.05), ({"name": {"$in": ["k", "l", "k", "z"]}}, 0.1), ({"name": {"$gt": "k"}}, None),
    ({"name": {"$gt": "z"}}, 0), ({"name": {"$gte": "b"}}, 1), ({"name": {"$nin": ["k"]}}, 0.95),
    ({"note": None}, 0.75), ({"note": {"$ne": None}}, 0.25), ({"note": {"$lte": "x"}}, 0.25), ({"note": "b"}, None),
    ({"day": {"$lt": dt.datetime(2026, 1, 6)}}, 0.5), ({"none": 3}, 0), ({"none": None}, 1), ({"paid": True}, 0.5),
    ({"nowhere": 1}, None), ({"qty": {"$gte": 5}, "price": {"$lt": 5}}, 0.25), ({"qty": {"$gte": 5}, "x": 1}, None),
    ({"qty": 77, "x": 1}, 0), ({"$or": [{"qty": 1}, {"qty": 2}]}, None), ({"qty": {"$not": {"$gte": 5}}}, 0.5),
    ({"$expr": {"$gt": ["$qty", 4]}}, 0.5), ({"$expr": {"$lt": [4, "$qty"]}}, 0.5), ({"name": {"$regex": "k"}}, None),
])
def test_the_share_of_the_rows_that_a_predicate_selects(query, expected):
    found = selectivity(parse_query(query), Columns(100, COLUMNS.get))
    assert found == (None if expected is None else pytest.approx(expected, abs=1e-6))


def test_the_example_holds():
    failed, tried = doctest.testmod(statistics)
    assert tried and not failed


def rows_of(*stages, source="orders"):
    plan = parse_pipeline(stages, Names(collection=source))
    return estimate(plan, KNOWN).get(id(plan))


@pytest.mark.parametrize(("stages", "expected"), [
    ([], 100), ([{"$match": {"qty": {"$gte": 5}}}], 50), ([{"$match": {"nowhere": 1}}], None),
    ([{"$match": {"qty": {"$gte": 5}}}, {"$match": {"price": {"$lt": 5}}}], 25),
    ([{"$match": {"qty": {"$gte": 5}}}, {"$match": {"qty": {"$lt": 7}}}], None),
    ([{"$limit": 7}], 7), ([{"$limit": 700}], 100), ([{"$skip": 30}], 70), ([{"$skip": 300}], 0),
    ([{"$sort": {"qty": 1}}, {"$limit": 3}], 3), ([{"$sample": {"size": 5}}], 5),
    ([{"$project": {"qty": 1}}, {"$match": {"qty": {"$gte": 5}}}], 50),
    ([{"$project": {"name": 1}}, {"$match": {"qty": {"$gte": 5}}}], None),
    ([{"$addFields": {"qty": 1}}, {"$match": {"qty": {"$gte": 5}}}], None),
    ([{"$unset": "qty"}, {"$match": {"qty": {"$gte": 5}}}], None),
    ([{"$addFields": {"x": 1}}, {"$match": {"qty": {"$gte": 5}}}], 50),
    ([{"$group": {"_id": "$name"}}], 20), ([{"$group": {"_id": {"n": "$name"}}}], 20),
    ([{"$group": {"_id": "$qty"}}], None), ([{"$group": {"_id": "$none"}}], None), ([{"$group": {"_id": "$one"}}], 1),
    ([{"$match": {"qty": {"$gte": 5}}}, {"$group": {"_id": "$name"}}], None), ([{"$group": {"_id": None}}], 1),
    ([{"$count": "n"}], 1), ([{"$match": {"qty": 77}}, {"$count": "n"}], 0), ([{"$unwind": "$x"}], None),
    ([{"$unwind": "$x"}, {"$limit": 5}], None), ([{"$facet": {"a": []}}], 1), ([{"$unionWith": "others"}], 110),
    ([{"$lookup": {"from": "others", "localField": "a", "foreignField": "b", "as": "x"}}], 100),
    ([{"$replaceRoot": {"newRoot": "$x"}}, {"$match": {"qty": {"$gte": 5}}}], None),
])
def test_the_rows_of_a_node(stages, expected):
    assert rows_of(*stages) == (None if expected is None else pytest.approx(expected))


def test_a_source_that_does_not_know_its_rows_promises_none():
    assert rows_of(source="file") is None
    assert rows_of({"$limit": 5}, source="file") is None
    assert rows_of({"$limit": 5}, source="never heard of") is None


def test_the_branches_of_a_facet_read_its_input():
    plan = parse_pipeline([{"$facet": {"few": [{"$match": {"qty": {"$gte": 5}}}]}}], Names(collection="orders"))
    assert estimate(plan, KNOWN)[id(plan.branches[0])] == 50
