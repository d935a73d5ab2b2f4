"""What an aggregate function is: a state that can be made, updated, merged and finalized.

    class Longest(Aggregate):
        \"\"\"The length of the longest string.\"\"\"

        name = "$longest"

        class State(AggregateState):
            length: int = 0

        def update(self, state, value):
            if isinstance(value, str):
                state.length = max(state.length, len(value))

        def merge(self, state, other):
            state.length = max(state.length, other.length)

        def finalize(self, state):
            return state.length

That is all an aggregate needs to run everywhere. `merge` must be associative and commutative, with the state of
nothing as its identity. `update` and `merge` change `state` and leave `other` alone.

A state's annotations say how it is stored: `int` is a 64-bit integer, `float` a double, `bool` a boolean, `bytes`
bytes, `Wide` an integer of any size, `Value` any BSON value (MISSING too), and `list[Value]`, `list[Ranked]` a list
that may grow without bound; `gatherum` exports `Wide`, `Value` and `Ranked`. `list` fields make a state that is stored
in *chunks*: `split` cuts it into states whose merge is the whole. An annotated name that begins with `_` is a slot for
working storage, None in a new state: it is not stored, so `settle` must have moved what it holds into the fields.

*Typed overloads* make a state updatable by compiled loops. They are static methods, written in the subset of Python
that numba compiles, over a state whose fields are all int, float or bool: `update_int64(state, value)`,
`update_double(state, value)`, and, if `merge` is to be compiled too, `merge_states(state, other)`. They must agree
with `update` and `merge`.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any, ClassVar, Final, NamedTuple, Self

from gatherum.errors import FunctionError, PipelineError
from gatherum.types.values import Value

Wide = Annotated[int, "of any size"]
"""An integer of any size."""


class Ranked(NamedTuple):
    """A value with the ordinal of its row: the value of the lower ordinal comes first."""

    ordinal: int
    value: Value


class StateField(NamedTuple):
    """One field of a state: its name, its kind (`int`, `float`, `bool`, `bytes`, `wide`, `value`, `values`,
    `ranked`) and the value that it has in the state of nothing."""

    name: str
    kind: str
    initial: Any


_KINDS: dict[Any, str] = {int: "int", float: "float", bool: "bool", bytes: "bytes", Wide: "wide", Value: "value",
                          list[Value]: "values", list[Ranked]: "ranked"}
FIXED_WIDTH = frozenset({"int", "float", "bool"})
GROWING = frozenset({"values", "ranked"})


class _StateClass(type):
    """Turns annotated class attributes into slots, and keeps their defaults as the state of nothing."""

    def __new__(mcs, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> Any:
        scope = vars(sys.modules[body["__module__"]])
        known = {"Value": Value, "Wide": Wide, "Ranked": Ranked}
        annotations = body.get("__annotations__", {})
        hints = {field: eval(hint, scope, known) if isinstance(hint, str) else hint
                 for field, hint in annotations.items() if not field.startswith("_")}
        if bases:
            made = tuple(StateField(field, _kind(name, field, hint, body), body.pop(field))
                         for field, hint in hints.items())
            body["fields"] = made
            body["working"] = tuple(field for field in annotations if field.startswith("_"))
            body["__slots__"] = tuple(annotations)
            body.setdefault("__init__", _initializer(made, body["working"]))
        return super().__new__(mcs, name, bases, body)


class AggregateState(metaclass=_StateClass):
    """The base of states: annotated class attributes become slots, and their defaults the state of nothing."""

    __slots__ = ()
    fields: ClassVar[tuple[StateField, ...]] = ()
    working: ClassVar[tuple[str, ...]] = ()

    def settle(self) -> None:
        """Moves what working storage holds into the fields."""

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.values() == other.values()

    __hash__ = None  # pyright: ignore[reportAssignmentType]

    def __repr__(self) -> str:
        return f"{type(self).__qualname__}({', '.join(f'{f.name}={getattr(self, f.name)!r}' for f in self.fields)})"

    def values(self) -> tuple[Any, ...]:
        """The fields' values, in order: the state in its portable form."""
        self.settle()
        return tuple(getattr(self, field.name) for field in self.fields)

    @classmethod
    def of(cls, values: Sequence[Any]) -> Self:
        """The state with these fields' values; the inverse of `values`."""
        state = cls()
        for field, value in zip(cls.fields, values, strict=True):
            setattr(state, field.name, value)
        return state


def _initializer(fields: Iterable[StateField], working: Iterable[str]) -> Any:
    """The `__init__` that puts the state of nothing into the slots: written out, as states are made by the million."""
    scope = {f"initial_{field.name}": field.initial for field in fields}
    lines = [f"self.{field.name} = initial_{field.name}" + (".copy()" if field.kind in GROWING else "")
             for field in fields]
    lines += [f"self.{name} = None" for name in working]
    exec("\n    ".join(["def __init__(self):", *lines, "pass"]), scope)
    return scope["__init__"]


def _kind(cls: str, name: str, annotation: Any, body: dict[str, Any]) -> str:
    if name not in body:
        raise FunctionError(f"{cls}.{name} needs a default: its value in the state of nothing")
    try:
        return _KINDS[annotation]
    except (KeyError, TypeError):                           # what cannot be hashed is no type either
        raise FunctionError(f"{cls}.{name}: a state has no fields of type {annotation!r}; use one of int, float, bool, "
                            "bytes, gatherum.Wide, gatherum.Value, list[gatherum.Value], list[gatherum.Ranked]"
                            ) from None


_QUICKER: Final = {"update_many": frozenset({"update"}), "update_ordered": frozenset({"update"}),
                   "update_each": frozenset({"update"}),
                   "answers": frozenset({"State", "init", "update", "finalize"})}
"""The actions that are taken for many values at once, and what each stands for."""


class Aggregate(ABC):
    """One aggregate function, with its parameters; immutable. See this module's head for how to write one.

    Class attributes: `name` as a pipeline writes it; `version` of the state's form, stored beside every state;
    `ordered` where the answer depends on the order of rows (then `update` takes `(state, value, ordinal)`);
    `skips_nulls` where null and missing values leave the state as it is; `raises` is False where no value is an error;
    `accepts_nothing` where the pipeline writes `{$name: {}}` and there is no value (as $count); `internal` where only
    the optimizer makes calls of it, and no pipeline may; `examples` pairs a list of values with the answer;
    `approximate` states the bound where the answer is not exact.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    ordered: ClassVar[bool] = False
    skips_nulls: ClassVar[bool] = False
    raises: ClassVar[bool] = True
    accepts_nothing: ClassVar[bool] = False
    internal: ClassVar[bool] = False
    approximate: ClassVar[str] = ""
    examples: ClassVar[tuple[tuple[list[Value], Value], ...]] = ()
    State: ClassVar[type[AggregateState]]

    def __init_subclass__(cls) -> None:
        """Where an action is another than the one that a base knows a quicker way for, it is taken step by step."""
        super().__init_subclass__()
        for quicker, actions in _QUICKER.items():
            by = next(number for number, base in enumerate(cls.__mro__) if quicker in vars(base))
            if any(not actions.isdisjoint(vars(base)) for base in cls.__mro__[:by]):
                setattr(cls, quicker, getattr(Aggregate, quicker))

    def init(self) -> Any:
        """The state of nothing."""
        return self.State()

    @abstractmethod
    def update(self, state: Any, value: Value, ordinal: int = 0) -> None:
        """Takes one value into the state."""

    def update_many(self, state: Any, values: Sequence[Value]) -> None:
        """Takes many values of one group into the state, in the order of their rows; not for `ordered` functions.

        The same as an `update` for each; a function may do it faster.
        """
        update = self.update
        for value in values:
            update(state, value)

    def update_ordered(self, state: Any, values: Sequence[Value], ordinals: Sequence[int]) -> None:
        """Takes many values of one group into the state; their rows have these ordinals, which ascend.

        The same as an `update` for each; a function may do it faster.
        """
        update = self.update
        for value, ordinal in zip(values, ordinals, strict=True):
            update(state, value, ordinal)

    def update_each(self, states: Iterable[Any], values: Sequence[Value], ordinal: int = 0) -> None:
        """Takes each value into the state beside it; the first value has the ordinal given, and so on.

        The same as an `update` for each; a function may do it faster.
        """
        update = self.update
        if not self.ordered:
            for state, value in zip(states, values, strict=True):
                update(state, value)
            return
        for place, (state, value) in enumerate(zip(states, values, strict=True), ordinal):
            update(state, value, place)

    def answers(self, groups: Sequence[int], values: Sequence[Value], count: int) -> list[Value]:
        """The answers of `count` groups, numbered from 0, each of which has a value and all of its values here: each
        beside the group's number, in the order of their rows.

        The same as `init`, `update_each` and `finalize`; a function may do it faster.
        """
        states = [self.init() for _ in range(count)]
        self.update_each(map(states.__getitem__, groups), values)
        return list(map(self.finalize, states))

    @abstractmethod
    def merge(self, state: Any, other: Any) -> None:
        """Takes another state into this one."""

    @abstractmethod
    def finalize(self, state: Any) -> Value:
        """The answer; the state stays usable."""

    def split(self, state: Any, limit: int) -> Iterator[Any]:
        """States of at most `limit` list items each, whose merge in this order is `state`."""
        state.settle()
        growing = [field for field in state.fields if field.kind in GROWING]
        longest = max((len(getattr(state, field.name)) for field in growing), default=0)
        for start in range(0, max(longest, 1), limit):
            chunk = self.init()
            for field in state.fields:
                value = getattr(state, field.name)
                if field.kind in GROWING:
                    setattr(chunk, field.name, value[start:start + limit])
                elif start == 0:
                    setattr(chunk, field.name, value)
            yield chunk

    def parameters(self) -> dict[str, Value]:
        """The parameters as BSON values, for the plan's canonical form; `with_parameters` is the inverse."""
        return {}

    @classmethod
    def with_parameters(cls, parameters: dict[str, Value]) -> Self:
        """The function with these parameters; PipelineError where it takes none of that name."""
        if parameters:
            raise PipelineError(f"{cls.name} takes no parameter {next(iter(parameters))!r}")
        return cls()
