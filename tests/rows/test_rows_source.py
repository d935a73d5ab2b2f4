"""Generated source gives exactly what closures give."""

import math

import pytest
from bson import Code, Decimal128, Int64
from hypothesis import given
from hypothesis import strategies as st

from gatherum.errors import OperatorError
from gatherum.frontends.mongo.expressions import parse_expression
from gatherum.frontends.mongo.query import parse_query
from gatherum.rows.expressions import compile_expression, compile_predicate
from gatherum.rows.scope import Scope
from gatherum.rows.source import source_of_filter, source_of_values
from gatherum.types.order import order_key
from gatherum.types.values import MISSING

VALUES = [0, 1, -3, 7, 2**31 - 1, -2**31, 2**40, Int64(5), Int64(2**62), 0.0, -0.0, 0.5, 1.0, 1e308, 5e-324, math.nan,
          math.inf, -math.inf, Decimal128("1"), Decimal128("sNaN"), "a", "b", "", Code("a"), True, False, None, [1], [],
          ["a"], [[1]], {"x": 1}]
values = st.sampled_from(VALUES)
rows = st.lists(st.dictionaries(st.sampled_from("ab"), values), min_size=1, max_size=8)
leaves = st.one_of(st.sampled_from(["$a", "$b", "$a.x"]), st.sampled_from([0, 1, 2.5, 7, "a", None, Int64(5)]),
                   st.just({"$literal": math.nan}))


def calls(inner):
    binary = st.sampled_from(["$add", "$subtract", "$multiply", "$divide", "$eq", "$ne", "$gt", "$gte", "$lt", "$lte",
                              "$and", "$or"])
    return st.one_of(st.builds(lambda name, a, b: {name: [a, b]}, binary, inner, inner),
                     st.builds(lambda a: {"$not": [a]}, inner),
                     st.builds(lambda a, b, c: {"$cond": [a, b, c]}, inner, inner, inner),
                     st.builds(lambda a: {"$type": a}, inner))


expressions = st.recursive(leaves, calls, max_leaves=8)
predicates = st.recursive(
    st.builds(lambda field, name, value: {field: {name: value}}, st.sampled_from(["a", "b", "a.x"]),
              st.sampled_from(["$eq", "$ne", "$gt", "$gte", "$lt", "$lte"]), values)
    | st.builds(lambda field, items: {field: {"$in": items}}, st.sampled_from("ab"), st.lists(values, max_size=3))
    | st.builds(lambda expression: {"$expr": expression}, leaves),
    lambda inner: st.builds(lambda name, parts: {name: parts}, st.sampled_from(["$and", "$or", "$nor"]),
                            st.lists(inner, min_size=1, max_size=3)), max_leaves=4)


def outcome(compute, row):
    try:
        return compute(row)
    except OperatorError as error:
        return OperatorError, error.code


def exactly(value):
    return type(value), repr(value) if isinstance(value, float) else order_key(value)


@given(expressions, rows)
def test_values(written, documents):
    expression = parse_expression(written)
    scope = Scope()
    evaluate = compile_expression(expression, scope)
    frame = scope.frame()
    generated = source_of_values(expression, {})
    for row in documents:
        expected = outcome(lambda row: exactly(evaluate(row, frame)), row)
        assert outcome(lambda row: exactly(generated([row])[0]), row) == expected


@given(predicates, rows)
def test_filters(written, documents):
    predicate = parse_query(written)
    scope = Scope()
    test = compile_predicate(predicate, scope)
    frame = scope.frame()
    assert source_of_filter(predicate, {})(documents) == [row for row in documents if test(row, frame)]


def test_variables_of_the_query_and_bound_ones():
    written = {"$let": {"vars": {"v": "$a"}, "in": {"$add": ["$$v", "$$NOW"]}}}
    assert source_of_values(parse_expression({"$add": [1.5, written]}), {"NOW": 3})([{"a": 2}, {"a": 4}]) == [6.5, 8.5]


def test_an_expression_of_many_levels():
    written = "$a"
    for _ in range(90):
        written = {"$add": [written, 0.5]}
    assert source_of_values(parse_expression(written), {})([{"a": 1.0}]) == [46.0]


def test_a_name_that_is_no_identifier():
    assert source_of_values(parse_expression("$it's \\ \"x\""), {})([{"it's \\ \"x\"": 1}, {}]) == [1, MISSING]


@pytest.mark.parametrize("value", ["x", 1, 2.5])
def test_code_is_no_string(value):
    predicate = parse_query({"a": Code("x")})
    assert source_of_filter(predicate, {})([{"a": value}, {"a": Code("x")}]) == [{"a": Code("x")}]
    assert source_of_filter(parse_query({"a": "x"}), {})([{"a": Code("x")}]) == []
