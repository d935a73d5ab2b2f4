"""What is known of expressions without running them."""

import pytest

from gatherum.plan.analysis import (
    PRESENCE,
    covering,
    expressions_of,
    free_variables,
    is_deterministic,
    may_raise,
    paths_needed,
    paths_read,
    with_expressions,
)
from gatherum.plan.expressions import (
    ROOT,
    AggregateCall,
    AnyElement,
    Call,
    Get,
    Lambda,
    Literal,
    MakeArray,
    MakeDocument,
    Matches,
    Variable,
    field,
)
from gatherum.plan.nodes import (
    Filter,
    Group,
    Lookup,
    Project,
    Projection,
    Scan,
)

A, B = field("a"), field("b", "c")
SCAN = Scan("one")
GROUP = Group(SCAN, A, (("n", AggregateCall("$sum", B)),))


@pytest.mark.parametrize(("expression", "paths"), [
    (A, {("a",)}), (B, {("b", "c")}), (field("a", "0", "b"), {("a",)}), (Literal(1), set()), (Variable("v"), set()),
    (Variable(ROOT), None), (MakeArray((A, Variable(ROOT))), None),
    (MakeDocument((("x", A), ("y", B))), {("a",), ("b", "c")}),
    (Get(B, ("d",)), {("b", "c")}), (Matches(Variable(ROOT), ("a", "b"), "$eq", Literal(1)), {("a", "b")}),
    (Matches(Variable(ROOT), (), "$eq", Literal(1)), None),
    (AnyElement(Variable(ROOT), ("a",), Lambda(("x",), Call("$eq", (Variable("x"), B)))), {("a",), ("b", "c")}),
])
def test_paths_read(expression, paths):
    assert paths_read(expression) == (None if paths is None else frozenset(paths))


@pytest.mark.parametrize("function", ["$size", "$isArray", "$type"])
def test_of_a_value_whose_type_and_length_count_no_fields_are_needed(function):
    assert paths_needed(Call(function, (B,))) == {("b", "c", PRESENCE)}
    assert paths_needed(Call(function, (field("a", "0"),))) == {("a",)}
    assert paths_needed(Call(function, (Call("$first", (B,)),))) == {("b", "c")}


def test_a_path_covers_those_below_it():
    assert covering(frozenset({("a",), ("a", "b", "c"), ("b", "c"), ("bc",)})) == {("a",), ("b", "c"), ("bc",)}


def test_variables_that_are_bound_inside_are_not_free():
    body = MakeArray((Variable("x"), Variable("y"), A))
    assert free_variables(Call("$map", (Variable("x"), Lambda(("x",), body)))) == {"x", "y", ROOT}
    assert free_variables(Call("$map", (Literal([]), Lambda(("x",), body)))) == {"y", ROOT}


def test_errors_and_chance_are_told_by_the_operators():
    assert may_raise(MakeArray((Call("$divide", (A, B)),)))
    assert not may_raise(Call("$ifNull", (A, Matches(Variable(ROOT), ("a",), "$gt", Literal(1)))))
    assert is_deterministic(Call("$divide", (A, B)))


def test_the_expressions_of_a_node():
    assert list(expressions_of(GROUP)) == [A, B]
    assert list(expressions_of(Lookup(SCAN, Filter(SCAN, A), ("x",), bindings=(("v", B),)))) == [B]
    assert list(expressions_of(Project(SCAN, "only", (Projection(("a",), "keep"), Projection(("b",), A))))) == [A]
    changed = with_expressions(GROUP, lambda expression: Literal(1) if expression == B else expression)
    assert list(expressions_of(changed)) == [A, Literal(1)]
    assert with_expressions(GROUP, lambda expression: expression) is GROUP
