"""State batches on disk while a query runs: written by bucket of the hash, read back bucket by bucket."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from gatherum.kernels.state_batch import BUCKET_SHIFT, BUCKETS
from gatherum.runtime.temporary import TemporaryFile, TemporarySpace
from gatherum.storage.arrow_bytes import from_bytes, to_bytes


class StateSpill:
    """The spilled states of one operator: one temporary file, and where each bucket's pieces are in it."""

    def __init__(self, space: TemporarySpace) -> None:
        self.space = space
        self.file: TemporaryFile | None = None
        self.pieces: dict[int, list[tuple[int, int]]] = defaultdict(list)

    def write(self, batch: pa.RecordBatch) -> int:
        """Writes a state batch whose rows are in the order of their hashes; returns the bytes written."""
        if self.file is None:
            self.file = self.space.create("states")
        before = self.file.size
        buckets = (batch.column(0).to_numpy() >> np.uint64(BUCKET_SHIFT)).astype(np.int64)
        edges = np.searchsorted(buckets, np.arange(BUCKETS + 1))
        for bucket in np.flatnonzero(np.diff(edges)).tolist():
            start, end = int(edges[bucket]), int(edges[bucket + 1])
            data = to_bytes(batch.slice(start, end - start))
            self.pieces[bucket].append((self.file.size, data.size))
            self.file.write(data)
        return self.file.size - before

    def read(self, bucket: int) -> Iterator[pa.RecordBatch]:
        """The state batches of one bucket."""
        if self.file is None:
            return
        for offset, size in self.pieces.get(bucket, ()):
            yield from from_bytes(os.pread(self.file.fileno(), size, offset))

    def close(self) -> None:
        """Removes the file."""
        if self.file is not None:
            self.file.close()
            self.file = None
