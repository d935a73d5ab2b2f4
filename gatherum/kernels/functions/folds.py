"""$sum, $avg, $min and $max over the items of list columns, and over several arguments."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from gatherum.functions.aggregates.sum import Sum
from gatherum.kernels.assemble import assemble
from gatherum.kernels.buffers import array_of, column_of_words, valid_mask
from gatherum.kernels.columns.column import Column
from gatherum.kernels.forms import Constant, Form, Operand, form
from gatherum.kernels.kinds import is_list, kind_of
from gatherum.kernels.lists import Lists, counts, lists_of
from gatherum.kernels.numbers import BLOCK, EXACT, NOTHING, Numbers, numbers_of
from gatherum.kernels.ordering import IN_NUMPY, less, side_of
from gatherum.types.numbers import DOUBLE, LONG
from gatherum.types.values import INT32_MAX, INT32_MIN, NUMERIC, BsonType, bson_type, is_nullish

_LONG_LIST: Final = 64
_SUM: Final = Sum()
_SAFE: Final = float(1 << 62)


class Totals(NamedTuple):
    """The exact totals of integers and the rounded ones of all numbers, how many numbers each row has, and in which
    rows there are longs and doubles."""

    integers: np.ndarray
    doubles: np.ndarray
    numbers: np.ndarray
    longs: np.ndarray
    fractions: np.ndarray


def _totals(arguments: Sequence[Operand], rows: int) -> Totals | None:
    if len(arguments) == 1 and isinstance(arguments[0], Column) and is_list(arguments[0].array.type):
        return _of_lists(lists_of(arguments[0]))
    terms = [_term(argument, rows) for argument in arguments]
    if any(term is None for term in terms):
        return None
    return _of_terms([term for term in terms if term is not None and term.width != NOTHING], rows)


def _term(operand: Operand, rows: int) -> Numbers | None:
    """The numbers of an argument; of no width where it holds none, None where only the meaning can tell."""
    found = numbers_of(operand)
    if found is not None:
        return Numbers(np.broadcast_to(found.values, rows), found.width, found.valid)
    if isinstance(operand, Constant):
        return None if bson_type(operand.value) in NUMERIC | {BsonType.ARRAY} else Numbers(np.array(0), NOTHING, None)
    kind = kind_of(operand)
    return None if kind is None or kind in NUMERIC else Numbers(np.array(0), NOTHING, None)


def _of_terms(terms: Sequence[Numbers], rows: int) -> Totals | None:
    """Totals of one number of each term in each row."""
    integers, count = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
    longs, fractions, size = np.zeros(rows, np.bool_), np.zeros(rows, np.bool_), np.zeros(rows)
    for term in terms:
        there = np.ones(rows, np.bool_) if term.valid is None else term.valid
        count += there
        if term.width == DOUBLE:
            fractions |= there
            continue
        integers += np.where(there, term.values, 0)
        size += np.where(there, np.abs(term.doubles()), 0.0)
        if term.width == LONG:
            longs |= there
    if np.any(size >= (EXACT if fractions.any() else _SAFE)):
        return None
    doubles = [np.where(term.valid, term.values, 0.0) if term.valid is not None else term.values
               for term in terms if term.width == DOUBLE]
    total, unsure = _exact_sums([integers.astype(np.float64), *doubles], rows)
    for row in np.flatnonzero(unsure & fractions).tolist():
        total[row] = _sum_of([float(values[row]) for values in doubles], int(integers[row]))
    return Totals(integers, total, count, longs, fractions)


def _of_lists(lists: Lists) -> Totals | None:
    """Totals of the items of each row's array."""
    items, rows, lengths = numbers_of(lists.items), lists.rows, lists.lengths
    if items is None:
        return _of_terms([], rows) if kind_of(lists.items) not in NUMERIC | {None} else None
    there = np.ones(len(lists.items), np.bool_) if items.valid is None else items.valid
    count = np.zeros(rows, np.int64) if items.width == NOTHING else \
        lengths if items.valid is None else counts(there, lengths)
    none, some = np.zeros(rows, np.bool_), count > 0
    if items.width == DOUBLE:
        total = _sums_of_lists(items.values if items.valid is None else np.where(there, items.values, 0.0), lists)
        return Totals(np.zeros(rows, np.int64), total, count, none, some)
    values = items.values if items.valid is None else np.where(there, items.values, 0)
    if len(values) and max(float(values.max()), -float(values.min())) * len(values) > _SAFE:
        return None
    running = np.zeros(len(values) + 1, np.int64)
    np.cumsum(values, out=running[1:])
    ends = np.cumsum(lengths)
    sums = running[ends] - running[ends - lengths]
    return Totals(sums, sums.astype(np.float64), count, some if items.width == LONG else none, none)


def _sums_of_lists(values: np.ndarray, lists: Lists) -> np.ndarray:
    """The sums of each row's doubles; the rows are taken by falling length, so that those that have an item at a
    position are the first ones."""
    order = np.argsort(-np.minimum(lists.lengths, _LONG_LIST + 1).astype(np.int8), kind="stable")
    lengths, starts = lists.lengths[order], lists.starts[order]
    having = lists.rows - np.cumsum(np.bincount(lengths, minlength=1)[:_LONG_LIST])
    steps = [values[starts[:count] + position] for position, count in enumerate(having.tolist()) if count]
    total, unsure = _exact_sums(steps, lists.rows)
    for row in np.flatnonzero(unsure | (lengths > _LONG_LIST)).tolist():
        total[row] = _sum_of(values[starts[row]:starts[row] + lengths[row]].tolist(), 0)
    found = np.empty(lists.rows)
    found[order] = total
    return found


def _exact_sums(steps: Sequence[np.ndarray], rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Sums rounded once, and in which rows that is not sure: each step adds values to the first rows.

    What rounding takes from the sum is kept beside it; where rounding takes from that too, or the sum is not finite,
    the row is unsure.
    """
    total, rest, unsure = np.zeros(rows), np.zeros(rows), np.zeros(rows, np.bool_)
    for start in range(0, rows, BLOCK):
        for values in steps:
            part = values[start:start + BLOCK]
            if not len(part):
                break
            at = slice(start, start + len(part))
            total[at], error = _two_sum(total[at], part)
            rest[at], lost = _two_sum(rest[at], error)
            unsure[at] |= ~(lost == 0)
    return total + rest, unsure


def _two_sum(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A sum as a double, and what is missing from it, exactly."""
    total = a + b
    of_b = total - a
    return total, (a - (total - of_b)) + (b - of_b)


def _sum_of(values: list[float], integers: int) -> float:
    """The exact sum, rounded once, as the meaning gives it."""
    try:
        return math.fsum([*values, integers])
    except (OverflowError, ValueError):
        total = _SUM.init()
        for value in [*values, integers]:
            _SUM.update(total, value)
        return float(_SUM.finalize(total))


@form("$sum")
def sum_(arguments: Sequence[Operand], rows: int) -> Operand | None:
    """Exact sums: ints, longs or doubles as each row's numbers ask for."""
    found = _totals(arguments, rows)
    if found is None:
        return None
    integers = found.integers
    longs = found.longs | (integers > INT32_MAX) | (integers < INT32_MIN)
    types = np.where(found.fractions, np.uint8(BsonType.DOUBLE),
                     np.where(longs, np.uint8(BsonType.LONG), np.uint8(BsonType.INT)))
    words = np.where(found.fractions, found.doubles.view(np.uint64), integers.view(np.uint64))
    return column_of_words(types, words)


@form("$avg")
def average(arguments: Sequence[Operand], rows: int) -> Operand | None:
    """Exact sums divided by the counts; null where there is no number."""
    found = _totals(arguments, rows)
    if found is None:
        return None
    valid = found.numbers > 0
    return Column(array_of(found.doubles / found.numbers, None if valid.all() else valid))


def _extreme(name: str, of_items: np.ufunc, largest: bool) -> Form:
    def apply(arguments: Sequence[Operand], rows: int) -> Operand | None:
        if len(arguments) > 1:
            return _of_several(arguments, rows, largest)
        if not isinstance(arguments[0], Column) or arguments[0].is_variant:
            return None
        if is_list(arguments[0].array.type):
            return _of_items(lists_of(arguments[0]), of_items)
        return Column(arguments[0].array)
    return form(name)(apply)


def _of_items(lists: Lists, choose: np.ufunc) -> Operand | None:
    """The extreme items of each row's array; null where it has none."""
    kind, valid = kind_of(lists.items), valid_mask(lists.items.array)
    if kind in (BsonType.NULL, BsonType.MISSING):
        return Column(pa.nulls(lists.rows))
    if kind not in IN_NUMPY:
        return None
    if valid is not None:
        lists = lists_of(Column(lists.keep(valid).array))
    side = side_of(lists.items)
    assert side is not None
    values = side.values
    if kind == BsonType.DOUBLE and np.any(np.signbit(values) & (values == 0)):
        return None                                         # the first of the equal 0.0 and -0.0 is the answer
    some = lists.lengths > 0
    found = np.zeros(lists.rows, values.dtype)
    if len(values):
        found[some] = choose.reduceat(values, lists.starts[some])
    return Column(array_of(found, None if some.all() else some, lists.items.array.type))


def _of_several(arguments: Sequence[Operand], rows: int, largest: bool) -> Operand | None:
    """The first of the extreme arguments of each row that are there."""
    best: Operand = Constant(None)
    for argument in arguments:
        a, b = side_of(best), side_of(argument)
        if a is None or b is None:
            return None
        better = less(a, b, rows) if largest else less(b, a, rows)
        if better is None:
            return None
        there, none_yet = _there(argument, rows), ~_there(best, rows)
        use = there & (better | none_yet)
        best = assemble([(np.flatnonzero(use), _taken(argument, use)), (np.flatnonzero(~use), _taken(best, ~use))],
                        rows)
    return Column(best.array) if isinstance(best, Column) and not best.is_variant else best


def _there(operand: Operand, rows: int) -> np.ndarray:
    if isinstance(operand, Constant):
        return np.full(rows, not is_nullish(operand.value))
    if kind_of(operand) in (BsonType.NULL, BsonType.MISSING):
        return np.zeros(rows, np.bool_)
    valid = valid_mask(operand.array)
    return np.ones(rows, np.bool_) if valid is None else valid


def _taken(operand: Operand, mask: np.ndarray) -> Operand:
    return operand if isinstance(operand, Constant) or mask.all() else operand.take(np.flatnonzero(mask))


minimum = _extreme("$min", np.minimum, False)
maximum = _extreme("$max", np.fmax, True)
