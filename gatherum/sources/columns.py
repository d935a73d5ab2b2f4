"""Columns of sources that give documents: what their partitions read, built into batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from gatherum.plan.analysis import top_names
from gatherum.plan.protocols import Partition, Request, Source, Statistics
from gatherum.records import record
from gatherum.types.values import Document

if TYPE_CHECKING:
    from gatherum.kernels.columns.batch import Batch
    from gatherum.plan.protocols import ColumnarPartition

BATCH_ROWS: Final = 1 << 14


def columnar(source: Source) -> Source:
    """The source, with partitions that offer batches."""
    return source if source.columnar else ColumnarSource(source)


@record
class ColumnarSource:
    """A source of documents whose partitions offer batches."""

    source: Source
    columnar: bool = True

    @property
    def name(self) -> str:
        """The source's name."""
        return self.source.name

    @property
    def accepts(self) -> frozenset[str]:
        """What the source accepts, and `fields`: fields that are not needed are not built into columns."""
        return self.source.accepts | {"fields"}

    def schema(self) -> dict[str, str] | None:
        """The source's schema."""
        return self.source.schema()

    def statistics(self) -> Statistics:
        """The source's statistics."""
        return self.source.statistics()

    def partitions(self, request: Request) -> Sequence[Partition]:
        """The source's partitions; those that offer batches as they are."""
        return [partition if hasattr(partition, "batches") else DocumentColumns(partition)
                for partition in self.source.partitions(request)]


@record
class DocumentColumns:
    """A partition of documents that offers batches."""

    partition: Partition

    @property
    def name(self) -> str:
        """The partition's name."""
        return self.partition.name

    @property
    def size_bytes(self) -> int | None:
        """The partition's size."""
        return self.partition.size_bytes

    @property
    def rows(self) -> int | None:
        """The partition's rows."""
        return self.partition.rows

    def documents(self, request: Request) -> Iterator[list[Document]]:
        """The partition's documents."""
        return self.partition.documents(request)

    def batches(self, request: Request) -> Iterator[Batch]:
        """The documents' needed fields in batches, numbered as those of partition 0."""
        from gatherum.kernels.columns.batch import first_ordinal

        names = None if request.fields is None else top_names(request.fields)
        for number, documents in enumerate(self._groups(request)):
            yield batch_of_fields(documents, names, first_ordinal(0, number))

    def _groups(self, request: Request) -> Iterator[list[Document]]:
        waiting: list[Document] = []
        for documents in self.partition.documents(request):
            waiting += documents
            if len(waiting) >= BATCH_ROWS:
                yield waiting
                waiting = []
        if waiting:
            yield waiting


def batch_of_fields(documents: list[Document], names: frozenset[str] | None, ordinal: int) -> Batch:
    """A batch of the named fields (None: all) of documents, in the order that they have there."""
    from gatherum.kernels.columns.batch import Batch, batch_of
    from gatherum.kernels.columns.build import document_columns, merge_orders

    if names is None:
        return batch_of(documents, ordinal)
    layouts = {tuple(name for name in keys if name in names) for keys in {tuple(document) for document in documents}}
    order = merge_orders(sorted(layouts, key=lambda layout: (-len(layout), layout)))
    if order is not None:
        return Batch(document_columns(documents, order), len(documents), ordinal)
    return batch_of([{name: value for name, value in document.items() if name in names} for document in documents],
                    ordinal)


if TYPE_CHECKING:
    def _is_partition(partition: DocumentColumns) -> ColumnarPartition:
        return partition
