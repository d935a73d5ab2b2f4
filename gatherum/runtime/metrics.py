"""What operators did: counted while a query runs, shown by explain and kept with the result.

A number that was not measured is None, never 0.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from gatherum.plan.nodes import Filter, Node, Scan
from gatherum.plan.render import node_line

_NUMBERS: Final = ("rows_in", "rows_out", "batches", "seconds", "bytes_held", "bytes_spilled")


class _Clock(threading.local):
    """What nested measurements took within the one that runs on this thread."""

    below = 0.0


_clock = _Clock()


class _Timed:
    """What `OperatorMetrics.timed` gives."""

    __slots__ = ("metrics", "outer", "start")

    def __init__(self, metrics: OperatorMetrics) -> None:
        self.metrics = metrics

    def __enter__(self) -> None:
        self.outer, _clock.below = _clock.below, 0.0
        self.start = time.perf_counter()

    def __exit__(self, *error: object) -> None:
        passed = time.perf_counter() - self.start
        self.metrics.seconds = (self.metrics.seconds or 0.0) + passed - _clock.below
        _clock.below = self.outer + passed


@dataclass(slots=True)
class OperatorMetrics:
    """What one operator did. Every thread counts in one of its own; `merge` puts them together.

    `engine` says which engine ran it and `why`. `rows_in` are the rows that it took from its `inputs`, `rows_out` those
    that it handed over; an operator without inputs took in what it read. `rows_estimated` are the rows that the
    statistics of the sources promised. `batches` are those taken in, or read. `seconds` are of all threads together,
    without the time of other operators. `bytes_held` is the most that it held in memory at once, `bytes_spilled` all
    that it wrote to disk. `subplans` are the plans that it ran beside its inputs, by their names.
    """

    name: str
    engine: str = ""
    why: str = ""
    rows_in: int | None = None
    rows_out: int | None = None
    rows_estimated: float | None = None
    batches: int | None = None
    seconds: float | None = None
    bytes_held: int | None = None
    bytes_spilled: int | None = None
    details: dict[str, Any] = field(default_factory=dict)
    inputs: list[OperatorMetrics] = field(default_factory=list)
    subplans: dict[str, OperatorMetrics] = field(default_factory=dict)
    node: Node | None = None

    @classmethod
    def of(cls, node: Node, engine: str = "") -> OperatorMetrics:
        """The metrics of the operator that carries out a node."""
        return cls(type(node).__name__, engine, node=node)

    def begin(self) -> None:
        """Notes that it runs: from now on, that no row came is known."""
        self.rows_in, self.rows_out, self.batches = self.rows_in or 0, self.rows_out or 0, self.batches or 0

    def take(self, rows: int) -> None:
        """Counts a batch taken in, or read."""
        self.rows_in = (self.rows_in or 0) + rows
        self.batches = (self.batches or 0) + 1

    def give(self, rows: int) -> None:
        """Counts rows handed over."""
        self.rows_out = (self.rows_out or 0) + rows

    def hold(self, size: int) -> None:
        """Notes that `size` bytes are held now; of what is held, something may be spilled."""
        self.bytes_spilled = self.bytes_spilled or 0
        if self.bytes_held is None or size > self.bytes_held:
            self.bytes_held = size

    def spill(self, size: int) -> None:
        """Counts bytes written to disk."""
        self.bytes_spilled = (self.bytes_spilled or 0) + size

    def timed(self) -> _Timed:
        """Counts the time spent within, but for what is timed for other operators within it on the same thread."""
        return _Timed(self)

    def merge(self, other: OperatorMetrics) -> None:
        """Adds what another thread, or another run, counted for the same operators."""
        pairs: list[tuple[OperatorMetrics, OperatorMetrics]] = [(self, other)]
        while pairs:
            mine, others = pairs.pop()
            mine._add(others)
            pairs += zip(mine.inputs, others.inputs, strict=False)
            mine.inputs.extend(others.inputs[len(mine.inputs):])
            pairs += [(mine.subplans[name], others.subplans[name]) for name in mine.subplans if name in others.subplans]
            mine.subplans = {**others.subplans, **mine.subplans}

    def _add(self, other: OperatorMetrics) -> None:
        if self.engine != other.engine:
            self.engine = _united(self.engine, other.engine, " and ")
        if self.why != other.why:
            self.why = _united(self.why, other.why, "; ")
        for name in _NUMBERS:
            setattr(self, name, _sum(getattr(self, name), getattr(other, name)))
        for name, value in other.details.items():
            self.details[name] = _merged(self.details[name], value) if name in self.details else value

    def walk(self) -> Iterator[OperatorMetrics]:
        """This operator and all that it rests on, each before what it reads."""
        left: list[OperatorMetrics] = [self]
        while left:
            operator = left.pop()
            yield operator
            left += reversed([*operator.inputs, *operator.subplans.values()])

    def estimate(self, rows: Mapping[int, float]) -> None:
        """Notes the rows estimated, by the identity of the nodes."""
        for operator in self.walk():
            if operator.node is not None:
                operator.rows_estimated = rows.get(id(operator.node))

    def to_list(self) -> list[dict[str, Any]]:
        """All operators as plain values, the last one first; `inputs` and `subplans` are places in the list."""
        operators = list(self.walk())
        places = {id(operator): place for place, operator in enumerate(operators)}
        return [{**operator._values(), "inputs": [places[id(each)] for each in operator.inputs],
                 "subplans": {name: places[id(each)] for name, each in operator.subplans.items()}}
                for operator in operators]

    def _values(self) -> dict[str, Any]:
        expected = _ratio(self.rows_estimated, _united_rows(self.inputs))
        if expected is not None and isinstance(self.node, Filter):
            expected = min(expected, 1.0)
        return {"name": self.name, "operator": self.name if self.node is None else node_line(self.node),
                "engine": self.engine, "why": self.why, "rows_in": self.rows_in, "rows_out": self.rows_out,
                "rows_estimated": self.rows_estimated,
                "selectivity": _ratio(self.rows_out, self.rows_in) if self.inputs else None,
                "selectivity_estimated": expected,
                "batches": self.batches, "seconds": self.seconds, "bytes_held": self.bytes_held,
                "bytes_spilled": self.bytes_spilled, "details": dict(self.details)}


def _united_rows(operators: list[OperatorMetrics]) -> float | None:
    """The rows expected of some operators: of a scan that has left rows out, those that it read."""
    known = [each.rows_out if isinstance(each.node, Scan) and each.node.filter is not None and each.rows_out
             else each.rows_estimated for each in operators]
    return sum(rows for rows in known if rows is not None) if None not in known else None


def _ratio(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole else part / whole


def _sum(mine: Any, others: Any) -> Any:
    return others if mine is None else mine if others is None else mine + others


def _united(mine: str, others: str, separator: str) -> str:
    parts = dict.fromkeys(part for text in (mine, others) for part in text.split(separator) if part)
    return separator.join(sorted(parts))


def _merged(mine: Any, others: Any) -> Any:
    """Numbers are added, dicts merged by key; of other values both stay, once each."""
    if isinstance(mine, dict) and isinstance(others, dict):
        return {**mine, **{name: _merged(mine[name], value) if name in mine else value
                           for name, value in others.items()}}
    if _is_number(mine) and _is_number(others):
        return mine + others
    both = [*(mine if isinstance(mine, list) else [mine]), *(others if isinstance(others, list) else [others])]
    unique = [value for number, value in enumerate(both) if value not in both[:number]]
    return unique if len(unique) > 1 or isinstance(mine, list) else unique[0]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
