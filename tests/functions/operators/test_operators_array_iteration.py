"""Corners of $map, $filter and $reduce; the examples on the definitions cover the rest."""

import pytest
from bson import Decimal128, Int64

from gatherum.errors import OperatorError, PipelineError
from gatherum.frontends.mongo.expressions import parse_expression
from gatherum.rows.expressions import compile_expression
from gatherum.rows.scope import Scope


def evaluate(expression, document=None):
    scope = Scope()
    evaluator = compile_expression(parse_expression(expression), scope)
    return evaluator(document or {}, scope.frame())


def code_of(expression, document=None):
    with pytest.raises(OperatorError) as caught:
        evaluate(expression, document)
    return caught.value.code


def test_map_turns_missing_results_into_null():
    assert evaluate({"$map": {"input": "$a", "as": "x", "in": "$$x.b"}}, {"a": [{"b": 1}, {}, 5]}) == [1, None, None]


def test_bodies_see_the_document_and_outer_variables():
    inner = {"$map": {"input": "$$row", "as": "cell", "in": ["$$cell", {"$size": "$$row"}, "$k"]}}
    expression = {"$map": {"input": "$a", "as": "row", "in": inner}}
    assert evaluate(expression, {"a": [[1, 2], [3]], "k": "x"}) == [[[1, 2, "x"], [2, 2, "x"]], [[3, 1, "x"]]]


def test_an_inner_variable_hides_the_outer_one_of_its_name():
    expression = {"$map": {"input": [1, 2], "in": [{"$map": {"input": ["a"], "in": "$$this"}}, "$$this"]}}
    assert evaluate(expression) == [[["a"], 1], [["a"], 2]]


def test_a_variable_ends_with_its_body():
    with pytest.raises(PipelineError) as caught:
        parse_expression([{"$map": {"input": [1], "as": "x", "in": 1}}, "$$x"])
    assert caught.value.code == 17276


def test_the_input_does_not_see_the_variable():
    with pytest.raises(PipelineError):
        parse_expression({"$map": {"input": "$$x", "as": "x", "in": 1}})


@pytest.mark.parametrize(("expression", "code"), [
    ({"$map": {"input": "$a", "in": 1}}, 16883), ({"$filter": {"input": "$a", "cond": 1}}, 28651),
    ({"$reduce": {"input": "$a", "initialValue": 0, "in": 1}}, 40080),
])
def test_only_arrays_are_iterated(expression, code):
    assert evaluate(expression) is None
    assert evaluate(expression, {"a": None}) is None
    assert code_of(expression, {"a": "abc"}) == code
    assert code_of(expression, {"a": {"b": 1}}) == code


def test_filter_keeps_what_counts_as_true():
    items = [0, 0.0, Decimal128("0"), False, None, "", [], {}, float("nan"), -1]
    assert evaluate({"$filter": {"input": "$a", "cond": "$$this"}}, {"a": items})[:3] == ["", [], {}]
    assert evaluate({"$filter": {"input": "$a", "cond": "$$this.b"}}, {"a": [{}, {"b": 1}, {"b": None}]}) == [{"b": 1}]


@pytest.mark.parametrize(("limit", "expected"), [
    (1, [1]), (2.0, [1, 2]), (Int64(9), [1, 2, 3]), (None, [1, 2, 3]), ("$nothing", [1, 2, 3]),
])
def test_filter_with_limit(limit, expected):
    assert evaluate({"$filter": {"input": [1, 0, 2, 3], "cond": "$$this", "limit": limit}}) == expected


@pytest.mark.parametrize(("limit", "code"), [
    (0, 327392), (-1, 327392), (1.5, 327391), ("2", 327391), (Int64(2**31), 327391), (True, 327391),
])
def test_filter_refuses_limits(limit, code):
    assert code_of({"$filter": {"input": [1], "cond": True, "limit": limit}}) == code


def test_filter_does_not_look_at_the_limit_of_nothing():
    assert evaluate({"$filter": {"input": [], "cond": True, "limit": 0}}) == []


def test_filter_stops_at_its_limit():
    condition = {"$size": "$$this"}
    assert evaluate({"$filter": {"input": [[1], "no array"], "cond": condition, "limit": 1}}) == [[1]]


def test_reduce_goes_from_left_to_right():
    step = {"$concatArrays": [["$$this"], "$$value"]}
    assert evaluate({"$reduce": {"input": [1, 2, 3], "initialValue": [], "in": step}}) == [3, 2, 1]


def test_reduce_may_end_with_a_missing_value():
    expression = {"r": {"$reduce": {"input": [1], "initialValue": 0, "in": "$nothing"}}}
    assert evaluate(expression) == {}


def test_reduce_within_reduce():
    inner = {"$reduce": {"input": "$$this", "initialValue": "$$value", "in": {"$concat": ["$$value", "$$this"]}}}
    assert evaluate({"$reduce": {"input": [["a", "b"], ["c"]], "initialValue": "", "in": inner}}) == "abc"


@pytest.mark.parametrize("expression", [
    {"$filter": {"input": []}}, {"$filter": {"input": [], "in": 1}}, {"$map": {"in": 1}}, {"$map": [1]},
    {"$reduce": {"input": [], "in": 1}}, {"$map": {"input": [], "as": "X", "in": 1}},
])
def test_arguments_that_do_not_fit(expression):
    with pytest.raises(PipelineError):
        parse_expression(expression)
