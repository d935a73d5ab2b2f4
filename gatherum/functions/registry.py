"""The functions by name: those that the modules below `aggregates/`, `operators/` and `predicates/` define.

A function of the user's own is added by `register`, and is from then on like a built-in one.
"""

from __future__ import annotations

import inspect
from collections import ChainMap
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Final

from gatherum.definitions import Definitions
from gatherum.errors import FunctionError
from gatherum.functions.aggregate import Aggregate
from gatherum.functions.operator import Operator
from gatherum.functions.own import answering_values, blaming, check_function, with_values
from gatherum.functions.predicate import Predicate
from gatherum.types.values import Value


def _aggregate_names(value: Any, module: str) -> Iterable[str]:
    if inspect.isclass(value) and issubclass(value, Aggregate) and value.__module__ == module and \
            hasattr(value, "name"):
        yield value.name


def _operator_names(value: Any, module: str) -> Iterable[str]:
    return (value.name, *value.aliases) if isinstance(value, Operator) else ()


def _predicate_names(value: Any, module: str) -> Iterable[str]:
    return (value.name,) if isinstance(value, Predicate) else ()


BEGINNING: Final = 4
"""So many letters of a name tell what was meant."""

_BUILT_IN_AGGREGATES: Definitions[str, type[Aggregate]] = Definitions("gatherum.functions.aggregates", _aggregate_names)
_BUILT_IN_OPERATORS: Definitions[str, Operator] = Definitions("gatherum.functions.operators", _operator_names)
_PREDICATES: Definitions[str, Predicate] = Definitions("gatherum.functions.predicates", _predicate_names)
_own_aggregates: dict[str, type[Aggregate]] = {}
_own_operators: dict[str, Operator] = {}
_AGGREGATES = ChainMap(_own_aggregates, _BUILT_IN_AGGREGATES)  # pyright: ignore[reportArgumentType]
_OPERATORS = ChainMap(_own_operators, _BUILT_IN_OPERATORS)  # pyright: ignore[reportArgumentType]


def predicates() -> Mapping[str, Predicate]:
    """Query predicates by name."""
    return _PREDICATES


def aggregates() -> Mapping[str, type[Aggregate]]:
    """Aggregate functions by name, the user's own included."""
    return _AGGREGATES


def operators() -> Mapping[str, Operator]:
    """Expression operators by name, the user's own included."""
    return _OPERATORS


def build_aggregate(name: str, parameters: dict[str, Value]) -> Aggregate:
    """The aggregate of that name with these parameters; PipelineError where it takes none of a name."""
    built = aggregates()[name].with_parameters(parameters)
    return answering_values(built) if name in _own_aggregates else built


def register(function: type[Aggregate] | Operator) -> Any:
    """Adds a function of the user's own; FunctionError where it is none, or its name is taken by a built-in one.

    Usable as a decorator. Registering a name again replaces the earlier function of the user's own, as when a cell of
    a notebook is run again.

    >>> @register
    ... class Longest(Aggregate):
    ...     name = "$longest"
    ...     class State(AggregateState):
    ...         length: int = 0
    ...     def update(self, state, value):
    ...         if isinstance(value, str):
    ...             state.length = max(state.length, len(value))
    ...     def merge(self, state, other):
    ...         state.length = max(state.length, other.length)
    ...     def finalize(self, state):
    ...         return state.length
    >>> aggregates()["$longest"].__name__
    'Longest'
    """
    check_function(function)
    taken = _BUILT_IN_OPERATORS if isinstance(function, Operator) else _BUILT_IN_AGGREGATES
    if function.name in taken:
        raise FunctionError(f"{function.name} is a built-in function: choose another name")
    if isinstance(function, Operator):
        _own_operators[function.name] = with_values(function)
    else:
        _own_aggregates[function.name] = function
    return function


def blaming_own_functions() -> AbstractContextManager[None]:
    """Makes an exception that comes out of a function of the user's own a FunctionError that names it."""
    return blaming([*_own_aggregates.values(), *_own_operators.values()])


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint such as `; did you mean $group?`, or nothing where no known name is a slip or two away or begins so; small
    and capital letters are alike.
    """
    wanted, letters = name.casefold(), len(name.lstrip("$"))
    distances = _distances(name, known)
    distance, found = min(distances, default=(len(name) + 2, ""))
    if distance <= max(1, letters // 4):
        return f"; did you mean {found}?"
    begun = [each for _, each in distances if each.casefold().startswith(wanted)] if letters >= BEGINNING else []
    return f"; did you mean {min(begun, key=len)}?" if begun else ""


def nearest_of_all(name: str, known: Iterable[str]) -> str:
    """As `nearest`, but some name however far it is."""
    names = [*known]
    return nearest(name, names) or (f"; the nearest known name is {min(_distances(name, names))[1]}" if names else "")


def nearest_of_few(name: str, known: Iterable[str]) -> str:
    """As `nearest`, but all names where none is near."""
    names = [*known]
    return nearest(name, names) or (f"; known: {', '.join(names)}" if names else "")


def _distances(name: str, known: Iterable[str]) -> list[tuple[int, str]]:
    return [(_slips(name.casefold(), each.casefold()), each) for each in known]


def _slips(wrong: str, right: str) -> int:
    """The fewest letters to add, leave out, change or swap with the next one that make one word of the other."""
    before, row = [0] * (len(right) + 1), list(range(len(right) + 1))
    for i, letter in enumerate(wrong, 1):
        last, before, row = before, row, [i]
        for j, other in enumerate(right, 1):
            fewest = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == right[j - 2] and wrong[i - 2] == other:
                fewest = min(fewest, last[j - 2] + 1)
            row.append(fewest)
    return row[-1]
