"""Expressions moved below a node: what they say of the node's rows, said of its input's."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gatherum.plan.analysis import free_variables, is_deterministic, is_trivial, may_raise
from gatherum.plan.expressions import (
    ROOT,
    AnyElement,
    Expression,
    Get,
    Lambda,
    Literal,
    MakeDocument,
    Matches,
    Path,
    Variable,
    conjunction,
    conjuncts,
)

Resolve = Callable[[Path], tuple[Expression, Path] | None]
"""Says where a path of the node's rows comes from: a path below an expression on the input's rows; None: nowhere."""

CONSTANT_VARIABLES = frozenset({"NOW", "CLUSTER_TIME"})


class _CannotMove(Exception):
    pass


def translated(expression: Expression, resolve: Resolve, raises: bool | None = None) -> Expression | None:
    """The expression on the input's rows that has the same value, or None where there is none; `raises` says whether
    it may raise, where that is known.

    A literal is not put into what may raise: the whole could then be a constant, which raises without any row.
    """
    def calmly(path: Path) -> tuple[Expression, Path] | None:
        found = resolve(path)
        return None if found is not None and isinstance(found[0], Literal) else found

    try:
        raises = may_raise(expression) if raises is None else raises
        return _translate(expression, calmly if raises else resolve)
    except _CannotMove:
        return None


def _translate(expression: Expression, resolve: Resolve) -> Expression:
    match expression:
        case Variable(name) if name == ROOT:
            raise _CannotMove
        case Get(Variable(name), path) if name == ROOT:
            return _get(*_resolved(path, resolve))
        case Matches(Variable(name), path, predicate, argument) if name == ROOT:
            return Matches(*_place(path, resolve), predicate, argument)
        case AnyElement(Variable(name), path, Lambda(parameters, body)) if name == ROOT:
            return AnyElement(*_place(path, resolve), Lambda(parameters, _translate(body, resolve)))
        case _:
            return expression.rebuild(lambda part: _translate(part, resolve))


def _resolved(path: Path, resolve: Resolve) -> tuple[Expression, Path]:
    found = resolve(path) if path else None
    if found is None or not free_variables(found[0]) - CONSTANT_VARIABLES <= {ROOT}:
        raise _CannotMove                           # another variable might be taken for one that a Lambda binds
    return found


def _get(of: Expression, path: Path) -> Expression:
    """`path` below an expression. A path below a field of the document is one path with it; below a longer one it is
    not, since of arrays within arrays only one path reaches the elements."""
    match of:
        case Get(Variable(name), (single,)) if name == ROOT:
            return Get(Variable(ROOT), (single, *path))
        case _:
            return Get(of, path) if path else of


def _place(path: Path, resolve: Resolve) -> tuple[Expression, Path]:
    """The place of a predicate. Its path looks into arrays in another way than `Get`, so only a field of the document
    itself may become part of it; another value is given to it as the field of a document, which it was."""
    of, rest = _resolved(path, resolve)
    match of:
        case Variable():
            return of, rest
        case Get(Variable(name), (single,)) if name == ROOT:
            return Variable(ROOT), (single, *rest)
        case _:
            return MakeDocument(((path[0], of),)), (path[0], *rest)


def through_fields(computed: Mapping[str, Expression], passed: Callable[[Path], bool]) -> Resolve:
    """Resolves paths of rows that have `computed` fields at their top, and the input's own where `passed` says so."""
    def resolve(path: Path) -> tuple[Expression, Path] | None:
        expression = computed.get(path[0])
        if expression is not None:
            return (expression, path[1:]) if is_trivial(expression) else None
        return (Variable(ROOT), path) if passed(path) else None
    return resolve


def split(predicate: Expression, resolve: Resolve, raising: bool) -> tuple[Expression | None, Expression | None]:
    """A predicate in two: what may be asked below a node, said of its input's rows, and what must stay above it.

    A part that may raise moves only where `raising` allows it, and not past a part that stays: that part may keep the
    rows from it for which it raises. A part that uses variables of the query stays, because what is below it may then
    be shared by all values of the variables. None stands for nothing.
    """
    below: list[Expression] = []
    above: list[Expression] = []
    for part in conjuncts(predicate):
        free, raises = free_variables(part) - CONSTANT_VARIABLES <= {ROOT}, may_raise(part)
        movable = free and is_deterministic(part) and (not raises or (raising and not above))
        moved = translated(part, resolve, raises) if movable else None
        if moved is None:
            above.append(part)
        else:
            below.append(moved)
    return (conjunction(tuple(below)) if below else None), (conjunction(tuple(above)) if above else None)
