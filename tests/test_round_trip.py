"""Documents go from format to format and come back exactly: values, types, missing fields and the order of keys."""

import datetime as dt

import pytest
from bson import Int64
from bson.datetime_ms import DatetimeMS
from hypothesis import given
from hypothesis import strategies as st
from reading import exact, read_file
from strategies import documents, int32, int64

from gatherum.sinks.columnar import writer
from gatherum.sinks.files import open_sink

numbers = st.one_of(int32, int64, st.integers(2**31, 2**63 - 1).map(Int64), st.floats(),
                    st.integers(-5, 5).map(float), st.none())
rows_of_numbers = st.lists(st.dictionaries(st.sampled_from("ab"), st.one_of(
    numbers, st.lists(numbers, max_size=3), st.fixed_dictionaries({"x": numbers}, optional={"y": numbers}))))


def write(path, rows, **options):
    with open_sink(path, **options) as sink:
        for row in rows:
            sink.write([row])


def journey(folder, rows, columnar, small_groups):
    """NDJSON, then a file of columns, then BSON, then NDJSON: the first and the last file, and what was between."""
    first, middle, last = folder / "a.ndjson", folder / f"b.{columnar}", folder / "d.ndjson"
    write(first, rows, canonical=True)
    with pytest.MonkeyPatch.context() as patch:
        if small_groups:
            patch.setattr(writer, "GROUP_ROWS", 2)
            patch.setattr(writer, "DOCUMENTS", 1)
        write(middle, read_file(first))
    write(folder / "c.bson", read_file(middle))
    write(last, read_file(folder / "c.bson"), canonical=True)
    return first, middle, last


@given(st.one_of(st.lists(documents, max_size=6), rows_of_numbers),
       st.sampled_from(["parquet", "arrow", "arrows", "parquet.gz"]), st.booleans())
def test_documents_come_back_exactly(tmp_path_factory, rows, columnar, small_groups):
    first, middle, last = journey(tmp_path_factory.mktemp("trip"), rows, columnar, small_groups)
    assert last.read_bytes() == first.read_bytes()
    assert exact(read_file(middle)) == exact(rows)


@pytest.mark.parametrize("small_groups", [False, True])
@pytest.mark.parametrize("rows", [
    [], [{}], [{}, {}, {}], [{}, {"a": 1}], [{"a": {}}], [{"a": {}}, {"a": {"b": 1}}], [{"a": []}], [{"a": [[], [{}]]}],
    [{"": 1, "a.b": 2, "A.B": 3, "a": {"b": 4}}, {"a.b": 5}], [{"a": 1, "b": 2}, {"b": 2, "a": 1}],
    [{"a": 1, "b": 2}, {"a": 1, "b": 2}, {"b": 2, "a": 1}, {"c": 1, "b": 3}], [{"b": 2}, {"a": 1}, {"a": 1, "b": 2}],
    [{"a": {"x": 1, "y": 2}}, {"a": {"y": 2, "x": 1}}, {"a": None}, {}],
    [{"a": None}, {}, {"a": 1}], [{"a": None}, {"b": None}, {"a": 1, "b": "x"}], [{"a": Int64(2**63 - 1)}, {"a": -1}],
    [{"a": Int64(1)}, {"a": 1}, {"a": 1.0}], [{"a": -0.0}, {"a": 0}, {"a": 1.5}], [{"a": 1}] * 3 + [{"a": "late"}],
    [{"a": [1, "x", None, {"b": [1.5, []]}]}, {"a": 7}],
    [{"gatherum.layout": "x", "a": 1}, {"a": 1, "gatherum.layout": "y"}],
    [{"a": {"b": 1}}, {"a": None}, {"a": {"c": 2}}, {"a": {"b": None}}], [{"a": [{"b": 1}, {}]}, {"a": [{"b": None}]}],
    [{"a": dt.datetime(2020, 1, 1)}, {"a": DatetimeMS(-2**60)}, {}], [{"a": True}, {"a": False}, {}],
    [{"a": "é\U0001f600"}, {"a": ""}], [{str(i): i} for i in range(30)]])
@pytest.mark.parametrize("columnar", ["parquet", "arrow"])
def test_corners_come_back_exactly(tmp_path, rows, columnar, small_groups):
    first, middle, last = journey(tmp_path, rows, columnar, small_groups)
    assert last.read_bytes() == first.read_bytes()
    assert exact(read_file(middle)) == exact(rows)
