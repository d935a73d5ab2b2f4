"""Expressions: immutable trees, the same for every front end and engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from functools import cache
from typing import Any, Final

import bson
import orjson
from bson.binary import UuidRepresentation
from bson.codec_options import CodecOptions

from gatherum.functions.registry import aggregates, build_aggregate, operators, predicates
from gatherum.records import record
from gatherum.types.extended_json import encode
from gatherum.types.values import MISSING, Value

Path = tuple[str, ...]
ROOT = "ROOT"
_PLAIN: Final = ("str", "Path", "Value", "tuple[str, ...]")
_BSON: Final = CodecOptions(uuid_representation=UuidRepresentation.STANDARD)


@cache
def field_names(kind: type) -> tuple[str, ...]:
    """The names of the fields of a kind of expression or node."""
    return tuple(field.name for field in fields(kind))


@cache
def _parts(kind: type) -> tuple[str, ...]:
    """The names of the fields that may hold expressions."""
    return tuple(field.name for field in fields(kind) if field.type not in _PLAIN)


@record
class Expression:
    """The base of expressions."""

    def children(self) -> list[Expression]:
        """The direct parts, in order."""
        found: list[Expression] = []
        for name in _parts(type(self)):
            _collect(getattr(self, name), found)
        return found

    def walk(self) -> Iterator[Expression]:
        """This expression and everything below it, parents first."""
        left: list[Expression] = [self]
        while left:
            expression = left.pop()
            yield expression
            left += reversed(expression.children())

    def rebuild(self, change: Callable[[Expression], Expression]) -> Expression:
        """The same expression with `change` applied to each direct part."""
        changed = {}
        for name in _parts(type(self)):
            old = getattr(self, name)
            new = _changed(old, change)
            if new is not old:
                changed[name] = new
        return replace(self, **changed) if changed else self


def _collect(value: Any, found: list[Expression]) -> None:
    """Adds the expressions that a field holds."""
    if isinstance(value, Expression):
        found.append(value)
    elif type(value) is tuple:
        for item in value:
            _collect(item, found)


def _changed(value: Any, change: Callable[[Expression], Expression]) -> Any:
    if isinstance(value, Expression):
        return change(value)
    if isinstance(value, tuple):
        items = [_changed(item, change) for item in value]
        return tuple(items) if any(a is not b for a, b in zip(items, value, strict=True)) else value
    return value


@record
class Literal(Expression):
    """A constant; equal to another only with the same type (1 and 1.0 are two literals)."""

    value: Value

    def _key(self) -> bytes:
        if self.value is MISSING:
            return b""
        if has_dollar_names(self.value):
            return b"\0" + literal_bson(self.value)
        return orjson.dumps(encode(self.value))

    def __eq__(self, other: object) -> bool:
        return type(other) is Literal and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())


def has_dollar_names(value: Value) -> bool:
    """Whether documents within a value have names that begin with $: Extended JSON could be taken for another value."""
    if isinstance(value, dict):
        return any(name.startswith("$") or has_dollar_names(item) for name, item in value.items())
    return isinstance(value, list | tuple) and any(map(has_dollar_names, value))


def literal_bson(value: Value) -> bytes:
    """The BSON of a value, as that of a document's field with an empty name."""
    return bson.encode({"": value}, codec_options=_BSON)


@record
class Variable(Expression):
    """A variable: `ROOT` (the document), `NOW`, one of the query's `let`, or one bound by an enclosing `Lambda`."""

    name: str


@record
class Get(Expression):
    """The value at `path` below `of`; through an array it is the array of the values below its elements."""

    of: Expression
    path: Path

    def __post_init__(self) -> None:
        if not self.path or not all(self.path):
            raise ValueError(f"a path has no empty names: {self.path!r}")


@record
class MakeDocument(Expression):
    """A document of computed fields; a field whose value is missing is left out."""

    items: tuple[tuple[str, Expression], ...]


@record
class MakeArray(Expression):
    """An array of computed items; a missing item is null."""

    items: tuple[Expression, ...]


@record
class Lambda(Expression):
    """A body in which `parameters` are variables; only an argument of a `Call`."""

    parameters: tuple[str, ...]
    body: Expression


@record
class Call(Expression):
    """An operator applied to arguments; None stands for an optional argument that was left out."""

    function: str
    arguments: tuple[Expression | None, ...]

    def __post_init__(self) -> None:
        if self.function not in operators():
            raise ValueError(f"there is no operator {self.function}")


@record
class Matches(Expression):
    """A query predicate on the values at `path` of `of`; an empty path is the value itself."""

    of: Expression
    path: Path
    predicate: str
    argument: Literal

    def __post_init__(self) -> None:
        if self.predicate not in predicates():
            raise ValueError(f"there is no predicate {self.predicate}")


@record
class AnyElement(Expression):
    """True where the value at `path` of `of` is an array with an element for which the body is true ($elemMatch)."""

    of: Expression
    path: Path
    test: Lambda


@record
class And(Expression):
    """True where all parts are true; evaluated in order, up to the first false one."""

    parts: tuple[Expression, ...]


@record
class Or(Expression):
    """True where some part is true; evaluated in order, up to the first true one."""

    parts: tuple[Expression, ...]


@record
class Not(Expression):
    """True where the part is false, zero, null or missing."""

    part: Expression


@record
class AggregateCall:
    """An aggregate function, its parameters (by name, as BSON literals) and the value that each row gives to it."""

    function: str
    argument: Expression
    parameters: tuple[tuple[str, Literal], ...] = ()

    def __post_init__(self) -> None:
        if self.function not in aggregates():
            raise ValueError(f"there is no aggregate {self.function}")

    def build(self) -> Any:
        """The aggregate function object."""
        return build_aggregate(self.function, {name: item.value for name, item in self.parameters})


def field(*path: str) -> Get:
    """The field at `path` of the document.

    >>> field("a", "b")
    Get(of=Variable(name='ROOT'), path=('a', 'b'))
    """
    return Get(Variable(ROOT), path)


def conjuncts(predicate: Expression) -> tuple[Expression, ...]:
    """The parts that must all be true, with nested conjunctions opened."""
    if isinstance(predicate, And):
        return tuple(part for item in predicate.parts for part in conjuncts(item))
    return (predicate,)


def conjunction(parts: tuple[Expression, ...]) -> Expression:
    """The predicate that all `parts` are true."""
    return parts[0] if len(parts) == 1 else And(parts)
