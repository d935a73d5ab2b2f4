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
from gatherum.kernels.numbers import nulls
from gatherum.kernels.selection import Selection
from gatherum.plan.expressions import Lambda
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
    """Takes the first items of all rows into the initial values, then the second ones, and so on."""
    lists = _lists(parts[0], rows)
    if not isinstance(lists, Lists):
        return lists
    assert parts[1] is not None
    lengths, starts = lists.lengths, lists.starts
    longest = int(lengths.max(initial=0))
    if longest * _FEWEST_ROWS > len(lists.items) and longest > _FEWEST_ROWS:
        return None
    body, names = _body(parts[2])
    value = parts[1].evaluate(rows)
    at = np.arange(rows.rows)
    pieces: list[Piece] = [] if lists.valid is None else [(np.flatnonzero(~lists.valid), Constant(None))]
    if lists.valid is not None:
        at, value = at[lists.valid], _taken(value, lists.valid)
    for position in range(longest + 1):
        going = lengths[at] > position
        pieces.append((at[~going], _taken(value, ~going)))
        at, value = at[going], _taken(value, going)
        if len(at):
            items = lists.items.take(starts[at] + position)
            value = body.evaluate(rows.select(at).bind(dict(zip(names, (value, items), strict=True))))
    return assemble(pieces, rows.rows)


def _taken(operand: Operand, mask: np.ndarray) -> Operand:
    return operand if isinstance(operand, Constant) or mask.all() else operand.take(np.flatnonzero(mask))
