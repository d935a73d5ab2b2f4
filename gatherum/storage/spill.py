"""State batches on disk while a query runs: written by bucket of the hash, read back bucket by bucket."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

import numpy as np
import pyarrow as pa

from gatherum.errors import InternalError
from gatherum.kernels.arrow import joined_batches
from gatherum.kernels.state_batch import BUCKET_SHIFT, BUCKETS
from gatherum.runtime.temporary import TemporarySpace
from gatherum.storage.arrow_bytes import from_bytes, to_bytes
from gatherum.storage.blocks import Block, BlockFile

JOINED_BYTES: Final = 1 << 20
"""State batches are joined up to this size: to merge one takes as long as to merge hundreds of groups."""


class StateSpill:
    """The spilled states of one operator: one temporary file, and where each bucket's pieces are in it."""

    def __init__(self, space: TemporarySpace) -> None:
        self.space = space
        self.file: BlockFile | None = None
        self.pieces: dict[int, list[Block]] = defaultdict(list)

    def write(self, batch: pa.RecordBatch) -> int:
        """Writes a state batch, whose rows must be in the order of their hashes; returns the bytes written."""
        if self.file is None:
            self.file = BlockFile(self.space, "states")
        before = self.file.size
        buckets = (batch.column(0).to_numpy() >> np.uint64(BUCKET_SHIFT)).astype(np.int64)
        if (buckets[1:] < buckets[:-1]).any():
            raise InternalError("states to be spilled are not in the order of their hashes")
        edges = np.searchsorted(buckets, np.arange(BUCKETS + 1))
        for bucket in np.flatnonzero(np.diff(edges)).tolist():
            start, end = int(edges[bucket]), int(edges[bucket + 1])
            self.pieces[bucket].append(self.file.append(to_bytes(batch.slice(start, end - start))))
        return self.file.size - before

    def read(self, bucket: int) -> Iterator[pa.RecordBatch]:
        """The state batches of one bucket."""
        if self.file is None:
            return
        for piece in self.pieces.get(bucket, ()):
            yield from from_bytes(self.file.read(piece))

    def close(self) -> None:
        """Removes the file."""
        if self.file is not None:
            self.file.close()
            self.file = None


def states_of_bucket(spills: Iterable[StateSpill], bucket: int) -> Iterator[pa.RecordBatch]:
    """The state batches of one bucket of several operators, small ones joined."""
    waiting: list[pa.RecordBatch] = []
    size = 0
    for batch in chain.from_iterable(spill.read(bucket) for spill in spills):
        more = batch.nbytes
        if waiting and (size + more > JOINED_BYTES or not batch.schema.equals(waiting[0].schema, True)):
            yield from joined_batches(waiting)
            waiting, size = [], 0
        waiting.append(batch)
        size += more
    yield from joined_batches(waiting)
