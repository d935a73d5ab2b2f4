"""What the formats of documents share: a file as a source, its partitions, and what happens to broken records."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, NoReturn

from gatherum.errors import SourceError
from gatherum.plan.protocols import BATCH_ROWS, Coverage, OnBad, Partition, Request, Skipped, Statistics
from gatherum.records import record
from gatherum.sources.input_file import InputFile, file_error
from gatherum.types.values import Document

BLOCK_BYTES: Final = 1 << 18


@record
class Faults:
    """Where a reader reports the broken records of one file: they are raised, or skipped and noted."""

    file: str
    on_bad: OnBad
    coverage: Coverage

    def broken(self, place: str, offset: int, reason: str) -> None:
        """Reports a record, by its place (`line 3`) and the byte that it begins at."""
        if self.on_bad == "error":
            raise SourceError(f"{self.file}, {place} (byte {offset}): {reason}")
        self.coverage.skip(Skipped(self.file, offset, place, reason))

    def unreadable_from(self, place: str, offset: int, reason: str) -> None:
        """Reports that nothing can be read from a record on, since where the next one begins is not known."""
        self.broken(place, offset, reason if self.on_bad == "error" else f"{reason}; nothing was read from here on")

    def fail(self, reason: str) -> NoReturn:
        """Reports what concerns the whole file."""
        raise SourceError(f"{self.file}: {reason}")


Blocks = Iterator[tuple[list[Document], int]]
Read = Callable[[Faults, Request], Blocks]


@contextmanager
def reading(file: InputFile) -> Iterator[None]:
    """Makes what goes wrong with a file an error that names it."""
    try:
        yield
    except OSError as error:
        raise file_error(file.name, error) from None


@record
class DocumentPartition:
    """A file, or a range of its bytes, read by a function that gives documents and the number of bytes they took."""

    name: str
    file: InputFile
    read: Read
    size_bytes: int | None
    on_bad: OnBad
    coverage: Coverage
    rows: int | None = None

    def documents(self, request: Request) -> Iterator[list[Document]]:
        """The documents, in batches."""
        faults = Faults(self.file.name, request.on_bad or self.on_bad, self.coverage)
        left = request.limit
        self.coverage.note(self.file.name)
        for documents, size in self._blocks(faults, request):
            if left is not None:
                documents = documents[:left]
                left -= len(documents)
            self.coverage.note(self.file.name, len(documents), size)
            for start in range(0, len(documents), BATCH_ROWS):
                yield documents[start:start + BATCH_ROWS]
            if left == 0:
                return

    def _blocks(self, faults: Faults, request: Request) -> Blocks:
        with reading(self.file):
            yield from self.read(faults, request)


@record
class DocumentFile:
    """A file of documents as a source. `cut` gives its parts: the name of each, its size, and how it is read."""

    file: InputFile
    cut: Callable[[], Sequence[tuple[str, int | None, Read]]]
    on_bad: OnBad
    coverage: Coverage
    accepts: frozenset[str] = frozenset({"limit"})
    columnar: bool = False
    partition: type[DocumentPartition] = DocumentPartition

    @property
    def name(self) -> str:
        """The file's name."""
        return self.file.name

    def schema(self) -> None:
        """Unknown: a document says what it holds."""

    def statistics(self) -> Statistics:
        """The size of the file."""
        return Statistics(bytes=self.file.size_bytes)

    def partitions(self, request: Request) -> Sequence[Partition]:
        """The parts of the file."""
        return [self.partition(name, self.file, read, size, self.on_bad, self.coverage)
                for name, size, read in self.cut()]


def undivided(file: InputFile, read: Callable[[InputFile, Faults, Request], Blocks], on_bad: OnBad,
              coverage: Coverage, accepts: frozenset[str] = frozenset({"limit"})) -> DocumentFile:
    """A file that is one partition."""
    whole: Read = lambda faults, request: read(file, faults, request)  # noqa: E731
    return DocumentFile(file, lambda: [(file.name, file.size_bytes, whole)], on_bad, coverage, accepts)
