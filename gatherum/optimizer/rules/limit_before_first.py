"""One row is enough for the first values of all rows."""

from __future__ import annotations

from dataclasses import replace

from gatherum.optimizer.context import Context
from gatherum.optimizer.rule import rule
from gatherum.plan.analysis import is_constant, may_raise
from gatherum.plan.expressions import AggregateCall
from gatherum.plan.nodes import Group, Limit, Node
from gatherum.plan.output import most_rows


@rule("limit_before_first", on=(Group,), after=("fold_constants",))
def limit_before_first(node: Node, context: Context) -> Node | None:
    """A group of all rows that asks for nothing but first values reads one row: of a sort, it is then the extreme.

    Not where the values may raise: MongoDB reports the error of a later row too.
    """
    match node:
        case Group(input, key, calls) if calls and is_constant(key) and all(_is_calm_first(call) for _, call in calls):
            most = most_rows(input)
            return replace(node, input=Limit(input, 1)) if most is None or most > 1 else None
    return None


def _is_calm_first(call: AggregateCall) -> bool:
    return call.function == "$first" and not may_raise(call.argument)
