"""Writing files: what is written is read again, and a failed write leaves nothing."""

import datetime as dt
import io
import os
import sys

import orjson
import pytest
from bson import Decimal128, Int64, ObjectId
from hypothesis import given
from hypothesis import strategies as st
from reading import exact, read_file
from strategies import documents

from gatherum.errors import LossError, SettingError, SourceError
from gatherum.sinks.files import formats, open_sink

ROWS = [{"a": 1, "b": "é"}, {"a": 2.0}]


def write(target, rows, **options):
    with open_sink(target, **options) as sink:
        for row in rows:
            sink.write([row])


@given(st.lists(documents, max_size=4), st.sampled_from([("ndjson", {"canonical": True}), ("bson", {}),
                                                        ("json", {"canonical": True})]),
       st.sampled_from(["", ".gz", ".bz2", ".zst"]))
def test_what_is_written_is_read_again_with_every_type(tmp_path_factory, rows, kind, compression):
    name, options = kind
    path = tmp_path_factory.mktemp("sink") / f"data.{name}{compression}"
    write(path, rows, **options)
    assert exact(read_file(path)) == exact(rows)


def test_relaxed_json_is_what_people_write(tmp_path):
    path = tmp_path / "data.ndjson"
    write(path, [{"i": 1, "l": Int64(5), "d": 1.0, "x": Decimal128("1.50"), "t": dt.datetime(2020, 1, 1),
                  "n": float("nan"), "s": "é", "o": ObjectId("507d95d5719dbef170f15bf9"), "z": None}])
    assert path.read_text(encoding="utf-8") == (
        '{"i":1,"l":5,"d":1.0,"x":{"$numberDecimal":"1.50"},"t":{"$date":"2020-01-01T00:00:00Z"},'
        '"n":{"$numberDouble":"NaN"},"s":"é","o":{"$oid":"507d95d5719dbef170f15bf9"},"z":null}\n')


@pytest.mark.parametrize("rows", [[], ROWS, ROWS * 3])
def test_a_json_file_is_one_array(tmp_path, rows):
    path = tmp_path / "data.json"
    write(path, rows)
    assert orjson.loads(path.read_bytes()) == rows


def test_bson_keeps_the_order_of_fields(tmp_path):
    path = tmp_path / "data.bson"
    write(path, [{"b": 1, "_id": 2}])
    assert list(read_file(path)[0]) == ["b", "_id"]


@pytest.mark.parametrize("name", ["data.ndjson", "data.json", "data.bson", "data.csv", "data.ndjson.gz",
                                  "data.ndjson.bz2", "data.ndjson.zst"])
def test_a_failed_write_leaves_what_was_there(tmp_path, name):
    path = tmp_path / name
    path.write_text("before")
    with pytest.raises(LossError, match="document 2"):
        write(path, [{"a": "x"}, {"a": object()}])
    with pytest.raises(KeyError), open_sink(path) as sink:
        sink.write([{"a": "x"}])
        raise KeyError
    sink = open_sink(path)
    with pytest.raises(LossError):
        sink.write([{"a": object()}])
    with pytest.raises(SourceError, match="nothing can be written after"):
        sink.write([{"a": 1}])
    sink.close()
    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == [name]


def test_nothing_is_there_under_the_name_before_close(tmp_path):
    sink = open_sink(tmp_path / "data.ndjson")
    sink.write(ROWS)
    assert not (tmp_path / "data.ndjson").exists()
    sink.close()
    sink.close()
    assert read_file(tmp_path / "data.ndjson") == ROWS


def test_permissions_are_those_of_any_new_file(tmp_path):
    write(tmp_path / "data.ndjson", ROWS)
    (tmp_path / "other").write_text("")
    assert (tmp_path / "data.ndjson").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real.ndjson").write_text("")
    (tmp_path / "link.ndjson").symlink_to(tmp_path / "real.ndjson")
    write(tmp_path / "link.ndjson", ROWS)
    assert (tmp_path / "link.ndjson").is_symlink()
    assert read_file(tmp_path / "real.ndjson") == ROWS


def test_streams_are_left_open():
    stream = io.BytesIO()
    write(stream, ROWS, format="ndjson")
    assert stream.getvalue().count(b"\n") == 2


def test_standard_output(monkeypatch):
    stream = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(stream))
    write("-", ROWS, format="ndjson")
    assert stream.getvalue().count(b"\n") == 2


def test_devices_are_written_as_they_are():
    write("/dev/null", ROWS, format="ndjson")
    assert not os.path.isfile("/dev/null")


@pytest.mark.parametrize(("target", "options", "error", "says"), [
    ("x.parquet7", {}, SourceError, r"the suffix of x\.parquet7 names no format"),
    ("x.ndjson", {"format": "ndjsn"}, SourceError, "did you mean ndjson"),
    (io.BytesIO(), {}, SourceError, "name the format"), ("-", {}, SourceError, "name the format"),
    ("x.bson", {"canonical": True}, SettingError, "no option 'canonical' for bson; it takes none"),
    ("/no/such/place/x.ndjson", {}, SourceError, "cannot write .*No such file")])
def test_errors_say_what_is_wrong(target, options, error, says):
    with pytest.raises(error, match=says):
        open_sink(target, **options)


@pytest.mark.parametrize("value", ["\ud800", 2**64, {1: 2}])
@pytest.mark.parametrize("name", ["ndjson", "json", "bson"])
def test_what_a_format_cannot_hold_is_refused(name, value):
    with pytest.raises(LossError, match="document 1 cannot be written"):
        write(io.BytesIO(), [{"a": value}], format=name)


def test_every_format_has_suffixes_of_its_own():
    suffixes = [suffix for form in formats().values() for suffix in form.suffixes]
    assert len(suffixes) == len(set(suffixes))
    assert {"ndjson", "json", "bson", "csv", "tsv"} <= set(formats())
