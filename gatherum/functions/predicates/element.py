"""Predicates on what a field is: $exists, $type."""

from __future__ import annotations

from bson import Decimal128, Int64

from gatherum.errors import PipelineError
from gatherum.functions.predicate import Test, predicate
from gatherum.functions.predicates.modulo import truncated
from gatherum.functions.registry import nearest
from gatherum.types.truth import truth
from gatherum.types.values import MISSING, NUMERIC, TYPE_NAMES, BsonType, Value, bson_type, type_name

_BY_NAME = {name: frozenset({kind}) for kind, name in TYPE_NAMES.items() if kind is not BsonType.MISSING}
_BY_NAME["number"] = NUMERIC
_BY_CODE = {int(kind): kind for kind in TYPE_NAMES if kind not in (BsonType.MISSING, BsonType.MIN_KEY)}
_BY_CODE[-1] = BsonType.MIN_KEY


@predicate("$exists", reach="whole", of_type=True, examples=[
    (1, True, True), (None, True, True), (MISSING, True, False), (MISSING, False, True), (1, 0, False)])
def exists(argument: Value) -> Test:
    """True where the field is there, null included; where the argument is false, 0 or null, where it is not."""
    wanted = truth(argument)
    return lambda value: (value is not MISSING) == wanted


@predicate("$type", of_type=True, examples=[
    (1, "int", True), (1.5, "number", True), ([1, "a"], 2, True), ([1], "array", True),
    (None, ["null", "string"], True), (MISSING, "null", False)])
def has_type(argument: Value) -> Test:
    """True where the value has one of the types that the argument names.

    A type is written as its name, its number, or `number` for all numeric types; an array lists several.
    """
    items = argument if isinstance(argument, list | tuple) else [argument]
    if not items:
        raise PipelineError("$type must match at least one type", 9)
    wanted = frozenset().union(*[_types(item) for item in items])
    return lambda value: bson_type(value) in wanted


def _types(item: Value) -> frozenset[BsonType]:
    if bson_type(item) is BsonType.STRING:
        if item not in _BY_NAME:
            raise PipelineError(f"$type: {item!r} is not the name of a type{nearest(item, _BY_NAME)}", 2)
        return _BY_NAME[item]
    if type(item) not in (int, Int64, float, Decimal128):
        raise PipelineError(f"$type: a type must be represented as a number or a string, not {type_name(item)}", 14)
    code = truncated(item)
    if code not in _BY_CODE or (type(item) is float and code != item) or (
            type(item) is Decimal128 and code != item.to_decimal()):
        hint = ": use {$exists: false} for fields that are not there" if code == 0 else ""
        raise PipelineError(f"$type: {item} is not the number of a type{hint}", 2)
    return frozenset({_BY_CODE[code]})
