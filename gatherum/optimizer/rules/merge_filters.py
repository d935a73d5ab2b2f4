"""Filters of filters become one."""

from __future__ import annotations

from collections.abc import Iterable

from gatherum.optimizer.context import Context
from gatherum.optimizer.rule import rule
from gatherum.plan.analysis import is_deterministic
from gatherum.plan.expressions import And, Expression, conjunction, conjuncts
from gatherum.plan.nodes import Filter, Node


@rule("merge_filters", on=(Filter,), after=("fold_constants",))
def merge_filters(node: Node, context: Context) -> Node | None:
    """Filters in a row are one with the parts of all, the lower ones' first; a part that stands twice is asked once.
    Nested conjunctions are opened."""
    predicates: list[Expression] = []
    below = node
    while isinstance(below, Filter):
        predicates.append(below.predicate)
        below = below.input
    match predicates:
        case [And(parts)] if any(isinstance(part, And) for part in parts):
            return Filter(below, _merged(conjuncts(predicates[0])))
        case [_, _, *_]:
            return Filter(below, _merged(part for predicate in reversed(predicates) for part in conjuncts(predicate)))
    return None


def _merged(parts: Iterable[Expression]) -> Expression:
    kept: list[Expression] = []
    known: set[Expression] = set()
    for part in parts:
        if part not in known or not is_deterministic(part):
            known.add(part)
            kept.append(part)
    return conjunction(tuple(kept))
