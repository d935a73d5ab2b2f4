"""Finds the functions: a module below `aggregates/`, `operators/` or `predicates/` is read once, on first use.

A function of the user's own is added by `register`, and is from then on like a built-in one.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import pkgutil
from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from gatherum.functions.aggregate import Aggregate
from gatherum.functions.operator import Operator
from gatherum.functions.predicate import Predicate

_own_aggregates: dict[str, type[Aggregate]] = {}
_own_operators: dict[str, Operator] = {}


def members(package: str) -> Iterable[Any]:
    """Everything that the modules of a package define, module by module in the order of their names."""
    found = importlib.import_module(package)
    for info in sorted(pkgutil.iter_modules(found.__path__), key=lambda info: info.name):
        module = importlib.import_module(f"{package}.{info.name}")
        for value in vars(module).values():
            yield module.__name__, value


@cache
def _built_in_aggregates() -> dict[str, type[Aggregate]]:
    return {value.name: value for module, value in members("gatherum.functions.aggregates")
            if inspect.isclass(value) and issubclass(value, Aggregate) and value.__module__ == module
            and hasattr(value, "name")}


@cache
def _built_in_operators() -> dict[str, Operator]:
    found = {}
    for _, value in members("gatherum.functions.operators"):
        if isinstance(value, Operator):
            found.update(dict.fromkeys((value.name, *value.aliases), value))
    return found


@cache
def predicates() -> Mapping[str, Predicate]:
    """Query predicates by name."""
    return MappingProxyType({value.name: value for _, value in members("gatherum.functions.predicates")
                             if isinstance(value, Predicate)})


def aggregates() -> Mapping[str, type[Aggregate]]:
    """Aggregate functions by name, the user's own included."""
    return {**_built_in_aggregates(), **_own_aggregates}


def operators() -> Mapping[str, Operator]:
    """Expression operators by name, the user's own included."""
    return {**_built_in_operators(), **_own_operators} if _own_operators else _built_in_operators()


def register(function: type[Aggregate] | Operator) -> Any:
    """Adds a function of the user's own; ValueError where the name is taken by a built-in one. Usable as a decorator.

    Registering a name again replaces the earlier function of the user's own.
    """
    taken = _built_in_operators() if isinstance(function, Operator) else _built_in_aggregates()
    if function.name in taken:
        raise ValueError(f"{function.name} is a built-in function: choose another name")
    if not function.name.startswith("$"):
        raise ValueError(f"the name {function.name!r} must begin with $")
    if isinstance(function, Operator):
        _own_operators[function.name] = function
    else:
        _own_aggregates[function.name] = function
    return function


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint such as `; did you mean $group?`, or nothing where no known name is near."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"; did you mean {found[0]}?" if found else ""
