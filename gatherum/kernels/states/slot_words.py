"""Words of 64 bits by slot, at an address for kernels."""

from __future__ import annotations

import numpy as np

from gatherum.kernels.scratch import padded


class SlotWords:
    """Words of 64 bits, zeros at first. They keep their address until they grow."""

    __slots__ = ("address", "array")

    def __init__(self) -> None:
        self._set(np.empty(0, np.int64))

    def _set(self, array: np.ndarray) -> None:
        self.array = array
        self.address: int = array.ctypes.data

    def __len__(self) -> int:
        return len(self.array)

    def grow(self, count: int) -> None:
        """Makes room for `count` words, and as many again."""
        if count > len(self.array):
            self._set(padded(self.array, count))

    @property
    def nbytes(self) -> int:
        """The bytes held."""
        return self.array.nbytes
