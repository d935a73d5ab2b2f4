"""Strings in the order of their bytes, as integers."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gatherum.kernels.buffers import valid_mask

_WORD: Final = 8
_FIRST_BYTES: Final = np.array([(1 << 64) - (1 << (64 - 8 * count)) for count in range(_WORD + 1)], np.uint64)
"""For each number of bytes a mask of the first so many of a word."""


def string_ranks(array: pa.Array) -> np.ndarray:
    """The ranks (int64) of strings or binary values among themselves; anything in invalid slots.

    The first eight bytes behind what all values begin with decide first; where they leave a tie, Arrow compares the
    whole values.
    """
    if len(array) == array.null_count:
        return np.zeros(len(array), np.int64)
    order, same, undecided = _by_first_word(array)
    steps = np.zeros(len(array), np.int64)
    np.cumsum(~same, out=steps[1:])
    found = np.empty(len(array), np.int64)
    found[order] = steps
    return _decided(array, found, steps, undecided) if undecided.any() else found


def _by_first_word(array: pa.Array) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The order by the first word; and in this order, which values have that of the one before, and which of these it
    does not decide."""
    offsets, data = _bytes_of(array)
    ends = offsets[1:]
    starts = np.minimum(offsets[:-1] + _common_prefix(array), ends)
    lengths = ends - starts
    words = _words(starts, lengths, data)
    valid = valid_mask(array)
    if valid is not None:
        words[~valid] = 0
        lengths[~valid] = 0
    del starts, ends, offsets
    order = np.argsort(words)
    words, lengths = words[order], lengths[order]
    same = words[1:] == words[:-1]
    return order, same, same & ((lengths[1:] != lengths[:-1]) | (lengths[1:] > _WORD))


def _bytes_of(array: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Offsets (int64) and bytes of a string or binary array."""
    wide = pa.types.is_large_string(array.type) or pa.types.is_large_binary(array.type)
    kind = np.dtype(np.int64 if wide else np.int32)
    _, buffer, data = array.buffers()
    offsets = np.frombuffer(buffer, kind, len(array) + 1, array.offset * kind.itemsize).astype(np.int64)
    first, end = int(offsets[0]), int(offsets[-1])
    offsets -= first
    return offsets, np.frombuffer(data or b"", np.uint8)[first:end]


def _common_prefix(array: pa.Array) -> int:
    """How many bytes all the values begin with."""
    extremes = pc.call_function("min_max", [array.cast(pa.large_binary())])
    first, last = extremes["min"].as_py(), extremes["max"].as_py()
    shared = min(len(first), len(last))
    return next((at for at in range(shared) if first[at] != last[at]), shared)


def _words(starts: np.ndarray, lengths: np.ndarray, data: np.ndarray) -> np.ndarray:
    """The first bytes from each start as a big-endian word, zeros behind the end; in the order of signed integers."""
    padded = np.concatenate([data, np.zeros(_WORD, np.uint8)])
    at_every_byte = np.ndarray(len(data) + 1, ">u8", padded, strides=(1,))
    words = at_every_byte[starts].astype(np.uint64)
    words &= _FIRST_BYTES[np.minimum(lengths, _WORD)]
    words ^= np.uint64(1 << 63)
    return words.view(np.int64)


def _decided(array: pa.Array, found: np.ndarray, steps: np.ndarray, undecided: np.ndarray) -> np.ndarray:
    """The ranks with the ties among longer values resolved."""
    tied = np.zeros(int(steps[-1]) + 1, np.bool_)
    tied[steps[1:][undecided]] = True
    rows = np.flatnonzero(tied[found])
    inner = dense_ranks(array.take(pa.array(rows)))
    wider = np.zeros(len(found), np.int64)
    wider[rows] = inner
    return found * (len(rows) + 1) + wider


def dense_ranks(array: pa.Array) -> np.ndarray:
    """The ranks (int64) of values in Arrow's order, equal values having equal ones."""
    ranked = pc.call_function("rank", [array], pc.RankOptions(tiebreaker="dense"))
    return np.asarray(ranked).astype(np.int64)
