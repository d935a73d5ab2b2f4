"""Coded columns by their distinct values: what depends on nothing but the value is computed once for each word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import pyarrow as pa

from gatherum.errors import OperatorError, ResourceError
from gatherum.kernels.buffers import valid_mask
from gatherum.kernels.columns.column import CodedColumn, Column
from gatherum.kernels.forms import Constant, Operand
from gatherum.kernels.kinds import is_strings

REPEATS: Final = 4
"""How often a word must occur on the average for its code to pay."""


def apply_to_words(arguments: list[Operand | None], rows: int,
                   apply: Callable[[list[Operand | None], int], Operand]) -> Operand | None:
    """What `apply` gives for the words of the one coded column among constants, for each row.

    None where there are other columns, where most words do not occur, and where a word, which need not occur, raises
    an error.
    """
    position = next(i for i, a in enumerate(arguments) if isinstance(a, Column))
    column = arguments[position]
    assert isinstance(column, Column)
    if any(isinstance(a, Column) for i, a in enumerate(arguments) if i != position):
        return None
    coded = words_and_codes(column)
    if coded is None or len(coded[0]) > rows:
        return None
    words, codes = coded
    try:
        found = apply([words if i == position else a for i, a in enumerate(arguments)], len(words))
    except (OperatorError, ResourceError):
        return None
    return found if isinstance(found, Constant) else by_codes(found, codes)


def by_codes(words: Column, codes: np.ndarray) -> Column:
    """For each row the word of its code: strings and variant values stay coded."""
    if words.is_variant:
        return CodedColumn(words, codes)
    if is_strings(words.array.type):
        words = Column(words.array.dictionary_encode(), words.missing)
    return words.take(codes)


def is_coded(column: Column) -> bool:
    """Whether a column is codes and words."""
    return isinstance(column, CodedColumn) or (
        not column.is_variant and isinstance(column.array.type, pa.DictionaryType))


def words_and_codes(column: Column) -> tuple[Column, np.ndarray] | None:
    """The words of a coded column, an invalid one last where slots are invalid, and the position of each row's word;
    None where the dictionary itself has invalid words."""
    if isinstance(column, CodedColumn):
        return column.values, column.codes
    array = column.array
    words = array.dictionary
    if words.null_count:
        return None
    indices = array.indices
    codes = indices.cast(pa.int64()) if indices.type != pa.int32() else indices
    valid = valid_mask(codes)
    if valid is None:
        return Column(words), codes.to_numpy()
    found = np.where(valid, codes.fill_null(0).to_numpy(), len(words))
    return Column(pa.concat_arrays([words, pa.nulls(1, words.type)]), column.missing), found


def encoded(column: Column) -> Column | None:
    """A string column as the codes of a dictionary; None where words hardly repeat."""
    if not is_strings(column.array.type):
        return None
    sample = column.array.slice(0, 1024)
    if len(sample.unique()) * REPEATS > len(sample):
        return None
    array = column.array.dictionary_encode()
    return Column(array, column.missing) if len(array.dictionary) * REPEATS <= len(array) else None
