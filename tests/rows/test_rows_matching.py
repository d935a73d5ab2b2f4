"""Which values a query path reaches, arrays and positions on the way included."""

import pytest
from bson import Int64

from gatherum.plan.expressions import AnyElement, Get, Lambda, Literal, Matches, Variable
from gatherum.rows.expressions import compile_predicate
from gatherum.rows.matching import values_at
from gatherum.rows.scope import Scope
from gatherum.types.values import MISSING

ROOT = Variable("ROOT")


def matches(path, predicate, argument, document, of=ROOT):
    scope = Scope()
    test = compile_predicate(Matches(of, tuple(path.split(".")) if path else (), predicate, Literal(argument)), scope)
    return test(document, scope.frame())


@pytest.mark.parametrize(("path", "document", "reached"), [
    ("a", {}, [MISSING]), ("a", {"a": [1, 2]}, [[1, 2]]), ("a.b", {"a": {"b": 1}}, [1]), ("a.b", {"a": 5}, [MISSING]),
    ("a.b", {"a": None}, [MISSING]), ("a.b", {"a": []}, []), ("a.b", {"a": [1, None]}, []),
    ("a.b", {"a": [{"b": 1}, 2, {}, {"b": [3]}]}, [1, MISSING, [3]]), ("a.b", {"a": [[{"b": 1}]]}, []),
    ("a.b.c", {"a": [{"b": [{"c": 1}, {"c": 2}]}, {"b": {"c": 3}}]}, [1, 2, 3]),
    ("a.0", {"a": [5, 6]}, [5]), ("a.1", {"a": [5, [6]]}, [[6]]), ("a.2", {"a": [5, 6]}, []),
    ("a.0", {"a": {"0": 1}}, [1]), ("a.1", {"a": [5, {"1": 4}]}, [4, {"1": 4}]),
    ("a.0.b", {"a": [{"b": 1}, {"b": 2}]}, [MISSING, MISSING, 1]), ("a.0.b", {"a": [[{"b": 1}, {"b": 2}]]}, [1, 2]),
    ("a.0.1", {"a": [[5, 6]]}, [6]), ("a.00", {"a": [5]}, []), ("a.٠", {"a": [5]}, []), ("a.-1", {"a": [5]}, []),
    ("a.0.b", {"a": [7]}, []),
])
def test_values_at(path, document, reached):
    assert values_at(document, tuple(path.split("."))) == reached


@pytest.mark.parametrize(("path", "document", "expected"), [
    ("a", {"a": 1}, True), ("a", {"a": [2, 1]}, True), ("a", {"a": [[1]]}, False), ("a.b", {"a": {"b": [2, 1]}}, True),
    ("a.b", {"a": [{"b": [2]}, {"b": [1]}]}, True), ("a.0", {"a": [1]}, True), ("a.0", {"a": [[1]]}, False),
    ("a.0.0", {"a": [[1]]}, True), ("a.0.b", {"a": [{"b": [1]}]}, True), ("a", {}, False), ("b.c", {"b": 1}, False),
])
def test_predicates_that_reach_each_see_the_elements_of_an_array_at_the_end(path, document, expected):
    assert matches(path, "$eq", 1, document) is expected
    assert matches(path, "$ne", 1, document) is not expected
    assert matches(path, "$in", [Int64(1)], document) is expected
    assert matches(path, "$nin", [1.0], document) is not expected


def test_predicates_that_reach_each_see_the_array_too():
    assert matches("a", "$eq", [1, 2], {"a": [1, 2]})
    assert matches("a", "$type", "array", {"a": [1]})
    assert matches("a.b", "$gt", [1], {"a": {"b": [1, 2]}})


def test_predicates_that_reach_the_whole_do_not_see_elements():
    assert not matches("a", "$size", 1, {"a": [[1], [2]]})
    assert matches("a", "$size", 2, {"a": [[1], [2]]})
    assert matches("a.b", "$size", 1, {"a": [{"b": [1, 2]}, {"b": [1]}]})
    assert matches("a.0", "$size", 2, {"a": [[1, 2]]})
    assert not matches("a.b", "$exists", True, {"a": [1, {}]})


def test_null_matches_documents_without_the_field_but_not_other_elements():
    assert matches("a.b", "$eq", None, {"a": [{"c": 1}]})
    assert not matches("a.b", "$eq", None, {"a": [1]})
    assert not matches("a.b", "$eq", None, {"a": []})


def test_a_path_may_start_from_any_expression():
    below = Get(ROOT, ("x",))
    assert matches("a", "$eq", 1, {"x": {"a": [1]}}, below)
    assert matches("0", "$eq", 1, {"x": [1]}, below)
    assert matches("", "$eq", 1, {"x": 1}, below)
    assert not matches("", "$eq", 1, {"x": [1]}, below)
    assert not matches("", "$ne", 1, {"x": 1}, below)


def test_any_element_binds_each_element_in_turn():
    test = AnyElement(ROOT, ("a", "b"), Lambda(("e",), Matches(Variable("e"), (), "$gt", Literal(2))))
    scope = Scope()
    found = compile_predicate(test, scope)
    assert found({"a": [{"b": [1, 2]}, {"b": [3]}]}, scope.frame())
    assert not found({"a": [{"b": [1, 2]}, {"b": 3}, {"b": [[3]]}]}, scope.frame())


def test_any_element_of_an_array_itself():
    inner = AnyElement(Variable("e"), (), Lambda(("e",), Matches(Variable("e"), (), "$eq", Literal(2))))
    scope = Scope()
    found = compile_predicate(AnyElement(ROOT, ("a",), Lambda(("e",), inner)), scope)
    assert found({"a": [[1], [2]]}, scope.frame())
    assert not found({"a": [1, 2]}, scope.frame())
