"""Filters are asked before documents are replaced."""

from __future__ import annotations

from gatherum.optimizer.context import Context
from gatherum.optimizer.rule import rule
from gatherum.optimizer.translate import Resolve, split, through_fields
from gatherum.plan.expressions import Expression, Get, MakeDocument, Variable
from gatherum.plan.nodes import Filter, Node, ReplaceRoot


@rule("push_filter_below_replace_root", on=(Filter,), after=("merge_filters",))
def push_filter_below_replace_root(node: Node, context: Context) -> Node | None:
    """Moves the parts of a filter that ask for fields whose values lie in the old document below the replacement;
    parts that may raise stay."""
    match node:
        case Filter(ReplaceRoot(input, expression), predicate):
            resolve = _resolver(expression)
            below, above = (None, None) if resolve is None else split(predicate, resolve, raising=False)
            if below is None:
                return None
            moved = ReplaceRoot(Filter(input, below), expression)
            return moved if above is None else Filter(moved, above)
    return None


def _resolver(expression: Expression) -> Resolve | None:
    match expression:
        case Get(Variable(), _):
            return lambda path: (expression, path)
        case MakeDocument(items):
            return through_fields(dict(items), lambda path: False)
        case _:
            return None
