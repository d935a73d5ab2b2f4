"""Operators that evaluate only some of their arguments, or under names: $cond, $ifNull, $switch and $let."""

from __future__ import annotations

from typing import Any

from gatherum.errors import OperatorError
from gatherum.functions.operator import Body, Evaluator, Frame, special_form
from gatherum.functions.signature import Argument, either, named, positional, variadic
from gatherum.types.truth import truth
from gatherum.types.values import Document, Value, is_nullish


@special_form("$cond", either(positional("if", "then", "else"), named("if", "then", "else")),
              examples=[({"$cond": [True, 1, 2]}, 1), ({"$cond": {"if": "$a", "then": 1, "else": 2}}, 2)])
def condition(test: Evaluator, then: Evaluator, otherwise: Evaluator) -> Evaluator:
    """The value of `then` where `if` is true, that of `else` where it is false, zero, null or missing; the other one is
    not evaluated.
    """
    def evaluate(document: Document, frame: Frame) -> Value:
        found = test(document, frame)
        if found is True or (found is not False and truth(found)):
            return then(document, frame)
        return otherwise(document, frame)
    return evaluate


@special_form("$ifNull", variadic(2, code=1257300),
              examples=[({"$ifNull": [None, "$a", 3]}, 3), ({"$ifNull": [0, 1]}, 0)])
def if_null(*alternatives: Evaluator) -> Evaluator:
    """The first of the values that is neither null nor missing, or the last one whatever it is; later ones are not
    evaluated.
    """
    *candidates, default = alternatives

    def evaluate(document: Document, frame: Frame) -> Value:
        for candidate in candidates:
            value = candidate(document, frame)
            if not is_nullish(value):
                return value
        return default(document, frame)
    return evaluate


@special_form("$switch", named("branches", "default?"), raises=True,
              examples=[({"$switch": {"branches": [{"case": "$a", "then": 1}], "default": 2}}, 2)])
def switch(*arguments: Evaluator | None) -> Evaluator:
    """The value of `then` in the first of the branches whose `case` is true, else `default`; nothing else is evaluated.

    An error where no case is true and there is no default. A plan holds the cases and their values in turn, and last
    the default.
    """
    *parts, default = arguments
    branches: list[Any] = list(zip(parts[::2], parts[1::2], strict=True))

    def evaluate(document: Document, frame: Frame) -> Value:
        for case, then in branches:
            if truth(case(document, frame)):
                return then(document, frame)
        if default is None:
            raise OperatorError("$switch: no case is true, and there is no default: give one", 40066)
        return default(document, frame)
    return evaluate


@special_form("$let", named("vars", Argument("in", kind="body")),
              examples=[({"$let": {"vars": {"x": 2}, "in": {"$add": ["$$x", "$$x"]}}}, 4)])
def let(*arguments: Evaluator | Body) -> Evaluator:
    """The value of `in`, in which the names in `vars` stand for values; these are evaluated first, without knowing of
    each other.
    """
    *values, body = arguments
    assert isinstance(body, Body)
    bindings: list[Any] = list(zip(body.slots, values, strict=True))
    within = body.evaluate

    def evaluate(document: Document, frame: Frame) -> Value:
        for slot, value in bindings:
            frame[slot] = value(document, frame)
        return within(document, frame)
    return evaluate
