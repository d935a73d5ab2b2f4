"""Projections in a row become one."""

from __future__ import annotations

from gatherum.optimizer.context import Context
from gatherum.optimizer.rule import rule
from gatherum.optimizer.rules.push_filter_below_project import computed_fields, resolver
from gatherum.optimizer.translate import translated
from gatherum.plan.analysis import covering, top_names
from gatherum.plan.expressions import Expression, Path
from gatherum.plan.nodes import Node, Project, Projection

Projections = tuple[Projection, ...]


@rule("merge_projections", on=(Project,), after=("fold_constants", "drop_no_ops"))
def merge_projections(node: Node, context: Context) -> Node | None:
    """Makes one projection of two where the result, with the order of its fields, stays the same, and nothing but
    fields and literals would be computed twice."""
    match node:
        case Project(Project(input, "without", first), "without", second):
            paths = covering(frozenset(projection.path for projection in first + second))
            return Project(input, "without", tuple(Projection(path, "drop") for path in sorted(paths)))
        case Project(Project(input, "add" | "only" as kind, first) as below, "add", second):
            merged = _added(below, first, second)
        case Project(Project(input, "only" as kind, first) as below, "only", second):
            merged = _chosen(below, first, second)
        case _:
            return None
    return Project(input, kind, merged) if merged else None


def _added(below: Project, first: Projections, second: Projections) -> Projections | None:
    """`second` adds other fields to those of `first`."""
    if top_names(p.path for p in first) & top_names(p.path for p in second):
        return None
    if below.kind == "only" and any(len(projection.path) > 1 for projection in second):
        return None
    computed = _translated(below, second)
    return None if computed is None else first + computed


def _chosen(below: Project, first: Projections, second: Projections) -> Projections | None:
    """`second` chooses among the fields of `first`, and computes others."""
    made = computed_fields(first)
    before = [projection.path for projection in first if isinstance(projection.action, str)]
    adding = tuple(p for p in second if isinstance(p.action, Expression))
    if len(before) + len(made) != len(first) or any(len(p.path) > 1 for p in adding):
        return None
    kept: list[Path] = []
    carried: set[str] = set()
    for path in [projection.path for projection in second if isinstance(projection.action, str)]:
        if path[0] in made:
            if path[1:]:
                return None
            carried.add(path[0])
            continue
        found = [path] if any(path[:len(p)] == p for p in before) else [p for p in before if p[:len(path)] == path]
        if not found and path[0] in top_names(before):
            return None
        kept += found
    computed = _translated(below, adding)
    if computed is None:
        return None
    return (*[Projection(path, "keep") for path in dict.fromkeys(kept)],
            *[Projection((name,), action) for name, action in made.items() if name in carried], *computed)


def _translated(below: Project, projections: Projections) -> Projections | None:
    """Computed projections said of the rows below another projection."""
    resolve = resolver(below)
    found: list[Projection] = []
    for projection in projections:
        assert isinstance(projection.action, Expression)
        action = translated(projection.action, resolve)
        if action is None:
            return None
        found.append(Projection(projection.path, action))
    return tuple(found)
