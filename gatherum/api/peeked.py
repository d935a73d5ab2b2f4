"""A source of unknown size, into which one may look before it is read."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, Protocol, runtime_checkable

from gatherum.plan.protocols import Request, Source, Statistics
from gatherum.types.values import Document


@runtime_checkable
class Peekable(Source, Protocol):
    """A source that can say how large it is at least."""

    def has_more_than(self, rows: int) -> bool:
        """Whether there are more rows than so many."""
        ...


class Peeked:
    """A source whose first rows may have been read ahead."""

    columnar = False
    size_bytes = None
    rows = None

    def __init__(self, source: Source) -> None:
        self.name = source.name
        self.accepts: frozenset[str] = frozenset()
        self._source = source
        self._rest = self._batches()
        self._read: list[list[Document]] = []

    def has_more_than(self, rows: int) -> bool:
        """Whether there are more rows than so many; those read ahead are kept."""
        known = sum(map(len, self._read))
        while known <= rows:
            batch = next(self._rest, None)
            if batch is None:
                return False
            self._read.append(batch)
            known += len(batch)
        return True

    def _batches(self) -> Iterator[list[Document]]:
        request = Request()
        for partition in self._source.partitions(request):
            yield from partition.documents(request)

    def statistics(self) -> Statistics:
        """As `Source.statistics`."""
        return self._source.statistics()

    def schema(self) -> dict[str, str] | None:
        """As `Source.schema`."""
        return self._source.schema()

    def partitions(self, request: Request) -> list[Any]:
        """One partition: what was read, and the rest."""
        return [self]

    def documents(self, request: Request) -> Iterator[list[Document]]:
        """What was read ahead, then the rest; from the second time on, what the source gives again."""
        read, rest = self._read, self._rest
        self._read, self._rest = [], self._batches()
        return itertools.chain(read, rest)
