"""Filters are asked once a row, not once an element."""

from __future__ import annotations

from gatherum.optimizer.context import Context
from gatherum.optimizer.rule import rule
from gatherum.optimizer.translate import split, through_fields
from gatherum.plan.analysis import top_names
from gatherum.plan.nodes import Filter, Node, Unwind
from gatherum.plan.output import paths_defined


@rule("push_filter_below_unwind", on=(Filter,), after=("merge_filters",))
def push_filter_below_unwind(node: Node, context: Context) -> Node | None:
    """Moves the parts of a filter that touch neither the unwound path nor the index below an unwind; parts that may
    raise stay, as they may see no row whose array is empty."""
    match node:
        case Filter(Unwind(input, path, index, keep_empty) as unwind, predicate):
            changed = top_names(paths_defined(unwind))
            below, above = split(predicate, through_fields({}, lambda p: p[0] not in changed), raising=False)
            if below is None:
                return None
            moved = Unwind(Filter(input, below), path, index, keep_empty)
            return moved if above is None else Filter(moved, above)
    return None
