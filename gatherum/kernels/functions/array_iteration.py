"""$map, $filter and $reduce over list columns: the body is evaluated over the items of all rows as one batch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gatherum.kernels.assemble import Piece, assemble
from gatherum.kernels.columns.column import Column
from gatherum.kernels.evaluate import ColumnExpression
from gatherum.kernels.forms import Constant, Operand, lazy_form
from gatherum.kernels.kinds import is_list, kind_of
from gatherum.kernels.lists import Lists, lists_of, null_where_missing
from gatherum.kernels.mixed_numbers import folded_sums
from gatherum.kernels.numbers import nulls
from gatherum.kernels.selection import Selection
from gatherum.plan.analysis import apart
from gatherum.plan.expressions import Call, Expression, Lambda, Variable
from gatherum.types.values import BsonType

Parts = Sequence[ColumnExpression | None]
_FEWEST_ROWS = 16
"""A step of $reduce over fewer rows costs more than the meaning."""


def _lists(part: ColumnExpression | None, rows: Selection) -> Lists | Operand | None:
    """The lists to iterate over; the result where they are null everywhere; None for everything else."""
    assert part is not None
    column = part.values(rows)
    if is_list(column.array.type):
        return lists_of(column)
    return nulls(rows.rows) if kind_of(column) in (BsonType.NULL, BsonType.MISSING) else None


def _body(part: ColumnExpression | None) -> tuple[ColumnExpression, tuple[str, ...]]:
    assert part is not None
    assert isinstance(part.expression, Lambda)
    return part.part(0), part.expression.parameters


@lazy_form("$map")
def map_(parts: Parts, rows: Selection) -> Operand | None:
    """Lists of what the body gives for the items."""
    lists = _lists(parts[0], rows)
    if not isinstance(lists, Lists):
        return lists
    body, (name,) = _body(parts[1])
    made = body.values(rows.select(lists.owners).bind({name: lists.items}))
    return Column(lists.with_items(null_where_missing(made), lists.lengths).array)


@lazy_form("$filter")
def filter_(parts: Parts, rows: Selection) -> Operand | None:
    """Lists of the items for which the body is true; without a limit."""
    if len(parts) > 2 and parts[2] is not None:
        return None
    lists = _lists(parts[0], rows)
    if not isinstance(lists, Lists):
        return lists
    body, (name,) = _body(parts[1])
    return Column(lists.keep(body.test(rows.select(lists.owners).bind({name: lists.items}))).array)


@lazy_form("$reduce")
def reduce_(parts: Parts, rows: Selection) -> Operand | None:
    """Takes the first items of all rows into the initial values, then the second ones, and so on.

    The rows are taken by falling length, so that those that have an item at a position are the first ones.
    """
    lists = _lists(parts[0], rows)
    if not isinstance(lists, Lists):
        return lists
    assert parts[1] is not None
    body, name, items = _over_items(parts[2], rows, lists)
    added = _added(body.expression, name, items) if body.evaluation.compiled() else None
    if added is not None:
        found = folded_sums(lists, parts[1].evaluate(rows), added)
        if found is not None:
            return found
    longest = int(lists.lengths.max(initial=0))
    if longest * _FEWEST_ROWS > len(lists.items) and longest > _FEWEST_ROWS:
        return None
    order = np.argsort((longest - lists.lengths).astype(np.min_scalar_type(longest)), kind="stable")
    pieces: list[Piece] = []
    if lists.valid is not None:
        there = lists.valid[order]
        pieces.append((order[~there], Constant(None)))
        order = order[there]
    starts, value = lists.starts[order], parts[1].evaluate(rows.select(order))
    for position in range(longest + 1):
        going = int(np.count_nonzero(lists.lengths > position))
        pieces.append((order[going:], _part(value, going)))
        order, value = order[:going], _part(value, 0, going)
        if going:
            value = body.evaluate(items.select(starts[:going] + position).bind({name: value}))
    return assemble(pieces, rows.rows)


def _added(body: Expression, name: str, items: Selection) -> Operand | None:
    """What the body of $reduce adds to the value for each of the items, where it does no more than that."""
    match body:
        case Call("$add", (Variable(first), Variable(second))) if (first == name) != (second == name):
            return items.variable(second if first == name else first)
    return None


def _part(operand: Operand, start: int, length: int | None = None) -> Operand:
    return operand if isinstance(operand, Constant) else operand.slice(start, length)


def _over_items(part: ColumnExpression | None, rows: Selection,
                lists: Lists) -> tuple[ColumnExpression, str, Selection]:
    """What is left of the body of $reduce to evaluate at each position, the name of the value in it, and the items of
    all rows, with variables for the parts of the body that do not depend on the value."""
    body, (value, item) = _body(part)
    items = rows.select(lists.owners).bind({item: lists.items})
    rest, parts = apart(body.expression, value)
    if not parts or not items.rows:
        return body, value, items
    bound = {name: body.evaluation.compile(each).evaluate(items) for name, each in parts.items()}
    return body.evaluation.compile(rest), value, items.bind(bound)
