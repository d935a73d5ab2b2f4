"""Group and BucketAuto: keys, order and aggregates."""

import pytest
from bson import Decimal128, Int64

from gatherum.errors import OperatorError
from gatherum.frontends.mongo.stage import Context, parse_pipeline
from gatherum.rows.interpreter import Run, interpret
from gatherum.rows.nodes.granularity import GRANULARITIES, rounder


def run(documents, *pipeline, batch=2):
    plan = parse_pipeline(list(pipeline), Context(collection="c"))
    batches = [documents[start:start + batch] for start in range(0, len(documents), batch)]
    return [row for batch in interpret(plan, Run(lambda scan: batches, {})) for row in batch]


def by_id(rows):
    return {repr(row["_id"]): row for row in rows}


def test_equal_numbers_are_one_key_and_the_first_type_is_shown():
    rows = run([{"k": Int64(1)}, {"k": 1.0}, {"k": 1}, {"k": True}], {"$group": {"_id": "$k", "n": {"$count": {}}}})
    assert sorted(row["n"] for row in rows) == [1, 3]
    assert {type(row["_id"]) for row in rows} == {Int64, bool}


def test_missing_is_null():
    rows = run([{"k": None}, {}, {"k": []}], {"$group": {"_id": "$k", "n": {"$sum": 1}}})
    assert by_id(rows) == {"None": {"_id": None, "n": 2}, "[]": {"_id": [], "n": 1}}


def test_missing_fields_of_a_document_key():
    several = run([{"a": 1}, {"a": 1, "b": None}], {"$group": {"_id": {"a": "$a", "b": "$b"}}})
    assert by_id(several).keys() == {"{'a': 1}", "{'a': 1, 'b': None}"}
    assert run([{}, {"a": None}], {"$group": {"_id": {"a": "$a"}}}) == [{"_id": {"a": None}}]


def test_a_constant_key_is_one_group_and_an_array_is_a_constant():
    assert run([{"a": 1}, {"a": 2}], {"$group": {"_id": ["$a"], "n": {"$count": {}}}}) == [{"_id": ["$a"], "n": 2}]


def test_the_order_does_not_depend_on_the_input():
    documents = [{"k": key} for key in ["a", 1, 2.5, None, [1], {"x": 1}, "b"]]
    assert run(documents, {"$group": {"_id": "$k"}}) == run(documents[::-1], {"$group": {"_id": "$k"}}, batch=3)


@pytest.mark.parametrize("limit", [[], [{"$limit": 4}]])
def test_sorted_groups_of_equal_rank_are_in_the_order_of_their_hashes(limit):
    documents = [{"k": key, "v": value} for key, value in zip("abcdefgh", [2, 1, 2, 1, 3, 2, 1, 3], strict=True)]
    group = {"$group": {"_id": "$k", "v": {"$sum": "$v"}, "w": {"$max": 1}}}
    for keys in ({"v": 1}, {"w": 1, "v": -1}, {"v": -1, "_id": 1}, {"w": 1}):
        order = run(documents, group)
        for name, direction in reversed(keys.items()):
            order.sort(key=lambda row, name=name: row[name], reverse=direction < 0)
        assert run(documents[::-1], group, {"$sort": keys}, *limit) == order[:4 if limit else 8]


def test_ordered_aggregates_see_the_rows_in_order():
    rows = run([{"v": 3}, {}, {"v": 1}],
               {"$group": {"_id": None, "all": {"$push": "$v"}, "first": {"$first": "$v"}, "last": {"$last": "$v"}}})
    assert rows == [{"_id": None, "all": [3, 1], "first": 3, "last": 1}]
    assert run([{}], {"$group": {"_id": None, "f": {"$first": "$v"}}}) == [{"_id": None, "f": None}]


def test_count_and_sort_by_count():
    assert run([{}, {}, {}], {"$count": "n"}) == [{"n": 3}]
    assert run([], {"$count": "n"}) == []
    assert run([{"a": 1}, {"a": 2}, {"a": 2}], {"$sortByCount": "$a"})[0] == {"_id": 2, "count": 2}


def test_buckets_are_nearly_equal_and_keep_equal_values_together():
    rows = run([{"v": v} for v in [5, 1, 4, 2, 3]], {"$bucketAuto": {"groupBy": "$v", "buckets": 2}})
    assert rows == [{"_id": {"min": 1, "max": 4}, "count": 3}, {"_id": {"min": 4, "max": 5}, "count": 2}]
    rows = run([{"v": 1}] * 3 + [{}], {"$bucketAuto": {"groupBy": "$v", "buckets": 4}})
    assert rows == [{"_id": {"min": None, "max": 1}, "count": 1}, {"_id": {"min": 1, "max": 1}, "count": 3}]
    assert run([], {"$bucketAuto": {"groupBy": "$v", "buckets": 2}}) == []


def test_bounds_of_a_granularity_absorb_the_values_below_them():
    rows = run([{"v": v} for v in [0, 3, 15, 16, 70]],
               {"$bucketAuto": {"groupBy": "$v", "buckets": 3, "granularity": "R5"}})
    assert [(*row["_id"].values(), row["count"]) for row in rows] == [(0, 4.0, 2), (4.0, 25.0, 2), (25.0, 100.0, 1)]


@pytest.mark.parametrize(("value", "code"), [("a", 40258), (float("nan"), 40259), (-1, 40260)])
def test_a_granularity_takes_numbers_from_0(value, code):
    with pytest.raises(OperatorError) as caught:
        run([{"v": value}], {"$bucketAuto": {"groupBy": "$v", "buckets": 1, "granularity": "R5"}})
    assert caught.value.code == code


@pytest.mark.parametrize("granularity", GRANULARITIES)
@pytest.mark.parametrize("value", [0.004, 0.8, 1, 7, 96, 100, 952, 12345.6, Int64(2**40), Decimal128("0.97")])
def test_rounding_goes_strictly_past_the_value(granularity, value):
    def plain(number):
        return float(str(number))

    rounding = rounder(granularity)
    assert plain(rounding.down(value)) < plain(value) < plain(rounding.up(value))
    assert plain(rounding.up(rounding.down(value))) <= plain(rounding.up(value))


@pytest.mark.parametrize(("granularity", "value", "down", "up"), [
    ("R5", 63, 40.0, 100.0), ("E6", 80, 68.0, 100.0), ("E6", 0.8, 0.68, 1.0), ("1-2-5", 10, 5.0, 20.0),
    ("POWERSOF2", 8, 4, 16), ("POWERSOF2", 0.75, 0.5, 1), ("E192", 915, 909.0, 920.0), ("R80", 99, 97.5, 103.0),
])
def test_rounding(granularity, value, down, up):
    assert rounder(granularity).down(value) == pytest.approx(down)
    assert rounder(granularity).up(value) == pytest.approx(up)
