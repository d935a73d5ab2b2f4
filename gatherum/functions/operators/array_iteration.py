"""Expressions evaluated for each element of an array: $map, $filter, $reduce."""

from __future__ import annotations

from gatherum.errors import OperatorError
from gatherum.functions.operator import Body, Evaluator, Frame, special_form
from gatherum.functions.operators.int32 import int32
from gatherum.functions.signature import Argument, Codes, named
from gatherum.types.truth import truth
from gatherum.types.values import MISSING, Document, Value, is_nullish, type_name

AS = Argument("as", kind="name", default="this", required=False)


def _no_array(value: Value, name: str, code: int) -> None:
    """The null that stands for a null or missing array; an error for other types."""
    if not is_nullish(value):
        raise OperatorError(f"{name}: the input must be an array, not {type_name(value)}", code)


@special_form("$map", named("input", AS, Argument("in", kind="body", binds=("{as}",)),
                           codes=Codes(not_object=16878, unknown=16879, missing={"input": 16880, "in": 16882})),
              raises=True,
              examples=[({"$map": {"input": [1, -2], "as": "x", "in": {"$abs": "$$x"}}}, [1, 2]),
                        ({"$map": {"input": None, "in": "$$this"}}, None)])
def map_(input: Evaluator, body: Body) -> Evaluator:
    """The array of what `in` gives for each element of `input`, in order; a missing result is null.

    The element is the variable named by `as`, which is `this` where it is left out. A null or missing input gives
    null, other types than arrays an error.
    """
    (slot,), result = body.slots, body.evaluate

    def evaluate(document: Document, frame: Frame) -> Value:
        items = input(document, frame)
        if type(items) is not list:
            return _no_array(items, "$map", 16883)
        results = []
        for item in items:
            frame[slot] = item
            value = result(document, frame)
            results.append(None if value is MISSING else value)
        return results
    return evaluate


@special_form("$filter", named("input", AS, Argument("cond", kind="body", binds=("{as}",)), "limit?",
                              codes=Codes(not_object=28646, unknown=28647, missing={"input": 28648, "cond": 28650})),
              raises=True,
              examples=[({"$filter": {"input": [0, 1, None, 2], "cond": "$$this"}}, [1, 2]),
                        ({"$filter": {"input": [1, 2], "as": "x", "cond": "$$x", "limit": 1}}, [1]),
                        ({"$filter": {"input": None, "cond": True}}, None)])
def filter_(input: Evaluator, condition: Body, limit: Evaluator | None) -> Evaluator:
    """The elements of `input` for which `cond` is true, in order; with `limit`, at most so many, the first ones.

    The element is the variable named by `as`, which is `this` where it is left out. A null or missing input gives
    null, other types than arrays an error. `limit` must be a whole number of at least 1 within 32 bits; null and
    missing set no limit.
    """
    (slot,), test = condition.slots, condition.evaluate

    def evaluate(document: Document, frame: Frame) -> Value:
        items = input(document, frame)
        if type(items) is not list:
            return _no_array(items, "$filter", 28651)
        most = len(items) if limit is None or not items else _limit(limit(document, frame), len(items))
        kept = []
        for item in items:
            frame[slot] = item
            if truth(test(document, frame)):
                kept.append(item)
                if len(kept) == most:
                    break
        return kept
    return evaluate


def _limit(value: Value, size: int) -> int:
    if is_nullish(value):
        return size
    most = int32(value, "$filter: the limit", 327391, 327391)
    if most < 1:
        raise OperatorError(f"$filter: the limit must be positive, not {most}", 327392)
    return most


@special_form("$reduce", named("input", "initialValue", Argument("in", kind="body", binds=("value", "this")),
                              codes=Codes(not_object=40075, unknown=40076,
                                          missing={"input": 40077, "initialValue": 40078, "in": 40079})),
              raises=True,
              examples=[({"$reduce": {"input": ["a", "b"], "initialValue": "",
                                      "in": {"$concat": ["$$this", "$$value"]}}}, "ba"),
                        ({"$reduce": {"input": [], "initialValue": 7, "in": "$$this"}}, 7),
                        ({"$reduce": {"input": None, "initialValue": 7, "in": "$$this"}}, None)])
def reduce_(input: Evaluator, initial: Evaluator, body: Body) -> Evaluator:
    """Takes the elements of `input` one after the other into a value that starts as `initialValue`.

    `in` gives the next value from the variables `value`, the value so far, and `this`, the element. A null or missing
    input gives null, other types than arrays an error.
    """
    (value_slot, this_slot), step = body.slots, body.evaluate

    def evaluate(document: Document, frame: Frame) -> Value:
        items = input(document, frame)
        if type(items) is not list:
            return _no_array(items, "$reduce", 40080)
        value = initial(document, frame)
        for item in items:
            frame[value_slot] = value
            frame[this_slot] = item
            value = step(document, frame)
        return value
    return evaluate
