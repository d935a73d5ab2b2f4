"""Results: read once, lazily, in every form."""

import datetime as dt
import doctest
from importlib import import_module

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from bson import Decimal128, Int64, ObjectId

import gatherum as gm
from gatherum.errors import LossError, ResultError, SourceError

WHEN = dt.datetime(2024, 1, 2, 3, 4, 5, 678000)
ROWS = [{"_id": ObjectId("0" * 24), "n": 1, "big": Int64(2**62), "mixed": 1, "when": WHEN, "x": Decimal128("1.10"),
         "list": [1, 2], "doc": {"a": 1}, "flag": True},
        {"_id": ObjectId("1" * 24), "n": 2, "big": Int64(1), "mixed": "s", "when": None, "x": Decimal128("2"),
         "list": [], "doc": {"a": 2}, "flag": False}]
MANY = [{"a": number} for number in range(5000)]
PLAIN = [{"n": 1, "flag": True}, {"n": 2, "flag": False}]
READS = [lambda result: list(result), lambda result: result.to_list(), lambda result: result.to_arrow(),
         lambda result: result.to_pandas(), lambda result: result.to_polars(), lambda result: pa.table(result)]


@pytest.fixture(params=["rows", "columnar"])
def run(request):
    def given(rows=ROWS, pipeline=(), **settings):
        return gm.aggregate(rows, list(pipeline), engine=request.param, kernels="off", **settings)
    return given


def test_rows_are_documents_with_bson_values(run):
    for found in (list(run()), run().to_list(), [*run()]):
        assert found == ROWS
        assert [[type(value) for value in row.values()] for row in found] == \
            [[type(value) for value in row.values()] for row in ROWS]


def test_dates_are_aware_where_that_is_asked_for(run):
    assert [row["when"] for row in run(tz_aware=True)] == [WHEN.replace(tzinfo=dt.UTC), None]
    assert run(tz_aware=False).to_list()[0]["when"].tzinfo is None


def test_arrow_has_a_type_for_every_column(run):
    table = run().to_arrow()
    assert table.column_names == list(ROWS[0])
    kinds = [str(kind) for kind in table.schema.types]
    assert kinds[1:3] + kinds[4:5] + kinds[6:] == ["int32", "int64", "timestamp[ms]", "large_list<item: int32>",
                                                   "struct<a: int32>", "bool"]
    assert "gatherum.variant" in kinds[3]
    assert gm.aggregate(table, []).to_list() == ROWS
    assert run([]).to_arrow().num_rows == 0


def test_frames_of_pandas(run):
    frame = run().to_pandas()
    assert frame["n"].tolist() == [1, 2]
    assert frame["mixed"].tolist() == [1, "s"]
    assert frame["x"].tolist() == [Decimal128("1.10"), Decimal128("2")]
    assert frame["when"].tolist()[0] == pd.Timestamp(WHEN)
    assert frame["doc"].tolist() == [{"a": 1}, {"a": 2}]
    assert frame["big"].dtype == "int64"
    assert run([]).to_pandas().shape == (0, 0)


def test_frames_of_polars(run):
    frame = run().to_polars()
    assert frame["n"].to_list() == [1, 2]
    assert frame["mixed"].to_list() == [1, "s"]
    assert frame["when"].to_list() == [WHEN, None]
    assert frame["list"].to_list() == [[1, 2], []]
    assert run([]).to_polars().shape == (0, 0)


def test_any_library_takes_the_rows_as_an_arrow_stream(run):
    assert pa.table(run(PLAIN)).to_pylist() == PLAIN
    assert pl.DataFrame(run(PLAIN)).to_dicts() == PLAIN
    assert gm.aggregate(run(), []).to_list() == ROWS


def test_duckdb_takes_a_result(run):
    relation = duckdb.from_arrow(run(PLAIN))
    assert relation.aggregate("sum(n)").fetchall() == [(3,)]


@pytest.mark.parametrize("suffix", ["ndjson", "jsonl", "json", "csv", "tsv", "parquet", "arrow", "arrows", "bson",
                                    "ndjson.gz", "bson.zst", "csv.bz2"])
def test_write_has_every_format_and_says_how_many_rows(run, tmp_path, suffix):
    path = tmp_path / f"rows.{suffix}"
    assert run(PLAIN).write(path) == 2
    assert gm.aggregate(path, []).to_list() == PLAIN
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_write_takes_a_format_and_its_options_and_refuses_losses(run, tmp_path):
    path = tmp_path / "rows"
    assert run().write(path, format="ndjson", canonical=True) == 2
    assert gm.aggregate(path, [], format="ndjson").to_list() == ROWS
    with pytest.raises(LossError, match="lossy=True"):
        run().write(tmp_path / "rows.csv")
    with pytest.raises(SourceError, match="names no format"):
        run().write(tmp_path / "rows.xyz")
    assert [each.name for each in tmp_path.iterdir()] == ["rows"]
    assert run().write(tmp_path / "rows.csv", lossy=True) == 2


@pytest.mark.parametrize("suffix", ["ndjson", "json", "bson", "parquet"])
def test_an_exact_file_has_every_type_or_is_refused(run, tmp_path, suffix):
    rows = [{"n": Int64(5), "x": 5.0}, {"n": 5, "x": Decimal128("1.5")}]
    path = tmp_path / f"rows.{suffix}"
    run(rows).write(path, exact=True)
    assert [list(map(type, row.values())) for row in gm.aggregate(path, [])] == [[Int64, float], [int, Decimal128]]
    with pytest.raises(LossError, match=r"document 2 has the decimal 1\.5 in the field 'x'"):
        run(rows).write(tmp_path / "rows.csv", exact=True)
    run(rows).write(tmp_path / "rows.csv")


@pytest.mark.parametrize("first", READS)
@pytest.mark.parametrize("second", [*READS[:-1], lambda result: result.write("never.ndjson"),
                                    lambda result: iter(result)])
def test_a_second_pass_is_an_error_that_says_how_to_keep_the_result(run, first, second):
    result = run(PLAIN)
    first(result)
    with pytest.raises(ResultError, match=r"already been .*to_list.*to_arrow.*write"):
        second(result)


def test_a_loop_goes_on_where_an_earlier_one_stopped(run):
    result = run(MANY)
    seen = [next(result)]
    for row in result:
        seen.append(row)
        if len(seen) == 2000:
            break
    assert seen + list(result) == MANY
    with pytest.raises(StopIteration):
        next(result)
    with pytest.raises(ResultError):
        result.to_list()


def through_a_file(result):
    result.write("rest.ndjson")
    return gm.aggregate("rest.ndjson", []).to_list()


@pytest.mark.parametrize("read", [*READS[:2], lambda result: result.to_arrow().to_pylist(),
                                  lambda result: result.to_pandas().to_dict("records"),
                                  lambda result: result.to_polars().to_dicts(),
                                  lambda result: pa.table(result).to_pylist(), through_a_file])
@pytest.mark.parametrize(("begin", "seen"), [(next, 1), (lambda result: result.to_list(7), 7),
                                             (lambda result: result.to_list(200), 200),
                                             (lambda result: str(result) and next(result), 1)])
def test_what_an_iteration_leaves_is_given_by_every_form(run, tmp_path, monkeypatch, read, begin, seen):
    monkeypatch.chdir(tmp_path)
    result = run(MANY[:300], morsel_rows=7)
    begin(result)
    assert read(result) == MANY[seen:300]
    for again in READS[:-1]:
        with pytest.raises(ResultError, match="already been"):
            again(result)


def test_what_an_iteration_leaves_keeps_its_types(run):
    result = run(tz_aware=True)
    assert next(result)["when"] == WHEN.replace(tzinfo=dt.UTC)
    assert gm.aggregate(result.to_arrow(), []).to_list() == ROWS[1:]


def test_a_loop_sees_no_row_again_that_was_read_in_another_form(run):
    result = run(MANY)
    rows = iter(result)
    assert next(rows) == MANY[0]
    assert result.to_list() == MANY[1:]
    assert list(rows) == []


def test_all_rows_taken_one_by_one_leave_none(run):
    result = run(PLAIN)
    assert [next(result), next(result)] == PLAIN
    assert result.to_list() == []


@pytest.mark.parametrize("read", READS)
def test_what_was_left_is_closed(run, read):
    with run(MANY) as result:
        assert next(result) == MANY[0]
    with pytest.raises(ResultError, match="iterated over" if read is not READS[0] else "closed|iterated"):
        read(result)
    result = run(MANY)
    result.close()
    result.close()
    assert repr(result) == "<gatherum.Result, closed>"
    with pytest.raises(ResultError, match=r"has been closed: read it before, inside its `with` block"):
        read(result)


def test_a_loop_over_what_was_closed_meanwhile_does_not_end_as_if_all_were_read(run):
    result = run(MANY)
    rows = iter(result)
    next(rows)
    result.close()
    with pytest.raises(ResultError, match="closed"):
        next(rows)


def test_after_an_error_no_more_rows_are_promised(run):
    def failing():
        yield from MANY
        raise ValueError("broken")

    result = run(failing())
    with pytest.raises(SourceError):
        list(result)
    with pytest.raises(ResultError):
        list(result)


def test_printed_it_is_a_table_of_the_first_rows_and_loses_none(run):
    result = run(MANY)
    lines = str(result).splitlines()
    assert lines[0].strip() == "a"
    assert len(lines) == 23
    assert lines[-2:] == ["19", "… and more rows"]
    assert str(result).splitlines() == lines
    assert result.to_list() == MANY
    assert repr(result) == "<gatherum.Result, read into a list>"
    assert str(run([])) == "(no rows)"
    assert "more" not in str(run(MANY[:20]))


def test_printing_reads_no_more_than_it_shows():
    taken = []
    result = gm.aggregate((taken.append(number) or {"a": number} for number in range(10**9)), [], engine="rows")
    assert "more rows" in str(result)
    assert len(taken) <= 2048


def test_stats_and_coverage_are_complete_with_the_last_row(run, tmp_path):
    path = tmp_path / "rows.ndjson"
    path.write_text('{"a": 1}\n{"a": \n{"a": 2}\n')
    result = run(str(path), [{"$match": {"a": {"$gt": 1}}}], on_bad="skip")
    assert result.coverage["rows"] == 0
    assert result.stats["operators"] is None
    assert result.to_list() == [{"a": 2}]
    covered = result.coverage
    assert (covered["sources"], covered["rows"], covered["bytes"]) == ([str(path)], 2, path.stat().st_size)
    (skipped,) = covered["skipped"]
    assert covered["skipped_count"] == 1
    assert (skipped["file"], skipped["place"], skipped["offset"]) == (str(path), "line 2", 9)
    assert result.stats["seconds"] > 0
    assert result.stats["engine"] in result.stats["why"]
    assert {operator["name"] for operator in result.stats["operators"]} >= {"Filter", "Scan"}


def test_a_bad_record_is_an_error_that_says_where_it_is(run, tmp_path):
    path = tmp_path / "rows.ndjson"
    path.write_text('{"a": 1}\n{"a": \n')
    with pytest.raises(SourceError, match=r"rows.ndjson.*line 2.*9"):
        run(str(path)).to_list()


def test_rows_are_taken_in_pieces(run):
    result = run(MANY)
    pieces = [result.to_list(1500), result.to_list(1), [next(result)], result.to_list(9999), result.to_list(1)]
    assert [len(piece) for piece in pieces] == [1500, 1, 1, 3498, 0]
    assert [row for piece in pieces for row in piece] == MANY


@pytest.mark.parametrize("length", [0, -1, "3", 2.0])
def test_the_length_of_a_piece_is_a_number_of_rows(run, length):
    result = run(MANY)
    with pytest.raises(ResultError, match="a number of rows of at least 1"):
        result.to_list(length)
    assert len(result.to_list()) == len(MANY)


def test_pieces_of_what_was_read_or_closed_are_an_error(run):
    result = run(MANY)
    result.to_list()
    with pytest.raises(ResultError, match="already been read into a list"):
        result.to_list(3)
    with run(MANY) as result:
        result.to_list(3)
    with pytest.raises(ResultError, match="already been iterated over"):
        result.to_list(3)


@pytest.mark.parametrize("module", ["api.result", "api.cursor", "api.collection"])
def test_the_examples_run(module):
    failed, tried = doctest.testmod(import_module(f"gatherum.{module}"))
    assert tried
    assert not failed
