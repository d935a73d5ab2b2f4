"""Row batches on disk while a query runs: written in blocks, read back in order or block by block."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from gatherum.kernels.gathering import Rows
from gatherum.runtime.temporary import TemporaryFile, TemporarySpace
from gatherum.storage.arrow_bytes import from_bytes, rows_from_bytes, rows_to_bytes, to_bytes


class Run:
    """Rows in the order in which they were written, such as a sorted run: one temporary file, and where each block
    is in it."""

    def __init__(self, space: TemporarySpace) -> None:
        self.file: TemporaryFile = space.create("rows")
        self.blocks: list[tuple[int, int, int]] = []

    def write(self, rows: Rows) -> int:
        """Appends a block; returns the bytes written."""
        before = self.file.size
        ordinals = to_bytes(pa.RecordBatch.from_pydict({"ordinal": pa.array(rows.ordinals, pa.int64())}))
        data = rows_to_bytes(rows.batch)
        self.blocks.append((before, ordinals.size, data.size))
        self.file.write(ordinals)
        self.file.write(data)
        return self.file.size - before

    def read(self, number: int) -> Rows:
        """One block."""
        offset, ordinals_size, size = self.blocks[number]
        (ordinals,) = from_bytes(os.pread(self.file.fileno(), ordinals_size, offset))
        batch = rows_from_bytes(os.pread(self.file.fileno(), size, offset + ordinals_size))
        return Rows(batch, np.asarray(ordinals.column(0)))

    def __iter__(self) -> Iterator[Rows]:
        for number in range(len(self.blocks)):
            yield self.read(number)

    def close(self) -> None:
        """Removes the file."""
        self.file.close()
