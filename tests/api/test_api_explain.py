"""Explain: as a dict, before and after a query has run."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import gatherum as gm


@pytest.fixture(scope="module")
def orders(tmp_path_factory):
    path = tmp_path_factory.mktemp("explain") / "orders.parquet"
    rows = 1000
    pq.write_table(pa.table({"qty": [number % 10 for number in range(rows)], "sku": ["pen", "ink"] * (rows // 2),
                             "note": [None, None, None, "x"] * (rows // 4)}), path, row_group_size=250)
    return str(path)


def named(operators, name):
    return next(each for each in operators if each["name"] == name)


PIPELINE = [{"$match": {"qty": {"$gte": 4}}}, {"$group": {"_id": "$sku", "n": {"$sum": "$qty"}}}, {"$limit": 1}]


@pytest.mark.parametrize("settings", [{"engine": "rows"}, {"rows_engine_limit": 0, "kernels": "off"}])
def test_selectivity_is_estimated_and_measured(orders, settings):
    found = gm.connect({"orders": orders}, **settings).orders.explain(PIPELINE, verbosity="executionStats")
    operators = found["executionStats"]["operators"]
    where = named(operators, "Filter")
    assert (where["rows_in"], where["rows_out"], where["selectivity"]) == (1000, 600, 0.6)
    assert (where["rows_estimated"], where["selectivity_estimated"]) == (pytest.approx(600), pytest.approx(0.6))
    group = named(operators, "Group")
    assert (group["rows_estimated"], group["selectivity_estimated"]) == (None, None)
    assert json.loads(json.dumps(found)) == found


@pytest.mark.parametrize(("most", "size"), [(250, 300), (1, 100)])
def test_what_a_filter_is_expected_to_select_is_of_the_rows_that_were_read(tmp_path, most, size):
    path = tmp_path / "ordered.parquet"
    pq.write_table(pa.table({"n": range(1000)}), path, row_group_size=size)
    db = gm.connect({"t": str(path)}, engine="columnar")
    found = db.t.explain([{"$match": {"n": {"$lte": most}}}, {"$count": "c"}], verbosity="executionStats")
    where = named(found["executionStats"]["operators"], "Filter")
    assert where["rows_in"] == size
    assert where["selectivity"] == pytest.approx((most + 1) / where["rows_in"])
    assert where["selectivity_estimated"] == pytest.approx(where["rows_estimated"] / where["rows_in"])


def test_statistics_of_several_files_are_put_together(orders, tmp_path):
    other = tmp_path / "more.parquet"
    pq.write_table(pa.table({"qty": pa.array(range(10, 20)), "note": ["x"] * 10}), other)
    db = gm.connect({"all": [orders, str(other)]})
    assert named(db.all.explain([{"$match": {"qty": {"$gte": 15}}}])["operators"], "Filter")["rows_estimated"] == \
        pytest.approx(1010 * 5 / 20)
    assert named(db.all.explain([{"$match": {"note": None}}])["operators"], "Filter")["rows_estimated"] == \
        pytest.approx(750)
    assert named(db.all.explain([{"$match": {"sku": "pen"}}])["operators"], "Filter")["rows_estimated"] is None


@pytest.mark.parametrize("settings", [{}, {"engine": "rows"}, {"engine": "columnar"}])
def test_the_planner_reads_no_row(settings):
    def rows():
        raise AssertionError("a row was read")
        yield {}

    found = gm.connect({"t": rows()}, **settings).t.explain(PIPELINE)
    assert "executionStats" not in found
    assert found["engine"] == settings.get("engine")
    assert [each["name"] for each in found["operators"]] == ["Limit", "Group", "Filter", "Scan"]
    assert all(each["rows_in"] is None and each["seconds"] is None for each in found["operators"])


def test_a_broken_file_is_planned_and_fails_when_executed(tmp_path):
    path = tmp_path / "broken.ndjson"
    path.write_text("{broken\n")
    db = gm.connect({"t": str(path)})
    assert db.t.explain([])["operators"][0]["name"] == "Scan"
    with pytest.raises(gm.errors.GatherumError):
        db.t.explain([], verbosity="executionStats")


def test_every_operator_has_its_engine_and_why(orders):
    rows = gm.connect({"orders": orders}).orders.explain(PIPELINE, verbosity="executionStats")
    assert {(each["engine"], each["why"]) for each in rows["executionStats"]["operators"]} == \
        {("rows", "the input is small")}
    correlated = [{"$lookup": {"from": "orders", "let": {"q": "$qty"}, "as": "same",
                               "pipeline": [{"$match": {"$expr": {"$eq": ["$qty", "$$q"]}}}, {"$limit": 1}]}}]
    small = gm.connect({"small": [{"qty": 3}], "orders": orders}, rows_engine_limit=0, kernels="off")
    found = small.small.explain(correlated, verbosity="executionStats")
    lookup = named(found["executionStats"]["operators"], "Lookup")
    assert (found["engine"], lookup["engine"]) == ("columnar", "rows")
    assert lookup["why"] == "the other pipeline depends on the row"


def test_expressions_that_ran_as_kernels_and_those_that_their_meaning_filled():
    db = gm.connect({"t": [{"a": 1.5, "s": "x"}, {"a": 2.5, "s": "y"}]}, rows_engine_limit=0, kernels="off")
    found = db.t.explain([{"$project": {"twice": {"$multiply": ["$a", 2]}, "kept": "$a",
                                        "parts": {"$objectToArray": "$$ROOT"}}}], verbosity="executionStats")
    expressions = named(found["executionStats"]["operators"], "Project")["details"]["expressions"]
    assert expressions["multiply(a, 2)"] == {}
    assert list(expressions["objectToArray($$ROOT)"].values()) == [2]
    assert len(expressions) == 2


def test_rules_are_shown_with_the_plan_before_and_after(orders):
    found = gm.connect({"orders": orders}).orders.explain([{"$sort": {"qty": 1}}, {"$limit": 3}])
    fired = next(each for each in found["rules"] if each["rule"] == "limit_sort")
    assert fired["before"][0] == "Limit  3" and fired["after"][0] == "Sort  qty  limit 3"


def test_planning_and_execution_are_told_apart(orders):
    with gm.connect({"orders": orders}).orders.aggregate(PIPELINE) as result:
        assert result.stats["operators"] is None
        result.to_list()
        assert result.stats["seconds"] > 0
        assert named(result.stats["operators"], "Filter")["rows_estimated"] == pytest.approx(600)
