"""The driver: it comes to an end, tells what it did, and refuses rules that change what rows are."""

import pytest
from optimizer.short_plans import A1, ACCEPTING, B_BIG, ONE, TWO, add, asks, call, get, group, only, sort

from gatherum.errors import GatherumError, InternalError
from gatherum.optimizer.context import Context
from gatherum.optimizer.driver import optimize
from gatherum.optimizer.rule import rule
from gatherum.plan.expressions import Literal
from gatherum.plan.nodes import Facet, Filter, Limit, Lookup, Project, Scan, Shared, Skip, Union
from gatherum.plan.render import render


def test_rules_work_together():
    plan = Limit(Skip(Filter(sort(add(ONE, x=get("b")), "-a"), asks("x", "$gt", 1)), 1), 2)
    assert render(optimize(plan, ACCEPTING).plan).splitlines() == [
        "Skip  1", "  Sort  a desc  limit 3", "    Project  add  x = b", "      Filter  b > 1",
        "        Scan  one  filter (b > 1)"]


def test_applications_are_told_in_order():
    optimized = optimize(Filter(Filter(ONE, A1), B_BIG), ACCEPTING)
    assert [fired.rule for fired in optimized.fired] == ["merge_filters", "push_filter_into_scan"]
    assert optimized.fired[0].before == Filter(Filter(ONE, A1), B_BIG)
    assert optimized.fired[-1].after == optimized.plan


def test_a_plan_that_no_rule_changes_is_the_same_object():
    plan = group(Filter(ONE, A1), get("a"))
    assert optimize(plan, Context()).plan is plan


def test_a_rule_that_changes_the_fields_is_an_error():
    @rule("careless", on=(Project,))
    def careless(node, context):
        """Forgets the projection."""
        return only(node.input, "b") if node == only(ONE, "a") else None

    with pytest.raises(InternalError, match="careless"):
        optimize(only(ONE, "a"), Context(), [careless])


def test_a_rule_that_never_stops_is_stopped():
    @rule("restless", on=(Skip,))
    def restless(node, context):
        """Skips more and more."""
        return Skip(node.input, node.count + 1) if isinstance(node, Skip) else None

    assert optimize(Skip(ONE, 0), Context(), [restless]).plan.count < 1000


def test_constants_that_are_errors_raise_without_rows():
    with pytest.raises(GatherumError):
        optimize(only(ONE, x=call("$divide", 1, 0)), Context())
    with pytest.raises(GatherumError):
        optimize(Facet(ONE, ("f",), (only(Shared(), x=call("$divide", 1, 0)),)), Context())


def test_literals_put_into_expressions_do_not_become_such_constants():
    plan = add(add(ONE, x=Literal(0)), y=call("$divide", 1, get("x")))
    assert optimize(plan, Context()).plan == plan


def test_subplans_are_optimized():
    inner = Limit(sort(TWO, "a"), 1)
    assert optimize(Lookup(ONE, inner, ("c",)), Context()).plan == Lookup(ONE, sort(TWO, "a", limit=1), ("c",))
    assert optimize(Union(ONE, inner), Context()).plan == Union(ONE, sort(TWO, "a", limit=1))


def test_long_plans_do_not_exhaust_the_stack():
    plan = Scan("one")
    for _ in range(600):
        plan = add(Filter(plan, A1), a=call("$add", get("a"), 1))
    assert len(render(optimize(plan, ACCEPTING).plan).splitlines()) == 1201


def test_contexts_cannot_be_changed():
    given = {"one": frozenset({"limit"})}
    context = Context(accepts=given)
    given["two"] = frozenset()
    assert "two" not in context.accepts
    with pytest.raises(TypeError):
        context.accepts["two"] = frozenset()  # pyright: ignore
