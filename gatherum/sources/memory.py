"""Documents in memory as a source: lists, and iterators, which are read once."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from typing import Any

from gatherum.errors import SourceError
from gatherum.plan.protocols import BATCH_ROWS, Coverage, OnBad, Partition, Request, Skipped, Statistics
from gatherum.types.given import PLAIN, bson_value
from gatherum.types.values import Document


class MemorySource:
    """The documents of an iterable. What can be iterated over again can be read again; an iterator or a generator
    cannot, and a second reading is a SourceError."""

    accepts = frozenset({"limit"})
    columnar = False

    def __init__(self, documents: Iterable[Any], name: str = "documents", *, on_bad: OnBad = "error",
                 coverage: Coverage | None = None) -> None:
        if isinstance(documents, Mapping | str | bytes) or not isinstance(documents, Iterable):
            raise SourceError(f"{name}: a list or another iterable of documents was expected, not "
                              f"{type(documents).__name__}")
        self.name = name
        self.size_bytes = None
        self._given = documents
        self._once = iter(documents) is documents
        self._read = False
        self._on_bad: OnBad = on_bad
        self._coverage = Coverage() if coverage is None else coverage

    @property
    def rows(self) -> int | None:
        """The number of documents, where the iterable knows its length."""
        return len(self._given) if isinstance(self._given, Sized) else None

    def schema(self) -> None:
        """Unknown: a document says what it holds."""

    def statistics(self) -> Statistics:
        """The number of documents, where it is known."""
        return Statistics(rows=self.rows)

    def partitions(self, request: Request) -> Sequence[Partition]:
        """The source itself, undivided."""
        return [self]

    def documents(self, request: Request) -> Iterator[list[Document]]:
        """The documents, in batches."""
        if self._once and self._read:
            raise SourceError(f"{self.name}: this {type(self._given).__name__} was read already, and can be read only "
                              "once: make a list of it")
        self._read = True
        self._coverage.note(self.name)
        position = 0
        for batch in _batches(self._given, request.limit):
            documents = self._checked(batch, position, request.on_bad or self._on_bad)
            position += len(batch)
            self._coverage.note(self.name, len(documents))
            if documents:
                yield documents

    def _checked(self, batch: list[Any], position: int, on_bad: OnBad) -> list[Document]:
        """The batch as documents of BSON values; what is none is reported by its position, counted from 0."""
        if set(map(type, batch)) == {dict} and PLAIN.issuperset(
                map(type, itertools.chain.from_iterable(map(dict.values, batch)))):
            return batch
        documents = []
        for place, value in enumerate(batch, position):
            try:
                documents.append(_document(value))
            except (TypeError, ValueError, RecursionError) as error:
                if on_bad == "error":
                    raise SourceError(f"{self.name}[{place}]: {error}") from None
                self._coverage.skip(Skipped(self.name, place, f"[{place}]", str(error)))
        return documents


def _document(value: Any) -> Document:
    if not isinstance(value, Mapping):
        raise TypeError(f"a document (a dict) was expected, not {type(value).__name__}")
    return bson_value(value)


def _batches(values: Iterable[Any], limit: int | None) -> Iterator[list[Any]]:
    if isinstance(values, list):
        end = len(values) if limit is None else min(limit, len(values))
        for start in range(0, end, BATCH_ROWS):
            yield values[start:min(start + BATCH_ROWS, end)]
        return
    left = itertools.islice(values, limit)
    while batch := list(itertools.islice(left, BATCH_ROWS)):
        yield batch
