"""A sort of which only the first rows are wanted keeps no others."""

from __future__ import annotations

from gatherum.optimizer.context import Context
from gatherum.optimizer.rule import rule
from gatherum.plan.nodes import Limit, Node, Sort


@rule("limit_sort", on=(Limit,), after=("merge_limits", "push_limit_below_project"))
def limit_sort(node: Node, context: Context) -> Node | None:
    """A limit above a sort becomes the sort's own."""
    match node:
        case Limit(Sort(input, keys, limit), count):
            return Sort(input, keys, count if limit is None else min(limit, count))
    return None
