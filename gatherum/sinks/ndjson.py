"""NDJSON: a document a line, in Extended JSON; relaxed unless `canonical`, which keeps every value's type."""

from __future__ import annotations

from typing import BinaryIO

import orjson

from gatherum.errors import LossError
from gatherum.sinks.files import SinkFormat
from gatherum.types.extended_json import encode
from gatherum.types.values import Document


def to_json(document: Document, canonical: bool, number: int) -> bytes:
    """A document as a line of Extended JSON without its end; LossError where JSON cannot hold it."""
    try:
        return orjson.dumps(encode(document, relaxed=not canonical))
    except (TypeError, ValueError, RecursionError) as error:
        raise LossError(f"document {number} cannot be written as JSON: {error}") from None


class NdjsonWriter:
    """Writes NDJSON."""

    def __init__(self, stream: BinaryIO, *, lossy: bool, canonical: bool = False) -> None:
        self._stream = stream
        self._canonical = canonical
        self._count = 0

    def write(self, documents: list[Document]) -> None:
        """Appends lines."""
        lines = [to_json(document, self._canonical, number)
                 for number, document in enumerate(documents, self._count + 1)]
        self._count += len(lines)
        if lines:
            self._stream.write(b"\n".join([*lines, b""]))

    def finish(self) -> None:
        """Nothing comes after the last line."""


FORMAT = SinkFormat("ndjson", (".ndjson", ".jsonl"), NdjsonWriter, options=("canonical",))
