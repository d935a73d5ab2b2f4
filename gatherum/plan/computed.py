"""Which fields of its input a plan computes with, beyond passing them on."""

from __future__ import annotations

from collections.abc import Iterator

from gatherum.plan.analysis import Paths, expressions_of, paths_read, top_names, united
from gatherum.plan.nodes import Lookup, Node, Sort, Unwind
from gatherum.plan.render import subplans


def computed_fields(plan: Node) -> frozenset[str] | None:
    """The names of the fields whose values matter to a plan, whatever document they are in; None where all may."""
    paths = united(_paths(plan))
    return None if paths is None else top_names(paths)


def _paths(plan: Node) -> Iterator[Paths]:
    for node in plan.walk():
        yield from map(paths_read, expressions_of(node))
        match node:
            case Sort(_, keys):
                yield frozenset(key.path for key in keys)
            case Unwind(_, path):
                yield frozenset({path})
            case Lookup(local=local, foreign=foreign):
                yield frozenset(path for path in (local, foreign) if path is not None)
        for _, below in subplans(node):
            yield from _paths(below)
