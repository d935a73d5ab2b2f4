"""A sum of ones is a count of rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from gatherum.optimizer.context import Context
from gatherum.optimizer.rule import rule
from gatherum.plan.expressions import AggregateCall, Literal
from gatherum.plan.nodes import BucketAuto, Group, Node

COUNT: Final = AggregateCall("$count", Literal(None))


@rule("count_for_sum_of_one", on=(Group, BucketAuto), after=("fold_constants",))
def count_for_sum_of_one(node: Node, context: Context) -> Node | None:
    """Counts rows in place of `{$sum: 1}`: there is no column of ones to make and to add. Both give an int, and a long
    where that is too narrow."""
    match node:
        case (Group() | BucketAuto()) if any(_adds_one(call) for _, call in node.aggregates):
            return replace(node, aggregates=tuple(
                (name, COUNT if _adds_one(call) else call) for name, call in node.aggregates))
    return None


def _adds_one(call: AggregateCall) -> bool:
    match call:
        case AggregateCall("$sum", Literal(value)):
            return type(value) is int and value == 1
    return False
