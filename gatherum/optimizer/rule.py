"""What a rule is.

    @rule("drop_skip_of_nothing", on=(Skip,))
    def drop_skip_of_nothing(node, context):
        \"\"\"A skip of no rows is no skip.\"\"\"
        match node:
            case Skip(input, 0):
                return input
        return None

A rule looks at a node of the kinds that it is `on`, with what is below it, and gives a node in its place that has the
same rows in the same order, or None where it has nothing to change. It must not apply to its own result for ever. A
rule that is on no kind looks at the whole plan, and is not asked again before another one has changed that.
"""

from __future__ import annotations

from collections.abc import Callable

from gatherum.optimizer.context import Context
from gatherum.plan.nodes import Node
from gatherum.records import record

Apply = Callable[[Node, Context], Node | None]


@record
class Rule:
    """One rule. `on` are the kinds of nodes that it is applied to; none: to the whole plan. `after` names the rules
    that should have been applied before it."""

    name: str
    apply: Apply
    on: tuple[type[Node], ...] = ()
    after: tuple[str, ...] = ()

    @property
    def documentation(self) -> str:
        """The function's docstring."""
        return self.apply.__doc__ or ""


def rule(name: str, *, on: tuple[type[Node], ...] = (), after: tuple[str, ...] = ()) -> Callable[[Apply], Rule]:
    """Defines a rule by its function."""
    return lambda apply: Rule(name, apply, on, after)
