"""A facet reads no more rows than the branch that wants most of them."""

from __future__ import annotations

from dataclasses import replace

from gatherum.optimizer.context import Context
from gatherum.optimizer.rule import rule
from gatherum.optimizer.subplan import first_input
from gatherum.plan.nodes import Facet, Limit, Node, Shared
from gatherum.plan.output import most_rows


@rule("push_limit_below_facet", on=(Facet,), after=("merge_limits", "push_limit_below_project"))
def push_limit_below_facet(node: Node, context: Context) -> Node | None:
    """Limits the rows that a facet's branches share where each branch begins with a limit; the largest counts."""
    match node:
        case Facet(input, _, branches):
            wanted = [_wanted(branch) for branch in branches]
            most = most_rows(input)
            if None not in wanted:
                largest = max(count for count in wanted if count is not None)
                if most is None or most > largest:
                    return replace(node, input=Limit(input, largest))
    return None


def _wanted(branch: Node) -> int | None:
    """How many of the shared rows a branch reads at most; None where that may be all of them."""
    limit: int | None = None
    node: Node | None = branch
    while node is not None and not isinstance(node, Shared):
        limit = node.count if isinstance(node, Limit) else None
        node = first_input(node)
    return limit
