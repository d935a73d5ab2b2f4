"""What can be known of plans without running them: what expressions read, whether they may raise, which fields rows
have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, replace
from typing import Any, Final

from gatherum.functions.registry import operators
from gatherum.plan.expressions import (
    ROOT,
    AggregateCall,
    AnyElement,
    Call,
    Expression,
    Get,
    Lambda,
    Literal,
    MakeArray,
    MakeDocument,
    Matches,
    Path,
    Variable,
)
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
    Sample,
    Skip,
    Sort,
    Union,
    Unwind,
)

Paths = frozenset[Path] | None
"""Paths of the document; a path covers those below it, and None stands for the whole document."""

NOTHING: Final[frozenset[Path]] = frozenset()


def paths_read(expression: Expression) -> Paths:
    """The paths of the document that an expression reads, or None where it reads the whole document.

    A path ends before a name that is a number: there it may pick an element of an array.
    """
    match expression:
        case Variable(name):
            return None if name == ROOT else NOTHING
        case Get(Variable(name), path) if name == ROOT:
            return frozenset({_up_to_number(path)})
        case Matches(Variable(name), path) if name == ROOT and path:
            return frozenset({_up_to_number(path)})
        case AnyElement(Variable(name), path, test) if name == ROOT and path:
            return united([frozenset({_up_to_number(path)}), paths_read(test)])
        case _:
            return united(paths_read(part) for part in expression.children())


def _up_to_number(path: Path) -> Path:
    end = next((position for position, name in enumerate(path) if position and name.isdecimal()), len(path))
    return path[:end]


def united(several: Iterable[Paths]) -> Paths:
    """The paths of all; None where one of them is None."""
    found: set[Path] = set()
    for paths in several:
        if paths is None:
            return None
        found |= paths
    return frozenset(found)


def covering(paths: frozenset[Path]) -> frozenset[Path]:
    """The paths without those that another one covers.

    >>> sorted(covering(frozenset({("a",), ("a", "b"), ("c", "d")})))
    [('a',), ('c', 'd')]
    """
    return frozenset(path for path in paths if not any(path[:end] in paths for end in range(1, len(path))))


def top_names(paths: Iterable[Path]) -> frozenset[str]:
    """The fields of the document that the paths begin with."""
    return frozenset(path[0] for path in paths)


def free_variables(expression: Expression) -> frozenset[str]:
    """The variables that an expression uses and does not bind itself; `ROOT` among them where it reads the document."""
    if isinstance(expression, Variable):
        return frozenset({expression.name})
    used = frozenset(name for part in expression.children() for name in free_variables(part))
    return used - frozenset(expression.parameters) if isinstance(expression, Lambda) else used


def may_raise(expression: Expression) -> bool:
    """Whether some document may make the expression raise an error."""
    return any(isinstance(part, Call) and operators()[part.function].raises for part in expression.walk())


def is_deterministic(expression: Expression) -> bool:
    """Whether the expression has one value for one document."""
    return all(operators()[part.function].deterministic for part in expression.walk() if isinstance(part, Call))


def is_constant(expression: Expression) -> bool:
    """Whether an expression is built of nothing but literals."""
    match expression:
        case Literal():
            return True
        case MakeDocument() | MakeArray():
            return all(is_constant(part) for part in expression.children())
        case _:
            return False


def is_trivial(expression: Expression) -> bool:
    """Whether an expression costs next to nothing, so that it may stand twice: a field, a variable, a literal."""
    match expression:
        case Literal() | Variable() | Get(Variable(), _):
            return True
        case _:
            return False


def expressions_of(node: Node) -> Iterator[Expression]:
    """The expressions that a node itself evaluates; not those of its inputs and subplans."""
    for field in fields(node):
        yield from _expressions_in(getattr(node, field.name))


def _expressions_in(value: Any) -> Iterator[Expression]:
    match value:
        case Expression():
            yield value
        case AggregateCall(_, argument):
            yield argument
        case Projection(_, Expression() as computed):
            yield computed
        case tuple():
            for item in value:
                yield from _expressions_in(item)


def with_expressions(node: Node, change: Callable[[Expression], Expression]) -> Node:
    """The same node with `change` applied to each of the expressions that it evaluates."""
    changed: dict[str, Any] = {}
    for field in fields(node):
        old = getattr(node, field.name)
        new = _changed(old, change)
        if new is not old:
            changed[field.name] = new
    return replace(node, **changed) if changed else node


def _changed(value: Any, change: Callable[[Expression], Expression]) -> Any:
    match value:
        case Expression():
            return change(value)
        case AggregateCall(_, argument):
            new = change(argument)
            return value if new is argument else replace(value, argument=new)
        case Projection(_, Expression() as computed):
            new = change(computed)
            return value if new is computed else replace(value, action=new)
        case tuple():
            items = tuple(_changed(item, change) for item in value)
            return items if any(a is not b for a, b in zip(items, value, strict=True)) else value
        case _:
            return value


def node_may_raise(node: Node) -> bool:
    """Whether one of the expressions that a node evaluates may raise."""
    return any(may_raise(expression) for expression in expressions_of(node))


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
            return frozenset((name,) for name in output_fields(node) or ()) if _makes_rows(node) else NOTHING


def _makes_rows(node: Node) -> bool:
    return isinstance(node, Group | BucketAuto | Facet)


def paths_removed(node: Node) -> Paths:
    """The paths that a node takes out of its rows; None where it takes out all but those that it keeps or defines."""
    match node:
        case Project(_, "without", projections):
            return frozenset(projection.path for projection in projections)
        case Project(_, "only"):
            return None
        case _:
            return None if _makes_rows(node) else NOTHING


def output_fields(node: Node) -> tuple[str, ...] | None:
    """The fields that rows of a node have, in their order, or None where that depends on the data.

    A row may lack some of them; it has no others.
    """
    passing: list[Node] = []
    while isinstance(node, Project | Filter | Sort | Limit | Skip | Sample | Unwind | Lookup | Union):
        passing.append(node)
        node = node.first if isinstance(node, Union) else node.input
    given: tuple[str, ...] | None = None
    match node:
        case Group(_, _, aggregates) | BucketAuto(_, _, _, aggregates):
            given = ("_id", *[name for name, _ in aggregates])
        case Facet():
            given = node.names
    for above in reversed(passing):
        given = _passed_on(given, above)
    return given


def _passed_on(given: tuple[str, ...] | None, node: Node) -> tuple[str, ...] | None:
    """The fields of the rows of a node whose input has the fields `given`."""
    match node:
        case Project(_, kind, projections):
            return _projected(given, kind, projections)
        case Unwind(_, _, str(index)):
            return _added(given, [index.split(".")[0]])
        case Lookup():
            return _added(given, [node.into[0]])
        case Union(_, second):
            return given if given is not None and given == output_fields(second) else None
        case _:
            return given


def _projected(given: tuple[str, ...] | None, kind: str,
               projections: tuple[Projection, ...]) -> tuple[str, ...] | None:
    named = top_names(p.path for p in projections if isinstance(p.action, str))
    computed = list(dict.fromkeys(p.path[0] for p in projections if isinstance(p.action, Expression)))
    match kind:
        case "add":
            return _added(given, computed)
        case "without":
            whole = top_names(p.path for p in projections if len(p.path) == 1)
            return None if given is None else tuple(name for name in given if name not in whole)
        case _:
            if given is None:
                return None if len(named) > 1 else (*named, *[name for name in computed if name not in named])
            return _added(tuple(name for name in given if name in named), computed)


def _added(given: tuple[str, ...] | None, names: Iterable[str]) -> tuple[str, ...] | None:
    return None if given is None else (*given, *[name for name in names if name not in given])
