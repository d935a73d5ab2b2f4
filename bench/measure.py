"""Measurements on a machine that others use too: what is compared runs in turn, and the best of several runs counts."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number. `bound` is the most it may be, or with `at_least` the least; None is for information."""

    name: str
    value: float
    unit: str
    bound: float | None = None
    at_least: bool = False
    note: str = ""

    @property
    def holds(self) -> bool:
        """Whether the figure keeps its bound."""
        if self.bound is None:
            return True
        return self.value >= self.bound if self.at_least else self.value <= self.bound

    def __str__(self) -> str:
        bound = "" if self.bound is None else f"{'at least' if self.at_least else 'at most'} {self.bound:g} {self.unit}"
        verdict = "" if self.bound is None else "ok" if self.holds else "MISSED"
        return f"{self.name:<58} {self.value:>10.3f} {self.unit:<5} {bound:<20} {verdict:<7} {self.note}".rstrip()


def seconds(work: Callable[[], Any]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def best(work: Callable[[], Any], runs: int = 5) -> float:
    """The shortest of several calls, after one that does not count."""
    work()
    return min(seconds(work) for _ in range(runs))


def best_in_turn(ours: Callable[[], Any], peers: Callable[[], Any], runs: int = 5) -> tuple[float, float]:
    """The shortest calls of two that run in turn, after one each that does not count."""
    ours()
    peers()
    pairs = [(seconds(ours), seconds(peers)) for _ in range(runs)]
    return min(pair[0] for pair in pairs), min(pair[1] for pair in pairs)


def process_seconds(arguments: list[str], runs: int = 7, environment: dict[str, str] | None = None) -> float:
    """The shortest run of a whole Python process."""
    def run() -> None:
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL, env=environment)
    return best(run, runs)


Benchmark = Callable[[], Iterator[Figure]]
