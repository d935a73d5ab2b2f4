"""$eq, $ne, $gt, $gte, $lt, $lte and $cmp by the order of BSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from gatherum.kernels.buffers import array_of
from gatherum.kernels.columns.column import Column
from gatherum.kernels.forms import Form, Operand, form
from gatherum.kernels.ordering import Side, equal, less, side_of

Test = Callable[[Side, Side, int], np.ndarray | None]


def _comparison(name: str, test: Test, *, swapped: bool = False, opposite: bool = False) -> Form:
    def apply(arguments: Sequence[Operand], rows: int) -> Operand | None:
        a, b = side_of(arguments[0]), side_of(arguments[1])
        if a is None or b is None:
            return None
        found = test(b, a, rows) if swapped else test(a, b, rows)
        if found is None:
            return None
        return Column(array_of(~found if opposite else found))
    return form(name)(apply)


equals = _comparison("$eq", equal)
differs = _comparison("$ne", equal, opposite=True)
lesser = _comparison("$lt", less)
greater = _comparison("$gt", less, swapped=True)
at_most = _comparison("$lte", less, swapped=True, opposite=True)
at_least = _comparison("$gte", less, opposite=True)


@form("$cmp")
def compare(arguments: Sequence[Operand], rows: int) -> Operand | None:
    """-1, 0 or 1."""
    a, b = side_of(arguments[0]), side_of(arguments[1])
    if a is None or b is None:
        return None
    before, after = less(a, b, rows), less(b, a, rows)
    if before is None or after is None:
        return None
    return Column(array_of(after.astype(np.int32) - before.astype(np.int32)))
