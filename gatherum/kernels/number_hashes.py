"""The canonical hash of a seed and a number, for many numbers at once."""

from __future__ import annotations

import numpy as np

from gatherum.types.canonical import FINAL_1, FINAL_2, MASK, MULTIPLIER


def hashes_of_numbers(seed: int, numbers: np.ndarray) -> np.ndarray:
    """`hash_of_words([seed, number])` of each number (int64, at least 0), as uint64."""
    h = np.full(len(numbers), 2, np.uint64)
    for words in (np.uint64(seed & MASK), numbers.astype(np.uint64)):
        h = (h ^ words) * np.uint64(MULTIPLIER)
        h ^= h >> np.uint64(29)
    h = (h ^ (h >> np.uint64(30))) * np.uint64(FINAL_1)
    h = (h ^ (h >> np.uint64(27))) * np.uint64(FINAL_2)
    return h ^ (h >> np.uint64(31))
