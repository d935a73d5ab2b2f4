"""Rows of groups that a filter drops are not grouped."""

from __future__ import annotations

from typing import Final

from gatherum.functions.registry import predicates
from gatherum.optimizer.context import Context
from gatherum.optimizer.rule import rule
from gatherum.optimizer.translate import Resolve, split
from gatherum.plan.analysis import is_trivial
from gatherum.plan.expressions import (
    ROOT,
    And,
    Expression,
    Literal,
    MakeDocument,
    Matches,
    Not,
    Or,
    Path,
    Variable,
    conjunction,
    conjuncts,
)
from gatherum.plan.nodes import Filter, Group, Node
from gatherum.types.values import MISSING, Value

BY_VALUE: Final = frozenset({"$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$exists", "$regex"})
"""Predicates that tell no difference between equal values. A group's `_id` is the first of equal keys (1, 1.0), so
`$type` of it is not `$type` of each row's key."""


@rule("push_filter_below_group", on=(Filter,), after=("merge_filters",))
def push_filter_below_group(node: Node, context: Context) -> Node | None:
    """Moves the parts of a filter that ask for the key alone below a group: the rows of a group are all kept or all
    dropped.

    A missing key is null in `_id`: a part that tells the two apart stays. So do parts on a computed key, which would
    be computed twice.
    """
    match node:
        case Filter(Group(input, key, aggregates), predicate) if _is_cheap(key):
            parts = conjuncts(predicate)
            moving = tuple(part for part in parts if _asks_for_key(part, isinstance(key, MakeDocument)))
            below, stuck = split(conjunction(moving), _resolver(key), raising=False) if moving else (None, None)
            if below is None:
                return None
            above = tuple(part for part in parts if part not in moving) + (conjuncts(stuck) if stuck else ())
            moved = Group(Filter(input, below), key, aggregates)
            return Filter(moved, conjunction(above)) if above else moved
    return None


def _is_cheap(key: Expression) -> bool:
    return all(map(_is_cheap, key.children())) if isinstance(key, MakeDocument) else is_trivial(key)


def _asks_for_key(part: Expression, never_missing: bool) -> bool:
    match part:
        case And(parts) | Or(parts):
            return all(_asks_for_key(item, never_missing) for item in parts)
        case Not(item):
            return _asks_for_key(item, never_missing)
        case Matches(Variable(name), ("_id", *rest), predicate, argument) if name == ROOT and predicate in BY_VALUE:
            return never_missing or bool(rest) or _null_is_missing(predicate, argument.value)
        case _:
            return isinstance(part, Literal)


def _null_is_missing(name: str, argument: Value) -> bool:
    predicate = predicates()[name]
    test = (predicates()[predicate.negates] if predicate.negates else predicate).prepare(argument)
    return test(None) == test(MISSING)


def _resolver(key: Expression) -> Resolve:
    def resolve(path: Path) -> tuple[Expression, Path]:
        found, rest = key, path[1:]
        while isinstance(found, MakeDocument) and rest:
            found, rest = dict(found.items).get(rest[0], Literal(MISSING)), rest[1:]
        return found, rest
    return resolve
