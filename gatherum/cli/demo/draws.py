"""Random numbers that are the same on every machine and with every version of NumPy.

They rest on the raw words of PCG64 and on SeedSequence, both of which NumPy keeps as they are, and on additions,
multiplications and comparisons only: NumPy's own distributions may change between versions, and its logarithms
differ between processors.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


class Draws:
    """A stream of random numbers for one place of the data: a table, a chunk of it. `seed` and `place` are not
    negative; other places have independent streams."""

    def __init__(self, seed: int, *place: int) -> None:
        self._words = np.random.PCG64(np.random.SeedSequence((seed, *place)))

    def words(self, count: int) -> np.ndarray:
        """Words of 64 random bits."""
        return self._words.random_raw(count)

    def uniform(self, count: int) -> np.ndarray:
        """Multiples of 2**-53, from 0 to below 1."""
        return (self.words(count) >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def below(self, bound: int | np.ndarray, count: int) -> np.ndarray:
        """Integers from 0 to below the bound, which is less than 2**53: one for all, or one for each."""
        return (self.uniform(count) * bound).astype(np.int64)

    def chance(self, probability: float, count: int) -> np.ndarray:
        """True with this probability."""
        return self.uniform(count) < probability

    def pick(self, weights: Sequence[int], count: int) -> np.ndarray:
        """Positions in `weights`, each as often as its weight says."""
        ends = np.cumsum(np.array(weights, np.int64))
        return np.searchsorted(ends, self.below(int(ends[-1]), count), side="right")

    def skewed(self, bound: int, count: int) -> np.ndarray:
        """Integers from 0 to below the bound, the low ones more often: the first of them 20 times as often as all on
        average, the first eighth nearly half of the time."""
        part = self.uniform(count)
        return (part * (1 + 19 * part * part) / 20 * bound).astype(np.int64)
