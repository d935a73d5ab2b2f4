"""Merging sorted runs: every row once, in order, with little of each run in memory."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatherum.errors import CancelledError
from gatherum.kernels.columns.batch import Batch
from gatherum.kernels.columns.column import Column
from gatherum.kernels.gathering import Rows
from gatherum.physical.merge import merged
from gatherum.runtime.cancel import Cancellation

BLOCK_ROWS = 4


def rows_of(keys, ordinals):
    columns = {name: Column(pa.array([key[place] for key in keys], pa.int64())) for place, name in enumerate("ab")}
    return Rows(Batch(columns, len(keys)), np.array(ordinals, np.int64))


def ranks(pieces):
    for name in "ab":
        yield np.concatenate([piece.batch.columns[name].array.to_numpy() for piece in pieces])


def blocks(run, taken=None):
    for start in range(0, len(run), BLOCK_ROWS):
        if taken is not None:
            taken.append(1)
        part = run[start:start + BLOCK_ROWS]
        yield rows_of([key for key, _ in part], [ordinal for _, ordinal in part])


def given_out(parts):
    return [((a, b), ordinal) for rows in parts for a, b, ordinal in
            zip(*(rows.batch.columns[name].array.to_pylist() for name in "ab"), rows.ordinals.tolist(), strict=True)]


@given(st.lists(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), max_size=30), min_size=1, max_size=6),
       st.sampled_from([1, 100, 500, 10_000]), st.randoms(use_true_random=False))
def test_rows_come_in_order_and_ties_by_ordinal(keys, room, chance):
    ordinals = [*range(sum(map(len, keys)))]
    chance.shuffle(ordinals)
    runs = [sorted((key, ordinals.pop()) for key in part) for part in keys]
    found = given_out(merged([blocks(run) for run in runs], ranks, room, Cancellation()))
    assert found == sorted(row for run in runs for row in run)


@pytest.mark.parametrize("disjoint", [True, False])
def test_runs_are_read_no_further_than_there_is_room(disjoint):
    count, size = 50, BLOCK_ROWS * 24
    places = [range(number * 1000, (number + 1) * 1000) if disjoint else range(number, 4000, 4) for number in range(4)]
    runs = [[((place, 0), place) for place in part] for part in places]
    taken, given_rows, ahead = [], 0, 0
    for rows in merged([blocks(run, taken) for run in runs], ranks, count * size, Cancellation()):
        given_rows += rows.count
        ahead = max(ahead, len(taken) * BLOCK_ROWS - given_rows + rows.count)
    assert given_rows == 4000
    assert ahead * 24 <= (count + len(runs)) * size


def test_a_run_that_is_used_up_gets_more_room():
    runs = [[((place, 0), place) for place in range(number * 1000, (number + 1) * 1000)] for number in range(4)]
    parts = list(merged([blocks(run) for run in runs], ranks, 64 * BLOCK_ROWS * 24, Cancellation()))
    assert max(rows.count for rows in parts) > 2 * 8 * BLOCK_ROWS


def test_it_can_be_cancelled():
    cancellation = Cancellation()
    found = merged([blocks([((1, 1), 0)])], ranks, 1, cancellation)
    cancellation.cancel()
    with pytest.raises(CancelledError):
        next(found)
