"""Working memory that is used again for every batch: fresh arrays would cost a page fault every 4096 bytes."""

from __future__ import annotations

from typing import Any

import numpy as np


class Scratch:
    """Arrays by name. What an array holds is lost when the array of that name is asked for again."""

    def __init__(self) -> None:
        self._arrays: dict[str, np.ndarray] = {}

    def array(self, name: str, dtype: Any, size: int) -> np.ndarray:
        """An uninitialised array of `size` items."""
        held = self._arrays.get(name)
        if held is None or len(held) < size:
            held = self._arrays[name] = np.empty(max(size, 64), dtype)
        return held[:size]

    @property
    def nbytes(self) -> int:
        """The bytes of all arrays."""
        return sum(array.nbytes for array in self._arrays.values())


def grown(array: np.ndarray, size: int) -> np.ndarray:
    """The array with room for `size` items and more; what is new is uninitialised."""
    larger = np.empty(_room(array, size), array.dtype)
    larger[:len(array)] = array
    return larger


def padded(array: np.ndarray, size: int, fill: Any = 0) -> np.ndarray:
    """As `grown`, with `fill` in what is new."""
    count = _room(array, size)
    larger = np.full(count, fill, array.dtype) if fill else np.zeros(count, array.dtype)
    larger[:len(array)] = array
    return larger


def _room(array: np.ndarray, size: int) -> int:
    """Twice what there was; at least a quarter more than is asked for, for after the first batch of many new items
    there often come a few more. A multiple of 8, for several may make one item."""
    return max(-(-(size + size // 4) // 8) * 8, 2 * len(array), 64)
