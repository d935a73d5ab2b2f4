"""Project: which fields are kept, dropped and computed, and in which order."""

import copy

import pytest

from gatherum.frontends.mongo.stage import Context, parse_pipeline
from gatherum.rows.interpreter import Run, interpret


def run(documents, *pipeline):
    before = copy.deepcopy(documents)
    plan = parse_pipeline(list(pipeline), Context(collection="c"))
    rows = [row for batch in interpret(plan, Run(lambda scan: [documents], {})) for row in batch]
    assert documents == before, "the input was changed"
    return rows


@pytest.mark.parametrize(("document", "specification", "expected"), [
    ({"_id": 1, "b": 2, "a": 3}, {"a": 1, "b": True}, {"_id": 1, "b": 2, "a": 3}),
    ({"b": 2, "_id": 1}, {"_id": 0, "b": 1}, {"b": 2}),
    ({"_id": 1, "a": 2}, {"_id": 1}, {"_id": 1}),
    ({"_id": 1, "a": 2, "b": 3}, {"_id": 1, "a": 0}, {"_id": 1, "b": 3}),
    ({"_id": 1, "a": 2}, {"_id": 0}, {"a": 2}),
    ({"_id": 1, "a": 2, "b": 3}, {"c": "$a", "b": 1}, {"_id": 1, "b": 3, "c": 2}),
    ({"_id": 1, "a": 2}, {"a": "$missing"}, {"_id": 1}),
    ({"_id": 1, "a": {"b": 1, "c": 2}}, {"a.b": 1}, {"_id": 1, "a": {"b": 1}}),
    ({"_id": 1, "a": 5}, {"a.b": 1}, {"_id": 1}),
    ({"a": [1, {"b": 2}, {"c": 3}, [{"b": 4}, 5]]}, {"a.b": 1}, {"a": [{"b": 2}, {}, [{"b": 4}]]}),
    ({"x": 9, "a": [1, {"c": 2}]}, {"a.b": "$x"}, {"a": [{"b": 9}, {"b": 9}]}),
    ({"x": 9, "a": [1, {"c": 2, "d": 3}]}, {"a": {"c": 1, "b": "$x"}}, {"a": [{"b": 9}, {"c": 2, "b": 9}]}),
    ({"a": 1}, {"a.b": "$missing"}, {"a": {}}),
    ({"a": {"b": 1, "c": 2}}, {"a": {"b": 0}}, {"a": {"c": 2}}),
    ({"a": [{"b": 1, "c": 2}, 3, [{"b": 4}]]}, {"a.b": 0}, {"a": [{"c": 2}, 3, [{}]]}),
])
def test_project(document, specification, expected):
    (row,) = run([document], {"$project": specification})
    assert row == expected
    assert list(row) == list(expected)


@pytest.mark.parametrize(("document", "specification", "expected"), [
    ({"a": 1, "b": 2}, {"a": "$b", "c": "$a"}, {"a": 2, "b": 2, "c": 1}),
    ({"a": 1, "b": 2}, {"a": "$missing"}, {"b": 2}),
    ({"a": {"c": 1}}, {"a.b": 2}, {"a": {"c": 1, "b": 2}}),
    ({"a": {"c": 1}}, {"a": {"b": 2}}, {"a": {"c": 1, "b": 2}}),
    ({"a": 5}, {"a.b.c": 1}, {"a": {"b": {"c": 1}}}),
    ({"a": [1, {"b": 0, "c": 1}, [2]]}, {"a.b": 3}, {"a": [{"b": 3}, {"b": 3, "c": 1}, [{"b": 3}]]}),
    ({"a": 1}, {"b": {}}, {"a": 1, "b": {}}),
    ({"a": 1}, {}, {"a": 1}),
    ({"a": {"b": 1, "c": 2}}, {"a.b": "$$REMOVE"}, {"a": {"c": 2}}),
])
def test_add_fields(document, specification, expected):
    (row,) = run([document], {"$addFields": specification})
    assert row == expected
    assert list(row) == list(expected)


def test_unset_of_many_and_of_nested_fields():
    names = ["a", "b", "c", "d"]
    assert run([dict.fromkeys([*names, "e"], 1)], {"$unset": names}) == [{"e": 1}]
    assert run([{"a": [{"b": 1, "c": 2}], "d": 3}], {"$unset": ["a.b", "d"]}) == [{"a": [{"c": 2}]}]


def test_many_rows_are_reshaped_as_few_are():
    few = [{"_id": 1, "a": 2, "b": 3.5}, {"b": 1.5, "_id": 2, "a": 4}, {"_id": 3, "b": "x", "c": 1}, {}, {"a": None}]
    for stages in [[{"$project": {"b": 1, "a": 1}}], [{"$project": {"a": 1, "d": "$c"}}],
                   [{"$project": {"_id": 0, "d": "$b"}}], [{"$addFields": {"b": 0}}],
                   [{"$addFields": {"d": {"$ifNull": ["$c", "$$REMOVE"]}, "a": "$missing"}}],
                   [{"$project": {"a": 1, "d": {"$type": "$b"}}}, {"$match": {"d": "string"}}]]:
        expected = run(few, *stages)
        assert [list(row.items()) for row in run(few * 1000, *stages)] == [list(row.items()) for row in expected] * 1000


def test_empty_batches():
    plan = parse_pipeline([{"$project": {"a": 1}}, {"$match": {"a": 1}}], Context(collection="c"))
    batches = [[{"a": 1}] * 2000, [], [{"a": 1}]]
    assert sum(map(len, interpret(plan, Run(lambda scan: batches, {})))) == 2001
