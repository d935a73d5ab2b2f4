"""A result without rows has the columns that the pipeline and the sources tell."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import gatherum as gm

TABLE = pa.table({"a": pa.array([1, 2], pa.int64()), "s": ["x", "y"], "d": pa.array([1.5, 2.5])})
NONE = {"$match": {"a": {"$gt": 100}}}
ENGINES = pytest.mark.parametrize("engine", ["rows", "columnar"])


@pytest.fixture(params=["table", "parquet"])
def source(request, tmp_path):
    if request.param == "table":
        return TABLE
    pq.write_table(TABLE, tmp_path / "given.parquet")
    return tmp_path / "given.parquet"


def nothing(source, engine, *stages):
    return gm.aggregate(source, [NONE, *stages], engine=engine, kernels="off")


@ENGINES
def test_arrow_and_frames_have_the_columns(source, engine):
    table = nothing(source, engine).to_arrow()
    assert (table.num_rows, table.schema.names) == (0, ["a", "s", "d"])
    assert table.schema.types == [pa.int64(), pa.string(), pa.float64()]
    assert list(nothing(source, engine).to_pandas().columns) == ["a", "s", "d"]
    frame = nothing(source, engine).to_polars()
    assert (frame.columns, frame.height) == (["a", "s", "d"], 0)
    assert pa.table(nothing(source, engine)).schema.names == ["a", "s", "d"]


@ENGINES
def test_types_that_are_not_known_are_null(source, engine):
    grouped = nothing(source, engine, {"$group": {"_id": "$s", "total": {"$sum": "$a"}, "low": {"$min": "$d"}}})
    assert grouped.to_arrow().schema == pa.schema([("_id", pa.string()), ("total", pa.null()), ("low", pa.float64())])


@ENGINES
@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
def test_files_of_columns_have_them(source, engine, suffix, tmp_path):
    path = tmp_path / f"out.{suffix}"
    assert nothing(source, engine, {"$project": {"_id": 0, "s": 1, "n": {"$add": ["$a", 1]}}}).write(path) == 0
    again = gm.aggregate(path, []).to_arrow()
    assert again.schema.names == ["s", "n"]
    assert again.schema.field("s").type == pa.string()


@ENGINES
def test_csv_has_its_header_line(source, engine, tmp_path):
    nothing(source, engine).write(tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == "a,s,d\n"
    nothing(source, engine).write(tmp_path / "own.csv", fields=["d", "a"])
    assert (tmp_path / "own.csv").read_text() == "d,a\n"


@ENGINES
def test_other_formats_stay_empty(source, engine, tmp_path):
    nothing(source, engine).write(tmp_path / "out.ndjson")
    assert (tmp_path / "out.ndjson").read_text() == ""


@ENGINES
def test_where_nothing_is_known_there_are_no_columns(engine, tmp_path):
    assert gm.aggregate([{"a": 1}], [NONE], engine=engine, kernels="off").to_arrow().num_columns == 0
    assert gm.aggregate([{"a": 1}], [NONE, {"$project": {"_id": 0, "b": 1}}], engine=engine,
                        kernels="off").to_arrow().schema.names == ["b"]
    assert gm.aggregate([{"a": 1}], [NONE], engine=engine, kernels="off").write(tmp_path / "out.parquet") == 0


@ENGINES
def test_rows_have_the_columns_of_the_rows(source, engine):
    rows = gm.aggregate(source, [{"$match": {"a": 1}}, {"$project": {"a": 1, "gone": "$nowhere"}}], engine=engine,
                        kernels="off")
    assert rows.to_list() == [{"a": 1}]
