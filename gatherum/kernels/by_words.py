"""Expressions that depend on one field: computed once for each word where the field is coded."""

from __future__ import annotations

from collections.abc import Callable

from gatherum.errors import QueryError
from gatherum.kernels.arrow import compute as pc
from gatherum.kernels.columns.batch import Batch
from gatherum.kernels.columns.column import Column
from gatherum.kernels.distinct import apply_to_words, is_coded
from gatherum.kernels.forms import Constant, Operand
from gatherum.kernels.selection import Selection
from gatherum.plan.analysis import free_variables, is_deterministic, paths_read
from gatherum.plan.expressions import ROOT, Expression, Get, Literal, MakeDocument, Matches, Variable

Evaluate = Callable[[Selection], Operand]


class ByWords:
    """The values of an expression that reads nothing but `field`; those over the last words are kept for the next
    batch, whose dictionary may have them in another order."""

    __slots__ = ("_evaluate", "_seen", "field")

    def __init__(self, field: str, evaluate: Evaluate) -> None:
        self.field = field
        self._evaluate = evaluate
        self._seen: tuple[Column, Operand] | None = None

    def of(self, rows: Selection) -> Operand | None:
        """The values over some rows; None where the field is not coded, or where only the rows can tell."""
        column = rows.column(self.field)
        if not is_coded(column):
            return None
        try:
            return apply_to_words([column], rows.rows, self._of_words)
        except QueryError:
            return None

    def _of_words(self, arguments: list[Operand | None], count: int) -> Operand:
        (words,) = arguments
        assert isinstance(words, Column)
        return self.of_words(words)

    def of_words(self, words: Column) -> Operand:
        """The values over words; an error where one, which need not occur, raises it."""
        found = self._known(words)
        if found is None:
            found = self._evaluate(Selection(Batch({self.field: words}, len(words))))
        self._seen = words, found
        return found

    def _known(self, words: Column) -> Operand | None:
        """The values over words that are all among the last ones."""
        if self._seen is None:
            return None
        last, values = self._seen
        if last.missing != words.missing or last.array.type != words.array.type:
            return None
        if last.array.equals(words.array):
            return values
        if words.is_variant:
            return None
        at = pc.index_in(words.array, last.array)
        return None if at.null_count else values if isinstance(values, Constant) else values.take(at)


def by_words(expression: Expression, evaluate: Evaluate) -> ByWords | None:
    """The values by words of an expression that does more than to read one field; None for all others."""
    if isinstance(expression, (Get, Literal, Variable, Matches, MakeDocument)) or not is_deterministic(expression):
        return None
    paths = paths_read(expression)
    if paths is None or len(paths) != 1 or free_variables(expression) != {ROOT}:
        return None
    (path,) = paths
    return ByWords(path[0], evaluate) if len(path) == 1 else None
