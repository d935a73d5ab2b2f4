"""Functions of the user's own: whether they are fit to be called, and errors that name them when they fail."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from types import CodeType, TracebackType
from typing import Any

from gatherum.errors import FunctionError, GatherumError
from gatherum.functions.aggregate import Aggregate, AggregateState
from gatherum.functions.operator import Operator
from gatherum.functions.signature import Signature
from gatherum.types.given import bson_value
from gatherum.types.values import MISSING, Value

Own = type[Aggregate] | Operator


def check_function(function: Any) -> None:
    """FunctionError where something is neither a whole aggregate nor a whole operator."""
    if isinstance(function, Aggregate):
        raise FunctionError(f"register takes the class {type(function).__name__} itself, not an instance of it")
    if isinstance(function, Operator):
        if not isinstance(function.signature, Signature) or not callable(function.meaning):
            raise FunctionError(f"the operator {function.name!r} needs a Signature and a function, not "
                                f"{function.signature!r} and {function.meaning!r}")
    elif inspect.isclass(function) and issubclass(function, Aggregate):
        _check_aggregate(function)
    else:
        raise FunctionError(f"register takes a subclass of gatherum.Aggregate, or an operator, not {function!r}")
    name = getattr(function, "name", None)
    if not isinstance(name, str) or not name.startswith("$") or name == "$":
        told = "has no name" if name is None else f"has the name {name!r}"
        raise FunctionError(f"{_called(function)} {told}: give it a string that begins with $, as pipelines write it")


def _check_aggregate(function: type[Aggregate]) -> None:
    called = _called(function)
    lacking = sorted(getattr(function, "__abstractmethods__", ()))
    if lacking:
        raise FunctionError(f"{called} lacks {' and '.join(lacking)}: an aggregate has update, merge and finalize")
    state = getattr(function, "State", None)
    if function.init is Aggregate.init and not (inspect.isclass(state) and issubclass(state, AggregateState)):
        raise FunctionError(f"{called} lacks State: a class in it that inherits from gatherum.AggregateState")
    takes = {"update": ["state", "value", *(["ordinal"] if function.ordered else [])], "merge": ["state", "other"],
             "finalize": ["state"]}
    for method, arguments in takes.items():
        try:
            inspect.signature(getattr(function, method)).bind("self", *arguments)
        except TypeError:
            raise FunctionError(f"{called}: {method} takes (self, {', '.join(arguments)})") from None


def _called(function: Any) -> str:
    return f"the class {function.__name__}" if inspect.isclass(function) else "the operator"


@contextmanager
def blaming(functions: Iterable[Own]) -> Iterator[None]:
    """Makes an exception that comes out of one of some functions a FunctionError that names it."""
    try:
        yield
    except (GatherumError, OSError, MemoryError):
        raise
    except Exception as error:
        found = _origin(error, functions)
        if found is None:
            raise
        raise FunctionError(f"{found}, a function of your own, failed with {type(error).__name__}: {error}") from error


def with_values(function: Operator) -> Operator:
    """The operator, whose results are brought to the classes that the engine works with."""
    if not function.strict:
        return function
    return replace(function, meaning=_giving_values(function.name, function.meaning))


def answering_values(function: Aggregate) -> Aggregate:
    """The aggregate, whose answers are brought to the classes that the engine works with; nothing is null."""
    answer = _giving_values(function.name, function.finalize)

    def finalize(state: Any) -> Value:
        found = answer(state)
        return None if found is MISSING else found

    vars(function)["finalize"] = finalize
    return function


def _giving_values(name: str, compute: Callable[..., Any]) -> Callable[..., Value]:
    @wraps(compute)
    def checked(*arguments: Any, **named: Any) -> Value:
        result = compute(*arguments, **named)
        try:
            return bson_value(result)
        except (TypeError, ValueError) as error:
            raise FunctionError(f"{name}, a function of your own, gives {result!r}: {error}") from None
    return checked


def _origin(error: BaseException, functions: Iterable[Own]) -> str | None:
    """The function in whose code an exception came up, with the place there; None where it was none of them."""
    codes = {code: function.name for function in functions for code in _codes(function)}
    found: str | None = None
    at: TracebackType | None = error.__traceback__
    while at is not None:
        code = at.tb_frame.f_code
        if code in codes:
            found = f"{codes[code]} ({code.co_name} at {code.co_filename}:{at.tb_lineno})"
        at = at.tb_next
    return found


def _codes(function: Own) -> Iterator[CodeType]:
    """The code of an operator's function, or of an aggregate's methods; not of those it inherits from gatherum."""
    if isinstance(function, Operator):
        methods: list[Any] = [function.meaning]
    else:
        own = [cls for cls in function.__mro__ if cls.__module__.partition(".")[0] != "gatherum"]
        methods = [method for cls in own for method in vars(cls).values()]
    for method in methods:
        plain = inspect.unwrap(method) if callable(method) else method
        code = getattr(getattr(plain, "__func__", plain), "__code__", None)
        if code is not None:
            yield code
