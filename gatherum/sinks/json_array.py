"""JSON: one array, a document a line, in Extended JSON; relaxed unless `canonical`, which keeps every value's type."""

from __future__ import annotations

from typing import BinaryIO

from gatherum.sinks.files import SinkFormat
from gatherum.sinks.ndjson import to_json
from gatherum.types.values import Document


class JsonArrayWriter:
    """Writes one array."""

    def __init__(self, stream: BinaryIO, *, lossy: bool, canonical: bool = False) -> None:
        self._stream = stream
        self._canonical = canonical
        self._count = 0

    def write(self, documents: list[Document]) -> None:
        """Appends elements."""
        for document in documents:
            self._count += 1
            element = to_json(document, self._canonical, self._count)
            self._stream.write((b"[\n" if self._count == 1 else b",\n") + element)

    def finish(self) -> None:
        """Ends the array."""
        self._stream.write(b"\n]\n" if self._count else b"[]\n")


FORMAT = SinkFormat("json", (".json",), JsonArrayWriter, options=("canonical",))
