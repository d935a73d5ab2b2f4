"""Words of 64 bits by slot, at an address for kernels."""

from __future__ import annotations

import numpy as np

from gatherum.kernels.scratch import grown


class SlotWords:
    """Words of 64 bits, zeros at first. They keep their address until they grow out of the room that they have."""

    __slots__ = ("_room", "address", "array")

    def __init__(self) -> None:
        self.array = self._room = np.empty(0, np.int64)
        self.address: int = 0

    def __len__(self) -> int:
        return len(self.array)

    def grow(self, count: int) -> None:
        """Adds zeros, up to `count` words."""
        known = len(self.array)
        if count <= known:
            return
        if count > len(self._room):
            self._room = grown(self.array, count)
            self.address = self._room.ctypes.data
        self._room[known:count] = 0
        self.array = self._room[:count]

    @property
    def nbytes(self) -> int:
        """The bytes held."""
        return self._room.nbytes


class LazyWords(SlotWords):
    """Slot words that take no memory before they are `held`: all are 0 until then."""

    __slots__ = ("_count",)

    def __init__(self) -> None:
        super().__init__()
        self._count = 0

    def grow(self, count: int) -> None:
        """As `SlotWords.grow`."""
        self._count = count
        if len(self):
            super().grow(count)

    def held(self) -> LazyWords:
        """These words, at their address from now on."""
        super().grow(max(self._count, 1))                   # not nothing, which would mean that they are not held
        return self

    def of(self, slots: np.ndarray) -> np.ndarray:
        """The words of some slots."""
        return self.array[slots] if len(self) else np.zeros(len(slots), np.int64)

    def add(self, slots: np.ndarray, words: np.ndarray) -> None:
        """Adds a word to each of some slots, which may occur several times."""
        np.add.at(self.held().array, slots, words)

    def merge(self, slots: np.ndarray, other: LazyWords) -> None:
        """Adds other words, of which word i belongs to slot i."""
        if len(other):
            self.add(slots, other.array[:len(slots)])
