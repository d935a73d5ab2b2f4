"""What is known of a node's rows without running it."""

import pytest

from gatherum.plan.expressions import AggregateCall, Literal, field
from gatherum.plan.nodes import (
    Facet,
    Filter,
    Group,
    Limit,
    Lookup,
    Project,
    Projection,
    Scan,
    Shared,
    Skip,
    Sort,
    SortKey,
    Union,
    Unwind,
)
from gatherum.plan.output import most_rows, output_fields, paths_defined

A = field("a")
SCAN = Scan("one")
GROUP = Group(SCAN, A, (("n", AggregateCall("$sum", field("b", "c"))),))


def test_paths_defined():
    add = Project(SCAN, "add", (Projection(("a", "b"), A),))
    assert paths_defined(add) == {("a", "b")}
    assert paths_defined(Unwind(SCAN, ("a", "b"), "i.n")) == {("a", "b"), ("i", "n")}
    assert paths_defined(GROUP) == {("_id",), ("n",)}


def _only(input, *kept, **computed):
    return Project(input, "only", (*[Projection((name,), "keep") for name in kept],
                                   *[Projection((name,), value) for name, value in computed.items()]))


@pytest.mark.parametrize(("node", "names", "in_order"), [
    (SCAN, None, None), (GROUP, "_id n", "_id n"), (Sort(GROUP, (SortKey(("n",)),)), "_id n", "_id n"),
    (Project(GROUP, "add", (Projection(("x",), A), Projection(("n",), A))), "_id n x", "_id n x"),
    (_only(GROUP, "n", "m", x=A), "n x", "n x"), (_only(SCAN, "a", x=A), "a x", "a x"),
    (_only(SCAN, "b", "a"), "a b", None),
    (Project(GROUP, "without", (Projection(("n",), "drop"), Projection(("_id", "a"), "drop"))), "_id", "_id"),
    (Project(SCAN, "without", (Projection(("n",), "drop"),)), None, None),
    (Unwind(GROUP, ("n",), "i"), "_id n i", "_id n i"), (Lookup(GROUP, SCAN, ("x", "y")), "_id n x", "_id n x"),
    (Union(GROUP, GROUP), "_id n", "_id n"), (Union(GROUP, SCAN), None, None),
    (Facet(SCAN, ("f", "g"), (Shared(), Shared())), "f g", "f g"),
])
def test_output_fields(node, names, in_order):
    found = output_fields(node)
    assert found.names == (None if names is None else frozenset(names.split()))
    assert found.in_order == (None if in_order is None else tuple(in_order.split()))


@pytest.mark.parametrize(("node", "most"), [
    (SCAN, None), (Scan("one", limit=2), None), (Limit(SCAN, 2), 2), (Skip(Limit(SCAN, 2), 3), 0),
    (Limit(Skip(SCAN, 1), 2), 2), (_only(Filter(Sort(SCAN, (), 4), A), "a"), 4), (Unwind(Limit(SCAN, 1), ("a",)), None),
    (GROUP, None), (Group(SCAN, Literal(None), ()), 1), (Skip(Facet(SCAN, (), ()), 0), 1),
])
def test_most_rows(node, most):
    assert most_rows(node) == most
