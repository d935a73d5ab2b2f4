"""$add, $subtract, $multiply, $divide, $mod and $abs over numbers of one type each, and over dates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from gatherum.kernels.buffers import array_of, both, fixed_values, valid_mask
from gatherum.kernels.columns.column import Column
from gatherum.kernels.columns.types import DATE
from gatherum.kernels.forms import Constant, Operand, form
from gatherum.kernels.kinds import kind_of
from gatherum.kernels.mixed_numbers import mixed_sum
from gatherum.kernels.numbers import (
    NOTHING,
    Numbers,
    all_numbers,
    all_valid,
    double_column,
    integer_column,
    nulls,
    numbers_of,
)
from gatherum.types.numbers import DOUBLE, INT, LONG
from gatherum.types.values import INT32_MAX, INT32_MIN, INT64_MIN, BsonType, bson_type, millis

_NEAR: Final = 1 << 61
_SAFE: Final = float(1 << 62)


@form("$add")
def add(arguments: Sequence[Operand], rows: int) -> Operand | None:
    """Sums, or a date so many milliseconds later."""
    dates = [i for i, a in enumerate(arguments) if _is_date(a)]
    terms = all_numbers([a for i, a in enumerate(arguments) if i not in dates])
    if terms is None:
        return None if dates else mixed_sum(arguments)
    if len(dates) > 1:
        return None
    if any(term.width == NOTHING for term in terms):
        return nulls(rows)
    total = _total(terms)
    if total is None or not dates:
        return None if total is None else _column(total, rows)
    return _moved(arguments[dates[0]], total, 1)


def _total(terms: Sequence[Numbers]) -> Numbers | None:
    """The sum in the order of the terms, as the meaning adds them; None where a long overflows."""
    total = Numbers(np.array(0), INT, None)
    for term in terms:
        width, valid = max(total.width, term.width), both(total.valid, term.valid)
        if width == DOUBLE:
            total = Numbers(total.doubles() + term.doubles(), DOUBLE, valid)
            continue
        summed = total.values + term.values
        total = Numbers(summed, width, valid)
        if width == LONG and total.any(((summed ^ term.values) & (summed ^ (summed - term.values))) < 0):
            return None
    return total


@form("$subtract")
def subtract(arguments: Sequence[Operand], rows: int) -> Operand | None:
    """Differences of numbers and of dates, and dates so many milliseconds earlier."""
    minuend, subtrahend = arguments
    if _is_date(minuend) and _is_date(subtrahend):
        return _between(minuend, subtrahend)
    b = numbers_of(subtrahend)
    if b is None or (b.width == NOTHING and _is_date(minuend)):
        return None if b is None else nulls(rows)
    if _is_date(minuend):
        return _moved(minuend, b, -1)
    a = numbers_of(minuend)
    if a is None:
        return None
    if NOTHING in (a.width, b.width):
        return nulls(rows)
    width, valid = max(a.width, b.width), both(a.valid, b.valid)
    if width == DOUBLE:
        return double_column(a.doubles() - b.doubles(), valid)
    difference = a.values - b.values
    if width == LONG and Numbers(difference, LONG, valid).any(((a.values ^ b.values) & (a.values ^ difference)) < 0):
        return None
    return integer_column(difference, valid, width)


@form("$multiply")
def multiply(arguments: Sequence[Operand], rows: int) -> Operand | None:
    """Products."""
    factors = all_numbers(arguments)
    if factors is None:
        return None
    if any(factor.width == NOTHING for factor in factors):
        return nulls(rows)
    width, valid = max(factor.width for factor in factors), all_valid(factors)
    if width == DOUBLE:
        product = factors[0].doubles()
        for factor in factors[1:]:
            product = product * factor.doubles()
        return double_column(product, valid)
    exact = factors[0].values
    for factor in factors[1:]:
        exact = exact * factor.values
    sure = width == INT and len(factors) <= 2
    return integer_column(exact, valid, width) if sure or _fits_long(factors, width, valid) else None


def _fits_long(factors: Sequence[Numbers], width: int, valid: np.ndarray | None) -> bool:
    """Whether no product on the way can lie beyond 64 bits."""
    size = np.abs(factors[0].doubles())
    for factor in factors[1:]:
        size = size * np.maximum(np.abs(factor.doubles()), 1.0)
    return not Numbers(size, width, valid).any(size >= _SAFE)


@form("$divide")
def divide(arguments: Sequence[Operand], rows: int) -> Operand | None:
    """Quotients, where no divisor is zero."""
    parts = all_numbers(arguments)
    if parts is None:
        return None
    if any(part.width == NOTHING for part in parts):
        return nulls(rows)
    a, b = parts
    valid = all_valid(parts)
    if Numbers(b.values, b.width, valid).any(b.values == 0):
        return None
    return double_column(a.doubles() / b.doubles(), valid)


@form("$mod")
def modulo(arguments: Sequence[Operand], rows: int) -> Operand | None:
    """Remainders, where no divisor is zero."""
    parts = all_numbers(arguments)
    if parts is None:
        return None
    if any(part.width == NOTHING for part in parts):
        return nulls(rows)
    a, b = parts
    valid = all_valid(parts)
    if Numbers(b.values, b.width, valid).any(b.values == 0):
        return None
    if a.width != DOUBLE and b.width == DOUBLE:
        whole = (np.trunc(b.values) == b.values) & (b.values >= INT32_MIN) & (b.values <= INT32_MAX)
        if np.all(whole if b.valid is None else whole | ~b.valid):
            b = Numbers(b.values.astype(np.int64), a.width, b.valid)
        elif whole.any():
            return None
    if DOUBLE in (a.width, b.width):
        return double_column(np.fmod(a.doubles(), b.doubles()), valid)
    divisor = np.where(np.isin(b.values, (0, -1)), 1, b.values)      # x % -1 is 0, and overflows for the least long
    return integer_column(np.fmod(a.values, divisor), valid, max(a.width, b.width))


@form("$abs")
def absolute(arguments: Sequence[Operand], rows: int) -> Operand | None:
    """Absolute values."""
    number = numbers_of(arguments[0])
    if number is None or number.width == NOTHING:
        return None if number is None else nulls(rows)
    if number.width == DOUBLE:
        return double_column(np.abs(number.values), number.valid)
    if number.any(number.values == INT64_MIN):
        return None
    return integer_column(np.abs(number.values), number.valid, number.width)


def _column(total: Numbers, rows: int) -> Column:
    values = total.values if total.values.ndim else np.full(rows, total.values)
    return double_column(values, total.valid) if total.width == DOUBLE else \
        integer_column(values, total.valid, total.width)


def _is_date(operand: Operand) -> bool:
    return bson_type(operand.value) == BsonType.DATE if isinstance(operand, Constant) else \
        kind_of(operand) == BsonType.DATE


def _instants(operand: Operand) -> Numbers:
    if isinstance(operand, Constant):
        return Numbers(np.array(millis(operand.value)), LONG, None)
    return Numbers(fixed_values(operand.array), LONG, valid_mask(operand.array))


def _moved(date: Operand, step: Numbers, sign: int) -> Column | None:
    """Dates later (or, with the sign -1, earlier) by whole milliseconds."""
    start = _instants(date)
    if step.width == DOUBLE:
        step = _nearest(step)
        if step.width == NOTHING:
            return None
    valid = both(start.valid, step.valid)
    moved = start.values + sign * step.values
    sure = np.abs(start.doubles()) + np.abs(step.doubles()) < _SAFE
    if not np.all(sure if valid is None else sure | ~valid):
        return None
    return Column(array_of(moved, valid, DATE))


def _nearest(step: Numbers) -> Numbers:
    """The nearest integers, ties away from zero; of no width where one does not fit."""
    if step.any(~(np.abs(step.values) < _SAFE)):
        return Numbers(step.values, NOTHING, None)
    whole = np.trunc(np.nan_to_num(step.values))
    whole += np.where(np.abs(step.values - whole) >= 0.5, np.sign(step.values), 0)
    return Numbers(whole.astype(np.int64), LONG, step.valid)


def _between(a: Operand, b: Operand) -> Column | None:
    first, second = _instants(a), _instants(b)
    valid = both(first.valid, second.valid)
    if not (_is_near(first.values) and _is_near(second.values)):
        sure = np.abs(first.doubles()) + np.abs(second.doubles()) < _SAFE
        if not np.all(sure if valid is None else sure | ~valid):
            return None
    return Column(array_of(first.values - second.values, valid))


def _is_near(instants: np.ndarray) -> bool:
    """Whether the difference of two such instants lies within 64 bits in any case."""
    return not instants.size or bool(instants.min() > -_NEAR and instants.max() < _NEAR)
