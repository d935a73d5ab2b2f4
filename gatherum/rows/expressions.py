"""Expressions as closures: `compile_expression` turns a tree into one Python function, once per query."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from gatherum.errors import InternalError
from gatherum.functions.operator import Body, Evaluator, Frame, Operator
from gatherum.functions.registry import operators
from gatherum.plan.expressions import (
    ROOT,
    And,
    AnyElement,
    Call,
    Expression,
    Get,
    Lambda,
    Literal,
    MakeArray,
    MakeDocument,
    Matches,
    Not,
    Or,
    Path,
    Variable,
)
from gatherum.rows.matching import compile_any_element, compile_matches
from gatherum.rows.scope import Scope
from gatherum.types.truth import truth
from gatherum.types.values import MISSING, Document, Value


def compile_expression(expression: Expression, scope: Scope) -> Evaluator:
    """A function of (document, frame) that gives the expression's value, or MISSING."""
    match expression:
        case Literal(value):
            return lambda document, frame: value
        case Variable(name):
            return _variable(name, scope)
        case Get(Variable(name), (single,)) if name == ROOT:
            return lambda document, frame: document.get(single, MISSING)
        case Get(of, path):
            return _get(compile_expression(of, scope), path)
        case MakeDocument(items):
            return _make_document([(name, compile_expression(item, scope)) for name, item in items])
        case MakeArray(items):
            return _make_array([compile_expression(item, scope) for item in items])
        case Call(function, arguments):
            return _call(operators()[function], arguments, scope)
        case And() | Or() | Not() | Matches() | AnyElement():
            return compile_predicate(expression, scope)
        case _:
            raise InternalError(f"rows cannot evaluate {type(expression).__name__}")


def compile_predicate(expression: Expression, scope: Scope) -> Callable[[Document, Frame], bool]:
    """A function of (document, frame) that tells whether the expression is true: not false, 0, null or missing."""
    match expression:
        case And(parts):
            return _all([compile_predicate(part, scope) for part in parts])
        case Or(parts):
            return _any([compile_predicate(part, scope) for part in parts])
        case Not(part):
            test = compile_predicate(part, scope)
            return lambda document, frame: not test(document, frame)
        case Matches(of, path, predicate, argument):
            return compile_matches(_holder(of, scope), path, predicate, argument.value)
        case AnyElement(of, path, Lambda((parameter,), body)):
            slot = scope.bind(parameter)
            test = compile_predicate(body, scope)
            scope.release(parameter)
            return compile_any_element(_holder(of, scope), path, slot, test)
        case _:
            evaluate = compile_expression(expression, scope)
            return lambda document, frame: truth(evaluate(document, frame))


def _holder(of: Expression, scope: Scope) -> Evaluator | None:
    """What a predicate's path starts from; None for the document itself."""
    return None if of == Variable(ROOT) else compile_expression(of, scope)


def _all(tests: list[Callable[[Document, Frame], bool]]) -> Callable[[Document, Frame], bool]:
    if len(tests) == 2:
        first, second = tests
        return lambda document, frame: first(document, frame) and second(document, frame)

    def holds(document: Document, frame: Frame) -> bool:
        for test in tests:  # noqa: SIM110  (a generator would cost more than the tests)
            if not test(document, frame):
                return False
        return True
    return holds


def _any(tests: list[Callable[[Document, Frame], bool]]) -> Callable[[Document, Frame], bool]:
    if len(tests) == 2:
        first, second = tests
        return lambda document, frame: first(document, frame) or second(document, frame)

    def holds(document: Document, frame: Frame) -> bool:
        for test in tests:  # noqa: SIM110
            if test(document, frame):
                return True
        return False
    return holds


def _variable(name: str, scope: Scope) -> Evaluator:
    if name == ROOT:
        return lambda document, frame: document
    slot = scope.slot(name)
    return lambda document, frame: frame[slot]


def get_path(value: Value, path: Path, start: int = 0) -> Value:
    """The value at `path[start:]` below `value`; through an array, the array of what is found below its elements."""
    for index in range(start, len(path)):
        if type(value) is dict:
            value = value.get(path[index], MISSING)
        elif type(value) is list:
            found = [get_path(item, path, index) for item in value if type(item) is dict]
            return [item for item in found if item is not MISSING]
        else:
            return MISSING
    return value


def _get(of: Evaluator, path: Path) -> Evaluator:
    return lambda document, frame: get_path(of(document, frame), path)


def _make_document(items: list[tuple[str, Evaluator]]) -> Evaluator:
    def evaluate(document: Document, frame: Frame) -> Value:
        made = {}
        for name, item in items:
            value = item(document, frame)
            if value is not MISSING:
                made[name] = value
        return made
    return evaluate


def _make_array(items: list[Evaluator]) -> Evaluator:
    def evaluate(document: Document, frame: Frame) -> Value:
        values = [item(document, frame) for item in items]
        return [None if value is MISSING else value for value in values]
    return evaluate


def _call(operator: Operator, arguments: tuple[Expression | None, ...], scope: Scope) -> Evaluator:
    if not operator.strict:
        return operator.meaning(*[None if a is None else _argument(a, scope) for a in arguments])
    given = [None if a is None else compile_expression(a, scope) for a in arguments]
    while given and given[-1] is None:
        given.pop()
    defaults = list(inspect.signature(operator.meaning).parameters.values())
    evaluators = [_constant(defaults[i].default) if e is None else e for i, e in enumerate(given)]
    return _strict(operator.meaning, evaluators)


def _argument(argument: Expression, scope: Scope) -> Any:
    if not isinstance(argument, Lambda):
        return compile_expression(argument, scope)
    slots = tuple([scope.bind(parameter) for parameter in argument.parameters])
    evaluate = compile_expression(argument.body, scope)
    for parameter in argument.parameters:
        scope.release(parameter)
    return Body(slots, evaluate)


def _constant(value: Value) -> Evaluator:
    return lambda document, frame: value


def _strict(meaning: Callable[..., Value], arguments: list[Evaluator]) -> Evaluator:
    match arguments:
        case [a]:
            return lambda document, frame: meaning(a(document, frame))
        case [a, b]:
            return lambda document, frame: meaning(a(document, frame), b(document, frame))
        case [a, b, c]:
            return lambda document, frame: meaning(a(document, frame), b(document, frame), c(document, frame))
        case _:
            return lambda document, frame: meaning(*[a(document, frame) for a in arguments])
