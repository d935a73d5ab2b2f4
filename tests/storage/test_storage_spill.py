"""State batches on disk: by bucket, compressed, and joined where they are small."""

import numpy as np
import pyarrow as pa
import pytest

from gatherum.errors import InternalError
from gatherum.kernels.state_batch import BUCKET_SHIFT
from gatherum.runtime.temporary import TemporarySpace
from gatherum.storage.blocks import BlockFile
from gatherum.storage.spill import JOINED_BYTES, StateSpill, states_of_bucket


def states(buckets, values, kind=None):
    hashes = np.sort(np.array(buckets, np.uint64)) << np.uint64(BUCKET_SHIFT)
    schema = pa.schema([pa.field("hash", pa.uint64()), pa.field("value", kind or pa.int64())], {b"of": b"test"})
    return pa.RecordBatch.from_arrays([pa.array(hashes), pa.array(values, kind or pa.int64())], schema=schema)


def test_blocks_are_compressed_and_read_back(tmp_path):
    with TemporarySpace(tmp_path) as space:
        file = BlockFile(space, "test")
        written = [b"a" * 100_000, b"", b"short", bytes(range(256)) * 50]
        blocks = [file.append(pa.py_buffer(data)) for data in written]
        assert [file.read(block).to_pybytes() for block in reversed(blocks)] == written[::-1]
        assert file.size < sum(map(len, written)) / 4
        file.close()


def test_every_bucket_is_read_by_itself_and_its_states_are_joined(tmp_path):
    with TemporarySpace(tmp_path) as space:
        spills = [StateSpill(space), StateSpill(space), StateSpill(space)]
        for number in range(10):
            assert spills[number % 2].write(states([3, 3, 7, 255], [number, 10 + number, 20 + number, 30 + number])) > 0
        found = {bucket: list(states_of_bucket(spills, bucket)) for bucket in (3, 7, 8, 255)}
        assert [len(batches) for batches in found.values()] == [1, 1, 0, 1]
        assert sorted(found[3][0].column("value").to_pylist()) == list(range(20))
        assert sorted(found[255][0].column("value").to_pylist()) == list(range(30, 40))
        assert found[7][0].schema.metadata == {b"of": b"test"}
        for spill in spills:
            spill.close()
        assert not list(tmp_path.rglob("states*"))


def test_states_in_no_order_are_refused(tmp_path):
    with TemporarySpace(tmp_path) as space:
        spill, batch = StateSpill(space), states([1, 2, 3], [1, 2, 3])
        with pytest.raises(InternalError, match="not in the order of their hashes"):
            spill.write(batch.take(pa.array([0, 2, 1])))
        spill.close()


def test_states_of_several_types_and_large_ones_stay_apart(tmp_path):
    with TemporarySpace(tmp_path) as space:
        spill = StateSpill(space)
        half = JOINED_BYTES // 32 + 1
        for values, kind in [([1], None), ([2], None), (["x"], pa.string()), (range(half), None), (range(half), None)]:
            spill.write(states([5] * len(values), values, kind))
        found = [batch.column("value").to_pylist() for batch in states_of_bucket([spill], 5)]
        assert [values[:3] for values in found] == [[1, 2], ["x"], [0, 1, 2], [0, 1, 2]]
        spill.close()
