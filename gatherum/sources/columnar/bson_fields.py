"""BSON documents without the fields that are not needed."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from gatherum.kernels.bson_fields import keep_fields
from gatherum.kernels.field_names import packed_names


def with_fields(block: bytes, names: Iterable[str]) -> bytes | None:
    """The documents with only these fields; None where the block is not sound."""
    made = np.empty(len(block), np.uint8)
    size = keep_fields(np.frombuffer(block, np.uint8).ctypes.data, len(block), *packed_names(names), made)
    return made[:size].tobytes() if size >= 0 else None
