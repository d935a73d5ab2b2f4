"""What a projection computes for a group alone, the group computes itself: no documents are made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from gatherum.functions.registry import aggregates
from gatherum.optimizer.context import Context
from gatherum.optimizer.rule import rule
from gatherum.optimizer.rules.push_filter_below_project import computed_fields, resolver
from gatherum.optimizer.translate import Resolve, translated
from gatherum.plan.analysis import expressions_of, is_deterministic, node_may_raise, with_expressions
from gatherum.plan.expressions import ROOT, AnyElement, Expression, Get, Lambda, Matches, Path, Variable
from gatherum.plan.nodes import Group, Node, Project


@rule("merge_projection_into_group", on=(Group,), after=("merge_projections", "merge_sort_into_group"))
def merge_projection_into_group(node: Node, context: Context) -> Node | None:
    """Puts what a projection computes in place of the fields that a group reads, where nothing but fields and literals
    would be computed twice.

    Not where both may raise: which stage an error is one of could then not be told.
    """
    match node:
        case Group(Project(input) as project) if not (node_may_raise(project) and _may_raise(node)):
            resolve = _resolver(project, Counter(name for each in expressions_of(node) for name in _names_read(each)))
            moved = [translated(each, resolve) for each in expressions_of(node)]
            found = iter([each for each in moved if each is not None])
            if None not in moved:
                return with_expressions(replace(node, input=input), lambda each: next(found))
    return None


def _may_raise(group: Group) -> bool:
    return node_may_raise(group) or any(aggregates()[call.function].raises for _, call in group.aggregates)


def _resolver(project: Project, reads: Counter[str]) -> Resolve:
    """Says where a path of a projection's rows comes from, if from a computed field, then one that is read once."""
    resolve = resolver(project)
    once = {name: expression for name, expression in computed_fields(project.projections).items()
            if reads[name] == 1 and is_deterministic(expression)}

    def resolved(path: Path) -> tuple[Expression, Path] | None:
        return (once[path[0]], path[1:]) if path[0] in once else resolve(path)
    return resolved


def _names_read(expression: Expression) -> Iterator[str]:
    """The fields of the document that an expression reads, each as often as it stands there, and twice in a Lambda,
    which may be evaluated many times."""
    match expression:
        case Get(Variable(name), path) | Matches(Variable(name), path) | AnyElement(Variable(name), path):
            if name == ROOT and path:
                yield path[0]
        case Lambda(_, body):
            yield from _names_read(body)
    for part in expression.children():
        yield from _names_read(part)
