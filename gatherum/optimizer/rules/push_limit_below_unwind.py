"""Arrays are unwound in no more rows than are wanted."""

from __future__ import annotations

from dataclasses import replace

from gatherum.optimizer.context import Context
from gatherum.optimizer.rule import rule
from gatherum.plan.nodes import Limit, Node, Unwind
from gatherum.plan.output import most_rows


@rule("push_limit_below_unwind", on=(Limit,), after=("merge_limits", "push_limit_below_project"))
def push_limit_below_unwind(node: Node, context: Context) -> Node | None:
    """Puts a limit below an unwind that keeps rows without elements, as it makes one row at least of each. The limit
    above stays, as it may make more."""
    match node:
        case Limit(Unwind(input, keep_empty=True) as unwind, count):
            most = most_rows(input)
            if most is None or most > count:
                return Limit(replace(unwind, input=Limit(input, count)), count)
    return None
