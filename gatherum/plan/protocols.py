"""What plans run over: sources, cut into partitions, and sinks; and what is asked of a source and known of it."""

from __future__ import annotations

import bisect
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Literal, Protocol, Self, runtime_checkable

from gatherum.plan.expressions import Expression, Path
from gatherum.records import record
from gatherum.types.order import OrderKey
from gatherum.types.values import Document

OnBad = Literal["error", "skip"]
BATCH_ROWS: Final = 1024
SKIPPED_LISTED: Final = 100


@record
class ColumnStatistics:
    """What is known of the values at a path, none of which lies in an array: how many are null or missing, the order
    keys of the smallest and the largest of the others, and how many of these are distinct; None where unknown."""

    nulls: int | None = None
    low: OrderKey | None = None
    high: OrderKey | None = None
    distinct: int | None = None


@record
class Statistics:
    """What a source knows of itself without being read; None where it does not know. `bytes` is the size as stored;
    `columns` has the paths of which something is known, and may work that out when it is asked."""

    rows: int | None = None
    bytes: int | None = None
    columns: Mapping[Path, ColumnStatistics] = field(default_factory=dict)


@record
class Request:
    """What a reader needs of a source. A source may give more than this, never less.

    `fields` are the only paths needed (None: all): documents may lack other fields, but every array has all its
    elements, in which the paths go on, and what is no document is there; rows for which `filter` is false may be left
    out; each partition may end after `limit` rows. `on_bad` says what becomes of a broken record: the whole read
    fails, or the record is skipped and noted in the coverage; None is as the source was opened. `computed` are the
    fields that must have BSON values in columns as well (None: all): the others are only passed on. A batch of columns
    should take no more than `batch_bytes` (None: as many as the source takes for the quickest). `compiled` says whether
    kernels may be called.
    """

    fields: tuple[Path, ...] | None = None
    filter: Expression | None = None
    limit: int | None = None
    on_bad: OnBad | None = None
    computed: frozenset[str] | None = frozenset()
    batch_bytes: int | None = None
    compiled: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Skipped:
    """A record that was not read: its file, where it begins in bytes, its place (`line 3`, `document 3`), and why."""

    file: str
    offset: int
    place: str
    reason: str


@dataclass(slots=True)
class Coverage:
    """What a result rests on: the sources read, how much of them, and what of them was skipped.

    It is given to a source when that is opened, and filled, by any number of threads, while the source is read.
    `skipped` lists the first records in the order of file and offset, at most `SKIPPED_LISTED`; `skipped_count`
    counts them all.
    """

    sources: list[str] = field(default_factory=list)
    rows: int = 0
    bytes: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    skipped_count: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def note(self, source: str, rows: int = 0, size: int = 0) -> None:
        """Adds rows and bytes that were read from the source."""
        with self._lock:
            place = bisect.bisect_left(self.sources, source)
            if self.sources[place:place + 1] != [source]:
                self.sources.insert(place, source)
            self.rows += rows
            self.bytes += size

    def skip(self, record: Skipped) -> None:
        """Adds a record that was skipped."""
        with self._lock:
            self.skipped_count += 1
            bisect.insort(self.skipped, record)
            del self.skipped[SKIPPED_LISTED:]


@runtime_checkable
class Partition(Protocol):
    """A part of a source that one thread reads: a file, a range of its bytes, a row group."""

    @property
    def name(self) -> str:
        """The file, and the range of bytes or the row group where it is not the whole file."""
        ...

    @property
    def size_bytes(self) -> int | None:
        """The size as stored, if known."""
        ...

    @property
    def rows(self) -> int | None:
        """The number of rows, if known."""
        ...

    def documents(self, request: Request) -> Iterator[list[Document]]:
        """The rows as documents, in batches of at most `BATCH_ROWS`, none of them empty."""
        ...


@runtime_checkable
class ColumnarPartition(Partition, Protocol):
    """A partition of a source that is `columnar`."""

    def batches(self, request: Request) -> Iterator[Any]:
        """The rows as column batches."""
        ...


@runtime_checkable
class Source(Protocol):
    """Something that rows are read from. `accepts` holds those of `fields`, `filter` and `limit` that it makes use of;
    the partitions of a `columnar` source are `ColumnarPartition`s."""

    @property
    def name(self) -> str:
        """What messages call it."""
        ...

    @property
    def accepts(self) -> frozenset[str]:
        """The parts of a request that narrow what is read."""
        ...

    @property
    def columnar(self) -> bool:
        """Whether partitions offer column batches."""
        ...

    def schema(self) -> dict[str, str] | None:
        """The type of each field by MongoDB's aliases, or None where that is unknown until the rows are read."""
        ...

    def statistics(self) -> Statistics:
        """What is known without reading."""
        ...

    def partitions(self, request: Request) -> Sequence[Partition]:
        """The parts, whose rows in this order are the source's rows in order."""
        ...


class Sink(Protocol):
    """Something that documents are written to: complete once closed, and nothing at all where a write fails."""

    @property
    def columnar(self) -> bool:
        """Whether it takes column batches."""
        ...

    def write(self, documents: list[Document]) -> None:
        """Appends documents."""
        ...

    def write_batch(self, batch: Any) -> None:
        """Appends a column batch, where the sink is `columnar`."""
        ...

    def write_header(self, types: Mapping[str, str | None]) -> None:
        """Says which fields there are, of which types by MongoDB's aliases, where no row is written."""
        ...

    def close(self) -> None:
        """Completes what was written."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None: ...
