"""Partners are looked up for fewer rows."""

from __future__ import annotations

from dataclasses import replace

from gatherum.optimizer.context import Context
from gatherum.optimizer.rule import rule
from gatherum.optimizer.translate import split, through_fields
from gatherum.plan.nodes import Filter, Lookup, Node


@rule("push_filter_below_lookup", on=(Filter,), after=("merge_filters",))
def push_filter_below_lookup(node: Node, context: Context) -> Node | None:
    """Moves the parts of a filter that do not touch the field of the partners below a lookup; parts that may raise
    stay."""
    match node:
        case Filter(Lookup() as lookup, predicate):
            resolve = through_fields({}, lambda path: path[0] != lookup.into[0])
            below, above = split(predicate, resolve, raising=False)
            if below is None:
                return None
            moved = replace(lookup, input=Filter(lookup.input, below))
            return moved if above is None else Filter(moved, above)
    return None
