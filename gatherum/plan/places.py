"""Where in the pipeline an error happened: the stage that a node of the plan comes from.

The front end notes which nodes each stage was made into. Rules move, merge and split nodes; what they keep tells where
a node comes from. A place is only told where one stage alone has all of the node that may have failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gatherum.functions.registry import operators
from gatherum.plan.analysis import expressions_of, may_raise
from gatherum.plan.expressions import Call, Expression, conjuncts, field_names
from gatherum.plan.nodes import Filter, Group, Node, Project
from gatherum.records import record


@record
class Stage:
    """One stage of a pipeline: its operator, its place (such as `stage 2 ($facet)`, `stage 1 ($match)`; the outermost
    first) and the nodes that it was made into."""

    name: str
    places: tuple[str, ...]
    nodes: tuple[Node, ...]


def places_of(node: Node, stages: Sequence[Stage]) -> tuple[str, ...]:
    """The place of the stage that a node comes from; only its operator's name where that alone is sure, or nothing."""
    parts, raising = _parts(node), _calls_that_raise(node)
    kinds = (Group, Project) if isinstance(node, Group) and raising else type(node)
    same = [stage for stage in stages for each in stage.nodes if isinstance(each, kinds)]
    exact = [stage for stage in same
             if any(type(each) is type(node) and parts <= _all_parts(each) for each in stage.nodes)]
    holding = [stage for stage in same
               if raising and any(raising <= _calls_that_raise(each) for each in stage.nodes)]
    for stages_found in (exact, holding, same):
        places = {stage.places for stage in stages_found}
        if len(places) == 1:
            return places.pop()
    names = {stage.name for stage in holding or same}
    return (names.pop(),) if len(names) == 1 else ()


def _calls_that_raise(node: Node) -> set[Expression]:
    """The calls that an error of a node may come from; a group may have taken in those of a projection."""
    return {part for expression in expressions_of(node) for part in expression.walk()
            if isinstance(part, Call) and operators()[part.function].raises}


def _parts(node: Node) -> set[Any]:
    """The parts of a node that an error may come from."""
    parts = _all_parts(node)
    if isinstance(node, Filter):
        return {part for part in parts if may_raise(part)} or parts
    if isinstance(node, Project):
        return {part for part in parts if isinstance(part.action, Expression) and may_raise(part.action)} or parts
    return parts


def _all_parts(node: Node) -> set[Any]:
    """What a node consists of: parts that rules may take out, move or merge one by one."""
    match node:
        case Filter(_, predicate):
            return set(conjuncts(predicate))
        case Project(_, _, projections):
            return set(projections)
        case Group(_, key, aggregates):
            return {key, *aggregates}
        case _:
            return {(name, value) for name in field_names(type(node))
                    if not _holds_nodes(value := getattr(node, name))}


def _holds_nodes(value: Any) -> bool:
    return isinstance(value, Node) or (isinstance(value, tuple) and any(isinstance(item, Node) for item in value))
