"""The fields that a plan's rows may have, with their types where the sources' schemas tell them: what is known of a
result that has no rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gatherum.plan.expressions import (
    ROOT,
    AggregateCall,
    And,
    Expression,
    Get,
    Literal,
    MakeArray,
    MakeDocument,
    Not,
    Or,
    Variable,
)
from gatherum.plan.nodes import (
    BucketAuto,
    Facet,
    Group,
    Lookup,
    Node,
    Project,
    ReplaceRoot,
    Scan,
    Union,
    Unwind,
)
from gatherum.types.values import MISSING, type_name

Types = Mapping[str, str | None]
"""The type of each field by MongoDB's alias, in the order of the fields; None where it is not known."""

_UNCHANGED: Final = ("$first", "$last", "$min", "$max")


def output_types(plan: Node, sources: Mapping[str, Types | None]) -> Types | None:
    """The fields of a plan's rows; None where they cannot be told. `sources` are the schemas by the sources' names.

    >>> from gatherum.plan.expressions import field
    >>> from gatherum.plan.nodes import Projection
    >>> plan = Project(Scan("orders"), "only", (Projection(("qty",), "keep"), Projection(("s",), field("sku"))))
    >>> output_types(plan, {"orders": {"sku": "string", "qty": "int", "note": "string"}})
    {'qty': 'int', 's': 'string'}
    """
    chain: list[Node] = [plan]
    while (below := next(chain[-1].inputs(), None)) is not None:
        chain.append(below)
    start = chain.pop()
    found = sources.get(start.source) if isinstance(start, Scan) else None
    for node in reversed(chain):
        found = _above(node, found, sources)
    return found


def _above(node: Node, given: Types | None, sources: Mapping[str, Types | None]) -> Types | None:
    """The fields of a node's rows, of those of its first input."""
    match node:
        case Project():
            return _projected(node, given)
        case ReplaceRoot(_, MakeDocument(items)):
            return {name: _type(item, given) for name, item in items}
        case ReplaceRoot():
            return None
        case Group(_, key, aggregates):
            return {"_id": _type(key, given), **_aggregated(aggregates, given)}
        case BucketAuto():
            return {"_id": "object", **_aggregated(node.aggregates, given)}
        case Facet(_, names):
            return dict.fromkeys(names, "array")
        case Lookup(_, _, (name, *below)):
            return None if given is None else {**given, name: "object" if below else "array"}
        case Unwind(_, (name, *below), index):
            more = {} if index is None else {index.split(".")[0]: None if "." in index else "long"}
            return None if given is None else {**given, name: given.get(name) if below else None, **more}
        case Union(_, second):
            return _united(given, output_types(second, sources))
        case _:
            return given


def _united(first: Types | None, second: Types | None) -> Types | None:
    if first is None or second is None:
        return None
    unlike = {name: None for name in first if name in second and first[name] != second[name]}
    return {**first, **{name: kind for name, kind in second.items() if name not in first}, **unlike}


def _projected(node: Project, given: Types | None) -> Types | None:
    tops = {part.path[0]: part.action for part in node.projections if len(part.path) == 1}
    dropped = {name for name, action in tops.items() if action == "drop"}
    kept = dict.fromkeys(part.path[0] for part in node.projections if part.action == "keep")
    made = {part.path[0]: _type(part.action, given) if part.path[0] in tops else "object"
            for part in node.projections if isinstance(part.action, Expression)}
    if node.kind == "only":
        return {**(kept if given is None else {name: given[name] for name in given if name in kept}), **made}
    return None if given is None else {name: kind for name, kind in {**given, **made}.items() if name not in dropped}


def _aggregated(aggregates: tuple[tuple[str, AggregateCall], ...], given: Types | None) -> dict[str, str | None]:
    return {name: _type(call.argument, given) if call.function in _UNCHANGED else None for name, call in aggregates}


def _type(expression: Expression, given: Types | None) -> str | None:
    """The type of an expression's values on rows of the fields `given`; null and missing may be among them."""
    match expression:
        case Literal(value):
            return None if value is None or value is MISSING else type_name(value)
        case Get(Variable(name), (single,)) if name == ROOT and given is not None:
            return given.get(single)
        case MakeDocument():
            return "object"
        case MakeArray():
            return "array"
        case And() | Or() | Not():
            return "bool"
        case _:
            return None
