"""Plans as text."""

from test_plan_serialize import EXPRESSIONS, PLANS

from gatherum.plan.expressions import (
    ROOT,
    And,
    AnyElement,
    Call,
    Get,
    Lambda,
    Literal,
    Matches,
    Not,
    Or,
    Variable,
    field,
)
from gatherum.plan.nodes import Facet, Filter, Limit, Lookup, Scan, Shared, Sort, SortKey
from gatherum.plan.render import expression_text, node_line, render

STATUS = Matches(Variable(ROOT), ("status",), "$eq", Literal("A"))
LARGE = Matches(Variable(ROOT), ("qty",), "$gt", Literal(5))


def test_predicates_read_as_they_are_said():
    assert expression_text(And((STATUS, LARGE))) == 'status = "A" and qty > 5'
    assert expression_text(Not(Or((STATUS, And((LARGE, STATUS)))))) == \
        'not (status = "A" or (qty > 5 and status = "A"))'
    assert expression_text(AnyElement(Variable(ROOT), ("a", "b"), Lambda(("x",), And((LARGE, LARGE))))) == \
        "some x of a.b: (qty > 5 and qty > 5)"


def test_predicates_and_operators_of_one_name_look_different():
    assert expression_text(Call("$eq", (field("a"), Literal(1)))) == "eq(a, 1)"
    assert expression_text(Matches(Variable(ROOT), ("a",), "$eq", Literal(1))) == "a = 1"
    assert expression_text(Matches(field("a"), ("b",), "$eq", Literal(1))) == "(a).b = 1"


def test_places():
    assert expression_text(Get(Variable("v"), ("a", "b"))) == "$$v.a.b"
    assert expression_text(Get(Call("$ifNull", (field("a"), None, Literal(1), None)), ("b",))) == "(ifNull(a, -, 1)).b"
    assert expression_text(Variable(ROOT)) == "$$ROOT"


def test_subplans_are_labelled():
    lookup = Lookup(Scan("one"), Filter(Scan("two"), LARGE), ("c",), ("a",), ("b",), (("v", field("x")),))
    plan = Facet(lookup, ("f", "g"), (Limit(Shared(), 1), Sort(Shared(), (SortKey(("a",), True),), 2)))
    assert render(plan) == """\
Facet
  Lookup  into c  where a = other b  let v = x
    Scan  one
    other: Filter  qty > 5
      Scan  two
  f: Limit  1
    Shared
  g: Sort  a desc  limit 2
    Shared"""


def test_everything_has_a_text_of_one_line():
    for text in [*map(expression_text, EXPRESSIONS), *map(node_line, PLANS)]:
        assert text
        assert "\n" not in text
        assert "object at" not in text
