"""Records: frozen, slotted dataclasses that are quick to define.

`dataclasses` compiles the source of six methods for every frozen class, about half a millisecond. With the hundred
classes behind a query that is a third of a process that lives for a tenth of a second. Of a record only `__init__` is
compiled, and that when the first instance is made; the other methods are the same functions for all.

    @record
    class Point:
        x: int
        y: int = 0

To everything else, `fields`, `replace`, `match`, pickle and type checkers among it, a record is a dataclass.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields
from operator import attrgetter
from reprlib import recursive_repr
from typing import Any, Final, TypeVar, dataclass_transform

T = TypeVar("T")
_UNSET: Final = object()


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(cls: type[T]) -> type[T]:
    """Makes a frozen, slotted dataclass of a class, as `dataclass(frozen=True, slots=True)` does.

    Methods that the class defines itself stay. Fields are all arguments of `__init__`, in their order.
    """
    own = set(vars(cls))
    made = dataclass(init=False, repr=False, eq=False, slots=True)(cls)
    parts: tuple[Field[Any], ...] = fields(made)  # pyright: ignore[reportArgumentType]
    for name, method in _methods(made, parts).items():
        if name not in own:
            setattr(made, name, method)
    return made


def _methods(cls: type, parts: tuple[Field[Any], ...]) -> dict[str, Callable[..., Any]]:
    stored = _values_of(parts)
    compared = _values_of([part for part in parts if part.compare])
    hashed = _values_of([part for part in parts if (part.compare if part.hash is None else part.hash)])

    def __init__(self: Any, *args: Any, **named: Any) -> None:  # noqa: N807
        cls.__init__ = _initializer(cls, parts)
        cls.__init__(self, *args, **named)

    def __eq__(self: Any, other: object) -> Any:  # noqa: N807
        return compared(self) == compared(other) if other.__class__ is self.__class__ else NotImplemented

    def __hash__(self: Any) -> int:  # noqa: N807
        return hash(hashed(self))

    @recursive_repr()
    def __repr__(self: Any) -> str:  # noqa: N807
        shown = (f"{part.name}={getattr(self, part.name)!r}" for part in parts if part.repr)
        return f"{type(self).__qualname__}({', '.join(shown)})"

    def __getstate__(self: Any) -> tuple[Any, ...]:  # noqa: N807
        return stored(self)

    def __setstate__(self: Any, state: tuple[Any, ...]) -> None:  # noqa: N807
        for part, value in zip(parts, state, strict=True):
            object.__setattr__(self, part.name, value)

    return {"__init__": __init__, "__eq__": __eq__, "__hash__": __hash__, "__repr__": __repr__,
            "__getstate__": __getstate__, "__setstate__": __setstate__, "__setattr__": _refuse, "__delattr__": _refuse}


def _refuse(self: Any, name: str, value: object = None) -> None:
    raise FrozenInstanceError(f"{type(self).__qualname__} is frozen: its field {name!r} cannot change")


def _values_of(parts: Sequence[Field[Any]]) -> Callable[[Any], tuple[Any, ...]]:
    names = [part.name for part in parts]
    if len(names) > 1:
        return attrgetter(*names)
    return lambda instance: tuple([getattr(instance, name) for name in names])


def _initializer(cls: type, parts: tuple[Field[Any], ...]) -> Callable[..., None]:
    """The `__init__` that takes the fields, written out: plans are made of thousands of instances."""
    scope: dict[str, Any] = {"put": object.__setattr__, "unset": _UNSET}
    arguments, lines = [], []
    for part in parts:
        name, value = part.name, part.name
        if part.default is not MISSING:
            scope[f"default_{name}"] = part.default
            arguments.append(f"{name}=default_{name}")
        elif part.default_factory is not MISSING:
            scope[f"make_{name}"] = part.default_factory
            arguments.append(f"{name}=unset")
            value = f"make_{name}() if {name} is unset else {name}"
        else:
            arguments.append(name)
        lines.append(f"put(self, {name!r}, {value})")
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    exec("\n    ".join([f"def __init__({', '.join(['self', *arguments])}):", *lines, "pass"]), scope)
    return scope["__init__"]
