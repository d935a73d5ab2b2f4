"""Reads sources document by document, for what needs no query."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gatherum.plan.protocols import Coverage, OnBad, Request, Source
from gatherum.sources.files import expand, open_files
from gatherum.types.values import Document


def open_each(sources: Sequence[str], input_format: str | None, on_bad: OnBad, coverage: Coverage) -> list[Source]:
    """Every file that the words name, as a source of its own."""
    return [open_files(path, on_bad=on_bad, format=input_format, coverage=coverage) for path in expand([*sources])]


def records(source: Source, limit: int | None = None) -> Iterator[Document]:
    """The documents of a source in order, at most `limit` of them."""
    left = limit
    for partition in source.partitions(Request(limit=left)):
        for batch in partition.documents(Request(limit=left)):
            yield from batch
            if left is not None:
                left -= len(batch)
        if left is not None and left <= 0:
            return
