"""Runs a logical plan over documents. Each kind of node is interpreted by one function of a module of this package,
marked with `@interprets(Node)`; the functions pass lists of documents on as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from gatherum.definitions import Definitions
from gatherum.errors import OperatorError, depth_limited, failing_in
from gatherum.functions.operator import Evaluator, Frame
from gatherum.plan.expressions import Expression
from gatherum.plan.nodes import Node, Scan
from gatherum.rows.batches import Batches
from gatherum.rows.expressions import compile_expression, compile_predicate
from gatherum.rows.scope import Scope
from gatherum.runtime.sizes import size_of
from gatherum.types.values import Document

Open = Callable[[Scan], Iterable[list[Document]]]
Interpret = Callable[[Any, "Run"], Batches]
F = TypeVar("F", bound=Interpret)

_INTERPRETS = "_gatherum_interprets"
NESTED = 50
"""How many nodes pull rows through one another; of a longer chain the lower part is run first, its rows held."""


class Watch(Protocol):
    """Who counts and times what the nodes do."""

    def made(self, node: Node, batches: Batches) -> Batches:
        """The rows that a node makes, passed on as they are asked for; errors note the node."""
        ...

    def held(self, node: Node, batches: Batches) -> Batches:
        """The rows that a node has made before, passed on to the one that reads them."""
        ...

    def holds(self, node: Node, size: int) -> None:
        """A node holds so many bytes now."""
        ...


@dataclass(slots=True)
class Run:
    """One execution of a plan: how its sources are opened, its variables, and who watches the batches go by.

    `open` gives the documents of a Scan in batches. `shared` holds the rows that `Shared` nodes read. `in_any_order`
    are the nodes, by their identity, whose reader puts the rows in order itself.
    """

    open: Open
    variables: Mapping[str, Any]
    shared: list[list[Document]] = field(default_factory=list)
    watch: Watch | None = None
    in_any_order: set[int] = field(default_factory=set)
    scope: Scope = field(init=False)
    _held: dict[int, list[list[Document]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.scope = Scope(self.variables)

    def batches(self, node: Node) -> Batches:
        """The rows of a node; for the node that reads it."""
        if id(node) in self._held:
            rows = iter(self._held.pop(id(node)))
            return rows if self.watch is None else self.watch.held(node, rows)
        with failing_in(node):
            produced = interpreters()[type(node)](node, self)
        return produced if self.watch is None else self.watch.made(node, produced)

    def hold(self, node: Node) -> None:
        """Runs a node now; `batches` gives the rows later."""
        self._held[id(node)] = list(self.batches(node))

    def holds(self, node: Node, *held: Any) -> None:
        """Says what a node holds in memory."""
        if self.watch is not None:
            self.watch.holds(node, size_of(*held))

    def expression(self, expression: Expression) -> Evaluator:
        """Compiles an expression; compile everything before asking for the `frame`."""
        return compile_expression(expression, self.scope)

    def predicate(self, expression: Expression) -> Callable[[Document, Frame], bool]:
        """Compiles a predicate."""
        return compile_predicate(expression, self.scope)

    def frame(self) -> Frame:
        """A frame for the expressions compiled so far."""
        return self.scope.frame()


def interprets(kind: type[Node]) -> Callable[[F], F]:
    """Marks the function that interprets one kind of node."""
    def mark(function: F) -> F:
        setattr(function, _INTERPRETS, kind)
        return function
    return mark


def _interpreted(value: Any, module: str) -> Iterable[type[Node]]:
    return (getattr(value, _INTERPRETS),) if hasattr(value, _INTERPRETS) else ()


_INTERPRETERS: Definitions[type[Node], Interpret] = Definitions(
    "gatherum.rows.nodes", _interpreted, lambda kind: f"@interprets({kind.__name__})")


def interpreters() -> Mapping[type[Node], Interpret]:
    """The functions by kind of node, found in `nodes/`."""
    return _INTERPRETERS


def interpret(plan: Node, run: Run) -> Batches:
    """The documents of a plan, in batches; OperatorError for documents nested deeper than Python can follow."""
    with depth_limited(OperatorError, "a document"):
        yield from _interpret(plan, run)


def _interpret(plan: Node, run: Run) -> Batches:
    chain = [plan]
    while (below := next(chain[-1].inputs(), None)) is not None:
        chain.append(below)
    if len(chain) > NESTED:
        for node in chain[-NESTED:0:-NESTED]:
            run.hold(node)
    yield from run.batches(plan)
