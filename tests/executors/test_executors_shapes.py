"""Every pipeline gives the same rows in every shape: engines, threads, sizes of morsels, forced spills, kernels off."""

import datetime as dt
import random

import pytest
from bson import Decimal128, Int64, ObjectId
from running import written

import gatherum as gm

CHANCE = random.Random(7)


def order(number):
    made = {"_id": number, "customer": CHANCE.choice(["ann", "bob", "cy", "dee"]),
            "when": dt.datetime(2026, 1, 1) + dt.timedelta(hours=7 * number), "qty": CHANCE.randrange(50)}
    if number % 3:
        made["items"] = [{"sku": CHANCE.choice("abc"), "price": CHANCE.choice([1, 2.5, Int64(3), Decimal128("4.20")])}
                         for _ in range(CHANCE.randrange(4))]
    if number % 5 == 0:
        made["note"] = CHANCE.choice([None, "x", 7, {"a": 1}, [1, 2]])
    if number % 7:
        made["ship"] = {"cost": CHANCE.choice([None, 1.5, 2]), "to": CHANCE.choice(["x", "y"])}
    return made


ORDERS = [order(number) for number in range(400)]
CUSTOMERS = [{"_id": "ann", "city": "Oslo"}, {"_id": "bob"}, {"_id": "cy", "city": "Rome"}, {"_id": ObjectId("1" * 24)}]

PIPELINES = {
    "match": [{"$match": {"qty": {"$gt": 25}, "customer": {"$in": ["ann", "cy"]}}}],
    "match mixed": [{"$match": {"note": {"$exists": True, "$ne": 7}}}],
    "match nested": [{"$match": {"items.sku": "a", "ship.to": "x"}}],
    "project": [{"$project": {"qty": 1, "double": {"$multiply": ["$qty", 2]}, "to": "$ship.to"}}],
    "project nested": [{"$project": {"items.price": 1, "ship": {"to": 1}}}],
    "addFields": [{"$addFields": {"ship.total": {"$add": [{"$ifNull": ["$ship.cost", 0]}, 1]}, "qty": "$missing"}}],
    "unset": [{"$unset": ["items", "ship.cost"]}],
    "group": [{"$group": {"_id": "$customer", "n": {"$sum": 1}, "qty": {"$sum": "$qty"}, "mean": {"$avg": "$qty"},
                          "first": {"$first": "$_id"}, "last": {"$last": "$_id"}, "low": {"$min": "$when"},
                          "high": {"$max": "$note"}, "all": {"$push": "$note"}, "set": {"$addToSet": "$qty"},
                          "spread": {"$stdDevPop": "$qty"}}}],
    "group compound": [{"$group": {"_id": {"c": "$customer", "to": "$ship.to"}, "n": {"$count": {}}}},
                       {"$sort": {"_id": 1}}],
    "group mixed key": [{"$group": {"_id": "$note", "n": {"$sum": 1}}}],
    "group all": [{"$group": {"_id": None, "total": {"$sum": "$ship.cost"}}}],
    "group by month": [{"$group": {"_id": {"$dateTrunc": {"date": "$when", "unit": "month"}}, "n": {"$sum": 1}}},
                       {"$sort": {"_id": 1}}],
    "sort": [{"$sort": {"customer": 1, "qty": -1}}, {"$project": {"customer": 1, "qty": 1}}],
    "sort mixed": [{"$sort": {"note": -1}}],
    "sort arrays": [{"$sort": {"items.price": 1}}],
    "top": [{"$sort": {"qty": -1}}, {"$skip": 3}, {"$limit": 10}],
    "limit": [{"$match": {"qty": {"$gte": 10}}}, {"$skip": 5}, {"$limit": 20}],
    "unwind": [{"$unwind": "$items"}, {"$group": {"_id": "$items.sku", "paid": {"$sum": "$items.price"}}}],
    "unwind keep": [{"$unwind": {"path": "$items", "includeArrayIndex": "at", "preserveNullAndEmptyArrays": True}}],
    "replaceRoot": [{"$match": {"ship": {"$type": "object"}}}, {"$replaceRoot": {"newRoot": "$ship"}}],
    "count": [{"$match": {"qty": {"$lt": 10}}}, {"$count": "few"}],
    "sortByCount": [{"$sortByCount": "$customer"}],
    "bucket": [{"$bucket": {"groupBy": "$qty", "boundaries": [0, 10, 30], "default": "more",
                            "output": {"n": {"$sum": 1}, "ids": {"$push": "$_id"}}}}],
    "bucketAuto": [{"$bucketAuto": {"groupBy": "$qty", "buckets": 4}}],
    "facet": [{"$facet": {"by": [{"$sortByCount": "$customer"}], "top": [{"$sort": {"qty": -1}}, {"$limit": 2}],
                          "n": [{"$count": "n"}]}}],
    "lookup": [{"$lookup": {"from": "customers", "localField": "customer", "foreignField": "_id", "as": "who"}},
               {"$match": {"who.city": "Oslo"}}, {"$project": {"who": 1}}],
    "unionWith": [{"$project": {"_id": 1}}, {"$unionWith": {"coll": "customers", "pipeline": [{"$unset": "city"}]}}],
    "sample": [{"$sample": {"size": 7}}],
    "expr": [{"$match": {"$expr": {"$gt": ["$qty", {"$size": {"$ifNull": ["$items", []]}}]}}}, {"$count": "n"}],
    "map": [{"$project": {"paid": {"$sum": {"$map": {"input": "$items", "in": "$$this.price"}}}}}],
    "nothing": [{"$match": {"nowhere": 1}}, {"$group": {"_id": None, "n": {"$sum": 1}}}],
}

SHAPES = {
    "columnar": {"engine": "auto", "rows_engine_limit": 0},
    "plain": {"rows_engine_limit": 0, "kernels": "off"},
    "one thread": {"rows_engine_limit": 0, "threads": 1},
    "five threads": {"rows_engine_limit": 0, "threads": 5, "morsel_rows": 16},
    "single rows": {"rows_engine_limit": 0, "morsel_rows": 1, "threads": 2},
    "sevens": {"rows_engine_limit": 0, "morsel_rows": 7},
    "spilling": {"rows_engine_limit": 0, "morsel_rows": 32, "spill_every": 1},
}


def rows(pipeline, **settings):
    db = gm.connect({"orders": ORDERS, "customers": CUSTOMERS}, **{"kernels": "on", **settings})
    return written(db.orders.aggregate(pipeline))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", PIPELINES)
def test_same_rows(name, shape):
    assert rows(PIPELINES[name], **SHAPES[shape]) == rows(PIPELINES[name], engine="rows")
