"""Nodes that change nothing are left out."""

from __future__ import annotations

from gatherum.optimizer.context import Context
from gatherum.optimizer.rule import rule
from gatherum.plan.expressions import And, Literal
from gatherum.plan.nodes import Filter, Limit, Node, Project, Skip, Sort
from gatherum.plan.output import most_rows
from gatherum.types.truth import truth


@rule("drop_no_ops", on=(Filter, Skip, Sort, Project, Limit), after=("fold_constants",))
def drop_no_ops(node: Node, context: Context) -> Node | None:
    """Leaves out filters that are always true, skips of nothing, projections that add or drop nothing, sorts without
    keys, a sort of what the same keys have sorted, and limits above so few rows."""
    match node:
        case Filter(input, And(())) | Skip(input, 0) | Sort(input, (), None):
            return input
        case Filter(input, Literal(value)) if truth(value):
            return input
        case Project(input, "add" | "without", ()):
            return input
        case Limit(input, count) if (most := most_rows(input)) is not None and most <= count:
            return input
        case Sort(Sort(input, first, None), keys, limit) if first == keys:
            return Sort(input, keys, limit)
    return None
