"""What can be known of the rows that a node gives without running it: their fields, and how many there may be."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from gatherum.plan.analysis import NOTHING, is_constant, top_names
from gatherum.plan.expressions import Expression, Path
from gatherum.plan.nodes import (
    BucketAuto,
    Facet,
    Filter,
    Group,
    Limit,
    Lookup,
    Node,
    Project,
    Projection,
    ReplaceRoot,
    Sample,
    Skip,
    Sort,
    Union,
    Unwind,
)


def paths_defined(node: Node) -> frozenset[Path]:
    """The paths to which a node gives values of its own."""
    match node:
        case Project(_, _, projections):
            return frozenset(p.path for p in projections if isinstance(p.action, Expression))
        case Unwind(_, path, index):
            return frozenset({path}) if index is None else frozenset({path, tuple(index.split("."))})
        case Lookup():
            return frozenset({node.into})
        case _:
            return frozenset((name,) for name in output_fields(node).names or ()) if _makes_rows(node) else NOTHING


def _makes_rows(node: Node) -> bool:
    return isinstance(node, Group | BucketAuto | Facet)


class Fields(NamedTuple):
    """The fields that rows may have, and these in their order; None where that depends on the data."""

    names: frozenset[str] | None
    in_order: tuple[str, ...] | None


_UNKNOWN: Final = Fields(None, None)


def output_fields(node: Node, depth: int | None = None) -> Fields:
    """What is known of the fields of a node's rows, looking at so many nodes below it (None: all). A row may lack some
    of them; it has no others.

    >>> from gatherum.plan.expressions import Literal
    >>> from gatherum.plan.nodes import Scan
    >>> keep = (Projection(("b",), "keep"), Projection(("n",), Literal(1)))
    >>> output_fields(Project(Scan("orders"), "only", keep)).in_order
    ('b', 'n')
    """
    passing: list[Node] = []
    while isinstance(node, Project | Filter | Sort | Limit | Skip | Sample | Unwind | Lookup | Union):
        if len(passing) == depth:
            break
        passing.append(node)
        node = node.first if isinstance(node, Union) else node.input
    given = _UNKNOWN
    match node:
        case Group(_, _, aggregates) | BucketAuto(_, _, _, aggregates):
            given = _exactly("_id", *[name for name, _ in aggregates])
        case Facet():
            given = _exactly(*node.names)
    for above in reversed(passing):
        given = _passed_on(given, above)
    return given


def _exactly(*names: str) -> Fields:
    return Fields(frozenset(names), names)


def _passed_on(given: Fields, node: Node) -> Fields:
    """The fields of the rows of a node whose input has the fields `given`."""
    match node:
        case Project(_, kind, projections):
            return _projected(given, kind, projections)
        case Unwind(_, _, str(index)):
            return _added(given, [index.split(".")[0]])
        case Lookup():
            return _added(given, [node.into[0]])
        case Union(_, second):
            return given if given == output_fields(second) else _UNKNOWN
        case _:
            return given


def _projected(given: Fields, kind: str, projections: tuple[Projection, ...]) -> Fields:
    computed = list(dict.fromkeys(p.path[0] for p in projections if isinstance(p.action, Expression)))
    if kind == "add":
        return _added(given, computed)
    if kind == "without":
        return _less(given, top_names(p.path for p in projections if len(p.path) == 1))
    nested = {p.path[0] for p in projections if isinstance(p.action, Expression) and len(p.path) > 1}
    kept = nested | top_names(p.path for p in projections if isinstance(p.action, str))
    left = _only(given, frozenset(kept))
    return _added(left, computed)


def _only(given: Fields, names: frozenset[str]) -> Fields:
    left = names if given.names is None else names & given.names
    if given.in_order is not None:
        return Fields(left, tuple(name for name in given.in_order if name in left))
    return Fields(left, tuple(left) if len(left) <= 1 else None)


def _less(given: Fields, names: frozenset[str]) -> Fields:
    return _UNKNOWN if given.names is None else _only(given, given.names - names)


def _added(given: Fields, names: Iterable[str]) -> Fields:
    if given.names is None:
        return given
    in_order = given.in_order
    if in_order is not None:
        in_order = (*in_order, *[name for name in names if name not in given.names])
    return Fields(given.names.union(names), in_order)


def most_rows(node: Node) -> int | None:
    """How many rows a node gives at most, or None where its plan sets no bound.

    >>> from gatherum.plan.nodes import Scan
    >>> most_rows(Skip(Limit(Scan("orders"), 3), 1))
    2
    """
    bounds: list[int] = []
    skipped = 0
    below = node
    while True:
        match below:
            case Limit(_, count) | Sort(_, _, int(count)) | Sample(_, count):
                bounds.append(count - skipped)
            case Skip(_, count):
                skipped += count
            case Facet():
                bounds.append(1 - skipped)
            case Group(_, key) if is_constant(key):
                bounds.append(1 - skipped)
        if isinstance(below, Limit | Sort | Sample | Skip | Filter | Project | ReplaceRoot | Lookup):
            below = below.input
        else:
            break
    return max(min(bounds), 0) if bounds else None
