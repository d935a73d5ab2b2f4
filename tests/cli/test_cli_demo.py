"""The demonstration's data and pipelines."""

import hashlib
import re
from functools import cache
from itertools import pairwise

import bson
import pytest
from bson import Decimal128
from reading import exact, read_file

import gatherum as gm
from gatherum.cli.demo.catalogue import customer_count, customers
from gatherum.cli.demo.draws import Draws
from gatherum.cli.demo.files import FORMATS, write_shop, write_ticks
from gatherum.cli.demo.pipelines import PIPELINES
from gatherum.cli.demo.shop import orders
from gatherum.cli.demo.ticks import ticks
from gatherum.errors import SettingError
from gatherum.frontends.mongo.expressions import Names
from gatherum.frontends.mongo.stage import Context, parse_pipeline
from gatherum.rows.interpreter import Run, interpret
from gatherum.types.values import MISSING, Int64, type_name

ORDERS, TICKS = 5000, 20_000
MAKERS = {"orders": lambda: orders(ORDERS, 1), "customers": lambda: customers(customer_count(ORDERS), 1),
          "ticks": lambda: ticks(TICKS, 1)}
FIRST_LANGUAGE = """
    $match $project $addFields $set $unset $group $sort $limit $skip $unwind $count $sortByCount $replaceRoot
    $replaceWith $documents $facet $unionWith $lookup $bucket $sample $bucketAuto $sum $avg $min $max $push $addToSet
    $first $last $mergeObjects $stdDevPop $stdDevSamp $eq $ne $gt $gte $lt $lte $in $nin $and $or $nor $not $exists
    $type $expr $regex $options $elemMatch $size $all $mod $cmp $cond $ifNull $switch $literal $let $add $subtract
    $multiply $divide $abs $ceil $floor $round $trunc $concat $toUpper $toLower $substrCP $strLenCP $split $trim
    $arrayElemAt $filter $map $reduce $concatArrays $slice $isArray $range $objectToArray $arrayToObject $year $month
    $dayOfMonth $hour $minute $second $dateTrunc $dateToString $dateAdd $dateSubtract $toInt $toLong $toDouble
    $toDecimal $toString $toBool $toDate $isNumber
"""


@cache
def table(name):
    return [document for batch in MAKERS[name]() for document in batch.documents()]


@cache
def answer(name):
    demo = next(demo for demo in PIPELINES if demo.name == name)
    plan = parse_pipeline(demo.pipeline, Context(Names(frozenset()), collection=demo.source))
    return [row for batch in interpret(plan, Run(lambda scan: [table(scan.source)], {})) for row in batch]


def digest(batches):
    found = hashlib.sha256()
    for batch in batches:
        for document in batch.documents():
            found.update(bson.encode(document))
    return found.hexdigest()[:16]


def types(path):
    values = [document.get(path, MISSING) for document in table("orders")]
    return set(map(type_name, values))


def test_the_same_seed_gives_the_same_documents_on_every_machine():
    assert digest(orders(2000, 7)) == "032ca69a1120a8a3"
    assert digest(customers(500, 7)) == "7743d05fc29fcdc2"
    assert digest(ticks(2000, 7)) == "63d3bab4e53f4485"
    assert digest(orders(300, 7)) != digest(orders(300, 8))


def test_draws_are_those_of_pcg64_and_of_plain_arithmetic():
    assert Draws(1, 2).words(2).tolist() == [8271799387826207682, 7948369750201702571]
    assert Draws(1, 2).below(10, 8).tolist() == [4, 4, 4, 2, 8, 0, 0, 8]


def test_orders_have_every_type_and_hole():
    assert types("_id") == {"objectId"}
    assert types("customer") == {"int"} and types("visit") == {"long"}
    assert types("total") == {"decimal"} and types("ordered") == {"date"} and types("gift") == {"bool"}
    assert types("zip") == {"string", "int"}
    assert types("coupon") == {"string", "null", "missing"}
    assert types("note") == {"string", "null", "missing", "object"}
    assert types("rating") == {"int", "missing"}
    assert types("shipping") == {"object", "null"} and types("payment") == {"object", "missing"}
    assert types("shipped") == {"date", "null"} and types("returned") == {"date", "missing"}
    items = [item for order in table("orders") for item in order["items"]]
    assert all(item.keys() - {"name", "discount"} == {"sku", "category", "qty", "price"} for item in items)
    assert {"name" in item for item in items} == {"discount" in item for item in items} == {True, False}
    assert {type(item["qty"]) for item in items} == {int} and {type(item["price"]) for item in items} == {float}


def test_every_order_is_newer_than_the_one_before_and_has_an_identity_of_its_second():
    rows = table("orders")
    assert all(a["ordered"] < b["ordered"] for a, b in pairwise(rows))
    assert len({row["_id"] for row in rows}) == ORDERS
    assert all(row["_id"].generation_time.replace(tzinfo=None) == row["ordered"].replace(microsecond=0) for row in rows)
    assert {row["ordered"].month for row in rows} == set(range(1, 13))


def test_totals_are_exact_to_the_cent():
    def cents(value):
        return round(value * 100)

    for row in table("orders"):
        expected = sum(item["qty"] * cents(item["price"]) - cents(item.get("discount", 0)) for item in row["items"])
        expected += cents(row["shipping"]["cost"]) if row["shipping"] else 0
        assert row["total"].bid == Decimal128(f"{expected // 100}.{expected % 100:02}").bid
        assert "payment" not in row or row["payment"]["amount"] == expected / 100


def test_some_orders_are_of_customers_that_are_not_known():
    known = {row["_id"] for row in table("customers")}
    unknown = sum(row["customer"] not in known for row in table("orders"))
    assert 0 < unknown < ORDERS / 20
    assert {type_name(row.get("segment", MISSING)) for row in table("customers")} == {"string", "missing"}
    assert {type_name(row["joined"]) for row in table("customers")} == {"date", "null"}


def test_longs_need_no_wrapper_in_ndjson():
    assert all(type(row["visit"]) is Int64 and row["visit"] >= 2**40 for row in table("orders"))


def test_the_files_hold_the_same_documents(tmp_path):
    written = []
    paths = write_shop(tmp_path, ORDERS, seed=1, processes=1, progress=lambda *done: written.append(done))
    assert sorted(path.name for path in paths) == sorted(f"{name}.{suffix}" for name in ("customers", "orders")
                                                         for suffix in FORMATS)
    assert written == [("customers", customer_count(ORDERS)), ("orders", ORDERS)]
    for path in paths:
        assert exact(read_file(path)) == exact(table(path.stem)), path.name


def test_ticks_are_written_as_parquet(tmp_path):
    path = write_ticks(tmp_path, TICKS, seed=1)
    assert exact(read_file(path)) == exact(table("ticks"))


def test_the_number_of_processes_does_not_show(tmp_path):
    one, two = ([path.read_bytes() for path in write_shop(tmp_path / str(processes), 20_001, 3, ["bson"], processes)]
                for processes in (1, 2))
    assert one == two


def test_an_unknown_format_is_refused(tmp_path):
    with pytest.raises(SettingError, match="no format 'xml'"):
        write_shop(tmp_path, 10, formats=["bson", "xml"])
    assert not list(tmp_path.iterdir())


def test_ticks_come_in_order_and_walk():
    rows = table("ticks")
    assert all(a["time"] < b["time"] for a, b in pairwise(rows))
    assert len(rows) == TICKS and len({row["time"].date() for row in rows}) == 20
    assert all(row["time"].weekday() < 5 for row in rows)
    last = {}
    for row in rows:
        before = last.get((row["symbol"], row["time"].date()), row["price"])
        assert abs(row["price"] - before) < 0.01 * before
        last[row["symbol"], row["time"].date()] = row["price"]


def operators(value):
    if isinstance(value, dict):
        for name, item in value.items():
            if name.startswith("$"):
                yield name
            yield from operators(item)
    elif isinstance(value, list):
        for item in value:
            yield from operators(item)


@pytest.mark.parametrize("demo", PIPELINES, ids=lambda demo: demo.name)
def test_pipelines_run(demo):
    assert set(operators(demo.pipeline)) <= set(FIRST_LANGUAGE.split())
    assert re.fullmatch(r"[A-Z][^.]*\.", demo.purpose)
    assert answer(demo.name)


def test_names_of_pipelines_are_unique():
    assert len({demo.name for demo in PIPELINES}) == len(PIPELINES)


def test_candles_need_no_sort_because_order_is_kept():
    assert answer("candles") == answer("candles_sorted")


def test_null_and_missing_coupons_are_two_groups():
    kinds = [row["_id"] for row in answer("coupons") if row["_id"]["type"] != "string"]
    assert sorted(kinds, key=len) == [{"type": "missing"}, {"coupon": None, "type": "null"}]


def test_postal_areas_are_the_ten_digits_whatever_the_type_of_the_code():
    assert [row["_id"] for row in answer("postal_areas")] == list("0123456789")
    assert sum(row["numbers"] for row in answer("postal_areas")) == sum(type(row["zip"]) is int
                                                                        for row in table("orders"))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The Parquet file of each table."""
    folder = tmp_path_factory.mktemp("demo")
    return {path.stem: str(path) for path in [*write_shop(folder, ORDERS, 1, ["parquet"]),
                                              write_ticks(folder, TICKS, 1)]}


@pytest.mark.parametrize("demo", PIPELINES, ids=lambda demo: demo.name)
def test_pipelines_over_parquet_run_columnar_from_end_to_end(demo, files):
    found = gm.connect(files)[demo.source].aggregate(demo.pipeline, engine="columnar").to_list()
    assert exact(found) == exact(answer(demo.name))
