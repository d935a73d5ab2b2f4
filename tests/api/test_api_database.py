"""`connect` and `aggregate`: what a collection may be given as, and how databases are used."""

import bson
import orjson
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import gatherum as gm
from gatherum.errors import GatherumError, PipelineError, SourceError

ROWS = [{"a": 1}, {"a": 2}, {"a": 3}]
TOTAL = [{"$group": {"_id": None, "total": {"$sum": "$a"}}}]


def ndjson(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    return path


def test_a_dict_of_everything(tmp_path):
    ndjson(tmp_path / "2024.ndjson", ROWS[:1])
    ndjson(tmp_path / "2025.ndjson", ROWS[1:])
    table = pa.table({"a": [1, 2, 3]})
    db = gm.connect({
        "glob": f"{tmp_path}/*.ndjson", "path": tmp_path / "2024.ndjson", "directory": str(tmp_path),
        "paths": [tmp_path / "2025.ndjson", str(tmp_path / "2024.ndjson")], "table": table,
        "batch": table.to_batches()[0], "reader": table.to_reader(), "pandas": pd.DataFrame({"a": [1, 2, 3]}),
        "polars": pl.DataFrame({"a": [1, 2, 3]}), "list": ROWS, "tuple": tuple(ROWS), "iterator": iter(ROWS),
        "generator": (row for row in ROWS), "view": dict(enumerate(ROWS)).values(), "empty": []})
    totals = {name: db[name].aggregate(TOTAL).to_list() for name in db}
    assert totals == {**{name: [{"_id": None, "total": 6}] for name in db}, "path": [{"_id": None, "total": 1}],
                      "empty": []}
    assert db["paths"].find().to_list() == [{"a": 2}, {"a": 3}, {"a": 1}]
    pipeline = [{"$unionWith": "pandas"}, {"$unionWith": "directory"}, {"$count": "n"}]
    assert db.table.aggregate(pipeline).to_list() == [{"n": 9}]


def test_a_directory_has_a_collection_for_each_file_and_each_directory(tmp_path):
    ndjson(tmp_path / "orders" / "2024" / "a.ndjson", ROWS[:1])
    ndjson(tmp_path / "orders" / "b.ndjson", ROWS[1:])
    ndjson(tmp_path / "small.ndjson", ROWS[:2])
    ndjson(tmp_path / ".hidden.ndjson", ROWS)
    pq.write_table(pa.table({"a": [5]}), tmp_path / "ticks.parquet")
    for db in (gm.connect(tmp_path), gm.connect(str(tmp_path))):
        assert sorted(db.list_collection_names()) == sorted(db) == ["orders", "small", "ticks"]
        assert [db[name].count_documents({}) for name in ("orders", "small", "ticks")] == [3, 2, 1]


@pytest.mark.parametrize("names", [["orders.bson.gz", "orders.ndjson", "orders.parquet"], ["a.ndjson", "a.ndjson.gz"],
                                   ["orders/a.ndjson", "orders.ndjson"], ["year/a.bson", "year/a.ndjson"]])
def test_a_directory_that_holds_a_collection_in_several_formats_is_an_error_that_says_what_to_give(tmp_path, names):
    for name in names:
        ndjson(tmp_path / name, ROWS)
    with pytest.raises(SourceError, match=r" holds .*, .*: name the one that is meant, .*, or .* a glob") as found:
        gm.connect(tmp_path)
    for name in names:
        assert name.removeprefix("year/").removesuffix("/a.ndjson") in str(found.value)
    assert f"{str(tmp_path / names[-1])!r}" in str(found.value)


def test_a_dump_of_mongodump_is_a_directory_of_collections(tmp_path):
    for name in ("orders", "users"):
        (tmp_path / f"{name}.bson").write_bytes(bson.encode({"a": 1}))
        (tmp_path / f"{name}.metadata.json").write_text("{}")
    db = gm.connect(tmp_path)
    assert [db[name].count_documents({}) for name in db] == [1, 1]
    assert list(db) == ["orders", "users"]


def test_collections_by_item_and_by_attribute():
    db = gm.connect({"orders": ROWS, "with space": ROWS})
    assert db["orders"].name == db.orders.name == "orders"
    assert db["with space"].count_documents({}) == 3
    assert {"orders", "aggregate"} <= set(dir(db))
    assert repr(db) == "<gatherum.Database of orders, with space>"
    assert repr(db.orders) == "<gatherum.Collection orders>"
    with pytest.raises(AttributeError):
        db._repr_html_  # noqa: B018


def test_a_database_runs_pipelines_that_start_with_documents():
    db = gm.connect({"orders": ROWS})
    documents = {"$documents": [{"key": 2}]}
    assert db.aggregate([documents]).to_list() == [{"key": 2}]
    joined = db.aggregate([documents, {"$lookup": {"from": "orders", "localField": "key", "foreignField": "a",
                                                   "as": "found"}}])
    assert joined.to_list() == [{"key": 2, "found": [{"a": 2}]}]
    with pytest.raises(PipelineError, match="start the pipeline with \\$documents, or name a collection") as caught:
        db.aggregate(TOTAL)
    assert caught.value.code == 73


@pytest.mark.parametrize("given", [5, None, ROWS, b"x"])
def test_connect_takes_a_dict_or_a_directory(given):
    with pytest.raises(SourceError, match="connect takes a dict of collections or a directory"):
        gm.connect(given)


def test_a_directory_that_is_not_there_is_named(tmp_path):
    (tmp_path / "orders").mkdir()
    with pytest.raises(SourceError, match=r"there is no directory .*/ordres; did you mean orders\?"):
        gm.connect(tmp_path / "ordres")


def test_aggregate_takes_a_format_for_files_whose_names_do_not_tell_it(tmp_path):
    path = tmp_path / "data"
    path.write_text("a;b\n1;2\n".replace(";", "\t"))
    assert gm.aggregate(path, [], format="tsv").to_list() == [{"a": 1, "b": 2}]
    with pytest.raises(SourceError, match=r"no format 'tvs'; did you mean tsv\?"):
        gm.aggregate(path, [], format="tvs")


@pytest.mark.parametrize("pipeline", [None, {"$match": {}}, "x", [5], [{}], [{"$match": {}, "$limit": 1}]])
def test_a_pipeline_that_is_none_is_refused(pipeline):
    with pytest.raises(PipelineError):
        gm.aggregate(ROWS, pipeline)


def test_every_error_is_one_of_the_tree():
    assert all(issubclass(value, GatherumError) for value in vars(gm.errors).values()
               if isinstance(value, type) and issubclass(value, Exception))
    assert issubclass(gm.errors.InternalError, GatherumError)
