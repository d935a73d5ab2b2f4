"""Record batches as bytes: an Arrow stream of its own for each, so that each may have its own types."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
from pyarrow import ipc

from gatherum.kernels.columns.batch import Batch
from gatherum.kernels.columns.column import Column, invalid_is_missing
from gatherum.kernels.columns.depth import shallow
from gatherum.kernels.columns.normalize import compact, has_dictionary

ROWS = b"gatherum.rows"


def to_bytes(batch: pa.RecordBatch) -> pa.Buffer:
    """A record batch as an Arrow stream, with no more of its dictionaries than it needs."""
    if any(map(has_dictionary, batch.schema.types)):
        batch = pa.RecordBatch.from_arrays([compact(array) for array in batch.columns], schema=batch.schema)
    sink = pa.BufferOutputStream()
    with ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue()


def from_bytes(data: Any) -> Iterator[pa.RecordBatch]:
    """The record batches of an Arrow stream."""
    with ipc.open_stream(data) as reader:
        yield from reader


def rows_to_bytes(batch: Batch) -> pa.Buffer:
    """A row batch as an Arrow stream; its ordinal and the order of each row's keys are in it."""
    described = {"ordinal": batch.ordinal, "rows": batch.rows, "layouts": [list(keys) for keys in batch.layouts],
                 "layout": None if batch.layout is None else batch.layout.tolist()}
    columns = {name: shallow(column) for name, column in batch.columns.items()}
    record_batch = replace(batch, columns=columns).record_batch()
    return to_bytes(record_batch.replace_schema_metadata({ROWS: orjson.dumps(described)}))


def rows_from_bytes(data: Any) -> Batch:
    """The inverse of `rows_to_bytes`."""
    (record_batch,) = from_bytes(data)
    described = orjson.loads(record_batch.schema.metadata[ROWS])
    columns = {field.name: Column(record_batch.column(i), invalid_is_missing(field))
               for i, field in enumerate(record_batch.schema)}
    layout = described["layout"]
    return Batch(columns, described["rows"], described["ordinal"],
                 None if layout is None else np.array(layout, np.int32),
                 tuple(tuple(keys) for keys in described["layouts"]))
