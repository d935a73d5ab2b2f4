"""A $switch whose cases are ranges that follow each other: its branches found by as many comparisons as there are
bounds, of all rows at once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from gatherum.kernels.columns.column import Column
from gatherum.kernels.evaluate import ColumnExpression
from gatherum.kernels.forms import Constant
from gatherum.kernels.ordering import less, side_of
from gatherum.kernels.selection import Selection
from gatherum.plan.analysis import is_deterministic
from gatherum.plan.expressions import And, Call, Expression, Literal
from gatherum.records import record
from gatherum.types.order import compare
from gatherum.types.values import Value


@record
class Ranges:
    """Ranges of one value, each from a bound up to the next, without that."""

    value: ColumnExpression
    bounds: tuple[Constant, ...]

    def numbers(self, rows: Selection) -> np.ndarray | None:
        """For each row how many bounds its value is not before; None where only the meaning can tell."""
        found = self.value.evaluate(rows)
        side = side_of(found) if isinstance(found, Column) else None
        if side is None:
            return None
        numbers = np.zeros(rows.rows, np.int32)
        for bound in self.bounds:
            other = side_of(bound)
            before = None if other is None else less(side, other, rows.rows)
            if before is None:
                return None
            numbers += ~before
        return numbers


def ranges_of(cases: Sequence[ColumnExpression]) -> Ranges | None:
    """The ranges that cases stand for; None where they are no such ranges."""
    found = [_range(case.expression) for case in cases]
    ranges = [each for each in found if each is not None]
    if not ranges or len(ranges) < len(found):
        return None
    value, _, last = ranges[0][0], *ranges[-1][1:]
    if not is_deterministic(value) or any(other != value for other, _, _ in ranges):
        return None
    if any(compare(upper, lower) != 0 for (_, _, upper), (_, lower, _) in pairwise(ranges)):
        return None
    bounds = [*(lower for _, lower, _ in ranges), last]
    if any(compare(lower, upper) >= 0 for lower, upper in pairwise(bounds)):
        return None
    return Ranges(cases[0].part(0).part(0), tuple(map(Constant, bounds)))


def _range(case: Expression) -> tuple[Expression, Value, Value] | None:
    match case:
        case And((Call("$gte", (Expression() as value, Literal(lower))), Call("$lt", (other, Literal(upper))))) if (
                other == value):
            return value, lower, upper
        case _:
            return None
