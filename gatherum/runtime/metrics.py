"""What a query did: counted by its operators while it runs, shown by explain and kept with the result.

A number that was not measured is None, never 0.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(slots=True)
class OperatorMetrics:
    """What one operator did. Every thread counts in one of its own; `merge` puts them together.

    `engine` says which engine ran it and `why`; `seconds` are of all threads together, without the time of its
    `inputs`; `bytes_held` is the most that it held in memory at once, `bytes_spilled` all that it wrote to disk.
    """

    name: str
    engine: str = ""
    why: str = ""
    rows_in: int | None = None
    rows_out: int | None = None
    batches: int | None = None
    seconds: float | None = None
    bytes_held: int | None = None
    bytes_spilled: int | None = None
    details: dict[str, Any] = field(default_factory=dict)
    inputs: list[OperatorMetrics] = field(default_factory=list)

    def count(self, rows_in: int = 0, rows_out: int = 0, seconds: float = 0.0) -> None:
        """Counts one batch."""
        self.rows_in = (self.rows_in or 0) + rows_in
        self.rows_out = (self.rows_out or 0) + rows_out
        self.batches = (self.batches or 0) + 1
        self.seconds = (self.seconds or 0.0) + seconds

    def hold(self, size: int) -> None:
        """Notes that `size` bytes are held now."""
        if self.bytes_held is None or size > self.bytes_held:
            self.bytes_held = size

    def spill(self, size: int) -> None:
        """Counts bytes written to disk."""
        self.bytes_spilled = (self.bytes_spilled or 0) + size

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Counts the time spent within."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds = (self.seconds or 0.0) + time.perf_counter() - start

    def merge(self, other: OperatorMetrics) -> None:
        """Adds what another thread counted for the same operator; its inputs are merged one by one."""
        self.engine = _united(self.engine, other.engine, " and ")
        self.why = _united(self.why, other.why, "; ")
        for name in _NUMBERS:
            setattr(self, name, _sum(getattr(self, name), getattr(other, name)))
        for name, value in other.details.items():
            self.details[name] = _merged(self.details[name], value) if name in self.details else value
        for mine, others in zip(self.inputs, other.inputs, strict=False):
            mine.merge(others)
        self.inputs.extend(other.inputs[len(self.inputs):])

    def to_dict(self) -> dict[str, Any]:
        """Plain values, the inputs nested."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {**values, "details": dict(self.details), "inputs": [each.to_dict() for each in self.inputs]}


_NUMBERS = ("rows_in", "rows_out", "batches", "seconds", "bytes_held", "bytes_spilled")


@dataclass(slots=True)
class Coverage:
    """Which part of a source a result rests on.

    `parts` are files, row groups or shards, whatever `source` consists of; `rows_skipped` are records that could not
    be read; `as_of` says how old the data is, in seconds since 1970.
    """

    source: str
    parts: int | None = None
    parts_read: int | None = None
    rows_read: int | None = None
    rows_skipped: int | None = None
    as_of: float | None = None
    missing: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {**{each.name: getattr(self, each.name) for each in fields(self)}, "missing": list(self.missing)}


@dataclass(slots=True)
class QueryMetrics:
    """What a query did as a whole: `operators` are the last ones, whose inputs lead to the sources.

    `seconds` is the time that passed; `peak_memory` the most bytes that the process had grown by.
    """

    operators: list[OperatorMetrics] = field(default_factory=list)
    seconds: float | None = None
    peak_memory: int | None = None
    coverage: list[Coverage] = field(default_factory=list)

    def walk(self) -> Iterator[OperatorMetrics]:
        """Every operator, inputs before what reads them."""
        return _walk(self.operators)

    def note_memory(self, size: int | None) -> None:
        """Notes a measurement of the memory in use; None is no measurement."""
        if size is not None:
            self.peak_memory = max(self.peak_memory or 0, size)

    @property
    def bytes_spilled(self) -> int | None:
        """Bytes that all operators wrote to disk; None where none has counted."""
        counted = [each.bytes_spilled for each in self.walk() if each.bytes_spilled is not None]
        return sum(counted) if counted else None

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {"seconds": self.seconds, "peak_memory": self.peak_memory,
                "coverage": [each.to_dict() for each in self.coverage],
                "operators": [each.to_dict() for each in self.operators]}


def _walk(operators: Iterable[OperatorMetrics]) -> Iterator[OperatorMetrics]:
    for operator in operators:
        yield from _walk(operator.inputs)
        yield operator


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
