"""Chooses the layout of an aggregate's states: a compiled one where a module of `kernels/functions` offers it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from gatherum.definitions import Definitions
from gatherum.functions.aggregate import Aggregate
from gatherum.functions.registry import aggregates
from gatherum.kernels.states.base import ObjectStates, States

if TYPE_CHECKING:
    from gatherum.kernels.states.counted import RowCounts


class CompiledStates(States):
    """The base of layouts that need kernels; `serves` names the aggregates that a layout is for.

    `rows` are the counts of the table's rows, for layouts that need them.
    """

    serves: tuple[str, ...] = ()

    def __init__(self, aggregate: Aggregate, rows: RowCounts | None = None) -> None:
        super().__init__(aggregate)


def _served(value: Any, module: str) -> Iterable[str]:
    return value.serves if isinstance(value, type) and issubclass(value, CompiledStates) else ()


_LAYOUTS: Definitions[str, type[CompiledStates]] = Definitions("gatherum.kernels.functions", _served)


def layouts() -> Mapping[str, type[CompiledStates]]:
    """The compiled layouts by the name of the aggregate."""
    return _LAYOUTS


def states_for(aggregate: Aggregate, compiled: bool, rows: RowCounts | None = None) -> States:
    """States of nothing for an aggregate, in a compiled layout where there is one and kernels may be called."""
    if not compiled:
        return ObjectStates(aggregate)
    layout = layouts().get(aggregate.name)
    if layout is not None and aggregates()[aggregate.name] is type(aggregate):
        return layout(aggregate, rows)
    from gatherum.kernels.states.records import states_by_overloads

    return states_by_overloads(aggregate)
