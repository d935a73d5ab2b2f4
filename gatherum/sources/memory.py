"""Documents in memory as a source: lists, and iterators, which are read once."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Sized
from typing import Any, Final

from gatherum.errors import SourceError
from gatherum.plan.analysis import top_names
from gatherum.plan.protocols import BATCH_ROWS, Coverage, OnBad, Partition, Request, Skipped, Statistics
from gatherum.types.given import are_plain, bson_value
from gatherum.types.values import Document

SPARSE: Final = 4
"""Where fields are there in fewer than one of so many documents, all values are looked at together."""


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
            raise read_already(self.name, type(self._given).__name__)
        self._read = True
        self._coverage.note(self.name)
        position = 0
        on_bad = request.on_bad or self._on_bad
        # Which documents are skipped must not depend on what the query needs of them.
        needed = None if request.fields is None or on_bad == "skip" else top_names(request.fields)
        for batch in _batches(self._given, request.limit):
            documents = self._checked(batch, position, on_bad, needed)
            position += len(batch)
            self._coverage.note(self.name, len(documents))
            if documents:
                yield documents

    def _checked(self, batch: list[Any], position: int, on_bad: OnBad,
                 needed: Collection[str] | None) -> list[Document]:
        """The batch as documents of BSON values, by the fields needed (None: all); what is none is reported by its
        position, counted from 0."""
        if set(map(type, batch)) == {dict} and _are_plain(batch, needed):
            return batch
        documents = []
        for place, value in enumerate(batch, position):
            try:
                documents.append(_document(value, needed))
            except (TypeError, ValueError, RecursionError) as error:
                if on_bad == "error":
                    raise SourceError(f"{self.name}[{place}]: {error}") from None
                self._coverage.skip(Skipped(self.name, place, f"[{place}]", str(error)))
        return documents


def read_already(name: str, kind: str) -> SourceError:
    """The error that a second reading of an iterator is."""
    return SourceError(f"{name}: this {kind} was read already, and can be read only once: make a list of it")


def _are_plain(batch: list[Document], needed: Collection[str] | None) -> bool:
    """Whether the documents may be taken as they are, as far as can be told without a look at each value by itself."""
    if needed is None:
        needed = set().union(*batch)
        if not set(map(type, needed)) <= {str}:
            return False
        if len(needed) * len(batch) > SPARSE * sum(map(len, batch)):
            return are_plain(list(itertools.chain.from_iterable(map(dict.values, batch))))
    return all(are_plain(_column(batch, name)) for name in needed)


def _column(batch: list[Document], name: str) -> list[Any]:
    try:
        return [document[name] for document in batch]
    except KeyError:
        return [document.get(name) for document in batch]


def _document(value: Any, needed: Collection[str] | None) -> Document:
    if not isinstance(value, Mapping):
        raise TypeError(f"a document (a dict) was expected, not {type(value).__name__}")
    return bson_value(value if needed is None else {name: item for name, item in value.items() if name in needed})


def _batches(values: Iterable[Any], limit: int | None) -> Iterator[list[Any]]:
    if isinstance(values, list):
        end = len(values) if limit is None else min(limit, len(values))
        for start in range(0, end, BATCH_ROWS):
            yield values[start:min(start + BATCH_ROWS, end)]
        return
    left = itertools.islice(values, limit)
    while batch := list(itertools.islice(left, BATCH_ROWS)):
        yield batch
