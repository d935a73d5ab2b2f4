"""Queries: what $match takes, parsed and applied to documents."""

import pytest
from bson import Code, DBRef, Regex

from gatherum.errors import PipelineError, UnsupportedError
from gatherum.frontends.mongo.expressions import Names
from gatherum.frontends.mongo.query import parse_query
from gatherum.frontends.mongo.stage import Context, parse_pipeline
from gatherum.plan.expressions import And, Literal, Matches, Not, Or, Variable
from gatherum.rows.expressions import compile_predicate
from gatherum.rows.scope import Scope

ROOT = Variable("ROOT")


def matches(query, document, **variables):
    scope = Scope(variables)
    test = compile_predicate(parse_query(query, Names(frozenset(variables))), scope)
    return bool(test(document, scope.frame()))


def test_plans_of_the_basic_forms():
    one = Matches(ROOT, ("a",), "$gt", Literal(1))
    two = Matches(ROOT, ("a",), "$lt", Literal(5))
    assert parse_query({"a": {"$gt": 1}}) == one
    assert parse_query({"a": {"$gt": 1, "$lt": 5}}) == And((one, two))
    assert parse_query({"$or": [{"a": {"$gt": 1}}, {"a": {"$lt": 5}}]}) == Or((one, two))
    assert parse_query({"a": {"$not": {"$gt": 1}}}) == Not(one)
    assert parse_query({"$nor": [{"a": {"$gt": 1}}]}) == Not(one)
    assert parse_query({"a": {"$ne": 1}}) == Matches(ROOT, ("a",), "$ne", Literal(1))
    assert parse_query({}) == And(())


EMPTY = {}
CASES = [
    ({}, EMPTY, True),
    ({"a": None}, EMPTY, True), ({"a": None}, {"a": None}, True), ({"a": None}, {"a": 0}, False),
    ({"a": {"b": 1}}, {"a": {"b": 1.0}}, True), ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}, False),
    ({"a": {}}, {"a": {}}, True), ({"a": {}}, {"a": {"b": 1}}, False),
    ({"a": {"b": {"$gt": 1}}}, {"a": {"b": 2}}, False),
    ({"a": Regex("^x", "i")}, {"a": "Xy"}, True), ({"a": Regex("^x")}, {"a": ["b", "xb"]}, True),
    ({"a": Regex("^x")}, {"a": Regex("^x")}, True), ({"a": Regex("^x")}, {"a": Regex("^x", "i")}, False),
    ({"a": {"$eq": Regex("^x")}}, {"a": "x"}, False),
    ({"a": {"$regex": Regex("^x"), "$options": "i"}}, {"a": "X"}, True),
    ({"a": {"$options": "i", "$regex": "^x"}}, {"a": "X"}, True),
    ({"a": {"$regex": "x", "$eq": "y"}}, {"a": "x"}, False),
    ({"a": {"$not": Regex("^x")}}, {"a": "y"}, True), ({"a": {"$not": Regex("^x")}}, EMPTY, True),
    ({"a": {"$not": {"$regex": "^x"}}}, {"a": ["y", "x"]}, False),
    ({"a": {"$not": {"$gt": 1, "$lt": 5}}}, {"a": 7}, True),
    ({"a": {"$not": {"$not": {"$gt": 1}}}}, {"a": 7}, True),
    ({"a": {"$exists": False}}, EMPTY, True), ({"a": {"$exists": True}}, {"a": None}, True),
    ({"a.b": {"$exists": False}}, {"a": [{"b": 1}, {}]}, False), ({"a.b": {"$exists": False}}, {"a": []}, True),
    ({"a": {"$in": [Regex("^x"), 5]}}, {"a": ["xy"]}, True), ({"a": {"$in": []}}, {"a": 1}, False),
    ({"a": {"$nin": [Regex("^x"), None]}}, EMPTY, False), ({"a": {"$nin": [1]}}, {"a": [1, 2]}, False),
    ({"a": {"$all": []}}, {"a": []}, False), ({"a": {"$all": [1]}}, {"a": 1}, True),
    ({"a": {"$all": [1, Regex("^x")]}}, {"a": ["xy", 1]}, True), ({"a": {"$all": [1, 2]}}, {"a": [1]}, False),
    ({"a": {"$all": [[1, 2]]}}, {"a": [1, 2]}, True), ({"a": {"$all": [None]}}, EMPTY, True),
    ({"a": {"$all": [{"$elemMatch": {"x": 1}}, {"$elemMatch": {"x": 2}}]}}, {"a": [{"x": 2}, {"x": 1}]}, True),
    ({"a": {"$all": [{"$elemMatch": {"x": 1}}, {"$elemMatch": {"x": 2}}]}}, {"a": [{"x": 2}]}, False),
    ({"$and": [{"a": 1}, {"$or": [{"b": 1}, {"b": 2}]}]}, {"a": 1, "b": 2}, True),
    ({"$nor": [{"a": 1}, {"b": 2}]}, {"b": 2}, False), ({"$nor": [{"a": 1}, {"b": 2}]}, EMPTY, True),
    ({"$comment": "why", "a": 1}, {"a": 1}, True), ({"$and": [{"$comment": "why"}]}, EMPTY, True),
    ({"$expr": {"$abs": "$a"}}, {"a": -1}, True), ({"$expr": {"$abs": "$a"}}, {"a": 0}, False),
    ({"$or": [{"$and": [{"$expr": "$a"}]}]}, {"a": True}, True), ({"$expr": "$a"}, EMPTY, False),
    ({"": 1}, {"": 1}, True), ({"a.": 1}, {"a": {"": 1}}, True), ({"$expr": [False]}, EMPTY, True),
    ({"a": {"$ref": "c", "$id": 1}}, {"a": {"$ref": "c", "$id": 1}}, True), ({"a.$id": 1}, {"a": {"$id": 1}}, True),
    ({"a": DBRef("c", 1)}, {"a": {"$ref": "c", "$id": 1}}, True),
]
ELEMENTS = [
    ({"$gt": 1, "$lt": 5}, [0, 7], False), ({"$gt": 1, "$lt": 5}, [0, 3], True), ({"$gt": 1}, 3, False),
    ({"$gt": 1}, [[3]], False), ({"$elemMatch": {"$gt": 1}}, [[3]], True), ({"$size": 2}, [[3, 4]], True),
    ({"$type": "array"}, [1], False), ({"$type": "array"}, [[]], True), ({"$eq": [3]}, [[3]], True),
    ({"$ne": 3}, [3], False), ({"$ne": 3}, [3, 4], True), ({"$not": {"$gt": 1}}, [0, 3], True),
    ({"$nin": [3]}, [3], False),
    ({"$exists": True}, [None], True), ({"$exists": False}, [None], False), ({"$in": [None]}, [None], True),
    ({"$eq": None}, [], False), ({"$regex": "^X", "$options": "i"}, ["ax", "xa"], True),
    ({"x": 1, "y": 2}, [{"x": 1}, {"y": 2}], False), ({"x": 1, "y": 2}, [{"x": 1, "y": 2}], True),
    ({}, [{}], True), ({}, [1], False), ({}, [[]], True), ({"x": None}, [1], False), ({"x": None}, [{}], True),
    ({"0": 3}, [[3]], True), ({"0.x": 3}, [[{"x": 3}]], True), ({"x": 3}, [[{"x": 3}]], False),
    ({"$or": [{"x": 1}, {"y": 1}]}, [{"y": 1}], True), ({"$and": [{"x": 1}, {"y": 1}]}, [{"y": 1}, {"x": 1}], False),
    ({"$nor": [{"x": 1}]}, [{"x": 1}, {"y": 1}], True),
    ({"x.y": {"$elemMatch": {"z": 1}}}, [{"x": [{"y": [{"z": 1}]}]}], True),
    ({"$id": 1}, [{"$ref": "c", "$id": 1}], True), ({"$ref": "c", "$id": 2}, [{"$ref": "c", "$id": 1}], False),
]


@pytest.mark.parametrize(("query", "document", "expected"), CASES)
def test_documents(query, document, expected):
    assert matches(query, document) is expected


@pytest.mark.parametrize(("query", "array", "expected"), ELEMENTS)
def test_elem_match(query, array, expected):
    assert matches({"a": {"$elemMatch": query}}, {"a": array}) is expected
    assert matches({"b.a": {"$elemMatch": query}}, {"b": [{}, {"a": array}]}) is expected


def test_expr_sees_the_variables_of_the_query():
    assert matches({"$expr": "$$v.x"}, {}, v={"x": 1})


REFUSED = [
    ({"a": {"$in": 1}}, 2), ({"a": {"$in": [{"$gt": 1}]}}, 2), ({"a": {"$nin": [{"$regex": "a"}]}}, 2),
    ({"a": {"$not": 1}}, 2), ({"a": {"$not": {}}}, 2), ({"a": {"$not": {"b": 1}}}, 2), ({"a": {"$not": [1]}}, 2),
    ({"$not": {"a": 1}}, 2), ({"$gt": 1}, 2), ({"a": {"$or": [{"b": 1}]}}, 2), ({"a": {"$gt": 1, "b": 2}}, 2),
    ({"$and": {"a": 1}}, 2), ({"$or": []}, 2), ({"$nor": [1]}, 2), ({"$and": [None]}, 2),
    ({"a": {"$all": 1}}, 2), ({"a": {"$all": [{"$elemMatch": {}}, 1]}}, 2), ({"a": {"$all": [{"$gt": 1}]}}, 2),
    ({"a": {"$all": [1, {"$elemMatch": {}}]}}, 2), ({"a": {"$elemMatch": 1}}, 2), ({"a": {"$elemMatch": [1]}}, 2),
    ({"a": {"$elemMatch": {"$expr": True}}}, 2), ({"a": {"$elemMatch": {"$gt": 1, "b": 1}}}, 2),
    ({"a": {"$ne": Regex("a")}}, 2), ({"a": {"$options": "i"}}, 2), ({"a": {"$regex": "a", "$options": 1}}, 2),
    ({"a": {"$regex": "a", "$options": None}}, 2), ({"a": {"$regex": "a", "$options": Code("i")}}, 2),
    ({"a": {"$regex": 1}}, 2), ({"a": {"$regex": "a\0"}}, 2),
    ({"a": {"$regex": "a", "$options": "g"}}, 51108), ({"a": {"$regex": "("}}, 51091), ({"a": Regex("(")}, 51091),
    ({"a": {"$regex": Regex("a", "i"), "$options": "m"}}, 51075),
    ({"a": {"$options": "m", "$regex": Regex("a", "i")}}, 51074), ({"$where": "1"}, 2),
    ({"a": {"$near": [0, 0]}}, 5626500), ({"$expr": "$$nope"}, 17276), ({"a": {"$type": "nope"}}, 2), ([], 2),
]


@pytest.mark.parametrize(("query", "code"), REFUSED)
def test_wrong_queries(query, code):
    with pytest.raises(PipelineError) as caught:
        parse_query(query)
    assert caught.value.code == code
    assert not isinstance(caught.value, UnsupportedError)


@pytest.mark.parametrize(("query", "hint"), [
    ({"$ore": []}, "did you mean $or?"), ({"a": {"$gtt": 1}}, "did you mean $gt?"),
    ({"b": {"$not": {"$elemmatch": {}}}}, "did you mean [$]elemMatch?"),
    ({"$zzz": 1}, "[$]zzz; the nearest known name is [$]"), ({"a": {"$ref": "c"}}, "[$]ref")])
def test_unknown_operators_are_named_with_the_nearest_known_one(query, hint):
    with pytest.raises(UnsupportedError, match=hint.replace("$o", "[$]o").replace("$g", "[$]g")) as caught:
        parse_query(query)
    assert caught.value.code == 2


def test_an_error_names_the_field():
    with pytest.raises(PipelineError, match=r"^\$or, b\.c: \$in needs an array"):
        parse_query({"$or": [{"a": 1}, {"b.c": {"$in": 1}}]})


@pytest.mark.parametrize("argument", [None, 1, "a", [{"a": 1}], True])
def test_match_takes_an_object(argument):
    with pytest.raises(PipelineError, match="must be an object") as caught:
        parse_pipeline([{"$match": argument}], Context(collection="c"))
    assert caught.value.code == 15959


def test_deep_queries():
    query, value = {"$gt": 1}, 2
    for _ in range(90):
        query, value = {"$elemMatch": query}, [value]
    assert matches({"a": query}, {"a": value})
    query = {"a": 1}
    for _ in range(90):
        query = {"$or": [query, {"b": 1}]}
    assert matches(query, {"a": 1})
