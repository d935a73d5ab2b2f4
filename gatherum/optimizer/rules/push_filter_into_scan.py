"""Sources leave rows out that a filter would drop."""

from __future__ import annotations

from dataclasses import replace

from gatherum.optimizer.context import Context
from gatherum.optimizer.rule import rule
from gatherum.optimizer.translate import split, through_fields
from gatherum.plan.nodes import Filter, Node, Scan


@rule("push_filter_into_scan", on=(Filter,), after=(
    "merge_filters", "push_filter_below_project", "push_filter_below_replace_root", "push_filter_below_unwind",
    "push_filter_below_sort", "push_filter_below_group", "push_filter_below_lookup", "push_filter_into_union"))
def push_filter_into_scan(node: Node, context: Context) -> Node | None:
    """Tells a source that makes use of it the parts of a filter that cannot raise. The filter stays: a source need not
    apply it exactly."""
    match node:
        case Filter(Scan(source, _, known, None) as scan, predicate) if context.accepted(source, "filter"):
            hint, _ = split(predicate, through_fields({}, lambda path: True), raising=False)
            if hint is not None and hint != known:
                return Filter(replace(scan, filter=hint), predicate)
    return None
