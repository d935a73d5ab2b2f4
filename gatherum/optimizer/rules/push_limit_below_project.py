"""Rows that are not wanted are not computed."""

from __future__ import annotations

from dataclasses import replace

from gatherum.optimizer.context import Context
from gatherum.optimizer.rule import rule
from gatherum.plan.nodes import Limit, Lookup, Node, Project, ReplaceRoot, Skip


@rule("push_limit_below_project", on=(Limit, Skip), after=("merge_limits",))
def push_limit_below_project(node: Node, context: Context) -> Node | None:
    """Moves limits and skips below nodes that make one row of each: projections, replacements, lookups."""
    match node:
        case Limit(Project() | ReplaceRoot() | Lookup() as below, _) | \
                Skip(Project() | ReplaceRoot() | Lookup() as below, _):
            return replace(below, input=replace(node, input=below.input))
    return None
