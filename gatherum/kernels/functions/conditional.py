"""$cond, $switch, $ifNull and $let: every branch is evaluated over its own rows only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gatherum.errors import OperatorError
from gatherum.kernels.assemble import Piece, assemble, chosen, select
from gatherum.kernels.buffers import valid_mask
from gatherum.kernels.columns.column import Column
from gatherum.kernels.columns.variant import parts as variant_parts
from gatherum.kernels.evaluate import ColumnExpression
from gatherum.kernels.forms import Constant, Operand, lazy_form
from gatherum.kernels.ranges import ranges_of
from gatherum.kernels.selection import Selection
from gatherum.plan.analysis import is_trivial
from gatherum.plan.expressions import Expression, Lambda, Literal
from gatherum.types.values import BsonType, is_nullish

Parts = Sequence[ColumnExpression | None]


@lazy_form("$cond")
def condition(parts: Parts, rows: Selection) -> Operand:
    """The values of one branch or the other."""
    test, then, otherwise = parts
    assert test is not None and then is not None and otherwise is not None
    if is_trivial(then.expression) and is_trivial(otherwise.expression):
        return select(test.test(rows), then.evaluate(rows), otherwise.evaluate(rows))
    return _branches([(test, then)], otherwise, rows)


@lazy_form("$switch")
def switch(parts: Parts, rows: Selection) -> Operand | None:
    """The values of the first branch whose case is true; by the meaning where a row finds none."""
    *branches, default = parts
    pairs = [(case, then) for case, then in zip(branches[::2], branches[1::2], strict=True) if case is not None]
    ranges = ranges_of([case for case, _ in pairs]) if len(pairs) > 1 else None
    numbers = None if ranges is None else ranges.numbers(rows)
    return _branches(pairs, default, rows) if numbers is None else \
        _by_number([default, *(then for _, then in pairs), default], numbers, rows)


def _by_number(branches: Sequence[ColumnExpression | None], numbers: np.ndarray, rows: Selection) -> Operand:
    used = np.flatnonzero(np.bincount(numbers, minlength=len(branches))).tolist()
    literals = {number: branch.expression.value for number in used if (branch := branches[number]) is not None
                and isinstance(branch.expression, Literal)}
    if len(literals) < len(used):
        return assemble([_piece(branches[number], rows, np.flatnonzero(numbers == number)) for number in used],
                        rows.rows)
    places = np.zeros(len(branches), np.int32)
    places[used] = np.arange(len(used))
    return chosen(list(literals.values()), places[numbers])


def _branches(branches: Sequence[tuple[ColumnExpression, ColumnExpression | None]], default: ColumnExpression | None,
              rows: Selection) -> Operand:
    pieces: list[Piece] = []
    left = np.arange(rows.rows)
    for test, then in branches:
        if not len(left) and rows.rows:
            break
        true = test.test(_some(rows, left))
        pieces.append(_piece(then, rows, left[np.flatnonzero(true)]))
        left = left[np.flatnonzero(~true)]
    pieces.append(_piece(default, rows, left))
    return assemble(pieces, rows.rows)


def _piece(branch: ColumnExpression | None, rows: Selection, at: np.ndarray) -> Piece:
    """A branch over its rows; where a row needs a branch that was left out, the meaning's error."""
    if not len(at):
        return at, Constant(None)
    if branch is None:
        raise OperatorError("$switch: no case is true, and there is no default: give one", 40066)
    return at, branch.evaluate(_some(rows, at))


def _some(rows: Selection, at: np.ndarray) -> Selection:
    return rows if len(at) == rows.rows else rows.select(at)


@lazy_form("$ifNull")
def if_null(parts: Parts, rows: Selection) -> Operand:
    """The first values that are neither null nor missing, or the last ones."""
    pieces: list[Piece] = []
    left = np.arange(rows.rows)
    for i, part in enumerate(parts):
        assert part is not None
        if not len(left) and rows.rows:
            break
        found = part.evaluate(_some(rows, left))
        if isinstance(found, Constant) and is_nullish(found.value) and i < len(parts) - 1:
            continue
        holes = None if i == len(parts) - 1 else _nullish(found)
        if holes is None or not holes.any():
            pieces.append((left, found))
            break
        assert isinstance(found, Column)
        if i == len(parts) - 2 and is_trivial(_last(parts)):
            pieces.append((left, select(~holes, found, _last_value(parts, _some(rows, left)))))
            break
        if not holes.all():
            solid = np.flatnonzero(~holes)
            pieces.append((left[solid], found.take(solid)))
        left = left[np.flatnonzero(holes)]
    return assemble(pieces, rows.rows)


def _last(parts: Parts) -> Expression:
    assert parts[-1] is not None
    return parts[-1].expression


def _last_value(parts: Parts, rows: Selection) -> Operand:
    assert parts[-1] is not None
    return parts[-1].evaluate(rows)


def _nullish(operand: Operand) -> np.ndarray | None:
    """Where values are null or missing; None where none is."""
    if isinstance(operand, Constant):
        return None
    if operand.is_variant:
        types = variant_parts(operand)[0]
        return (types == BsonType.NULL) | (types == BsonType.MISSING)
    valid = valid_mask(operand.array)
    return None if valid is None else ~valid


@lazy_form("$let")
def let(parts: Parts, rows: Selection) -> Operand:
    """The body over the same rows with the variables bound."""
    *values, body = parts
    assert body is not None and isinstance(body.expression, Lambda)
    bound = {name: value.evaluate(rows) for name, value in zip(body.expression.parameters, values, strict=True)
             if value is not None}
    return body.part(0).evaluate(rows.bind(bound))
