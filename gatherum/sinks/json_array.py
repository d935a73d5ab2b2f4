"""JSON: one array, a document a line, in Extended JSON."""

from __future__ import annotations

from gatherum.sinks.files import SinkFormat
from gatherum.sinks.json_text import OPTIONS, JsonWriter
from gatherum.types.values import Document


class JsonArrayWriter(JsonWriter):
    """Writes one array."""

    def write(self, documents: list[Document]) -> None:
        """Appends elements."""
        begun = self._count > 0
        if documents:
            self._stream.write((b",\n" if begun else b"[\n") + b",\n".join(self._texts(documents)))

    def finish(self) -> None:
        """Ends the array."""
        self._stream.write(b"\n]\n" if self._count else b"[]\n")


FORMAT = SinkFormat("json", (".json",), JsonArrayWriter, options=OPTIONS)
