"""Collections: aggregate, find, count_documents, distinct and explain."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import gatherum as gm
from gatherum.errors import PipelineError, SettingError, SourceError

ROWS = [{"_id": number, "k": "ab"[number % 2], "n": number * 10} for number in range(6)]


@pytest.fixture
def rows():
    return gm.connect({"rows": ROWS, "others": [{"_id": "a", "name": "Ada"}]}).rows


def identifiers(found):
    return [row["_id"] for row in found]


def test_aggregate_reaches_the_other_collections(rows):
    pipeline = [{"$match": {"_id": {"$lt": 2}}}, {"$sort": {"_id": 1}},
                {"$lookup": {"from": "others", "localField": "k", "foreignField": "_id", "as": "found"}}]
    assert [row["found"] for row in rows.aggregate(pipeline)] == [[{"_id": "a", "name": "Ada"}], []]


def test_a_pipeline_is_checked_before_anything_is_read():
    read = []
    db = gm.connect({"rows": (read.append(number) or {"a": 1} for number in range(9))})
    with pytest.raises(PipelineError, match=r"stage 2 \(\$macth\).*did you mean \$match") as caught:
        db.rows.aggregate([{"$limit": 1}, {"$macth": {}}])
    assert caught.value.code == 40324
    assert read == []


def test_nothing_is_read_before_the_first_row_is_asked_for():
    read = []
    db = gm.connect({"rows": (read.append(number) or {"a": 1} for number in range(9))})
    result = db.rows.aggregate([])
    assert read == []
    assert len(result.to_list()) == len(read) == 9


def test_the_number_of_documents_is_estimated_without_reading_where_the_source_knows_it(rows, tmp_path):
    assert rows.estimated_document_count() == rows.estimated_document_count(maxTimeMS=60_000) == 6
    (tmp_path / "x.ndjson").write_text('{"a": 1}\n{"a": 2}\n')
    pq.write_table(pa.table({"a": [1, 2, 3]}), tmp_path / "y.parquet")
    files = gm.connect(tmp_path)
    assert (files.x.estimated_document_count(), files.y.estimated_document_count()) == (2, 3)
    read = []
    listed = gm.connect({"rows": Unread([{"a": 1}] * 5, read)})
    assert (listed.rows.estimated_document_count(), read) == (5, [])
    with pytest.raises(SettingError, match="no keyword hint"):
        rows.estimated_document_count(hint="a_1")
    with pytest.raises(SourceError, match="no collection 'none'"):
        gm.connect({"rows": ROWS}).none.estimated_document_count()


class Unread(list):
    """A list that notes when it is read."""

    def __init__(self, rows, read):
        super().__init__(rows)
        self.read = read

    def __getitem__(self, index):
        self.read.append(index)
        return super().__getitem__(index)


def test_find_filters_projects_sorts_skips_and_limits(rows):
    assert rows.find().to_list() == ROWS
    assert identifiers(rows.find({"k": "a"})) == [0, 2, 4]
    assert identifiers(rows.find({"n": {"$gte": 20}}, sort=[("k", -1), ("n", 1)], skip=1, limit=3)) == [5, 2, 4]
    assert identifiers(rows.find({}, None, 2, 3)) == [2, 3, 4]
    assert identifiers(rows.find(limit=-2)) == [0, 1]
    assert rows.find({"_id": 1}, {"_id": 0, "n": 1}).to_list() == [{"n": 10}]
    assert rows.find({"_id": 1}, {"n": 0}).to_list() == [{"_id": 1, "k": "b"}]
    assert rows.find({"_id": 1}, ["n"]).to_list() == [{"_id": 1, "n": 10}]
    assert rows.find({"_id": 1}, []).to_list() == [{"_id": 1}]
    assert rows.find({"_id": 1}, {}).to_list() == [ROWS[1]]


@pytest.mark.parametrize("sort", ["k", ["k", "_id"], [("k", 1), "_id"], {"k": 1, "_id": 1}])
def test_find_takes_a_sort_in_every_form_of_pymongo(rows, sort):
    assert identifiers(rows.find(sort=sort)) == [0, 2, 4, 1, 3, 5]


@pytest.mark.parametrize("given", [{"filter": 5}, {"filter": ["k"]}, {"sort": 5}, {"sort": [("k", 1, 2)]}, {"skip": -1},
                                   {"sort": [("k", 2)]}, {"limit": "1"}, {"projection": "k"}, {"projection": 5},
                                   {"projection": [5]}, {"filter": {"$nothing": 1}}])
def test_find_refuses_what_it_cannot_take(rows, given):
    with pytest.raises(PipelineError):
        rows.find(**given)


def test_find_one(rows):
    assert rows.find_one({"k": "b"}) == ROWS[1]
    assert rows.find_one(3) == ROWS[3]
    assert rows.find_one(sort=[("_id", -1)], projection=["k"]) == {"_id": 5, "k": "b"}
    assert rows.find_one({"k": "c"}) is None


def test_count_documents(rows):
    assert rows.count_documents({}) == 6
    assert rows.count_documents({"k": "a"}) == 3
    assert rows.count_documents({"k": "c"}) == 0
    assert rows.count_documents({}, skip=1, limit=3) == 3
    assert rows.count_documents({"k": "a"}, skip=2) == 1
    with pytest.raises(PipelineError):
        rows.count_documents(5)


def test_a_collection_that_is_not_there_is_named_when_it_is_used():
    db = gm.connect({"orders": []})
    with pytest.raises(SourceError, match=r"no collection 'ordres'; did you mean orders\?"):
        db.ordres.find()


@pytest.mark.parametrize("engine", ["rows", "columnar"])
def test_explain_shows_the_plan_and_with_statistics_what_was_done(engine):
    rows = gm.connect({"rows": ROWS}, engine=engine, kernels="off").rows
    pipeline = [{"$project": {"n": 1, "k": 1}}, {"$match": {"k": "a"}}, {"$sort": {"n": -1}}, {"$limit": 2}]
    planned = rows.explain(pipeline)
    assert planned["engine"] == engine
    assert engine in planned["why"]
    assert {"plan", "optimizedPlan", "rules", "fingerprint", "sources"} <= set(planned)
    assert "executionStats" not in planned
    assert planned["sources"]["rows"]["rows"] == 6
    assert {"rule", "before", "after"} == set(planned["rules"][0])
    assert planned["plan"] != planned["optimizedPlan"]
    executed = rows.explain(pipeline, verbosity="executionStats")
    assert executed["fingerprint"] == planned["fingerprint"]
    assert executed["optimizedPlan"] == planned["optimizedPlan"]
    assert executed["executionStats"]["rows"] == 2
    assert executed["executionStats"]["seconds"] > 0
    assert executed["executionStats"]["operators"]


def test_explain_takes_variables_and_refuses_other_verbosities():
    rows = gm.connect({"rows": ROWS}).rows
    assert rows.explain([{"$match": {"$expr": {"$eq": ["$n", "$$x"]}}}], let={"x": 1})["engine"] == "rows"
    with pytest.raises(SettingError, match="'queryPlanner' or 'executionStats', not 'allPlansExecution'"):
        rows.explain([], verbosity="allPlansExecution")


def test_explain_of_an_iterator_leaves_it_to_be_read():
    rows = gm.connect({"rows": iter(ROWS)}).rows
    explained = rows.explain([])
    assert explained["engine"] is None
    assert "the size of rows is not known" in explained["why"]
    assert rows.find().to_list() == ROWS
