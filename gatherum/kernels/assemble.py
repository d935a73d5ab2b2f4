"""One column of parts that were computed for some rows each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa

from gatherum.kernels.arrow import compute as pc
from gatherum.kernels.buffers import array_of, column_of_words, distinct_bytes, fixed_values, valid_mask
from gatherum.kernels.columns.build import column_of
from gatherum.kernels.columns.column import Column, concat, plain_strings, variant_array
from gatherum.kernels.columns.variant import parts, to_variant
from gatherum.kernels.forms import Constant, Operand
from gatherum.kernels.kinds import is_strings, kind_of
from gatherum.types.values import BsonType, Value, is_nullish

Piece = tuple[np.ndarray, Operand]
"""The positions of some rows, ascending, and their values."""

_IN_WORDS: Final = frozenset({BsonType.INT, BsonType.LONG, BsonType.DOUBLE, BsonType.BOOL, BsonType.DATE,
                              BsonType.NULL, BsonType.MISSING})


def assemble(pieces: Sequence[Piece], rows: int) -> Operand:
    """The operand of all rows; the pieces cover each row once."""
    pieces = [piece for piece in pieces if len(piece[0])]
    if not pieces:
        return Column(pa.nulls(rows))
    if len(pieces) == 1:
        return pieces[0][1]
    if all(isinstance(operand, Constant) for _, operand in pieces):
        which = np.empty(rows, np.int32)
        for number, (at, _) in enumerate(pieces):
            which[at] = number
        return chosen([operand.value for _, operand in pieces if isinstance(operand, Constant)], which)
    columns = [operand.column(len(at)) if isinstance(operand, Constant) else operand for at, operand in pieces]
    if all(_lies_in_words(column) for column in columns):
        return _by_words([at for at, _ in pieces], columns, rows)
    order = np.concatenate([at for at, _ in pieces])
    back = np.empty(rows, np.int64)
    back[order] = np.arange(rows)
    return join(columns).take(back)


def select(mask: np.ndarray, first: Operand, second: Operand) -> Operand:
    """For each row the value of the first operand where the mask is true, else that of the second."""
    strings = _strings_and_word(mask, first, second)
    if strings is not None:
        return strings
    columns = [_one_row(operand) if isinstance(operand, Constant) else operand for operand in (first, second)]
    if not all(_lies_in_words(column) for column in columns):
        return assemble([_part(mask, first), _part(~mask, second)], len(mask))
    (types, words), (other_types, other_words) = map(words_of_column, columns)
    words = either(mask, words, other_words)
    if isinstance(types, int) and isinstance(other_types, int) and types == other_types:
        return column_of_words(types, words)
    return column_of_words(either(mask, np.asarray(types, np.uint8), np.asarray(other_types, np.uint8)), words)


def _strings_and_word(mask: np.ndarray, first: Operand, second: Operand) -> Column | None:
    """What `select` gives for a column of strings and one constant string: codes stay codes. None for all others."""
    if isinstance(first, Constant):
        return None if isinstance(second, Constant) else _strings_and_word(~mask, second, first)
    if not isinstance(second, Constant) or type(second.value) is not str or kind_of(first) != BsonType.STRING:
        return None
    word = _one_row(second)
    if word.is_variant:
        return None
    array, chosen = first.array, array_of(mask)
    if is_strings(array.type):
        return Column(pc.if_else(chosen, array, word.array[0].cast(array.type)), first.missing)
    words, kind = array.dictionary, pa.int32()
    code = words.index(word.array[0].cast(words.type)).as_py()
    if code < 0:
        words, code = pa.concat_arrays([words, word.array.cast(words.type)]), len(words)
    codes = pc.if_else(chosen, array.indices.cast(kind), pa.scalar(code, kind))
    return Column(pa.DictionaryArray.from_arrays(codes, words), first.missing)


def _one_row(constant: Constant) -> Column:
    return column_of([constant.value])


def _part(mask: np.ndarray, operand: Operand) -> Piece:
    at = np.flatnonzero(mask)
    return at, operand if isinstance(operand, Constant) else operand.take(at)


def either(mask: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Selects by bits: where neither side is the rule, that is several times as fast as `np.where`."""
    bits = bits_of(mask, first.dtype)
    found = first & bits
    np.invert(bits, out=bits)
    bits &= second
    found |= bits
    return found


def bits_of(mask: np.ndarray, kind: np.dtype) -> np.ndarray:
    """Unsigned integers of all ones where the mask is true, else 0."""
    bits = np.ascontiguousarray(mask).view(np.uint8).astype(kind)
    return np.negative(bits, out=bits)


def join(columns: Sequence[Column]) -> Column:
    """The rows of all columns, one behind the other; typed wherever one type holds them all."""
    unsure = [column for column in columns if not column.is_variant and column.nullish]
    missing = {column.missing for column in unsure}
    if len(missing) == 1:
        flag = missing.pop()
        columns = [column if column.is_variant else Column(column.array, flag) for column in columns]
    kinds = {column.array.type for column in columns if not pa.types.is_null(column.array.type)}
    if len(kinds) > 1:
        columns = [plain_strings(column) for column in columns]
        kinds = {column.array.type for column in columns if not pa.types.is_null(column.array.type)}
    if len(kinds) > 1 or len(missing) > 1 or any(column.is_variant for column in columns):
        columns = [as_variant(column) for column in columns]
    return concat(list(columns))


def as_variant(column: Column) -> Column:
    """The same values as a variant column."""
    kind = column.array.type
    if isinstance(kind, pa.DictionaryType):
        return as_variant(plain_strings(column))
    if not is_strings(kind):
        return to_variant(column)
    types = np.full(len(column), BsonType.STRING, np.uint8)
    valid = valid_mask(column.array)
    data = column.array.cast(pa.large_binary())
    if valid is not None:
        types[~valid] = BsonType.MISSING if column.missing else BsonType.NULL
        data = data.fill_null(b"")
    return Column(variant_array(types, np.zeros(len(column), np.uint64), data))


def chosen(values: Sequence[Value], which: np.ndarray) -> Operand:
    """For each row one of a few values, by their positions (int32): strings as codes, with nulls or missing values
    among them."""
    if len(values) == 1:
        return Constant(values[0])
    strings = list(dict.fromkeys(value for value in values if type(value) is str))
    nullish = {value is None for value in values if is_nullish(value)}
    words = column_of(strings)
    if not strings or words.is_variant or len(nullish) > 1 or \
            any(type(value) is not str and not is_nullish(value) for value in values):
        return column_of(list(values)).take(which)
    numbers = {word: code for code, word in enumerate(strings)}
    valid = np.array([type(value) is str for value in values])[which] if nullish else None
    codes = np.array([numbers.get(value, 0) for value in values], np.int32)[which]
    return Column(pa.DictionaryArray.from_arrays(array_of(codes, valid), words.array), nullish == {False})


def _lies_in_words(column: Column) -> bool:
    if column.is_variant:
        return _IN_WORDS.issuperset(distinct_bytes(parts(column)[0]))
    return kind_of(column) in _IN_WORDS


def _by_words(places: Sequence[np.ndarray], columns: Sequence[Column], rows: int) -> Column:
    types, words = np.empty(rows, np.uint8), np.zeros(rows, np.uint64)
    for at, column in zip(places, columns, strict=True):
        found, values = words_of_column(column)
        types[at], words[at] = found, values
    return column_of_words(types, words)


def words_of_column(column: Column) -> tuple[np.ndarray | int, np.ndarray]:
    """The types (one a row, or one for all) and words of a column of values that lie in words."""
    if column.is_variant:
        types, words, _ = parts(column)
        return types, words
    kind = kind_of(column)
    assert kind is not None
    nullish = BsonType.MISSING if column.missing else BsonType.NULL
    if kind in (BsonType.NULL, BsonType.MISSING):
        return int(kind), np.zeros(len(column), np.uint64)
    values = fixed_values(column.array)
    words = values.view(np.uint64) if kind == BsonType.DOUBLE else values.astype(np.int64).view(np.uint64)
    valid = valid_mask(column.array)
    if valid is None:
        return int(kind), words
    types = either(valid, np.array(kind, np.uint8), np.array(nullish, np.uint8))
    return types, words & bits_of(valid, words.dtype)
