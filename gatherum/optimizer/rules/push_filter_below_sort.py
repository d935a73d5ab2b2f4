"""Fewer rows are sorted."""

from __future__ import annotations

from gatherum.optimizer.context import Context
from gatherum.optimizer.rule import rule
from gatherum.optimizer.translate import split, through_fields
from gatherum.plan.nodes import Filter, Node, Sort


@rule("push_filter_below_sort", on=(Filter,), after=("merge_filters",))
def push_filter_below_sort(node: Node, context: Context) -> Node | None:
    """Moves a filter below a sort that has no limit; parts that may raise stay, as a limit may spare them rows."""
    match node:
        case Filter(Sort(input, keys, None), predicate):
            below, above = split(predicate, through_fields({}, lambda path: True), raising=False)
            if below is None:
                return None
            moved = Sort(Filter(input, below), keys)
            return moved if above is None else Filter(moved, above)
    return None
