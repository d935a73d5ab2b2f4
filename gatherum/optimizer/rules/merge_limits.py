"""Limits and skips in a row become one limit below one skip."""

from __future__ import annotations

from gatherum.optimizer.context import Context
from gatherum.optimizer.rule import rule
from gatherum.plan.nodes import Limit, Node, Skip
from gatherum.types.values import INT64_MAX


@rule("merge_limits", on=(Limit, Skip), after=("drop_no_ops",))
def merge_limits(node: Node, context: Context) -> Node | None:
    """Of two limits the smaller one counts, two skips add up, and a limit above a skip is a larger one below it."""
    match node:
        case Limit(Limit(input, first), second):
            return Limit(input, min(first, second))
        case Skip(Skip(input, first), second) if first + second <= INT64_MAX:
            return Skip(input, first + second)
        case Limit(Skip(input, skipped), count) if skipped + count <= INT64_MAX:
            return Skip(Limit(input, skipped + count), skipped)
    return None
