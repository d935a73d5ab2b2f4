"""The kernel that adds the items of each row's array, one after the other, to a total of the row."""

from __future__ import annotations

import numba
import numpy as np

from gatherum.kernels.compiler import kernel
from gatherum.types.values import BsonType

INT = int(BsonType.INT)
LONG = int(BsonType.LONG)
DOUBLE = int(BsonType.DOUBLE)
NULL = int(BsonType.NULL)
MISSING = int(BsonType.MISSING)


@numba.njit(inline="always")
def _nullish(kind):
    return kind in (NULL, MISSING)


@kernel("boolean(int64[::1], int64[::1], uint8[::1], int64[::1], float64[::1], uint8[::1], int64[::1], float64[::1])")
def fold_sums(starts, lengths, kinds, words, doubles, types, totals, fractions):
    """Adds to each row's total its items, as $add adds two numbers; false where a sum of integers overflows.

    `kinds` has the types of the items (ints, longs, doubles, null and missing), or the one that all have; `words` and
    `doubles` are the same memory. So are `totals` and `fractions`, whose types are in `types`.
    """
    step = np.int64(kinds.shape[0] == words.shape[0])
    for row in range(starts.shape[0]):
        kind, total, fraction = types[row], totals[row], fractions[row]
        for i in range(starts[row], starts[row] + lengths[row]):
            other = kinds[i * step]
            if _nullish(kind) or _nullish(other):
                kind, total = np.uint8(NULL), np.int64(0)
            elif kind == DOUBLE or other == DOUBLE:
                fraction = (fraction if kind == DOUBLE else np.float64(total)) + 0.0        # of -0.0, 0.0
                fraction += doubles[i] if other == DOUBLE else np.float64(words[i])
                kind = np.uint8(DOUBLE)
            else:
                added = total + words[i]
                if (added ^ total) & (added ^ words[i]) < 0:
                    return False
                wide = kind == LONG or other == LONG or added != np.int64(np.int32(added))
                kind, total = np.uint8(LONG if wide else INT), added
        types[row] = kind
        if kind == DOUBLE:
            fractions[row] = fraction
        else:
            totals[row] = total
    return True
