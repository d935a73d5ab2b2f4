"""Kernels that list rows by group, and choose one row of each."""

from __future__ import annotations

import numpy as np

from gatherum.kernels.compiler import kernel


@kernel("void(int32[::1], int64[::1], int64[::1], int64[::1])")
def list_rows(slots, order, ends, listed):
    """Lists the rows group by group, those of one group in the order `order`. Before, `ends` holds where the rows of
    each group begin; after, where they end."""
    for i in range(order.shape[0]):
        slot = slots[order[i]]
        listed[ends[slot]] = order[i]
        ends[slot] += 1


@kernel("int64(int32[::1], int64[::1], int64, int64[::1], int64[::1], int64, int64[::1])")
def choose_rows(slots, ordinals, sign, best, at, start, changed):
    """Chooses for each group the row whose ordinal times `sign` is least, among these rows and the one chosen before.

    `best` holds that product for each group and `at` the row's position, -1 where there is none; row i gets the
    position `start` + i. `ordinals` holds one number a row, or that of the first where they follow each other.
    `changed` lists the groups that have a new row; returns how many.
    """
    each = np.int64(ordinals.shape[0] == slots.shape[0])
    listed = 0
    for i in range(slots.shape[0]):
        slot = slots[i]
        rank = sign * (ordinals[i] if each else ordinals[0] + i)
        if at[slot] < 0 or rank < best[slot]:
            changed[listed] = slot
            listed += at[slot] < start
            best[slot] = rank
            at[slot] = start + i
    return listed
