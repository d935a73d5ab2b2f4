"""Filters are asked before documents are reshaped."""

from __future__ import annotations

from gatherum.optimizer.context import Context
from gatherum.optimizer.rule import rule
from gatherum.optimizer.translate import Resolve, split, through_fields
from gatherum.plan.analysis import node_may_raise, top_names
from gatherum.plan.expressions import Expression, Path
from gatherum.plan.nodes import Filter, Node, Project, Projection


@rule("push_filter_below_project", on=(Filter,), after=("merge_filters",))
def push_filter_below_project(node: Node, context: Context) -> Node | None:
    """Moves the parts of a filter that ask for fields which a projection passes on, or merely renames, below it.

    A part that may raise moves only where the projection cannot raise. What shares its first name with a computed
    nested path stays: computing below an array or a scalar changes what is beside it.
    """
    match node:
        case Filter(Project(input, kind, projections) as project, predicate):
            below, above = split(predicate, resolver(project), not node_may_raise(project))
            if below is None:
                return None
            moved = Project(Filter(input, below), kind, projections)
            return moved if above is None else Filter(moved, above)
    return None


def resolver(project: Project) -> Resolve:
    """Says where a path of a projection's rows comes from."""
    projections = project.projections
    nested = top_names(p.path for p in projections if isinstance(p.action, Expression) and len(p.path) > 1)
    named = frozenset(p.path for p in projections if isinstance(p.action, str))

    def passed(path: Path) -> bool:
        if path[0] in nested:
            return False
        match project.kind:
            case "only":
                return is_kept(path, named)
            case "without":
                return path[0] not in top_names(named)
            case _:
                return True
    return through_fields(computed_fields(projections), passed)


def computed_fields(projections: tuple[Projection, ...]) -> dict[str, Expression]:
    """The computed fields at the top of the document."""
    return {p.path[0]: p.action for p in projections if isinstance(p.action, Expression) and len(p.path) == 1}


def is_kept(path: Path, kept: frozenset[Path]) -> bool:
    """Whether all that `path` reaches is there where only the `kept` paths are. Below nested ones a number may mean an
    element of an array, of which keeping may have dropped some."""
    if path[:1] in kept:
        return True
    return not any(name.isdecimal() for name in path) and any(path[:end] in kept for end in range(2, len(path) + 1))
