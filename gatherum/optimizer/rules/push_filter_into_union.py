"""Each input of a union is filtered by itself."""

from __future__ import annotations

from gatherum.optimizer.context import Context
from gatherum.optimizer.rule import rule
from gatherum.optimizer.translate import split, through_fields
from gatherum.plan.nodes import Filter, Node, Union


@rule("push_filter_into_union", on=(Filter,), after=("merge_filters",))
def push_filter_into_union(node: Node, context: Context) -> Node | None:
    """Moves a filter into both inputs of a union."""
    match node:
        case Filter(Union(first, second), predicate):
            below, above = split(predicate, through_fields({}, lambda path: True), raising=True)
            if below is None:
                return None
            moved = Union(Filter(first, below), Filter(second, below))
            return moved if above is None else Filter(moved, above)
    return None
