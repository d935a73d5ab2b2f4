"""Lookup, Union, Facet and Unwind: rows that multiply, and subplans."""

import pytest
from bson import Int64, Regex

from gatherum.errors import OperatorError
from gatherum.frontends.mongo.expressions import Names
from gatherum.frontends.mongo.stage import Context, parse_pipeline
from gatherum.rows.interpreter import Run, interpret


def run(collections, *pipeline, variables=None):
    variables = variables or {}
    plan = parse_pipeline(list(pipeline), Context(Names(frozenset(variables)), collection="c"))
    opened = Run(lambda scan: [collections[scan.source]] if collections.get(scan.source) else [], variables)
    return [row for batch in interpret(plan, opened) for row in batch]


def found(local, foreign, local_field="a", foreign_field="b"):
    rows = run({"c": [local], "d": [{"_id": i, **row} for i, row in enumerate(foreign)]},
               {"$lookup": {"from": "d", "localField": local_field, "foreignField": foreign_field, "as": "r"}})
    return [row["_id"] for row in rows[0]["r"]]


@pytest.mark.parametrize(("local", "foreign", "expected"), [
    ({"a": 1}, [{"b": 1.0}, {"b": "1"}, {"b": Int64(1)}, {"b": True}], [0, 2]),
    ({}, [{"b": None}, {}, {"b": 0}, {"b": [None]}, {"b": []}], [0, 1, 3]),
    ({"a": None}, [{"b": None}, {}], [0, 1]),
    ({"a": [3, 1]}, [{"b": 1}, {"b": 2}, {"b": 3}, {"b": [3, 1]}], [0, 2, 3]),
    ({"a": [[1, 2]]}, [{"b": [1, 2]}, {"b": 1}], [0]),
    ({"a": 2}, [{"b": [1, 2]}, {"b": [[2]]}], [0]),
    ({"a": Regex("x")}, [{"b": "x"}, {"b": Regex("x")}], [1]),
    ({"a": float("nan")}, [{"b": float("nan")}, {}], [0]),
])
def test_equality(local, foreign, expected):
    assert found(local, foreign) == expected


def test_paths_go_through_arrays_on_both_sides():
    assert found({"a": [{"x": 1}, {"x": 2}, 5]}, [{"b": [{"y": 2}]}, {"b": {"y": 3}}], "a.x", "b.y") == [0]
    assert found({"a": ["p", "q"]}, [{"b": "p"}, {"b": "q"}], "a.0") == [0]


def test_the_array_replaces_what_stands_at_its_path():
    rows = run({"c": [{"a": 1, "x": 5}], "d": [{"b": 1}]},
               {"$lookup": {"from": "d", "localField": "a", "foreignField": "b", "as": "x.y"}})
    assert rows == [{"a": 1, "x": {"y": [{"b": 1}]}}]


def test_a_pipeline_of_its_own_is_the_same_for_every_row():
    rows = run({"c": [{"a": 1}, {"a": 2}], "d": [{"b": 1}, {"b": 2}]},
               {"$lookup": {"from": "d", "pipeline": [{"$sort": {"b": -1}}, {"$limit": 1}], "as": "r"}})
    assert [row["r"] for row in rows] == [[{"b": 2}], [{"b": 2}]]
    assert rows[0]["r"] is not rows[1]["r"]


def test_variables_reach_into_nested_pipelines():
    rows = run({"c": [{"a": 1}, {"a": 2}], "d": [{"b": 10}]},
               {"$lookup": {"from": "d", "let": {"x": "$a"}, "as": "r", "pipeline": [
                   {"$lookup": {"from": "d", "let": {"y": "$b"}, "as": "s", "pipeline": [
                       {"$project": {"_id": 0, "v": ["$$x", "$$y", "$$z"]}}]}}]}}, variables={"z": 0})
    assert [row["r"] for row in rows] == [[{"b": 10, "s": [{"v": [a, 10, 0]}]}] for a in (1, 2)]


def test_equality_comes_before_the_pipeline():
    rows = run({"c": [{"a": 1}, {"a": 2}], "d": [{"b": 2, "n": 1}, {"b": 1, "n": 2}, {"b": 1, "n": 3}]},
               {"$lookup": {"from": "d", "localField": "a", "foreignField": "b", "let": {"v": "$a"}, "as": "r",
                            "pipeline": [{"$limit": 1}, {"$project": {"_id": 0, "n": 1, "v": "$$v"}}]}})
    assert [row["r"] for row in rows] == [[{"n": 2, "v": 1}], [{"n": 1, "v": 2}]]


def test_a_lookup_within_a_facet_within_a_lookup():
    rows = run({"c": [{"a": 1}], "d": [{"b": 1}, {"b": 2}]},
               {"$lookup": {"from": "d", "let": {"x": "$a"}, "as": "r", "pipeline": [
                   {"$facet": {"n": [{"$count": "n"}],
                               "s": [{"$lookup": {"from": "c", "localField": "b", "foreignField": "a", "as": "t"}}]}},
                   {"$set": {"x": "$$x"}}]}})
    assert rows[0]["r"] == [{"n": [{"n": 2}], "s": [{"b": 1, "t": [{"a": 1}]}, {"b": 2, "t": []}], "x": 1}]


def test_an_error_in_let_is_raised_though_nothing_uses_it():
    with pytest.raises(OperatorError):
        run({"c": [{"a": "x"}], "d": []},
            {"$lookup": {"from": "d", "let": {"x": {"$abs": "$a"}}, "pipeline": [], "as": "r"}})


def test_documents_of_the_pipeline_may_use_variables():
    rows = run({"c": [{"a": [{"b": 1}, {"b": 2}]}]},
               {"$lookup": {"let": {"v": "$a"}, "pipeline": [{"$documents": "$$v"}, {"$skip": 1}], "as": "r"}})
    assert rows[0]["r"] == [{"b": 2}]


def test_union_with_a_pipeline_keeps_duplicates():
    rows = run({"c": [{"a": 1}], "d": [{"a": 1}, {"a": 2}]},
               {"$unionWith": {"coll": "d", "pipeline": [{"$limit": 1}]}}, {"$unionWith": "d"})
    assert [row["a"] for row in rows] == [1, 1, 1, 2]


def test_the_branches_of_a_facet_see_all_rows():
    rows = run({"c": [{"a": 1}, {"a": 2}]}, {"$facet": {"x": [{"$count": "n"}], "y": [{"$limit": 1}], "z": []}})
    assert rows == [{"x": [{"n": 2}], "y": [{"a": 1}], "z": [{"a": 1}, {"a": 2}]}]
    assert run({"c": []}, {"$facet": {"x": []}}) == [{"x": []}]


@pytest.mark.parametrize(("options", "expected"), [
    ({}, [{"a": {"b": 1}}, {"a": {"b": 2}}, {"a": {"b": 3}}]),
    ({"preserveNullAndEmptyArrays": True},
     [{"a": {"b": 1}}, {"a": {"b": 2}}, {"a": {"b": 3}}, {"a": {}}, {"a": {"b": None}}, {"a": 1}, {"a": [{"b": [1]}]}]),
    ({"includeArrayIndex": "i.j"},
     [{"a": {"b": 1}, "i": {"j": Int64(0)}}, {"a": {"b": 2}, "i": {"j": Int64(1)}}, {"a": {"b": 3}, "i": {"j": None}}]),
])
def test_unwind(options, expected):
    documents = [{"a": {"b": [1, 2]}}, {"a": {"b": 3}}, {"a": {"b": []}}, {"a": {"b": None}}, {"a": 1},
                 {"a": [{"b": [1]}]}]
    assert run({"c": documents}, {"$unwind": {"path": "$a.b", **options}}) == expected
    assert documents[0] == {"a": {"b": [1, 2]}}


def test_buckets_between_boundaries():
    rows = run({"c": [{"v": 0}, {"v": 4.5}, {"v": 5}, {}]},
               {"$bucket": {"groupBy": "$v", "boundaries": [0, {"$add": [2, 3]}, 10], "default": "other"}})
    assert rows == [{"_id": 0, "count": 2}, {"_id": 5, "count": 1}, {"_id": "other", "count": 1}]
    with pytest.raises(OperatorError):
        run({"c": [{"v": 11}]}, {"$bucket": {"groupBy": "$v", "boundaries": [0, 10]}})
