"""Arrow IPC files and streams that other tools read."""

import polars as pl
import pyarrow as pa
import pyarrow.feather as feather
import pytest
from pyarrow import ipc
from reading import exact, read_file

from gatherum.errors import SettingError
from gatherum.sinks.columnar import writer
from gatherum.sinks.files import open_sink

ROWS = [{"a": i, "s": f"k{i % 3}", "o": {"x": i * 0.5}} for i in range(10)]


def write(target, rows, **options):
    with open_sink(target, **options) as sink:
        for row in rows:
            sink.write([row])


@pytest.mark.parametrize("name", ["x.arrow", "x.feather"])
def test_the_file_format(tmp_path, name):
    write(tmp_path / name, ROWS)
    assert ipc.open_file(tmp_path / name).read_all().to_pylist() == [{**r, "o": {"x": float(r["a"]) / 2}} for r in ROWS]
    assert feather.read_table(tmp_path / name).num_rows == 10
    assert pl.read_ipc(tmp_path / name)["s"].to_list() == [r["s"] for r in ROWS]


def test_the_stream_format(tmp_path):
    write(tmp_path / "x.arrows", ROWS)
    with ipc.open_stream(tmp_path / "x.arrows") as reader:
        assert reader.read_all().num_rows == 10


@pytest.mark.parametrize("name", ["x.arrow", "x.arrows"])
def test_a_type_met_late(tmp_path, name, monkeypatch):
    monkeypatch.setattr(writer, "GROUP_ROWS", 2)
    monkeypatch.setattr(writer, "DOCUMENTS", 1)
    rows = [{"a": 1, "b": 1}] * 5 + [{"b": 2, "a": "x"}, {"a": None}]
    write(tmp_path / name, rows)
    assert exact(read_file(tmp_path / name)) == exact(rows)


def test_compression(tmp_path):
    rows = [{"a": "x" * 1000} for _ in range(100)]
    for kind in ("none", "lz4", "zstd"):
        write(tmp_path / f"{kind}.arrow", rows, compression=kind)
        assert read_file(tmp_path / f"{kind}.arrow") == rows
    assert (tmp_path / "none.arrow").stat().st_size > 10 * (tmp_path / "lz4.arrow").stat().st_size
    with pytest.raises(SettingError, match="compression is one of"):
        open_sink(tmp_path / "y.arrow", compression="snappy")


def test_record_batches_are_no_larger_than_a_morsel(tmp_path):
    write(tmp_path / "x.arrow", [{"a": 1}] * 70_000)
    reader = ipc.open_file(tmp_path / "x.arrow")
    assert [reader.get_batch(i).num_rows for i in range(reader.num_record_batches)] == [65536, 4464]
    assert reader.schema == pa.schema([("a", pa.int32())])
