"""Strings cut at positions that are counted in code points, each at its own."""

from __future__ import annotations

import numpy as np
import pyarrow as pa


def cut_out(array: pa.Array, starts: np.ndarray, counts: np.ndarray) -> pa.Array:
    """Of each string (none is null) at most `counts` code points from `starts` on; both are int64, 0 or more."""
    if not len(array):
        return array
    wide = array.cast(pa.large_string())
    _, buffer, data = wide.buffers()
    offsets = np.frombuffer(buffer, np.int64)[wide.offset:wide.offset + len(wide) + 1]
    text = np.frombuffer(data or b"", np.uint8)[offsets[0]:offsets[-1]]
    leading = np.flatnonzero((text & 0xC0) != 0x80)
    at = np.searchsorted(leading, offsets - offsets[0])
    places = np.append(leading, len(text))
    first = places[np.minimum(at[:-1] + starts, at[1:])]
    lengths = places[np.minimum(at[:-1] + starts + counts, at[1:])] - first
    ends = np.cumsum(lengths)
    picked = text[np.repeat(first - ends + lengths, lengths) + np.arange(ends[-1])]
    made = pa.LargeStringArray.from_buffers(len(array), pa.py_buffer(np.append(0, ends)), pa.py_buffer(picked))
    return made.cast(array.type)
