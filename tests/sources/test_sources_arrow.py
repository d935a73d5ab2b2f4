"""Arrow IPC files and streams, whoever wrote them."""

import os
import threading

import polars as pl
import pyarrow as pa
import pyarrow.feather as feather
import pytest
from pyarrow import ipc
from reading import SAMPLES, read, read_file

from gatherum.errors import SourceError
from gatherum.plan.protocols import Request
from gatherum.sources.files import open_files

TABLE = pa.table({"a": [1, 2, 3], "s": pa.array(["x", "y", "x"]).dictionary_encode(), "l": [[1], [], None]})
ROWS = TABLE.to_pylist()
FLIGHTS = SAMPLES / "flights-200k.arrow"


def write_file(path, table, **options):
    with ipc.new_file(path, table.schema) as writer:
        writer.write_table(table, **options)


def write_stream(path, table, **options):
    with ipc.new_stream(path, table.schema) as writer:
        writer.write_table(table, **options)


@pytest.mark.parametrize("write", [write_file, write_stream])
@pytest.mark.parametrize("name", ["x.arrow", "x.arrows", "x.feather", "nameless"])
def test_both_formats_are_read_whatever_the_suffix(tmp_path, write, name):
    write(tmp_path / name, TABLE)
    source = open_files(tmp_path / name)
    assert read(source) == read(source) == ROWS
    assert source.schema() == {"a": "long", "s": "string", "l": "array"}


def test_files_of_other_tools(tmp_path):
    feather.write_feather(TABLE, tmp_path / "x.feather")
    assert read_file(tmp_path / "x.feather") == ROWS
    pl.DataFrame({"a": [1, 2], "s": ["x", None]}).write_ipc(tmp_path / "y.arrow", compression="zstd")
    assert read_file(tmp_path / "y.arrow") == [{"a": 1, "s": "x"}, {"a": 2, "s": None}]


@pytest.mark.parametrize("write", [write_file, write_stream])
def test_only_needed_columns_are_given(tmp_path, write):
    write(tmp_path / "x.arrow", TABLE)
    source = open_files(tmp_path / "x.arrow")
    assert read(source, fields=(("s",),)) == [{"s": "x"}, {"s": "y"}, {"s": "x"}]
    assert read(source, fields=()) == [{}, {}, {}]
    assert read(source, limit=2) == ROWS[:2]


def test_record_batches_are_joined_and_cut(tmp_path):
    write_file(tmp_path / "small.arrow", pa.table({"a": range(40_000)}), max_chunksize=1000)
    (partition,) = open_files(tmp_path / "small.arrow").partitions(Request())
    assert [batch.rows for batch in partition.batches(Request())] == [17_000, 17_000, 6_000]
    write_file(tmp_path / "large.arrow", pa.table({"a": range(600_000)}))
    (partition,) = open_files(tmp_path / "large.arrow").partitions(Request())
    found = list(partition.batches(Request()))
    assert [batch.rows for batch in found] == [524_288, 75_712]
    assert [batch.ordinal for batch in found] == [0, 1 << 32]
    assert partition.name.endswith("[record batch 0]")


def test_many_record_batches_are_several_partitions(tmp_path):
    write_file(tmp_path / "x.arrow", pa.table({"a": range(600_000)}), max_chunksize=65_536)
    source = open_files(tmp_path / "x.arrow")
    assert len(source.partitions(Request())) == 3
    assert source.statistics().rows == 600_000
    assert [row["a"] for row in read(source)] == list(range(600_000))


def test_dictionaries_that_differ_from_batch_to_batch(tmp_path):
    one, two = (pa.RecordBatch.from_arrays([pa.array(values).dictionary_encode()], ["s"])
                for values in (["a", "b"], ["c", "a"]))
    with ipc.new_stream(tmp_path / "x.arrows", one.schema) as writer:
        writer.write_batch(one)
        writer.write_batch(two)
    (partition,) = open_files(tmp_path / "x.arrows").partitions(Request())
    (batch,) = partition.batches(Request())
    assert [row["s"] for row in batch.documents()] == ["a", "b", "c", "a"]


@pytest.mark.parametrize("write", [write_file, write_stream])
@pytest.mark.parametrize("options", [{}, {"format": "arrow"}])
def test_both_formats_come_through_pipes(tmp_path, write, options):
    write(tmp_path / "x.arrow", TABLE)
    content = (tmp_path / "x.arrow").read_bytes()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(content,))
    writer.start()
    try:
        assert read(open_files(pipe, **options)) == ROWS
    finally:
        writer.join()


@pytest.mark.parametrize(("content", "says"), [
    (b"ARROW1\0\0nonsense", "cannot be read as an Arrow file"), (b"FEA1....", "Feather file of version 1"),
    (b"\xff\xff\xff\xff\x10\x01", "x.arrow")])
def test_broken_files_are_refused(tmp_path, content, says):
    (tmp_path / "x.arrow").write_bytes(content)
    with pytest.raises(SourceError, match=says):
        read_file(tmp_path / "x.arrow")


def test_a_file_that_ends_early_is_an_error(tmp_path):
    write_stream(tmp_path / "x.arrows", pa.table({"a": range(1000)}))
    data = (tmp_path / "x.arrows").read_bytes()
    (tmp_path / "x.arrows").write_bytes(data[:len(data) // 2])
    with pytest.raises(SourceError, match=r"x\.arrows"):
        read_file(tmp_path / "x.arrows")


@pytest.mark.skipif(not FLIGHTS.exists(), reason="the file is not there")
def test_flights():
    source = open_files(FLIGHTS)
    assert source.statistics().rows == 200_000
    assert source.schema() == {"delay": "int", "distance": "int", "time": "double"}
    assert len(read(source)) == 200_000
