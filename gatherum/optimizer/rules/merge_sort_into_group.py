"""Groups that ask for the first or last row of an order find it without sorting."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import replace
from typing import Final

from gatherum.optimizer.context import Context
from gatherum.optimizer.rule import rule
from gatherum.optimizer.rules.drop_sort_before_group import has_one_form, ignores_order
from gatherum.plan.analysis import expressions_of, is_deterministic, top_names
from gatherum.plan.expressions import AggregateCall, Call, Expression, Literal, MakeDocument, field
from gatherum.plan.nodes import Filter, Group, Lookup, Node, Project, Projection, Sort, SortKey, Unwind
from gatherum.plan.output import paths_defined
from gatherum.plan.schema import Types, output_types

PLACED: Final = {"$first": "$top", "$last": "$bottom"}
"""What finds the value of the first or last row where the rows are not in order."""


@rule("merge_sort_into_group", on=(Group,), after=(
    "limit_before_first", "limit_sort", "push_filter_below_sort", "drop_sort_before_group"))
def merge_sort_into_group(node: Node, context: Context) -> Node | None:
    """Makes $first and $last above a sort of all rows $top and $bottom by its keys, and leaves the sort out, where the
    group's other aggregates do not depend on order.

    The keys may pass through nodes that make rows of single rows. Which of equal keys (1 and 1.0) stands for a group
    depends on order: where there may be several, that of the first row is found in the same way. Several values of one
    row are found as one document.
    """
    match node:
        case Group(input, _, calls):
            sort = _sort_below(input)
            if sort is not None and _serves(sort) and all(
                    name and (call.function in PLACED or ignores_order(call)) for name, call in calls):
                types = output_types(input, context.schemas)
                return _placed(replace(node, input=_without(input, sort)), sort.keys, types)
    return None


def _placed(group: Group, keys: Sequence[SortKey], types: Types | None) -> Node:
    """The group of rows that are not in the order of the keys."""
    calls = dict(group.aggregates)
    answers: dict[str, Expression] = {"_id": field("_id"), **{name: field(name) for name in calls}}
    for function, placing in PLACED.items():
        values = {name: call.argument for name, call in group.aggregates if call.function == function}
        key = _varying(group.key, types) if function == "$first" else None
        if key is None and len(values) == 1:
            (name, value), = values.items()
            calls[name] = _by_keys(placing, value, keys)
        elif values or key is not None:
            row = _free_name(placing.removeprefix("$"), calls)
            calls = {name: call for name, call in calls.items() if name not in values}
            answers |= {name: _or_null(field(row, name)) for name in values}
            if key is not None:
                values = {"_id": key, **values}
                answers["_id"] = _key_above(group.key, row, types)
            calls[row] = _by_keys(placing, MakeDocument(tuple(values.items())), keys)
    grouped = replace(group, aggregates=tuple(calls.items()))
    if {"_id", *calls} == answers.keys():
        return grouped
    return Project(grouped, "only", tuple(Projection((name,), answer) for name, answer in answers.items()))


def _or_null(value: Expression) -> Expression:
    return Call("$ifNull", (value, Literal(None)))


def _by_keys(function: str, value: Expression, keys: Sequence[SortKey]) -> AggregateCall:
    sort_by = Literal({".".join(key.path): -1 if key.descending else 1 for key in keys})
    by = MakeDocument(tuple((name, field(name)) for name in dict.fromkeys(key.path[0] for key in keys)))
    return AggregateCall(function, MakeDocument((("by", by), ("value", value))), (("sortBy", sort_by),))


def _free_name(name: str, taken: Container[str]) -> str:
    while name in taken:
        name = f"_{name}"
    return name


def _serves(sort: Sort) -> bool:
    paths = [key.path for key in sort.keys]
    return sort.limit is None and len(set(paths)) == len(paths) > 0


def _sort_below(node: Node) -> Sort | None:
    """The sort below nodes that keep the order of rows and the fields that it is by."""
    passed: list[Node] = []
    while isinstance(node, Filter | Project | Unwind | Lookup):
        passed.append(node)
        node = node.input
    if not isinstance(node, Sort) or not all(is_deterministic(part) for above in passed for part in
                                             expressions_of(above)):
        return None
    names = top_names(key.path for key in node.keys)
    return node if all(_keeps(above, names) for above in passed) else None


def _keeps(node: Node, names: frozenset[str]) -> bool:
    """Whether the fields of a node's rows that have these names are those of its input's."""
    if names & top_names(paths_defined(node)):
        return False
    match node:
        case Project(_, "only", projections):
            return names <= {p.path[0] for p in projections if len(p.path) == 1}
        case Project(_, "without", projections):
            return not names & top_names(p.path for p in projections)
        case _:
            return True


def _without(node: Node, sort: Sort) -> Node:
    passed: list[Filter | Project | Unwind | Lookup] = []
    while isinstance(node, Filter | Project | Unwind | Lookup):
        passed.append(node)
        node = node.input
    made = sort.input
    for above in reversed(passed):
        made = replace(above, input=made)
    return made


def _varying(key: Expression, types: Types | None) -> Expression | None:
    """What of a group's key may differ between equal keys; None where nothing may."""
    if has_one_form(key, types):
        return None
    if isinstance(key, MakeDocument) and _is_plain(key):
        return MakeDocument(tuple(item for item in key.items if not has_one_form(item[1], types)))
    return key


def _key_above(key: Expression, row: str, types: Types | None) -> Expression:
    """The key above the group, where `_id` of the aggregate `row` has what varies of it."""
    if isinstance(key, MakeDocument) and _is_plain(key):
        return MakeDocument(tuple((name, field("_id", name) if has_one_form(part, types) else
                                   field(row, "_id", name)) for name, part in key.items))
    return _or_null(field(row, "_id"))


def _is_plain(key: MakeDocument) -> bool:
    names = [name for name, _ in key.items]
    return all(names) and len(set(names)) == len(names)
