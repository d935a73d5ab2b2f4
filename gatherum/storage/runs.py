"""Row batches on disk while a query runs: written in blocks, read back in order or block by block."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from gatherum.kernels.gathering import Rows
from gatherum.runtime.temporary import TemporarySpace
from gatherum.storage.arrow_bytes import from_bytes, rows_from_bytes, rows_to_bytes, to_bytes
from gatherum.storage.blocks import Block, BlockFile


class Run:
    """Rows in the order in which they were written, such as a sorted run: one temporary file, and where each block
    is in it."""

    def __init__(self, space: TemporarySpace) -> None:
        self.file = BlockFile(space, "rows")
        self.blocks: list[tuple[Block, Block]] = []

    def write(self, rows: Rows) -> int:
        """Appends a block; returns the bytes written."""
        before = self.file.size
        ordinals = to_bytes(pa.RecordBatch.from_pydict({"ordinal": pa.array(rows.ordinals, pa.int64())}))
        self.blocks.append((self.file.append(ordinals), self.file.append(rows_to_bytes(rows.batch))))
        return self.file.size - before

    def read(self, number: int) -> Rows:
        """One block."""
        ordinals_block, rows_block = self.blocks[number]
        (ordinals,) = from_bytes(self.file.read(ordinals_block))
        batch = rows_from_bytes(self.file.read(rows_block))
        return Rows(batch, np.asarray(ordinals.column(0)))

    def __iter__(self) -> Iterator[Rows]:
        for number in range(len(self.blocks)):
            yield self.read(number)

    def close(self) -> None:
        """Removes the file."""
        self.file.close()
