"""Sources read no more rows than are wanted."""

from __future__ import annotations

from dataclasses import replace

from gatherum.optimizer.context import Context
from gatherum.optimizer.rule import rule
from gatherum.plan.nodes import Limit, Node, Scan


@rule("push_limit_into_scan", on=(Limit,), after=("merge_limits", "push_limit_below_project"))
def push_limit_into_scan(node: Node, context: Context) -> Node | None:
    """Tells a source that makes use of it how many rows are wanted. The limit stays, as each part of a source may give
    so many."""
    match node:
        case Limit(Scan(source, _, None, known) as scan, count) if context.accepted(source, "limit"):
            if known is None or known > count:
                return Limit(replace(scan, limit=count), count)
    return None
