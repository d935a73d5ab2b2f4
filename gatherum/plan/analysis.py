"""What can be known of expressions without running them: what they read, whether they may raise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, Final

from gatherum.functions.registry import operators, predicates
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
    field_names,
)
from gatherum.plan.nodes import (
    Node,
    Projection,
)

Paths = frozenset[Path] | None
"""Paths of the document; a path covers those below it, and None stands for the whole document."""

NOTHING: Final[frozenset[Path]] = frozenset()

PRESENCE: Final = ""
"""Stands at the end of a path of whose values no more is needed than that they are there, their types, and how long
arrays are."""


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


def paths_needed(expression: Expression) -> Paths:
    """The paths that an expression reads, those ending in `PRESENCE` where fields of documents do not count."""
    match expression:
        case Matches(Variable(name), path, predicate, Literal(argument)) if (
                name == ROOT and path and path == _up_to_number(path)
                and (argument is None or predicates()[predicate].of_type)):
            return frozenset({(*path, PRESENCE)})
        case Call(function, arguments) if operators()[function].of_type:
            return united(_of_types(argument) for argument in arguments if argument is not None)
        case Variable() | Get() | Matches() | AnyElement():
            return paths_read(expression)
        case Call("$map" | "$reduce", (Get(Variable(name), path), *others, Lambda((*_, item), body))) if name == ROOT:
            below = _paths_below(body, item) or frozenset({()})
            items = frozenset(_up_to_number(path + inner) for inner in below)
            return united([items, *(paths_needed(part) for part in others if part is not None), paths_needed(body)])
        case _:
            return united(paths_needed(part) for part in expression.children())


def _of_types(argument: Expression) -> Paths:
    """The paths that an argument reads of which nothing but its type and its length counts."""
    match argument:
        case Get(Variable(name), path) if name == ROOT and path == _up_to_number(path):
            return frozenset({(*path, PRESENCE)})
        case _:
            return paths_needed(argument)


def _paths_below(expression: Expression, name: str) -> Paths:
    """The paths that an expression reads below a variable; None where it reads the variable itself."""
    match expression:
        case Variable(each) if each == name:
            return None
        case Get(Variable(each), path) if each == name:
            return frozenset({path})
        case Lambda(parameters, _) if name in parameters:
            return NOTHING
        case _:
            return united(_paths_below(part, name) for part in expression.children())


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

    >>> sorted(covering(frozenset({("a",), ("a", "b"), ("c", "d"), ("c", PRESENCE)})))
    [('a',), ('c', 'd')]
    """
    wide = frozenset(path for path in paths if not any(path[:end] in paths for end in range(1, len(path))))
    held = {path[:end] for path in wide if path[-1] != PRESENCE for end in range(1, len(path))}
    return frozenset(path for path in wide if path[-1] != PRESENCE or path[:-1] not in held)


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


def apart(expression: Expression, name: str) -> tuple[Expression, dict[str, Expression]]:
    """An expression with new variables in place of the largest parts that do not depend on the variable `name`, and
    these parts by their variables. Parts that may raise stay where the expression may do without them."""
    parts: dict[str, Expression] = {}

    def without(part: Expression, certain: bool) -> Expression:
        if isinstance(part, Literal | Variable | Lambda):
            return part
        if name not in free_variables(part) and is_deterministic(part) and (certain or not may_raise(part)):
            new = f"part {len(parts)}"
            parts[new] = part
            return Variable(new)
        certain = certain and (isinstance(part, Get | MakeDocument | MakeArray)
                               or (isinstance(part, Call) and operators()[part.function].strict))
        return part.rebuild(lambda inner: without(inner, certain))

    return without(expression, True), parts


def expressions_of(node: Node) -> Iterator[Expression]:
    """The expressions that a node itself evaluates; not those of its inputs and subplans."""
    for name in field_names(type(node)):
        yield from _expressions_in(getattr(node, name))


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
    for name in field_names(type(node)):
        old = getattr(node, name)
        new = _changed(old, change)
        if new is not old:
            changed[name] = new
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
