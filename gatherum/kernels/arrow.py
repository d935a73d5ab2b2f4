"""What is taken of Arrow for everyone: its compute functions, most of which come into being when their module is
imported, unseen by type checkers; how batches are joined; and its pool of memory."""

from __future__ import annotations

from typing import Any, Final

import pyarrow.compute

compute: Final[Any] = pyarrow.compute


def joined_batches(batches: list[pyarrow.RecordBatch]) -> list[pyarrow.RecordBatch]:
    """The rows of batches of one schema as one batch; as they are where dictionaries below other types cannot be
    joined."""
    if len(batches) < 2 or not batches[0].num_columns:
        return batches
    try:
        return pyarrow.Table.from_batches(batches).unify_dictionaries().combine_chunks().to_batches()
    except pyarrow.ArrowNotImplementedError:
        return batches


def trim_pool() -> None:
    """Gives the memory that Arrow's pool does not use back to the system."""
    pyarrow.default_memory_pool().release_unused()
