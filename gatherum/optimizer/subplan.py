"""The chain of nodes that a plan is when it is followed from each node to its first input.

A lookup that matches rows by equality matches those that the chain of its other plan starts from, so a rule must not
move anything into the start: rules see the chain above a `Shared` in its place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from gatherum.plan.nodes import Lookup, Node, Shared, node_fields


def first_input(node: Node) -> Node | None:
    """The first node that a node reads, if any."""
    return next(node.inputs(), None)


def with_first_input(node: Node, below: Node) -> Node:
    """The same node above `below`."""
    first = first_input(node)
    if below is first:
        return node
    name = next(name for name in node_fields(type(node)) if getattr(node, name) is first)
    return replace(node, **{name: below})


def apart_from_start(plan: Node) -> tuple[Node, Node]:
    """The chain above a `Shared`, and the node in whose place that stands."""
    start = plan
    while (below := first_input(start)) is not None:
        start = below
    return onto_start(plan, Shared()), start


def onto_start(chain: Node, start: Node) -> Node:
    """The inverse: the chain with `start` as its lowest node."""
    nodes: list[Node] = []
    while (below := first_input(chain)) is not None:
        nodes.append(chain)
        chain = below
    for node in reversed(nodes):
        start = with_first_input(node, start)
    return start


def with_side_plans(node: Node, change: Callable[[Node], Node]) -> Node:
    """The node with its subplans and its inputs but the first changed; the rows that a lookup matches stay those that
    its other plan starts from."""
    if isinstance(node, Lookup) and node.local is not None:
        above, start = apart_from_start(node.other)
        rest = change(above)
        return node if rest is above else replace(node, other=onto_start(rest, start))
    first = first_input(node)
    changed: dict[str, Any] = {}
    for name in node_fields(type(node)):
        value = getattr(node, name)
        if isinstance(value, tuple):
            new: Any = tuple(change(item) for item in value)
            new = value if all(a is b for a, b in zip(new, value, strict=True)) else new
        else:
            new = value if value is first else change(value)
        if new is not value:
            changed[name] = new
    return replace(node, **changed) if changed else node
