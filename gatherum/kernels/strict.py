"""Strict operators over columns and constants: by their forms, for each word of a dictionary, for each combination of
types, or by their meaning."""

from __future__ import annotations

import inspect
from typing import Protocol

import pyarrow as pa

from gatherum.functions.operator import Operator
from gatherum.kernels.assemble import assemble
from gatherum.kernels.by_type import split
from gatherum.kernels.columns.build import column_of
from gatherum.kernels.columns.column import Column, plain_strings
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.distinct import apply_to_words
from gatherum.kernels.forms import Constant, Operand, forms
from gatherum.kernels.kinds import kind_of
from gatherum.types.values import BsonType, Value


class Fills(Protocol):
    """Notes, or forbids, that the meaning fills columns."""

    def fill(self, what: str, rows: int) -> None:
        """So many rows of `what` are filled by the meaning."""


def apply_strict(operator: Operator, arguments: list[Operand | None], rows: int, evaluation: Fills) -> Operand:
    """The values of an operator over arguments of which at least one is a column, or none is there."""
    found = _served(operator, arguments, rows)
    if found is not None:
        return found
    if any(isinstance(a, Column) and isinstance(a.array.type, pa.DictionaryType) for a in arguments):
        found = apply_to_words(arguments, rows, lambda words, count: _of_words(operator, words, count))
        if found is not None:
            return found
        plain = [plain_strings(a) if isinstance(a, Column) else a for a in arguments]
        return apply_strict(operator, plain, rows, evaluation)
    if operator.name in forms() and any(isinstance(a, Column) and a.is_variant for a in arguments):
        pieces = [(at, _of_one_type(operator, part, len(at), evaluation)) for at, part in split(arguments)]
        return assemble(pieces, rows)
    return _by_meaning(operator, arguments, rows, evaluation)


def _served(operator: Operator, arguments: list[Operand | None], rows: int) -> Operand | None:
    """What the operator's form gives, or, where no argument holds more than nulls or missing values, the meaning once
    for all rows; None for the rest."""
    form = forms().get(operator.name)
    found = None if form is None else form.apply(arguments, rows)
    columns = [a for a in arguments if isinstance(a, Column)]
    if found is not None or not rows or not operator.deterministic or not columns:
        return found
    if any(kind_of(column) not in (BsonType.NULL, BsonType.MISSING) for column in columns):
        return None
    return Constant(_meant(operator, [a.slice(0, 1) if isinstance(a, Column) else a for a in arguments], 1)[0])


def _of_words(operator: Operator, arguments: list[Operand | None], count: int) -> Operand:
    found = _served(operator, arguments, count)
    return column_of(_meant(operator, arguments, count)) if found is None else found


def _of_one_type(operator: Operator, arguments: list[Operand | None], rows: int, evaluation: Fills) -> Operand:
    found = _served(operator, arguments, rows)
    return _by_meaning(operator, arguments, rows, evaluation) if found is None else found


def _by_meaning(operator: Operator, arguments: list[Operand | None], rows: int, evaluation: Fills) -> Operand:
    evaluation.fill(operator.name, rows)
    return column_of(_meant(operator, arguments, rows))


def _meant(operator: Operator, arguments: list[Operand | None], rows: int) -> list[Value]:
    """The meaning of each row's values; an argument that was left out takes the meaning's default."""
    meaning = operator.meaning
    defaults = list(inspect.signature(meaning).parameters.values())
    lists = [[defaults[i].default] * rows if a is None else [a.value] * rows if isinstance(a, Constant)
             else values_of(a) for i, a in enumerate(arguments)]
    return [meaning(*row) for row in zip(*lists, strict=True)] if lists else [meaning() for _ in range(rows)]
