"""Columns that are nested too deep for the readers of a format are written as BSON, and are read back as they were."""

import itertools

import pyarrow.parquet as pq
import pytest
from pyarrow import ipc
from reading import exact, read_file

from gatherum.kernels.columns.depth import DEEPEST
from gatherum.sinks.columnar import writer
from gatherum.sinks.files import open_sink

WRAPS = {"documents": [lambda part: {"a": part}], "arrays": [lambda part: [part]],
         "mixed": [lambda part: {"a": part}, lambda part: [part]]}
BSON = "extension<gatherum.bson<BsonValueType>>"


def nested(kind, levels):
    """A value in documents and arrays; with itself it has so many levels."""
    value, wraps = 1, WRAPS[kind]
    for number in range(levels - 1):
        value = wraps[number % len(wraps)](value)
    return value


def write(path, rows):
    with open_sink(path) as sink:
        for row in rows:
            sink.write([row])


def column_type(path):
    schema = pq.read_schema(path) if path.suffix == ".parquet" else ipc.open_file(path).schema
    return str(schema.field("v").type)


@pytest.mark.parametrize("name", ["x.parquet", "x.arrow"])
@pytest.mark.parametrize("kind", WRAPS)
def test_what_is_nested_deeper_than_the_limit_is_bson(tmp_path, kind, name):
    for levels in (DEEPEST, DEEPEST + 1):
        rows = [{"v": nested(kind, levels), "n": 1}, {"v": None, "n": 2}]
        write(tmp_path / name, rows)
        assert (column_type(tmp_path / name) == BSON) == (levels > DEEPEST)
        assert exact(read_file(tmp_path / name)) == exact(rows)


@pytest.mark.parametrize("levels", [DEEPEST, DEEPEST + 1, 65, 100, 150])
@pytest.mark.parametrize("kind", WRAPS)
@pytest.mark.parametrize("name", ["x.parquet", "x.arrow", "x.arrows"])
def test_ndjson_comes_back_through_columns_and_bson(tmp_path, kind, levels, name):
    files = [tmp_path / each for each in ("x.ndjson", name, "x.bson", "y.ndjson")]
    write(files[0], [{"v": nested(kind, levels)}])
    for given, made in itertools.pairwise(files):
        write(made, read_file(given))
    assert files[0].read_bytes() == files[3].read_bytes()


@pytest.mark.parametrize("name", ["x.parquet", "x.arrow"])
def test_a_deep_value_met_late(tmp_path, name, monkeypatch):
    monkeypatch.setattr(writer, "GROUP_ROWS", 2)
    monkeypatch.setattr(writer, "DOCUMENTS", 1)
    rows = [{"v": {"a": 1}}] * 3 + [{"v": nested("documents", 120)}, {"v": {"a": 2}}, {}]
    write(tmp_path / name, rows)
    assert column_type(tmp_path / name) == BSON
    assert exact(read_file(tmp_path / name)) == exact(rows)
