"""Filters of filters become one."""

from __future__ import annotations

from gatherum.optimizer.context import Context
from gatherum.optimizer.rule import rule
from gatherum.plan.analysis import is_deterministic
from gatherum.plan.expressions import And, Expression, conjunction, conjuncts
from gatherum.plan.nodes import Filter, Node


@rule("merge_filters", on=(Filter,), after=("fold_constants",))
def merge_filters(node: Node, context: Context) -> Node | None:
    """Two filters in a row are one with the parts of both, the lower one's first; a part that stands twice is asked
    once. Nested conjunctions are opened."""
    match node:
        case Filter(Filter(input, first), second):
            return Filter(input, _merged(conjuncts(first) + conjuncts(second)))
        case Filter(input, And(parts) as predicate) if any(isinstance(part, And) for part in parts):
            return Filter(input, _merged(conjuncts(predicate)))
    return None


def _merged(parts: tuple[Expression, ...]) -> Expression:
    kept: list[Expression] = []
    known: set[Expression] = set()
    for part in parts:
        if part not in known or not is_deterministic(part):
            known.add(part)
            kept.append(part)
    return conjunction(tuple(kept))
