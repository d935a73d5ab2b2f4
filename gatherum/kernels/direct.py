"""Kernels for codes by direct index: `lookup[place]` is the code of what is looked up, -1 where it has none yet.

They return how many places without a code there are, and list each once, in the order of first appearance. Such a place
is then marked -2, and gets its code before the rows are looked up again.
"""

from __future__ import annotations

import numpy as np

from gatherum.kernels.compiler import kernel

UNKNOWN = np.int32(-1)
LISTED = np.int32(-2)


@kernel("int64(int32[::1], int32[::1], int32[::1], int64[::1])")
def look_up(indices, lookup, codes, fresh):
    """The codes of indices; `fresh` lists the indices that have none."""
    worst = np.int32(0)
    for i in range(indices.shape[0]):
        code = lookup[np.uint32(indices[i])]
        codes[i] = code
        worst |= code
    listed = 0
    if worst < 0:
        for i in range(indices.shape[0]):
            index = np.uint32(indices[i])
            if lookup[index] == UNKNOWN:
                lookup[index] = LISTED
                fresh[listed] = index
                listed += 1
    return listed


@kernel("int64(int32[::1], int32[::1], int64, int32[::1], int32[::1], int64[::1])")
def look_up_pairs(first, second, width, lookup, codes, fresh):
    """The codes of pairs, of which the place is first * width + second; `fresh` lists rows with those that have
    none."""
    worst = np.int32(0)
    for i in range(first.shape[0]):
        code = lookup[np.uint64(first[i] * width + second[i])]
        codes[i] = code
        worst |= code
    listed = 0
    if worst < 0:
        for i in range(first.shape[0]):
            place = np.uint64(first[i] * width + second[i])
            if lookup[place] == UNKNOWN:
                lookup[place] = LISTED
                fresh[listed] = i
                listed += 1
    return listed
