"""Rows are not sorted for a group that does not ask for their order."""

from __future__ import annotations

from dataclasses import replace

from gatherum.functions.registry import aggregates
from gatherum.optimizer.context import Context
from gatherum.optimizer.rule import rule
from gatherum.plan.analysis import expressions_of, is_constant, is_deterministic
from gatherum.plan.expressions import AggregateCall
from gatherum.plan.nodes import Filter, Group, Lookup, Node, Project, ReplaceRoot, Sort, Unwind


@rule("drop_sort_before_group", on=(Group,), after=("limit_sort", "push_filter_below_sort"))
def drop_sort_before_group(node: Node, context: Context) -> Node | None:
    """Leaves out the sorts below a group of all rows whose aggregates do not depend on order.

    With a key that varies a sort stays: which of equal keys (1 and 1.0) stands for the group depends on order.
    """
    match node:
        case Group(input, key, calls) if is_constant(key) and all(_ignores_order(call) for _, call in calls):
            unsorted = _without_sorts(input)
            return None if unsorted is input else replace(node, input=unsorted)
    return None


def _ignores_order(call: AggregateCall) -> bool:
    function = aggregates()[call.function]
    return not function.ordered and not function.approximate and is_deterministic(call.argument)


def _without_sorts(node: Node) -> Node:
    match node:
        case Sort(input, _, None):
            return _without_sorts(input)
        case Filter() | Project() | ReplaceRoot() | Unwind() | Lookup() if all(map(is_deterministic,
                                                                                expressions_of(node))):
            below = _without_sorts(node.input)
            return node if below is node.input else replace(node, input=below)
        case _:
            return node
