"""BSON: documents one after the other, as mongorestore reads them, their fields in the order they have."""

from __future__ import annotations

from typing import BinaryIO, Final

import bson
from bson.binary import UuidRepresentation
from bson.codec_options import CodecOptions
from bson.errors import BSONError

from gatherum.errors import LossError
from gatherum.sinks.files import SinkFormat
from gatherum.types.values import Document

OPTIONS: Final = CodecOptions(uuid_representation=UuidRepresentation.STANDARD)
# The length, type byte, name and end of {"": document}: bson.encode would put _id first in a document of its own.
_HEAD: Final = 6
_TAIL: Final = 1


class BsonWriter:
    """Writes BSON."""

    def __init__(self, stream: BinaryIO, *, lossy: bool) -> None:
        self._stream = stream
        self._count = 0

    def write(self, documents: list[Document]) -> None:
        """Appends documents."""
        self._stream.write(b"".join(map(self._encode, documents)))

    def _encode(self, document: Document) -> bytes:
        self._count += 1
        try:
            return bson.encode({"": document}, codec_options=OPTIONS)[_HEAD:-_TAIL]
        except (BSONError, ValueError, OverflowError, TypeError, RecursionError) as error:
            raise LossError(f"document {self._count} cannot be written as BSON: {error}") from None

    def finish(self) -> None:
        """Nothing comes after the last document."""


FORMAT = SinkFormat("bson", (".bson",), BsonWriter)
