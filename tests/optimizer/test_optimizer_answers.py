"""Whatever the plan and the documents, the optimized plan gives the same rows, and no error that was not there."""

from hypothesis import given, settings
from hypothesis import strategies as st
from optimizer.plan_strategies import chains, many_rows, pairs, rows, run

from gatherum.errors import GatherumError
from gatherum.optimizer.context import Context
from gatherum.optimizer.driver import optimize
from gatherum.optimizer.rules.fold_constants import fold_constants
from gatherum.plan.render import render
from gatherum.plan.serialize import fingerprint, from_canonical, to_canonical

EVERYTHING = frozenset({"fields", "filter", "limit"})
ACCEPTING = Context(accepts={"one": EVERYTHING, "two": EVERYTHING})


@given(chains, rows, rows, st.sampled_from((ACCEPTING, Context())))
def test_optimized_plans_give_the_same_rows(plan, one, two, context):
    _check(plan, {"one": one, "two": two}, context)


@given(pairs, many_rows, many_rows, st.sampled_from((ACCEPTING, Context())))
def test_nodes_change_places_without_a_trace(plan, one, two, context):
    _check(plan, {"one": one, "two": two}, context)


def _check(plan, sources, context):
    try:
        fold_constants.apply(plan, context)
    except GatherumError:
        return                                              # a constant that is an error stops the query by itself
    before = run(plan, sources)
    optimized = optimize(plan, context)
    after = run(optimized.plan, sources)
    if not isinstance(before, GatherumError):
        assert after == before, f"{render(plan)}\n=>\n{render(optimized.plan)}\n{[f.rule for f in optimized.fired]}"


@settings(max_examples=30)
@given(chains, st.sampled_from((ACCEPTING, Context())))
def test_optimizing_comes_to_an_end(plan, context):
    try:
        once = optimize(plan, context).plan
    except GatherumError:
        return
    assert optimize(once, context).fired == (), render(once)


@settings(max_examples=30)
@given(chains)
def test_plans_survive_their_canonical_form(plan):
    form = to_canonical(plan)
    assert from_canonical(form) == plan
    assert fingerprint(from_canonical(form)) == fingerprint(plan)
    assert len(render(plan).splitlines()) >= 1
