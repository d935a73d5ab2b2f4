"""Logical nodes: what a query does, one immutable tree; how it is done is decided elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from functools import cache
from typing import Any, Literal

from gatherum.plan.expressions import AggregateCall, Expression, Path
from gatherum.records import record


@cache
def node_fields(kind: type[Node]) -> tuple[str, ...]:
    """The fields of a kind of node that hold nodes: one, or a tuple of them."""
    return tuple(field.name for field in fields(kind) if "Node" in str(field.type))


@record
class Node:
    """The base of nodes."""

    def inputs(self) -> Iterator[Node]:
        """The nodes that this one reads, in order."""
        for name in node_fields(type(self)):
            value = getattr(self, name)
            if isinstance(value, Node):
                yield value
            elif isinstance(value, tuple):
                yield from (item for item in value if isinstance(item, Node))

    def walk(self) -> Iterator[Node]:
        """This node and everything below it, parents first."""
        left: list[Node] = [self]
        while left:
            node = left.pop()
            yield node
            left.extend(reversed(tuple(node.inputs())))

    def rebuild(self, change: Callable[[Node], Node]) -> Node:
        """The same node with `change` applied to each input."""
        changed: dict[str, Any] = {}
        for name in node_fields(type(self)):
            value = getattr(self, name)
            if isinstance(value, Node):
                new: Any = change(value)
                if new is not value:
                    changed[name] = new
            elif isinstance(value, tuple) and any(isinstance(item, Node) for item in value):
                new = tuple(change(item) if isinstance(item, Node) else item for item in value)
                if any(a is not b for a, b in zip(new, value, strict=True)):
                    changed[name] = new
        return replace(self, **changed) if changed else self


@record
class Scan(Node):
    """A named source. `fields` (None: all) and `limit` narrow what is read; rows for which `filter` is false may be
    left out by the source, but need not be."""

    source: str
    fields: tuple[Path, ...] | None = None
    filter: Expression | None = None
    limit: int | None = None


@record
class Documents(Node):
    """The documents of a constant array."""

    expression: Expression


@record
class Filter(Node):
    """The rows for which the predicate is true."""

    input: Node
    predicate: Expression


Keep = Literal["keep", "drop"]


@record
class Projection:
    """What becomes of one path: `keep` it, `drop` it, or compute it."""

    path: Path
    action: Keep | Expression


@record
class Project(Node):
    """Reshapes documents.

    `only`: fields named `keep` and computed ones, nothing else ($project); `add`: every field, with computed ones
    added or replaced ($addFields); `without`: every field but those named `drop` ($unset).
    """

    input: Node
    kind: Literal["only", "add", "without"]
    projections: tuple[Projection, ...]


@record
class ReplaceRoot(Node):
    """The document that the expression gives, in place of each document."""

    input: Node
    expression: Expression


@record
class Group(Node):
    """One document for each key: `_id` and the aggregates, in this order. A missing key is null."""

    input: Node
    key: Expression
    aggregates: tuple[tuple[str, AggregateCall], ...]


@record
class BucketAuto(Node):
    """At most `buckets` groups of nearly the same size, by ranges of the key; bounds from the series `granularity`."""

    input: Node
    key: Expression
    buckets: int
    aggregates: tuple[tuple[str, AggregateCall], ...]
    granularity: str | None = None


@record
class SortKey:
    """A path and whether larger values come first."""

    path: Path
    descending: bool = False


@record
class Sort(Node):
    """The rows in order, ties in input order; with `limit`, only the first so many."""

    input: Node
    keys: tuple[SortKey, ...]
    limit: int | None = None


@record
class Limit(Node):
    """The first `count` rows."""

    input: Node
    count: int


@record
class Skip(Node):
    """All rows but the first `count`."""

    input: Node
    count: int


@record
class Sample(Node):
    """`count` rows chosen by a seeded hash of their ordinals."""

    input: Node
    count: int
    seed: int = 0


@record
class Unwind(Node):
    """One row for each element of the array at `path`; `index` names the field for its position. Rows whose array is
    empty, null or missing are kept with `keep_empty`."""

    input: Node
    path: Path
    index: str | None = None
    keep_empty: bool = False


@record
class Shared(Node):
    """What a branch of an enclosing `Facet` or a correlated subplan reads: the rows of its input."""


@record
class Facet(Node):
    """One document with an array for each branch; every branch reads all the input's rows, through `Shared`."""

    input: Node
    names: tuple[str, ...]
    branches: tuple[Node, ...]

    def inputs(self) -> Iterator[Node]:
        """The shared input alone: branches are subplans."""
        yield self.input

    def rebuild(self, change: Callable[[Node], Node]) -> Node:
        """The same node with `change` applied to the shared input."""
        new = change(self.input)
        return self if new is self.input else replace(self, input=new)


@record
class Union(Node):
    """All rows of the first input, then all of the second."""

    first: Node
    second: Node


@record
class Lookup(Node):
    """Each row with an array `into` of the rows of `other` whose value at `foreign` equals the row's at `local`.

    `other` is a plan of its own. Where `bindings` is not empty, or the paths are None, it is evaluated for each row,
    with the bindings' values as its variables.
    """

    input: Node
    other: Node
    into: Path
    local: Path | None = None
    foreign: Path | None = None
    bindings: tuple[tuple[str, Expression], ...] = ()

    def inputs(self) -> Iterator[Node]:
        """The outer input alone: the other side is a subplan."""
        yield self.input

    def rebuild(self, change: Callable[[Node], Node]) -> Node:
        """The same node with `change` applied to the outer input."""
        new = change(self.input)
        return self if new is self.input else replace(self, input=new)
