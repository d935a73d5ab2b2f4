"""$concat, $toUpper, $toLower, $substrCP, $strLenCP, $split and $trim over strings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from gatherum.functions.operators.strings import WHITESPACE
from gatherum.kernels.arrow import compute as pc
from gatherum.kernels.code_points import cut_out
from gatherum.kernels.columns.column import Column
from gatherum.kernels.forms import Constant, Form, Operand, form
from gatherum.kernels.kinds import is_strings, kind_of
from gatherum.kernels.lists import list_array
from gatherum.kernels.numbers import nulls, numbers_of
from gatherum.types.numbers import INT, LONG
from gatherum.types.values import INT32_MAX, BsonType, is_nullish


def strings_of(operand: Operand | None) -> pa.Array | None:
    """The strings of a column that is neither variant nor coded; None for everything else."""
    if isinstance(operand, Column) and is_strings(operand.array.type):
        return operand.array
    return None


def _is_nothing(operand: Operand | None) -> bool:
    if isinstance(operand, Constant):
        return is_nullish(operand.value)
    return operand is not None and kind_of(operand) in (BsonType.NULL, BsonType.MISSING)


@form("$concat")
def concat(arguments: Sequence[Operand], rows: int) -> Operand | None:
    """The strings of each row joined; null where one is null or missing."""
    terms: list[Any] = []
    nothing = False
    for argument in arguments:
        if _is_nothing(argument):
            nothing = True
        elif isinstance(argument, Constant):
            if type(argument.value) is not str or not _is_utf8(argument.value):
                return None
            terms.append(pa.scalar(argument.value))
        elif strings_of(argument) is None:
            return None
        else:
            terms.append(strings_of(argument))
    if nothing:
        return nulls(rows)
    kind = pa.large_string() if any(term.type == pa.large_string() for term in terms) else pa.string()
    joined = pc.binary_join_element_wise(*[term.cast(kind) for term in terms], pa.scalar("", kind),
                                         null_handling="emit_null")
    return Column(joined)


def _is_utf8(value: str) -> bool:
    return value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)


def _change(name: str, change: Callable[[pa.Array], pa.Array]) -> Form:
    """A form of a function of one string, of which null and missing count as the empty one."""
    def apply(arguments: Sequence[Operand], rows: int) -> Operand | None:
        if _is_nothing(arguments[0]):
            return Constant("")
        array = strings_of(arguments[0])
        if array is None:
            return None
        return Column(change(array.fill_null("") if array.null_count else array))
    return form(name)(apply)


to_upper = _change("$toUpper", pc.ascii_upper)
to_lower = _change("$toLower", pc.ascii_lower)


@form("$substrCP")
def substring(arguments: Sequence[Operand], rows: int) -> Operand | None:
    """Cut out code points, where no position is negative, null or missing."""
    array, start, length = strings_of(arguments[0]), _count(arguments[1]), _count(arguments[2])
    if start is None or length is None:
        return None
    if array is None:
        return Constant("") if _is_nothing(arguments[0]) else None
    array = array.fill_null("") if array.null_count else array
    if start.ndim or length.ndim:
        return Column(cut_out(array, np.broadcast_to(start, rows), np.broadcast_to(length, rows)))
    return Column(pc.utf8_slice_codeunits(array, int(start), int(start + length)))


def _count(operand: Operand) -> np.ndarray | None:
    """Whole numbers from 0 within 32 bits; without a dimension where they are one constant."""
    number = numbers_of(operand)
    if number is None or number.width not in (INT, LONG) or number.valid is not None:
        return None
    return None if ((number.values < 0) | (number.values > INT32_MAX)).any() else number.values


@form("$strLenCP")
def string_length(arguments: Sequence[Operand], rows: int) -> Operand | None:
    """Code points, where no string is null or missing."""
    array = strings_of(arguments[0])
    if array is None or array.null_count:
        return None
    return Column(pc.utf8_length(array).cast(pa.int32()))


@form("$split")
def split(arguments: Sequence[Operand], rows: int) -> Operand | None:
    """Lists of the parts between a constant separator."""
    array, separator = strings_of(arguments[0]), arguments[1]
    if _is_nothing(separator) or _is_nothing(arguments[0]):
        return nulls(rows)
    if array is None or not isinstance(separator, Constant):
        return None
    if type(separator.value) is not str or not separator.value or not _is_utf8(separator.value):
        return None
    parts = pc.split_pattern(array, separator.value)
    items = Column(parts.flatten())
    lengths = pc.list_value_length(parts).fill_null(0).to_numpy(zero_copy_only=False)
    offsets = np.zeros(rows + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    valid = array.is_valid().to_numpy(zero_copy_only=False) if array.null_count else None
    return Column(list_array(offsets, items, valid))


@form("$trim")
def trim(arguments: Sequence[Operand | None], rows: int) -> Operand | None:
    """Without whitespace, or the characters of a constant, at the ends; null stays."""
    array = strings_of(arguments[0])
    characters = arguments[1] if len(arguments) > 1 else Constant(WHITESPACE)
    if _is_nothing(arguments[0]):
        return nulls(rows)
    if array is None or not isinstance(characters, Constant):
        return None
    if type(characters.value) is not str or not characters.value or not _is_utf8(characters.value):
        return None
    return Column(pc.utf8_trim(array, characters.value))
