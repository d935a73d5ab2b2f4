"""Plans as text, one line a node, inputs and subplans indented below: for explain and for golden files."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import fields
from typing import Any, Final

import orjson

from gatherum.plan.analysis import PRESENCE
from gatherum.plan.expressions import (
    ROOT,
    AggregateCall,
    And,
    AnyElement,
    Call,
    Expression,
    Get,
    Lambda,
    Literal,
    MakeArray,
    MakeDocument,
    Matches,
    Not,
    Or,
    Path,
    Variable,
)
from gatherum.plan.nodes import (
    BucketAuto,
    Documents,
    Facet,
    Filter,
    Group,
    Limit,
    Lookup,
    Node,
    Project,
    Projection,
    ReplaceRoot,
    Sample,
    Scan,
    Skip,
    Sort,
    SortKey,
    Union,
    Unwind,
)
from gatherum.types.extended_json import encode
from gatherum.types.values import MISSING, Value

_SIGNS: Final = {"$eq": "=", "$ne": "!=", "$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<=", "$nin": "not in"}


def render(plan: Node, down_to: Container[int] = ()) -> str:
    """The plan as an indented tree, the last node first; what is below the nodes of these identities is left out.

    >>> from gatherum.plan.nodes import Limit, Scan
    >>> print(render(Limit(Scan("orders"), 3)))
    Limit  3
      Scan  orders
    """
    lines: list[str] = []
    waiting: list[tuple[int, str, Node]] = [(0, "", plan)]
    while waiting:
        depth, label, node = waiting.pop()
        below = _below(node)
        left_out = bool(below) and id(node) in down_to
        lines.append(f"{'  ' * depth}{label}{node_line(node)}{'  ...' if left_out else ''}")
        if not left_out:
            waiting.extend((depth + 1, f"{name}: " if name else "", item) for name, item in reversed(below))
    return "\n".join(lines)


def render_change(before: Node, after: Node) -> tuple[str, str]:
    """Two plans down to the nodes that are in both: a long plan that is changed often is not shown whole each time.

    >>> from gatherum.plan.nodes import Limit, Scan, Skip
    >>> kept = Skip(Scan("orders"), 1)
    >>> print(*render_change(Limit(Limit(kept, 3), 5), Limit(kept, 3)), sep="\\n")
    Limit  5
      Limit  3
        Skip  1  ...
    Limit  3
      Skip  1  ...
    """
    seen: tuple[dict[int, Node], dict[int, Node]] = {}, {}
    reached = [before], [after]
    while all(reached):
        for mine, others, nodes in zip(seen, reversed(seen), reached, strict=True):
            mine.update((id(node), node) for node in nodes)
            nodes[:] = [below for node in nodes if id(node) not in others for _, below in _below(node)]
    both = seen[0].keys() & seen[1].keys()
    return render(before, both), render(after, both)


def _below(node: Node) -> list[tuple[str, Node]]:
    return [*[("", item) for item in node.inputs()], *subplans(node)]


def subplans(node: Node) -> Iterator[tuple[str, Node]]:
    """The plans that a node runs beside its inputs, with their names."""
    match node:
        case Facet():
            yield from zip(node.names, node.branches, strict=True)
        case Lookup():
            yield "other", node.other


def node_line(node: Node) -> str:
    """One node without what it reads."""
    details = [text for text in _details(node) if text]
    return "  ".join([type(node).__name__, *details])


def _details(node: Node) -> Iterator[str]:
    match node:
        case Scan(source, wanted, predicate, limit):
            yield source
            yield "" if wanted is None else f"fields ({', '.join(map(_needed, wanted))})"
            yield "" if predicate is None else f"filter ({expression_text(predicate)})"
            yield "" if limit is None else f"limit {limit}"
        case Documents(expression) | ReplaceRoot(_, expression):
            yield expression_text(expression)
        case Filter(_, predicate):
            yield expression_text(predicate)
        case Project(_, kind, projections):
            yield kind
            yield ", ".join(map(_projection, projections))
        case Group(_, key, aggregates):
            yield ", ".join([f"_id = {expression_text(key)}", *map(_aggregate, aggregates)])
        case BucketAuto(_, key, buckets, aggregates, granularity):
            yield f"{buckets} by {expression_text(key)}" + (f" on {granularity}" if granularity else "")
            yield ", ".join(map(_aggregate, aggregates))
        case Sort(_, keys, limit):
            yield ", ".join(map(_sort_key, keys))
            yield "" if limit is None else f"limit {limit}"
        case Limit(_, count) | Skip(_, count):
            yield str(count)
        case Sample(_, count, seed):
            yield f"{count}, seed {seed}"
        case Unwind(_, path, index, keep_empty):
            yield path_text(path)
            yield f"index {index}" if index else ""
            yield "keep empty" if keep_empty else ""
        case Lookup(_, _, into, local, foreign, bindings):
            yield f"into {path_text(into)}"
            yield "" if local is None or foreign is None else f"where {path_text(local)} = other {path_text(foreign)}"
            yield f"let {', '.join(f'{n} = {expression_text(e)}' for n, e in bindings)}" if bindings else ""
        case Facet() | Union():
            return
        case _:
            yield from _other_details(node)


def _other_details(node: Node) -> Iterator[str]:
    """The fields of a node that has no words of its own."""
    for field in fields(node):
        text = _anything(getattr(node, field.name))
        yield f"{field.name} {text}" if text else ""


def _anything(value: Any) -> str:
    match value:
        case Expression():
            return expression_text(value)
        case SortKey():
            return _sort_key(value)
        case Projection():
            return _projection(value)
        case AggregateCall():
            return aggregate_text(value)
        case tuple() if value and all(isinstance(item, str) for item in value):
            return path_text(value)
        case tuple():
            return ", ".join(text for text in map(_anything, value) if text)
        case Node() | None:
            return ""
        case _:
            return str(value)


def path_text(path: Path) -> str:
    """A path with dots."""
    return ".".join(path)


def _needed(path: Path) -> str:
    """A path that is read, with a question mark where no more than its presence is."""
    return path_text(path) if path[-1] != PRESENCE else f"{path_text(path[:-1])}?"


def _projection(projection: Projection) -> str:
    path = path_text(projection.path)
    return path if isinstance(projection.action, str) else f"{path} = {expression_text(projection.action)}"


def _sort_key(key: SortKey) -> str:
    return path_text(key.path) + (" desc" if key.descending else "")


def _aggregate(named: tuple[str, AggregateCall]) -> str:
    return f"{named[0]} = {aggregate_text(named[1])}"


def aggregate_text(call: AggregateCall) -> str:
    """An aggregate with its argument and parameters.

    >>> aggregate_text(AggregateCall("$sum", Get(Variable(ROOT), ("qty",))))
    'sum(qty)'
    """
    parts = [expression_text(call.argument), *[f"{n} {value_text(item.value)}" for n, item in call.parameters]]
    return f"{call.function.removeprefix('$')}({', '.join(parts)})"


def value_text(value: Value) -> str:
    """A literal value as relaxed Extended JSON, or `missing`."""
    return "missing" if value is MISSING else orjson.dumps(encode(value, "relaxed")).decode()


def expression_text(expression: Expression) -> str:
    """An expression on one line: fields by their paths, variables with `$$`, operators as functions.

    >>> expression_text(Matches(Variable(ROOT), ("qty",), "$gt", Literal(5)))
    'qty > 5'
    """
    match expression:
        case Literal(value):
            return value_text(value)
        case Variable(name):
            return f"$${name}"
        case Get(of, path):
            return _place(of, path)
        case MakeDocument(items):
            return f"{{{', '.join(f'{name}: {expression_text(item)}' for name, item in items)}}}"
        case MakeArray(items):
            return f"[{', '.join(map(expression_text, items))}]"
        case Lambda(parameters, body):
            return f"{', '.join(parameters)} -> {expression_text(body)}"
        case Call(function, arguments):
            return f"{function.removeprefix('$')}({', '.join(map(_argument, _given(arguments)))})"
        case Matches(of, path, predicate, argument):
            sign = _SIGNS.get(predicate, predicate.removeprefix("$"))
            return f"{_place(of, path)} {sign} {expression_text(argument)}"
        case AnyElement(of, path, Lambda(parameters, body)):
            return f"some {', '.join(parameters)} of {_place(of, path)}: {_part(body)}"
        case And((part,)) | Or((part,)):
            return f"truth({expression_text(part)})"
        case And(parts):
            return " and ".join(map(_part, parts)) if parts else "true"
        case Or(parts):
            return " or ".join(map(_part, parts)) if parts else "false"
        case Not(part):
            return f"not {_part(part)}"
        case _:
            return repr(expression)


def _place(of: Expression, path: Path) -> str:
    if of == Variable(ROOT):
        return path_text(path) or "$$ROOT"
    start = expression_text(of) if isinstance(of, Variable) else f"({expression_text(of)})"
    return f"{start}.{path_text(path)}" if path else start


def _given(arguments: tuple[Expression | None, ...]) -> tuple[Expression | None, ...]:
    while arguments and arguments[-1] is None:
        arguments = arguments[:-1]
    return arguments


def _argument(argument: Expression | None) -> str:
    return "-" if argument is None else expression_text(argument)


def _part(part: Expression) -> str:
    text = expression_text(part)
    return f"({text})" if isinstance(part, And | Or | AnyElement) else text
