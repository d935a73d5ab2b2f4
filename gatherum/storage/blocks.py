"""Blocks of bytes in a temporary file, each compressed as a whole: to compress every buffer of a small record batch by
itself would take ten times as long."""

from __future__ import annotations

import os
from typing import Final, NamedTuple

import pyarrow as pa

from gatherum.runtime.temporary import TemporarySpace

CODEC: Final = "lz4"


class Block(NamedTuple):
    """Where a block lies in its file, and how many bytes it has there and when it is read."""

    offset: int
    stored: int
    size: int


class BlockFile:
    """One temporary file; `kind` says in its name what is in it. `size` is the bytes written."""

    def __init__(self, space: TemporarySpace, kind: str) -> None:
        self._file = space.create(kind)

    @property
    def size(self) -> int:
        """The bytes written."""
        return self._file.size

    def append(self, data: pa.Buffer) -> Block:
        """Writes a block."""
        packed = pa.compress(data, CODEC)
        block = Block(self._file.size, packed.size, data.size)
        self._file.write(packed)
        return block

    def read(self, block: Block) -> pa.Buffer:
        """The bytes of a block."""
        packed = os.pread(self._file.fileno(), block.stored, block.offset)
        return pa.decompress(packed, block.size, CODEC)

    def close(self) -> None:
        """Removes the file."""
        self._file.close()
