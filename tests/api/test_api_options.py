"""The keywords of queries: pymongo's, the settings, and where they come from."""

import pytest

import gatherum as gm
from gatherum.errors import DeadlineError, PipelineError, ResourceError, SettingError
from gatherum.runtime import machine
from gatherum.runtime.settings import Settings

ROWS = [{"a": number, "s": "x" * 100 + str(number)} for number in range(60_000)]
SORTED = [{"$sort": {"s": 1}}, {"$project": {"a": 1}}]


@pytest.fixture
def db():
    return gm.connect({"rows": ROWS[:10]})


@pytest.mark.parametrize("run", [lambda db, **given: db.rows.aggregate([], **given),
                                 lambda db, **given: db.aggregate([{"$documents": ROWS[:10]}], **given),
                                 lambda db, **given: gm.aggregate(ROWS[:10], [], **given),
                                 lambda db, **given: db.rows.find(**given)])
def test_every_way_in_takes_the_keywords_of_pymongo(db, run):
    assert run(db, let={"x": 1}, maxTimeMS=10_000, allowDiskUse=True, comment={"by": "me"}, batchSize=3).to_list() \
        == ROWS[:10]


def test_find_and_count_take_them_under_the_names_of_pymongo_too(db):
    options = {"max_time_ms": 10_000, "allow_disk_use": True, "batch_size": 3, "comment": "x"}
    assert db.rows.find({"a": 1}, **options).to_list() == [ROWS[1]]
    assert db.rows.count_documents({}, **options) == 10
    assert db.rows.distinct("a", **options) == list(range(10))
    assert db.rows.find_one({"a": 1}, **options) == ROWS[1]


def test_let_defines_variables(db):
    pipeline = [{"$match": {"$expr": {"$eq": ["$a", "$$wanted"]}}}]
    assert db.rows.aggregate(pipeline, let={"wanted": {"$add": [2, 3]}}).to_list() == [ROWS[5]]
    with pytest.raises(PipelineError, match="let takes a document of variables, not int"):
        db.rows.aggregate(pipeline, let=5)
    with pytest.raises(PipelineError, match="let: wanted reads a field") as caught:
        db.rows.aggregate(pipeline, let={"wanted": {"$add": ["$a", 1]}})
    assert caught.value.code == 4890500


@pytest.mark.parametrize("engine", ["rows", "columnar"])
def test_a_query_that_takes_longer_than_maxTimeMS_fails_with_code_50(engine):  # noqa: N802
    endless = ({"a": number} for number in range(10**9))
    with pytest.raises(DeadlineError, match="its maxTimeMS of 100 ms") as caught:
        gm.aggregate(endless, [{"$group": {"_id": None}}], maxTimeMS=100, engine=engine, kernels="off").to_list()
    assert caught.value.code == 50


@pytest.mark.parametrize("given", [{"maxTimeMS": -1}, {"maxTimeMS": "5"}, {"maxTimeMS": True}, {"batchSize": -1},
                                   {"batchSize": 1.5}, {"allowDiskUse": "no"}])
def test_values_that_they_cannot_have_are_named(db, given):
    (name,) = given
    with pytest.raises(SettingError, match=name):
        db.rows.aggregate([], **given)


@pytest.mark.parametrize(("given", "near"), [("maxTimeMs", "maxTimeMS"), ("alowDiskUse", "allowDiskUse"),
                                             ("memorylimit", "memory_limit"), ("batchsize", "batchSize")])
def test_an_unknown_keyword_is_named_with_the_nearest(db, given, near):
    for run in (db.rows.aggregate, db.aggregate, db.rows.explain, lambda pipeline, **more: gm.connect({}, **more)):
        with pytest.raises(SettingError, match=f"no keyword {given} .*did you mean {near}?"):
            run([], **{given: 5})


def test_an_unknown_keyword_that_resembles_none_is_told_all(db):
    with pytest.raises(SettingError, match=r"no keyword hint \(given 'a_1'\); there are let, maxTimeMS, .*, threads"):
        db.rows.find({}, hint="a_1")
    assert db.rows.find({}, session=None, limit=1).to_list() == ROWS[:1]


def test_disk_that_may_not_be_used_is_not(tmp_path):
    limited = {"engine": "columnar", "kernels": "off", "memory_limit": "1MB", "temp_directory": tmp_path}
    with pytest.raises(ResourceError, match="memory_limit, or allow temporary files") as caught:
        gm.aggregate(ROWS, SORTED, allowDiskUse=False, **limited).to_list()
    assert caught.value.code == 292
    assert list(tmp_path.iterdir()) == []
    assert gm.aggregate(ROWS, SORTED, allowDiskUse=True, **limited).to_list() == \
        [{"a": row["a"]} for row in sorted(ROWS, key=lambda row: row["s"])]


@pytest.mark.parametrize("settings", [{"engine": "rows"}, {"engine": "columnar", "kernels": "off", "spill_every": 1}])
def test_a_directory_that_is_not_there_is_refused_by_every_query_and_not_made(tmp_path, monkeypatch, settings):
    directory = tmp_path / "none" / "below"
    said = rf"temp_directory .*there is no directory {directory}; make it"
    with pytest.raises(SettingError, match=said):
        gm.aggregate(ROWS, SORTED, temp_directory=directory, **settings)
    monkeypatch.setenv("GATHERUM_TEMP_DIRECTORY", str(directory))
    with pytest.raises(SettingError, match=said):
        gm.aggregate(ROWS, SORTED, **settings)
    assert list(tmp_path.iterdir()) == []


# Settings

def limit(result):
    return result._query.settings.memory_limit


def test_a_keyword_of_the_query_counts_then_that_of_connect_then_the_environment_then_the_default(monkeypatch):
    monkeypatch.setattr(machine, "memory_limit", lambda: 30_000_000)
    assert limit(gm.aggregate([], [])) == limit(gm.connect({"c": []}).c.aggregate([])) == 15_000_000
    monkeypatch.setenv("GATHERUM_MEMORY_LIMIT", "4MB")
    assert limit(gm.aggregate([], [])) == limit(gm.connect({"c": []}).c.aggregate([])) == 4_000_000
    db = gm.connect({"c": []}, memory_limit="3MB")
    assert limit(db.c.aggregate([])) == limit(db.c.find()) == limit(db.aggregate([{"$documents": []}])) == 3_000_000
    two = {"memory_limit": 2_000_000}
    assert limit(db.c.aggregate([], **two)) == limit(gm.aggregate([], [], **two)) == 2_000_000
    assert limit(db.c.aggregate([])) == 3_000_000


def test_a_keyword_stands_in_for_a_variable_that_is_wrong(monkeypatch):
    monkeypatch.setenv("GATHERUM_THREADS", "many")
    assert gm.aggregate([{"a": 1}], [], threads=2).to_list() == [{"a": 1}]
    with pytest.raises(SettingError, match=r"threads cannot be 'many'.*GATHERUM_THREADS"):
        gm.aggregate([], [])


def test_the_defaults_are_what_the_container_allows(monkeypatch):
    monkeypatch.setattr(machine, "memory_limit", lambda: 2**30)
    assert limit(gm.aggregate([], [])) == 2**29
    assert Settings.resolve().threads == machine.cpu_limit()
