"""NDJSON: a document a line, in Extended JSON."""

from __future__ import annotations

from gatherum.sinks.files import SinkFormat
from gatherum.sinks.json_text import OPTIONS, JsonWriter
from gatherum.types.values import Document


class NdjsonWriter(JsonWriter):
    """Writes NDJSON."""

    def write(self, documents: list[Document]) -> None:
        """Appends lines."""
        if documents:
            self._stream.write(b"\n".join([*self._texts(documents), b""]))

    def finish(self) -> None:
        """Nothing comes after the last line."""


FORMAT = SinkFormat("ndjson", (".ndjson", ".jsonl"), NdjsonWriter, options=OPTIONS)
