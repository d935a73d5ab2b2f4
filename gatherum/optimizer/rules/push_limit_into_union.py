"""No input of a union gives more rows than are wanted."""

from __future__ import annotations

from gatherum.optimizer.context import Context
from gatherum.optimizer.rule import rule
from gatherum.plan.nodes import Limit, Node, Union
from gatherum.plan.output import most_rows


@rule("push_limit_into_union", on=(Limit,), after=("merge_limits", "push_limit_below_project"))
def push_limit_into_union(node: Node, context: Context) -> Node | None:
    """Limits both inputs of a union below a limit. That stays, as both may give so many."""
    match node:
        case Limit(Union(first, second), count):
            limited = Union(_limited(first, count), _limited(second, count))
            return None if limited.first is first and limited.second is second else Limit(limited, count)
    return None


def _limited(node: Node, count: int) -> Node:
    most = most_rows(node)
    return node if most is not None and most <= count else Limit(node, count)
