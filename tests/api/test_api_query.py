"""The engine that is chosen, and why."""

import pyarrow as pa
import pytest

import gatherum as gm
from gatherum.api.inputs import opener
from gatherum.api.query import prepare, scanned
from gatherum.errors import OperatorError, SourceError
from gatherum.runtime.settings import Settings


def chosen(given, pipeline=(), **settings):
    query = prepare({"c": opener(given, "c")}, "c", list(pipeline), Settings(**settings))
    return query.engine, query.why


def test_a_small_input_takes_the_rows_engine_and_a_large_one_the_columnar(tmp_path):
    path = tmp_path / "a.ndjson"
    path.write_text('{"a": 1}\n' * 100)
    assert chosen(path) == ("rows", "the input is small")
    assert chosen(path, rows_engine_limit=100)[0] == "columnar"
    assert "100 bytes (rows_engine_limit" in chosen(path, rows_engine_limit=100)[1]
    assert chosen([{"a": 1}] * 1000)[0] == "rows"
    assert chosen([{}] * 300_001)[0] == "columnar"
    assert chosen(pa.table({"a": range(10)}))[0] == "rows"
    assert chosen(pa.table({"a": range(10_000)}))[0] == "rows"
    assert chosen(pa.table({"a": range(10_001)})) == ("columnar", "c has more than 10,000 rows, in columns")


def test_an_input_that_as_documents_may_exceed_the_memory_takes_the_columnar_engine():
    assert chosen([{}] * 100_000)[0] == "rows"
    assert chosen([{}] * 100_000, memory_limit="1MB")[0] == "columnar"


def test_an_input_of_unknown_size(tmp_path):
    assert chosen(pa.table({"a": [1]}).to_reader()) == ("columnar", "c is of unknown size, in columns")
    assert chosen(iter([{"a": 1}])) == ("rows", "the input is small")


def test_all_sources_count():
    table = pa.table({"a": range(60_000)})
    db = gm.connect({"small": [{"a": 1}], "large": table})
    assert db.small.explain([])["engine"] == "rows"
    assert db.small.explain([{"$unionWith": "large"}])["engine"] == "columnar"
    assert db.small.explain([{"$facet": {"x": [{"$lookup": {"from": "large", "localField": "a", "foreignField": "a",
                                                            "as": "f"}}]}}])["engine"] == "columnar"


@pytest.mark.parametrize("engine", ["rows", "columnar"])
def test_the_engine_asked_for_is_taken(engine):
    assert chosen([], engine=engine) == (engine, f"engine={engine!r} was asked for")


def test_the_sources_of_subplans_are_scanned():
    given = {name: opener([], name) for name in "abc"}
    plan = prepare(given, "a", [{"$lookup": {"from": "b", "localField": "x", "foreignField": "x", "as": "f"}},
                                {"$facet": {"f": [{"$limit": 1}]}}, {"$unionWith": "c"}], Settings()).plan
    assert set(scanned(plan)) == {"a", "b", "c"}


LOOKUP = {"$lookup": {"from": "other", "localField": "a", "foreignField": "a", "as": "found"}}


@pytest.mark.parametrize(("pipeline", "place"), [
    ([LOOKUP], "stage 1 ($lookup): "), ([{"$match": {}}, {"$unionWith": "other"}], "stage 2 ($unionWith): "),
    ([{"$unionWith": {"coll": "items", "pipeline": [LOOKUP]}}], "stage 1 ($unionWith), stage 1 ($lookup): ")])
def test_a_collection_that_is_not_there_is_named_with_the_stage_that_reads_it(pipeline, place):
    db = gm.connect({"items": [{"a": 1}], "others": []})
    with pytest.raises(SourceError) as caught:
        db.items.aggregate(pipeline)
    assert str(caught.value) == f"{place}there is no collection 'other'; did you mean others?"


@pytest.mark.parametrize("kind", ["bson", "ndjson", "parquet"])
@pytest.mark.parametrize("threads", [1, 2])
def test_an_error_of_a_sort_names_its_stage_wherever_it_comes_up(kind, threads, tmp_path):
    path = str(tmp_path / f"x.{kind}")
    gm.aggregate([{"_id": i, "a": [1, 2], "b": [2]} for i in range(40)], [], engine="rows").write(path)
    result = gm.aggregate(path, [{"$sort": {"a": 1, "b": 1}}, {"$limit": 3}], rows_engine_limit=0, threads=threads,
                          morsel_rows=3)
    with pytest.raises(OperatorError, match=r"^stage 1 \(\$sort\): .*parallel arrays"):
        result.to_list()
