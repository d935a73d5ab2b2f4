"""Sums of columns that hold ints, longs and doubles side by side, without taking the rows of each type apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from gatherum.kernels.assemble import bits_of, either, words_of_column
from gatherum.kernels.buffers import column_of_words
from gatherum.kernels.by_type import types_in
from gatherum.kernels.columns.build import column_of
from gatherum.kernels.columns.column import Column
from gatherum.kernels.folding import fold_sums
from gatherum.kernels.forms import Constant, Operand
from gatherum.kernels.kinds import kind_of
from gatherum.kernels.lists import Lists
from gatherum.kernels.numbers import BLOCK
from gatherum.types.values import BsonType

_NUMBERS: Final = frozenset({BsonType.INT, BsonType.LONG, BsonType.DOUBLE, BsonType.NULL, BsonType.MISSING})

_INT, _LONG, _DOUBLE, _NULL, _MISSING = (np.array(kind, np.uint8) for kind in (
    BsonType.INT, BsonType.LONG, BsonType.DOUBLE, BsonType.NULL, BsonType.MISSING))


def mixed_sum(operands: Sequence[Operand]) -> Column | None:
    """The sums in the order of the operands, of which one is a column, as the meaning adds them: of each row's types,
    and null where one is null or missing. None where there is anything else, or where a long overflows."""
    columns = [column_of([operand.value]) if isinstance(operand, Constant) else operand for operand in operands]
    if not all(map(_has_numbers, columns)):
        return None
    terms = [(np.atleast_1d(np.asarray(types, np.uint8)), words) for types, words in map(words_of_column, columns)]
    rows = max(len(column) for column in columns) if all(map(len, columns)) else 0
    types, words = np.empty(rows, np.uint8), np.empty(rows, np.uint64)
    for start in range(0, rows, BLOCK):
        at = slice(start, start + BLOCK)
        block = [(kinds if len(kinds) == 1 else kinds[at], values if len(values) == 1 else values[at])
                 for kinds, values in terms]
        if not _add(block, types[at], words[at]):
            return None
    return column_of_words(types, words)


def folded_sums(lists: Lists, initial: Operand, items: Operand) -> Column | None:
    """For each list what comes of adding its items to the initial value, one after the other, where all are numbers:
    null where one is null or missing, or where there is no list. None as for `mixed_sum`."""
    operands = [operand.column(rows) if isinstance(operand, Constant) else operand
                for operand, rows in ((initial, lists.rows), (items, len(lists.items)))]
    if not all(map(_has_numbers, operands)):
        return None
    (types, words), (kinds, values) = map(words_of_column, operands)
    types, words = np.array(np.broadcast_to(np.asarray(types, np.uint8), lists.rows)), words.copy()
    kinds, values = np.atleast_1d(np.asarray(kinds, np.uint8)), np.ascontiguousarray(values)
    if not fold_sums(lists.starts, lists.lengths, kinds, values.view(np.int64), values.view(np.float64), types,
                     words.view(np.int64), words.view(np.float64)):
        return None
    if lists.valid is not None:
        types[~lists.valid] = _NULL
    return column_of_words(types, words)


def _add(terms: Sequence[tuple[np.ndarray, np.ndarray]], types: np.ndarray, words: np.ndarray) -> bool:
    """Writes the types and words of the sums of terms, given by theirs; False where a long overflows.

    A row has its sum in `integers`, and from its first double on in `doubles`; the other one is 0.
    """
    longs = _any_of(terms, _LONG)
    check = bool(longs.any())
    fractions, integers, doubles = _parts(*terms[0])
    doubles = doubles + 0.0                                 # the sum of nothing and -0.0 is 0.0
    for kinds, values in terms[1:]:
        is_double, whole, fraction = _parts(kinds, values)
        fractions = fractions | is_double
        bits = bits_of(fractions, words.dtype)
        total = integers + whole
        if check and (((total ^ whole) & (total ^ integers)) < 0).any():
            return False
        doubles = (((doubles + integers) + (fraction + whole)).view(np.uint64) & bits).view(np.float64)
        integers = (total.view(np.uint64) & ~bits).view(np.int64)
    longs = longs | (integers.astype(np.int32) != integers)
    types[:] = either(np.broadcast_to(fractions, types.shape), _DOUBLE, either(longs, _LONG, _INT))
    words[:] = integers.view(np.uint64) | doubles.view(np.uint64)
    holes = _any_of(terms, _NULL) | _any_of(terms, _MISSING)
    if holes.any():
        types[np.broadcast_to(holes, types.shape)] = _NULL
        words[np.broadcast_to(holes, words.shape)] = 0
    return True


def _parts(types: np.ndarray, words: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which numbers are doubles, and the integers and the doubles, 0 in the places of the others."""
    is_double = types == _DOUBLE
    bits = bits_of(is_double, words.dtype)
    return is_double, (words & ~bits).view(np.int64), (words & bits).view(np.float64)


def _any_of(terms: Sequence[tuple[np.ndarray, np.ndarray]], kind: np.ndarray) -> np.ndarray:
    """Where one of the terms is of this type."""
    found = np.zeros(1, np.bool_)
    for types, _ in terms:
        found = found | (types == kind)
    return found


def _has_numbers(column: Column) -> bool:
    return _NUMBERS.issuperset(types_in(column)) if column.is_variant else kind_of(column) in _NUMBERS
