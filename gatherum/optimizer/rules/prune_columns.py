"""Fields that nobody reads are neither read from the source nor computed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from gatherum.optimizer.context import Context
from gatherum.optimizer.rule import rule
from gatherum.optimizer.subplan import apart_from_start, first_input, onto_start, with_first_input
from gatherum.plan.analysis import (
    NOTHING,
    PRESENCE,
    Paths,
    covering,
    expressions_of,
    paths_needed,
    top_names,
    united,
)
from gatherum.plan.expressions import Path
from gatherum.plan.nodes import (
    BucketAuto,
    Facet,
    Filter,
    Group,
    Limit,
    Lookup,
    Node,
    Project,
    ReplaceRoot,
    Sample,
    Scan,
    Shared,
    Skip,
    Sort,
    Union,
    Unwind,
)
from gatherum.plan.output import paths_defined
from gatherum.records import record


@record
class Needed:
    """The paths of a node's rows that are read above it (None: all), and whether the order of the fields may show."""

    paths: Paths
    in_order: bool

    def __post_init__(self) -> None:
        if self.paths is None:
            object.__setattr__(self, "in_order", True)

    def and_read(self, paths: Paths) -> Needed:
        """With more paths."""
        return Needed(united([self.paths, paths]), self.in_order)

    def reads(self, name: str) -> bool:
        """Whether something of a field is read."""
        return self.paths is None or name in top_names(self.paths)


ALL: Final = Needed(None, True)


@rule("prune_columns", after=("push_filter_into_scan", "merge_projections", "fold_constants"))
def prune_columns(plan: Node, context: Context) -> Node | None:
    """Leaves out computed fields and lookups that nothing above reads, and tells sources that make use of it which
    paths are read.

    Paths end at the first name where anything but an expression, a predicate or an unwind reads them, since only these
    see no difference between a document and what a source leaves of it.
    """
    pruned = _pruned(plan, ALL, [], context)
    return None if pruned is plan else pruned


def _pruned(plan: Node, needed: Needed, shared: list[Needed], context: Context) -> Node:
    """The plan without what is not needed; `shared` takes what is needed of the rows that its `Shared` nodes read."""
    chain: list[Node] = []
    node = plan
    while (below := first_input(node)) is not None:
        kept = _trimmed(node, needed, shared, context)
        if kept is not None:
            chain.append(kept)
            needed = _needed_below(kept, needed, context)
        node = below
    made = _start(node, needed, shared, context)
    for above in reversed(chain):
        made = with_first_input(above, made)
    return made


def _start(node: Node, needed: Needed, shared: list[Needed], context: Context) -> Node:
    """A node that reads no other."""
    match node:
        case Shared():
            shared.append(needed)
        case Scan(source, known) if needed.paths is not None and context.accepted(source, "fields"):
            paths = tuple(sorted(covering(needed.paths)))
            return node if paths == known else replace(node, fields=paths)
    return node


def _trimmed(node: Node, needed: Needed, shared: list[Needed], context: Context) -> Node | None:
    """The node, with what is beside its first input pruned; None where nothing that it does is needed."""
    match node:
        case Project(_, "without", projections):
            return node if any(needed.reads(projection.path[0]) for projection in projections) else None
        case Project(_, kind, projections):
            left = tuple(projection for projection in projections if needed.reads(projection.path[0]))
            if not left:
                return None if kind == "add" or needed.paths == NOTHING else node
            return node if left == projections else replace(node, projections=left)
        case Union():
            second = _pruned(node.second, needed, shared, context)
            return node if second is node.second else replace(node, second=second)
        case Lookup():
            return _lookup(node, needed, context) if needed.reads(node.into[0]) else None
        case Facet():
            branches, _ = _branches(node, context)
            same = all(a is b for a, b in zip(branches, node.branches, strict=True))
            return node if same else replace(node, branches=branches)
        case _:
            return node


def _needed_below(node: Node, needed: Needed, context: Context) -> Needed:
    """What is needed of a node's first input."""
    read = united(paths_needed(expression) for expression in expressions_of(node))
    match node:
        case Filter() | Limit() | Skip() | Sample() | Union():
            return needed.and_read(read)
        case Sort():
            return needed.and_read(_tops(key.path for key in node.keys))
        case Group() | BucketAuto() | ReplaceRoot():
            return Needed(read, in_order=False)
        case Project(_, "only", projections):
            kept = [projection.path for projection in projections if isinstance(projection.action, str)]
            shows = needed.in_order and len(kept) > 1
            return Needed(united([read, _tops(kept), _holders(node)]), in_order=shows)
        case Project(_, "without", projections):
            return _less(needed, [projection.path for projection in projections])
        case Project():
            return _less_replaced(node, needed).and_read(united([read, _holders(node)]))
        case Unwind():
            return _less_replaced(node, needed).and_read(_of_elements(node, needed))
        case Lookup():
            local = _tops([] if node.local is None else [node.local])
            return _less_replaced(node, needed).and_read(united([read, local, _holders(node)]))
        case Facet():
            return _branches(node, context)[1]
        case _:
            return ALL


def _tops(paths: Iterable[Path]) -> frozenset[Path]:
    return frozenset(path[:1] for path in paths)


def _holders(node: Node) -> frozenset[Path]:
    """What the nested values that a node makes are put into."""
    return _tops(path for path in paths_defined(node) if len(path) > 1)


def _of_elements(node: Unwind, needed: Needed) -> frozenset[Path]:
    """What is needed of an unwound array: what is read of its elements, or else how many they are; and what holds a
    nested position."""
    elements = _below(needed, node.path)
    read = frozenset(node.path + path for path in elements.paths or ()) or frozenset({node.path})
    return read if node.index is None or "." not in node.index else read | _tops([tuple(node.index.split("."))])


def _less_replaced(node: Node, needed: Needed) -> Needed:
    """Without the fields that a node replaces; these keep their places, so they are needed where order shows."""
    return needed if needed.in_order else _less(needed, paths_defined(node))


def _less(needed: Needed, paths: Iterable[Path]) -> Needed:
    """Without the fields of the document that are among the paths."""
    if needed.paths is None:
        return needed
    names = {path[0] for path in paths if len(path) == 1}
    return Needed(frozenset(path for path in needed.paths if path[0] not in names), needed.in_order)


def _lookup(node: Lookup, needed: Needed, context: Context) -> Lookup:
    """The lookup with its other plan pruned; the rows that it matches keep the path that they are matched by."""
    partners = _below(needed, node.into)
    if node.foreign is None:
        other = _pruned(node.other, partners, [], context)
        return node if other is node.other else replace(node, other=other)
    above, start = apart_from_start(node.other)
    read: list[Needed] = []
    rest = _pruned(above, partners, read, context)
    made = _start(start, _all_of(read).and_read(_tops([node.foreign])), [], context)
    return node if rest is above and made is start else replace(node, other=onto_start(rest, made))


def _below(needed: Needed, path: Path) -> Needed:
    """What is needed of the documents at a path: all where the path itself, or what holds it, is read."""
    if needed.paths is None:
        return ALL
    read = [item for item in needed.paths if item[:len(path)] == path[:len(item)]]
    return ALL if any(len(item) <= len(path) for item in read) else Needed(
        frozenset(item[len(path):] for item in read) - {(PRESENCE,)}, in_order=False)


def _branches(node: Facet, context: Context) -> tuple[tuple[Node, ...], Needed]:
    """A facet's branches pruned, and what they need of the rows that they share."""
    read: list[Needed] = []
    branches = tuple(_pruned(branch, ALL, read, context) for branch in node.branches)
    return branches, _all_of(read)


def _all_of(several: list[Needed]) -> Needed:
    return Needed(united(needed.paths for needed in several), any(needed.in_order for needed in several))
