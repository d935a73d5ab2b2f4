"""Iterators and generators of documents: any number of queries may look ahead in one, and one may read it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice
from types import GeneratorType
from typing import Any

from gatherum.errors import GatherumError, SourceError
from gatherum.plan.protocols import Coverage, OnBad
from gatherum.sources.memory import MemorySource, read_already


class Once:
    """An iterator that somebody has given, and what has been read of it ahead."""

    def __init__(self, given: Iterator[Any], name: str) -> None:
        self._given = _reported(given, name)
        self._name = name
        self._kind = type(given).__name__
        self._ahead: deque[Any] = deque()
        self._failure: GatherumError | None = None
        self._taken = False

    def has_more_than(self, rows: int) -> bool:
        """Whether there are more documents than so many, as far as they can be read."""
        try:
            self._ahead.extend(islice(self._given, max(0, rows + 1 - len(self._ahead))))
        except GatherumError as error:
            self._failure = error
        return len(self._ahead) > rows

    def rows(self) -> Iterator[Any]:
        """The documents; SourceError where another query has begun to read them, or the caller has read a generator to
        its end."""
        if self._taken:
            raise read_already(self._name, self._kind)
        self._taken = True
        while self._ahead:
            yield self._ahead.popleft()
        if self._failure is not None:
            raise self._failure
        yield from self._given


def _reported(given: Iterator[Any], name: str) -> Iterator[Any]:
    """The same documents; an error in the caller's own code says where it comes from."""
    if isinstance(given, GeneratorType) and given.gi_frame is None:
        raise read_already(name, "generator")
    position = 0
    try:
        for row in given:
            yield row
            position += 1
    except GatherumError:
        raise
    except Exception as error:
        raise SourceError(f"{name}[{position}]: the {type(given).__name__} that gives the documents raised "
                          f"{type(error).__name__}: {error}") from error


class OnceSource(MemorySource):
    """An iterator as the source of one query."""

    def __init__(self, once: Once, name: str, *, on_bad: OnBad = "error", coverage: Coverage | None = None) -> None:
        super().__init__(once.rows(), name, on_bad=on_bad, coverage=coverage)
        self._shared = once

    def has_more_than(self, rows: int) -> bool:
        """As `Once.has_more_than`."""
        return self._shared.has_more_than(rows)
