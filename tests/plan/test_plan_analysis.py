"""What is known of expressions without running them."""

import pytest

from gatherum.plan.analysis import (
    PRESENCE,
    apart,
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


def test_what_does_not_depend_on_a_variable_is_taken_apart():
    x, v = Variable("x"), Variable("v")
    product = Call("$multiply", (Get(x, ("a",)), Get(x, ("b",))))
    rest, parts = apart(Call("$add", (v, product, Literal(1))), "v")
    assert rest == Call("$add", (v, Variable("part 0"), Literal(1)))
    assert parts == {"part 0": product}


def test_what_may_raise_stays_where_it_may_not_be_needed():
    x, v = Variable("x"), Variable("v")
    quotient = Call("$divide", (Literal(1), Get(x, ("a",))))
    rest, parts = apart(Call("$cond", (v, quotient, v)), "v")
    assert rest == Call("$cond", (v, Call("$divide", (Literal(1), Variable("part 0"))), v))
    assert parts == {"part 0": Get(x, ("a",))}


def test_nothing_is_taken_out_of_a_function():
    inner = Call("$map", (Variable("v"), Lambda(("x",), Get(Variable("x"), ("a",)))))
    assert apart(inner, "v") == (inner, {})


def items(body):
    return Call("$reduce", (field("items"), Get(Variable(ROOT), ("start",)), Lambda(("value", "this"), body)))


def test_of_the_items_of_an_array_only_what_a_function_reads_is_needed():
    value, this = Variable("value"), Variable("this")
    price, size = Get(this, ("price",)), Get(this, ("size", "0"))
    assert paths_needed(items(Call("$add", (value, price, size)))) == {
        ("items", "price"), ("items", "size"), ("start",)}
    assert paths_needed(items(Call("$add", (price, field("tax"))))) == {("items", "price"), ("tax",), ("start",)}
    assert paths_needed(items(MakeArray((this, price)))) == {("items",), ("start",)}
    assert paths_needed(items(value)) == {("items",), ("start",)}
    assert paths_needed(Call("$map", (field("items"), Lambda(("x",), Get(Variable("x"), ("a",)))))) == {("items", "a")}
