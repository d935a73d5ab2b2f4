"""The distinct rows of a batch over a few expressions, and how often each occurs, where words or choices make them.

Of a field that is coded the codes tell rows apart, and what depends on that field alone is computed once for each word.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from gatherum.errors import QueryError, ResourceError
from gatherum.kernels.columns.batch import Batch
from gatherum.kernels.columns.build import column_of
from gatherum.kernels.columns.column import Column
from gatherum.kernels.compiler import kernel
from gatherum.kernels.distinct import is_coded, words_and_codes
from gatherum.kernels.evaluate import ColumnExpression
from gatherum.kernels.forms import Constant, Operand
from gatherum.kernels.selection import Selection
from gatherum.plan.analysis import is_deterministic
from gatherum.plan.expressions import Call, Expression, Literal

MOST: Final = 1 << 12
"""How many distinct rows there may be."""

REPEATS: Final = 16
"""How often each of them occurs at least on the average."""


@dataclass(frozen=True, slots=True)
class DistinctRows:
    """The values of each expression over the distinct rows, how often each row occurs, and where it is first."""

    columns: list[Column]
    times: np.ndarray
    first: np.ndarray


@dataclass(frozen=True, slots=True)
class _Part:
    """What tells rows apart: for each row a number below `size`. `words` are those of a field."""

    size: int
    codes: np.ndarray
    words: Column | None = None


_Name = str | Expression
"""The field, or the condition that chooses between two constants."""


class DistinctRowsReader:
    """Finds the distinct rows of batches over some expressions."""

    def __init__(self, expressions: Sequence[ColumnExpression]) -> None:
        self._expressions = expressions
        self._possible = all(_is_constant(each) or each.word_field is not None or _is_choice(each)
                             for each in expressions)

    def of(self, batch: Batch, accepts: Callable[[list[Column]], bool]) -> DistinctRows | None:
        """The distinct rows; None where only all rows can tell, where they hardly repeat, and where the values of the
        expressions are of types that are not accepted."""
        rows = Selection(batch)
        if not self._possible or not all(_is_constant(each) or _by_words(each, rows) or _is_choice(each)
                                         for each in self._expressions):
            return None
        try:
            with np.errstate(all="ignore"):
                return self._of(rows, accepts)
        except (QueryError, ResourceError):
            return None

    def _of(self, rows: Selection, accepts: Callable[[list[Column]], bool]) -> DistinctRows | None:
        parts: dict[_Name, _Part] = {}
        found = [_values(each, rows, parts) for each in self._expressions]
        size = math.prod(part.size for part in parts.values())
        if size > MOST or size * REPEATS > rows.rows or not accepts([_column(values, 1) for values, _ in found]):
            return None
        counts, first = np.zeros(size, np.int64), np.zeros(size, np.int64)
        count_codes(_combined(list(parts.values()), rows.rows), counts, first)
        there = np.flatnonzero(counts)
        places: dict[_Name, np.ndarray] = {}
        left = there
        for name, part in reversed(parts.items()):
            left, places[name] = np.divmod(left, part.size)
        columns = [_column(values, len(there)) if isinstance(values, Constant) else values.take(places[name])
                   for values, name in found]
        return DistinctRows(columns, counts[there], first[there])


def _values(each: ColumnExpression, rows: Selection, parts: dict[_Name, _Part]) -> tuple[Operand, _Name]:
    """The values that an expression has, and the part that says which of them a row has, which is added."""
    if _is_constant(each):
        return each.evaluate(rows), ""
    if not _by_words(each, rows):
        test = each.part(0)
        if test.expression not in parts:
            parts[test.expression] = _Part(2, test.test(rows).view(np.uint8))
        return _choices(each.part(2), each.part(1)), test.expression
    name = each.word_field
    assert name is not None
    if name not in parts:
        parts[name] = _of_field(rows.column(name))
    words = parts[name].words
    assert words is not None
    return each.of_words(words), name


def _is_constant(each: ColumnExpression) -> bool:
    return isinstance(each.expression, Literal)


def _is_choice(each: ColumnExpression) -> bool:
    """Whether an expression is one of two constants, always the same for the same row."""
    match each.expression:
        case Call("$cond", (Expression() as test, Literal(), Literal())):
            return is_deterministic(test)
        case _:
            return False


def _column(values: Operand, rows: int) -> Column:
    return values.column(rows) if isinstance(values, Constant) else values


def _choices(*several: ColumnExpression) -> Column:
    return column_of([each.expression.value for each in several if isinstance(each.expression, Literal)])


def _by_words(each: ColumnExpression, rows: Selection) -> bool:
    """Whether the value depends on nothing but one field, and that is coded, with no invalid word."""
    if each.word_field is None:
        return False
    column = rows.column(each.word_field)
    return is_coded(column) and (column.is_variant or not column.array.dictionary.null_count)


def _of_field(column: Column) -> _Part:
    coded = words_and_codes(column)
    assert coded is not None
    words, codes = coded
    return _Part(len(words), codes, words)


def _combined(parts: Sequence[_Part], rows: int) -> np.ndarray:
    """One number for what all parts say of a row."""
    if not parts:
        return np.zeros(rows, np.int32)
    found = parts[0].codes
    for part in parts[1:]:
        found = found * np.int32(part.size) + part.codes
    return np.ascontiguousarray(found, np.int32)


@kernel("void(int32[::1], int64[::1], int64[::1])")
def count_codes(codes, counts, first):
    """How often each code occurs, and at which place first."""
    for i in range(codes.shape[0]):
        code = np.uint32(codes[i])
        if not counts[code]:
            first[code] = i
        counts[code] += 1
