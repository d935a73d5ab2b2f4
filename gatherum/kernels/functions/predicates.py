"""Query predicates over typed columns: comparisons within one type, membership, type, remainder, size, patterns."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pyarrow as pa
from bson import Int64, Regex

from gatherum.functions.predicates.modulo import truncated
from gatherum.functions.registry import predicates
from gatherum.kernels.arrow import compute as pc
from gatherum.kernels.buffers import fixed_values
from gatherum.kernels.columns.column import Column
from gatherum.kernels.forms import Constant, PredicateForm, predicate_form
from gatherum.kernels.kinds import SAMPLES, is_list, is_strings, kind_of
from gatherum.kernels.lists import lists_of
from gatherum.kernels.numbers import EXACT
from gatherum.kernels.ordering import IN_ARROW, IN_NUMPY, equal, less, side_of
from gatherum.kernels.patterns import literal, translate
from gatherum.types.order import RANK, regex_options
from gatherum.types.values import NUMERIC, BsonType, Value, bson_type, millis

_NUMBERS: Final = (int, Int64, float)


def _same(column: Column, holds: bool) -> np.ndarray:
    return np.full(len(column), holds, np.bool_)


def _by_type_alone(name: str, column: Column, kind: BsonType, argument: Value) -> np.ndarray:
    """What holds for every value of a type, where no more than its type counts."""
    return _same(column, predicates()[name].prepare(argument)(SAMPLES[kind]))


def _comparison(name: str) -> PredicateForm:
    def apply(column: Column, argument: Value) -> np.ndarray | None:
        kind = kind_of(column)
        if kind is None:
            return None
        if RANK[kind] != RANK[bson_type(argument)]:
            return _by_type_alone(name, column, kind, argument)
        if kind in IN_NUMPY:
            return _compare_numbers(name, column, argument)
        return _compare_in_arrow(name, column, argument) if kind in IN_ARROW else None
    return predicate_form(name)(apply)


_HOLDS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "$eq": np.equal, "$gt": np.greater, "$gte": np.greater_equal, "$lt": np.less, "$lte": np.less_equal}


def _compare_numbers(name: str, column: Column, argument: Value) -> np.ndarray | None:
    values, holds = fixed_values(column.array), _HOLDS[name]
    if bson_type(argument) == BsonType.DATE:
        return holds(values, millis(argument))
    if type(argument) is bool:
        return holds(values, argument)
    if type(argument) not in _NUMBERS:
        return None
    if argument != argument:
        is_nan = np.isnan(values) if values.dtype == np.float64 else np.zeros(len(values), np.bool_)
        return is_nan if name.endswith("e") or name == "$eq" else _same(column, False)
    if values.dtype == np.float64:
        return holds(values, float(argument)) if abs(argument) <= EXACT or type(argument) is float else None
    return _compare_integers(name, values, argument)


def _compare_integers(name: str, values: np.ndarray, argument: Any) -> np.ndarray:
    """Integers against a number that may have a fraction, or lie outside of 64 bits."""
    if math.isinf(argument) or not -(2**63) <= argument < 2**63:
        return np.full(len(values), name in (("$lt", "$lte") if argument > 0 else ("$gt", "$gte")), np.bool_)
    whole = math.floor(argument)
    if whole == argument:
        return _HOLDS[name](values, whole)
    if name == "$eq":
        return np.zeros(len(values), np.bool_)
    return values > whole if name in ("$gt", "$gte") else values <= whole


def _compare_in_arrow(name: str, column: Column, argument: Value) -> np.ndarray | None:
    a, b, rows = side_of(column), side_of(Constant(argument)), len(column)
    if a is None or b is None:
        return None
    if name == "$eq":
        return equal(a, b, rows)
    found = less(a, b, rows) if name in ("$lt", "$gte") else less(b, a, rows)
    return found if found is None or name in ("$lt", "$gt") else ~found


equals = _comparison("$eq")
above = _comparison("$gt")
at_least = _comparison("$gte")
below = _comparison("$lt")
at_most = _comparison("$lte")


@predicate_form("$in")
def one_of(column: Column, argument: Value) -> np.ndarray | None:
    """Membership among the items of the column's own type."""
    kind = kind_of(column)
    if kind is None or kind not in SAMPLES:
        return None
    own = [item for item in argument if RANK[bson_type(item)] == RANK[kind]]
    if kind == BsonType.STRING and any(bson_type(item) == BsonType.REGEX for item in argument):
        return None
    if not own:
        return _same(column, False)
    if kind in IN_NUMPY:
        return _among_numbers(column, kind, own)
    if kind == BsonType.OBJECT_ID:
        storage = column.array.storage
        return fixed_values(pc.is_in(storage, pa.array([item.binary for item in own], storage.type)))
    if kind != BsonType.STRING:
        return None
    sides = [side_of(Constant(item)) for item in own]
    if None in sides:
        return None
    return fixed_values(pc.is_in(column.array, pa.array(own, column.array.type)))


def _among_numbers(column: Column, kind: BsonType, own: list[Any]) -> np.ndarray | None:
    values = fixed_values(column.array)
    if kind == BsonType.DATE:
        return np.isin(values, np.array([millis(item) for item in own]))
    if kind == BsonType.BOOL:
        return np.isin(values, own)
    if any(type(item) not in _NUMBERS for item in own):
        return None
    if values.dtype == np.float64:
        if any(abs(item) > EXACT and type(item) is not float for item in own):
            return None
        found = np.isin(values, np.array([float(item) for item in own]))
        return found | np.isnan(values) if any(item != item for item in own) else found
    whole = [int(item) for item in own if -(2**63) <= item < 2**63 and item == math.floor(item)]
    return np.isin(values, np.array(whole, np.int64))


@predicate_form("$exists")
def exists(column: Column, argument: Value) -> np.ndarray | None:
    """Valid values are there."""
    return _same(column, predicates()["$exists"].prepare(argument)(0))


@predicate_form("$type")
def has_type(column: Column, argument: Value) -> np.ndarray | None:
    """All valid values have one type."""
    kind = kind_of(column)
    return None if kind is None else _by_type_alone("$type", column, kind, argument)


@predicate_form("$mod")
def leaves(column: Column, argument: Value) -> np.ndarray | None:
    """Remainders of whole parts, with the sign of the dividend."""
    kind = kind_of(column)
    if kind not in NUMERIC:
        return None if kind is None else _same(column, False)
    if kind == BsonType.DECIMAL:
        return None
    divisor, remainder = truncated(argument[0]), truncated(argument[1])
    values = fixed_values(column.array)
    if divisor is None or remainder is None or not 0 < abs(divisor) < 1 << 62:
        return None
    whole, counts = values, True
    if values.dtype == np.float64:
        counts = (values >= -(2.0**63)) & (values < 2.0**63)
        whole = np.trunc(np.where(counts, values, 0)).astype(np.int64)
    return (np.fmod(whole.astype(np.int64), abs(divisor)) == remainder) & counts


@predicate_form("$size")
def has_size(column: Column, argument: Value) -> np.ndarray | None:
    """Lengths of lists."""
    if not is_list(column.array.type):
        return None if kind_of(column) is None else _same(column, False)
    return lists_of(column).lengths == truncated(argument)


@predicate_form("$regex")
def matches(column: Column, argument: Value) -> np.ndarray | None:
    """Patterns that Arrow finds exactly where the meaning does; nothing but strings has them."""
    kind = kind_of(column)
    if kind is None:
        return None
    if kind != BsonType.STRING:
        return _same(column, False)
    pattern, options = (argument, "") if type(argument) is str else _written(argument)
    text = literal(pattern.removeprefix("^")) if options in ("", "s") and is_strings(column.array.type) else None
    if text is not None:
        search = pc.starts_with if pattern.startswith("^") else pc.match_substring
        return fixed_values(search(column.array, text))
    found = translate(pattern, options) if is_strings(column.array.type) else None
    if found is None or ("i" in options and not _is_ascii(column.array)):
        return None
    try:
        return fixed_values(pc.match_substring_regex(column.array, found))
    except pa.ArrowInvalid:                                 # the pattern would take too much memory
        return None


def _is_ascii(strings: pa.Array) -> bool:
    """Only for ASCII does ignoring case mean the same to everybody."""
    return strings.nbytes == 0 or bool(pc.all(pc.string_is_ascii(strings), skip_nulls=True).as_py())


def _written(argument: Any) -> tuple[str, str]:
    regex = argument if isinstance(argument, Regex) else Regex.from_native(argument)
    return regex.pattern if isinstance(regex.pattern, str) else regex.pattern.decode(), regex_options(regex)
