"""Rows are not sorted for a group that does not ask for their order."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from gatherum.functions.registry import aggregates
from gatherum.optimizer.context import Context
from gatherum.optimizer.rule import rule
from gatherum.plan.analysis import expressions_of, is_deterministic
from gatherum.plan.expressions import (
    ROOT,
    AggregateCall,
    And,
    AnyElement,
    Call,
    Expression,
    Get,
    Literal,
    MakeArray,
    MakeDocument,
    Matches,
    Not,
    Or,
    Variable,
)
from gatherum.plan.nodes import Filter, Group, Lookup, Node, Project, ReplaceRoot, Sort, Unwind
from gatherum.plan.schema import Types, output_types

ONE_FORM: Final = frozenset({
    "$concat", "$dateAdd", "$dateSubtract", "$dateToString", "$dateTrunc",
    "$dayOfMonth", "$dayOfWeek", "$dayOfYear", "$eq", "$gt", "$gte", "$hour", "$isArray", "$isNumber", "$isoDayOfWeek",
    "$isoWeek", "$lt", "$lte", "$millisecond", "$minute", "$month", "$ne", "$second", "$substrCP", "$toBool", "$toDate",
    "$toLower", "$toString", "$toUpper", "$type", "$week", "$year"})
"""Operators whose values are all strings, or dates, or booleans, or 32-bit integers, or null."""
ONE_FORM_TYPES: Final = frozenset({"string", "bool", "objectId", "int", "long"})
"""Types of fields, whose values are all of the type, or null, and in which equal values are the same."""


@rule("drop_sort_before_group", on=(Group,), after=("limit_sort", "push_filter_below_sort"))
def drop_sort_before_group(node: Node, context: Context) -> Node | None:
    """Leaves out the sorts below a group whose aggregates do not depend on order.

    Where equal keys may differ (1 and 1.0) the sort stays: which of them stands for the group depends on order.
    """
    match node:
        case Group(input, key, calls):
            unsorted = _without_sorts(input)
            if (unsorted is not input and all(ignores_order(call) for _, call in calls)
                    and has_one_form(key, output_types(input, context.schemas))):
                return replace(node, input=unsorted)
    return None


def has_one_form(key: Expression, types: Types | None) -> bool:
    """Whether equal values of an expression are the same value, of one type; `types` are those of the fields."""
    match key:
        case Get(Variable(name), (single,)) if name == ROOT and types is not None:
            return types.get(single) in ONE_FORM_TYPES
        case Literal() | And() | Or() | Not() | Matches() | AnyElement():
            return True
        case Call(function):
            return function in ONE_FORM
        case MakeDocument() | MakeArray():
            return all(has_one_form(part, types) for part in key.children())
        case _:
            return False


def ignores_order(call: AggregateCall) -> bool:
    """Whether an aggregate gives the same for any order of its rows."""
    function = aggregates()[call.function]
    return not function.ordered and not function.approximate and is_deterministic(call.argument)


def _without_sorts(node: Node) -> Node:
    match node:
        case Sort(input, _, None):
            return _without_sorts(input)
        case Filter() | Project() | ReplaceRoot() | Unwind() | Lookup():
            below = _without_sorts(node.input)
            same = below is node.input or not all(map(is_deterministic, expressions_of(node)))
            return node if same else replace(node, input=below)
        case _:
            return node
