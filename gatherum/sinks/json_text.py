"""What NDJSON and JSON arrays share: documents as Extended JSON, in one of its kinds."""

from __future__ import annotations

from typing import BinaryIO, Final

import orjson

from gatherum.errors import LossError
from gatherum.types.extended_json import Kind, encode
from gatherum.types.values import Document
from gatherum.types.wrappers import name_like_wrapper

OPTIONS: Final = ("canonical", "exact")


class JsonWriter:
    """Writes to a stream in the relaxed kind, in the typed one where `exact`, or in the canonical one."""

    def __init__(self, stream: BinaryIO, *, lossy: bool, canonical: bool = False, exact: bool = False) -> None:
        self._stream = stream
        self._lossy = lossy
        self._kind: Kind = "canonical" if canonical else "typed" if exact else "relaxed"
        self._count = 0

    def _texts(self, documents: list[Document]) -> list[bytes]:
        """Each document as one line without its end; LossError where JSON cannot hold it."""
        return list(map(self._text, documents))

    def _text(self, document: Document) -> bytes:
        self._count += 1
        try:
            text = orjson.dumps(encode(document, self._kind))
        except (TypeError, ValueError, RecursionError) as error:
            raise LossError(f"document {self._count} cannot be written as JSON: {error}") from None
        if not self._lossy and b'{"$' in text and (name := name_like_wrapper(document)):
            raise LossError(f"document {self._count} has a document that begins with the field {name!r}, and Extended "
                            "JSON has another meaning for that: rename the field, write BSON or Parquet, or write "
                            "with lossy=True")
        return text
