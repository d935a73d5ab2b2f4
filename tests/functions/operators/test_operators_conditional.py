"""Conditions, alternatives and variables: what is evaluated and what is not; how they are written."""

import pytest
from bson import Decimal128

from gatherum.errors import OperatorError, PipelineError
from gatherum.frontends.mongo.expressions import parse_expression
from gatherum.rows.expressions import compile_expression
from gatherum.rows.scope import Scope
from gatherum.types.values import MISSING

FAILS = {"$divide": ["$one", 0]}


def evaluate(expression, **document):
    scope = Scope()
    compiled = compile_expression(parse_expression(expression), scope)
    return compiled({"one": 1, **document}, scope.frame())


@pytest.mark.parametrize(("test", "chosen"), [
    (True, 1), (False, 2), (0, 2), (0.0, 2), (Decimal128("0E+3"), 2), (None, 2), ("", 1), ([], 1), (float("nan"), 1),
])
def test_cond_evaluates_one_branch_only(test, chosen):
    branches = {"then": 1, "else": FAILS} if chosen == 1 else {"then": FAILS, "else": 2}
    assert evaluate({"$cond": {"if": "$a", **branches}}, a=test) == chosen


def test_cond_in_an_array_and_of_a_missing_field():
    assert evaluate({"$cond": ["$nothing", 1, 2]}) == 2
    assert evaluate({"$cond": [True, "$nothing", 2]}) is MISSING


def test_if_null_stops_at_the_first_value():
    assert evaluate({"$ifNull": ["$nothing", None, 0, FAILS]}) == 0
    assert evaluate({"$ifNull": [None, "$nothing"]}) is MISSING


def test_switch_takes_the_first_true_case():
    branches = [{"case": "$nothing", "then": FAILS}, {"case": "$one", "then": "b"}, {"case": FAILS, "then": "c"}]
    assert evaluate({"$switch": {"branches": branches, "default": FAILS}}) == "b"
    assert evaluate({"$switch": {"branches": branches[:1], "default": "d"}}) == "d"


def test_switch_without_a_true_case_needs_a_default():
    with pytest.raises(OperatorError) as caught:
        evaluate({"$switch": {"branches": [{"case": "$nothing", "then": 1}]}})
    assert caught.value.code == 40066


def test_let_binds_in_parallel_and_hides_outer_names():
    inner = {"$let": {"vars": {"x": 20, "y": "$$x"}, "in": {"$add": ["$$x", "$$y"]}}}
    assert evaluate({"$let": {"vars": {"x": 10}, "in": {"$add": [inner, "$$x"]}}}) == 40


def test_let_may_rebind_current():
    assert evaluate({"$let": {"vars": {"CURRENT": "$a"}, "in": "$b"}}, a={"b": 3}) == 3


def test_let_keeps_a_missing_value_missing():
    assert evaluate({"$let": {"vars": {"x": "$nothing"}, "in": {"$type": "$$x"}}}) == "missing"


def test_logic_stops_early_and_gives_booleans():
    assert evaluate({"$and": ["$nothing", FAILS]}) is False
    assert evaluate({"$or": ["$one", FAILS]}) is True
    assert evaluate({"$and": ["$one", 2, "x"]}) is True
    assert evaluate({"$or": "$nothing"}) is False
    assert evaluate({"$not": ["$nothing"]}) is True
    assert evaluate({"$and": []}) is True
    assert evaluate({"$or": []}) is False


@pytest.mark.parametrize(("expression", "code"), [
    ({"$cond": [1, 2]}, 16020), ({"$cond": "$a"}, 16020), ({"$cond": {"then": 1, "else": 2}}, 17080),
    ({"$cond": {"if": 1, "else": 2}}, 17081), ({"$cond": {"if": 1, "then": 2}}, 17082),
    ({"$cond": {"if": 1, "then": 2, "els": 3}}, 17083),
    ({"$ifNull": ["$a"]}, 1257300), ({"$not": []}, 16020), ({"$not": [1, 2]}, 16020),
    ({"$switch": []}, 40060), ({"$switch": {"branches": 1}}, 40061), ({"$switch": {"branches": [1]}}, 40062),
    ({"$switch": {"branches": [{"case": 1, "then": 1, "else": 1}]}}, 40063),
    ({"$switch": {"branches": [{"then": 1}]}}, 40064), ({"$switch": {"branches": [{"case": 1}]}}, 40065),
    ({"$switch": {"cases": []}}, 40067), ({"$switch": {"branches": [], "default": 1}}, 40068),
    ({"$switch": {"branches": [{"case": False, "then": 1}]}}, 40069),
    ({"$let": 1}, 16874), ({"$let": {"vars": {}, "in": 1, "on": 1}}, 16875), ({"$let": {"in": 1}}, 16876),
    ({"$let": {"vars": {}}}, 16877), ({"$let": {"vars": None, "in": 1}}, 10065),
    ({"$let": {"vars": {"a": 1, "b": "$$a"}, "in": 1}}, 17276),
    ({"$round": []}, 28667), ({"$trunc": [1, 2, 3]}, 28667), ({"$toInt": [1, 2]}, 50723), ({"$eq": [1]}, 16020),
])
def test_how_they_are_not_written(expression, code):
    with pytest.raises(PipelineError) as caught:
        parse_expression(expression)
    assert caught.value.code == code


def test_an_error_within_an_argument_keeps_its_code():
    with pytest.raises(PipelineError) as caught:
        parse_expression({"$toInt": {"$eq": [1]}})
    assert caught.value.code == 16020
