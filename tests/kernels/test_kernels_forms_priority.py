"""Expressions that must run in kernels from end to end over typed columns: the meaning may fill nothing."""

import datetime as dt

import pyarrow as pa
import pytest
from columns_and_meaning import check

from gatherum.frontends.mongo.expressions import parse_expression
from gatherum.frontends.mongo.query import parse_query
from gatherum.kernels.columns.batch import Batch, batch_of
from gatherum.kernels.columns.column import Column

ROWS = [
    {"i": i, "n": i % 7 + 1, "d": i / 8 + 0.5, "s": f"name {i % 5}", "code": ("new", "paid", "sent")[i % 3],
     "b": i % 2 == 0, "t": dt.datetime(2023, 1, 1) + dt.timedelta(hours=31 * i), "day": f"2024-0{i % 9 + 1}-1{i % 9}",
     "digits": str(i),
     "number": i if i % 2 else i + 0.5, "maybe": None if i % 4 == 0 else i / 2, "nums": [j / 4 for j in range(i % 5)],
     "tags": [f"t{j}" for j in range(i % 4)], "address": {"city": ("Rome", "Oslo")[i % 2], "zip": {"code": i}},
     "items": [{"price": j + 0.25, "quantity": j + 1} for j in range(i % 4)]} for i in range(100)]
for i, row in enumerate(ROWS):
    if i % 5 == 0:
        del row["maybe"]
DOCUMENTS = [{**row, "maybe": None} if row.get("maybe", 0) is None else row for row in ROWS]


def typed_batch():
    """The rows as columns: `number` and `maybe` are variant, `code` is coded."""
    batch = batch_of(DOCUMENTS)
    code = batch.column("code")
    return Batch({**batch.columns, "code": Column(code.array.dictionary_encode())}, batch.rows)


BATCH = typed_batch()
TIMES = {"input": "$items", "as": "x", "in": {"$multiply": ["$$x.price", "$$x.quantity"]}}

EXPRESSIONS = [
    "$i", "$address.city", "$address.zip.code", "$items.price", "$items.missing", "$nowhere", "$i.below", "$$ROOT",
    {"$add": ["$i", "$n"]}, {"$add": ["$i", "$d", 1]}, {"$add": ["$number", "$d"]}, {"$add": ["$maybe", 1]},
    {"$subtract": ["$d", 1]}, {"$subtract": ["$t", dt.datetime(2020, 1, 1)]}, {"$add": ["$t", 1000]},
    {"$multiply": ["$d", {"$subtract": [1, "$n"]}]}, {"$divide": ["$d", "$n"]}, {"$divide": ["$i", 3]},
    {"$mod": ["$i", 7]}, {"$mod": ["$d", "$n"]}, {"$abs": {"$subtract": ["$i", 50]}}, {"$ceil": "$d"}, {"$floor": "$d"},
    {"$round": ["$d", 1]}, {"$round": ["$i", -1]}, {"$trunc": ["$d", 2]}, {"$trunc": "$number"},
    {"$eq": ["$i", 5]}, {"$ne": ["$s", "name 1"]}, {"$gt": ["$number", 5]}, {"$gte": ["$d", "$i"]},
    {"$lt": ["$t", dt.datetime(2023, 2, 1)]}, {"$lte": ["$maybe", 3]}, {"$cmp": ["$s", "$digits"]},
    {"$eq": ["$code", "paid"]}, {"$and": [{"$gt": ["$i", 5]}, "$b"]}, {"$or": ["$b", {"$lt": ["$d", 4]}]},
    {"$not": "$b"}, {"$cond": [{"$gt": ["$i", 9]}, "$d", 0]}, {"$cond": ["$b", "yes", "no"]},
    {"$cond": [{"$ne": ["$i", 0]}, {"$divide": ["$d", "$i"]}, None]}, {"$ifNull": ["$maybe", 0.0]},
    {"$switch": {"branches": [{"case": {"$lt": ["$d", 2]}, "then": "low"},
                              {"case": {"$lt": ["$d", 9]}, "then": {"$multiply": ["$d", 2]}}], "default": "$s"}},
    {"$in": ["$s", ["name 1", "name 2"]]}, {"$in": ["$i", [1, 2.0, 3]]}, {"$in": ["$code", ["new", "sent"]]},
    {"$in": ["t1", "$tags"]}, {"$in": ["$number", [1, 2.5]]},
    *[{part: "$t"} for part in ("$year", "$month", "$dayOfMonth", "$hour", "$minute", "$second", "$dayOfWeek",
                                "$isoWeek")],
    {"$year": {"date": "$t", "timezone": "Europe/Berlin"}},
    *[{"$dateTrunc": {"date": "$t", "unit": unit}} for unit in ("hour", "day", "week", "month", "quarter", "year")],
    {"$dateTrunc": {"date": "$t", "unit": "day", "timezone": "America/New_York"}},
    {"$dateToString": {"date": "$t", "format": "%Y-%m-%d"}}, {"$dateToString": {"date": "$t"}},
    {"$dateToString": {"date": "$t", "format": "%H:%M", "timezone": "Asia/Kolkata"}},
    {"$dateAdd": {"startDate": "$t", "unit": "day", "amount": "$n"}},
    {"$dateSubtract": {"startDate": "$t", "unit": "month", "amount": 1}},
    {"$toInt": "$d"}, {"$toInt": "$digits"}, {"$toLong": "$i"}, {"$toLong": "$t"}, {"$toDouble": "$i"},
    {"$toDouble": "$digits"}, {"$toString": "$i"}, {"$toString": "$d"}, {"$toString": "$b"}, {"$toString": "$t"},
    {"$toDate": "$day"}, {"$toBool": "$number"}, {"$type": "$maybe"}, {"$isNumber": "$number"},
    {"$concat": ["$s", "-", "$digits"]}, {"$concat": ["$code", "!"]}, {"$toUpper": "$s"}, {"$toLower": "$code"},
    {"$substrCP": ["$s", 0, 4]}, {"$strLenCP": "$s"}, {"$split": ["$s", " "]}, {"$trim": {"input": "$s"}},
    {"$size": "$items"}, {"$arrayElemAt": ["$nums", 0]}, {"$arrayElemAt": ["$items", -1]}, {"$isArray": "$nums"},
    {"$slice": ["$nums", 2]}, {"$concatArrays": ["$nums", "$nums"]}, {"$first": "$tags"},
    {"$sum": "$nums"}, {"$sum": "$items.quantity"}, {"$sum": ["$i", "$d", "$maybe"]}, {"$avg": "$nums"},
    {"$min": "$nums"}, {"$max": ["$d", 7]}, {"$max": "$items.price"},
    {"$map": TIMES}, {"$sum": {"$map": TIMES}}, {"$map": {"input": "$nums", "in": {"$add": ["$$this", "$i"]}}},
    {"$filter": {"input": "$items", "as": "x", "cond": {"$gt": ["$$x.price", 1]}}},
    {"$reduce": {"input": "$nums", "initialValue": 0, "in": {"$add": ["$$value", "$$this"]}}},
    {"$let": {"vars": {"x": {"$add": ["$i", 1]}}, "in": {"$multiply": ["$$x", "$$x"]}}}, {"$literal": "$i"},
    {"a": "$i", "b": "$code"}, ["$i", "$d"],
]
QUERIES = [
    {"i": 5}, {"d": {"$gte": 1, "$lt": 5}}, {"s": {"$gt": "name 2"}}, {"code": "paid"}, {"code": {"$ne": "paid"}},
    {"i": {"$in": [1, 2]}}, {"code": {"$nin": ["new"]}}, {"maybe": None}, {"maybe": {"$exists": True}},
    {"number": {"$type": "int"}}, {"number": {"$gt": 10}}, {"s": {"$regex": "^na.*2$"}}, {"i": {"$mod": [3, 1]}},
    {"items": {"$size": 2}}, {"items.price": {"$gt": 1}}, {"tags": "t1"}, {"tags": {"$in": ["t0", "t2"]}},
    {"address.city": "Rome"}, {"address.zip.code": {"$lt": 7}}, {"t": {"$gte": dt.datetime(2023, 2, 1)}},
    {"items": {"$elemMatch": {"price": {"$gt": 0}, "quantity": {"$lt": 3}}}}, {"nums": {"$elemMatch": {"$gt": 0.3}}},
    {"$or": [{"i": 5}, {"b": True}]}, {"$expr": {"$gt": ["$d", "$i"]}}, {"i": {"$not": {"$gt": 5}}},
]


@pytest.mark.parametrize("written", EXPRESSIONS, ids=str)
def test_an_expression_runs_in_kernels(written):
    assert check(parse_expression(written), BATCH, DOCUMENTS, strict=True)


@pytest.mark.parametrize("query", QUERIES, ids=str)
def test_a_query_runs_in_kernels(query):
    assert check(parse_query(query), BATCH, DOCUMENTS, strict=True)


def test_the_columns_are_typed_as_meant():
    assert BATCH.column("number").is_variant
    assert BATCH.column("maybe").is_variant
    assert isinstance(BATCH.column("code").array.type, pa.DictionaryType)
    assert pa.types.is_struct(BATCH.column("items").array.type.value_type)


@pytest.mark.parametrize("written", [
    {"$dateAdd": {"startDate": "$none", "unit": "day", "amount": 1}}, {"$toDecimal": "$none"}, {"$toUpper": "$none"},
    {"$add": ["$none", 1]}, {"$map": {"input": "$none", "in": "$$this"}}, {"$dateToString": {"date": "$none"}},
    {"$objectToArray": "$none"}], ids=str)
def test_columns_of_nothing_run_in_kernels(written):
    for rows in ([{"none": None}] * 3, [{}] * 3):
        assert check(parse_expression(written), batch_of(rows), rows, strict=True)


def test_empty_batches_are_never_refused():
    check(parse_expression({"$toDecimal": "$i"}), BATCH.slice(0, 0), [], strict=True)
