"""Where variables live while expressions run: each variable of a query has a slot in a frame, a plain list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gatherum.errors import InternalError
from gatherum.functions.operator import Frame
from gatherum.types.values import MISSING, Value


@dataclass(slots=True)
class Scope:
    """Gives slots to variables at compile time; one scope serves all the expressions of one query."""

    globals: Mapping[str, Value] = field(default_factory=dict)
    _slots: dict[str, list[int]] = field(default_factory=dict)
    _initial: Frame = field(default_factory=list)

    def __post_init__(self) -> None:
        for name, value in self.globals.items():
            self.bind(name, value)

    def bind(self, name: str, value: Value = MISSING) -> int:
        """A new slot for `name`, which hides an outer variable of that name until `release`."""
        self._slots.setdefault(name, []).append(len(self._initial))
        self._initial.append(value)
        return len(self._initial) - 1

    def release(self, name: str) -> None:
        """Ends the innermost binding of `name`."""
        self._slots[name].pop()

    def slot(self, name: str) -> int:
        """The slot of the innermost binding of `name`."""
        if not self._slots.get(name):
            raise InternalError(f"variable {name} is not bound")
        return self._slots[name][-1]

    def frame(self) -> Frame:
        """A fresh frame with the query's variables in place: one for each thread, made when all is compiled."""
        return list(self._initial)
