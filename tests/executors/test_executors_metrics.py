"""What the operators report agrees with what happened: the rows, the time, the memory.

What is counted as handed over: the rows of a batch when it leaves its operator for the one that reads it. So the rows
out of all inputs of an operator are its rows in. Only below a Limit, which reads no further when it has its rows, may
batches be ready that are never taken: there an operator hands over at least what the next one takes.
"""

import json
import os
import subprocess
import sys

import pytest
from test_executors_shapes import CUSTOMERS, ORDERS, PIPELINES

import gatherum as gm

ENGINES = {
    "rows": {"engine": "rows"},
    "columnar": {"rows_engine_limit": 0, "kernels": "off", "threads": 1},
    "columnar, threads and small batches": {"rows_engine_limit": 0, "kernels": "off", "threads": 3, "morsel_rows": 16},
    "columnar, spilling": {"rows_engine_limit": 0, "kernels": "off", "morsel_rows": 32, "spill_every": 1},
}
MORE = {
    "lookup with a pipeline": [{"$lookup": {"from": "customers", "localField": "customer", "foreignField": "_id",
                                            "pipeline": [{"$match": {"city": "Oslo"}}, {"$project": {"city": 1}}],
                                            "as": "who"}}, {"$unwind": "$who"}],
    "lookup with let": [{"$lookup": {"from": "customers", "let": {"c": "$customer"}, "as": "who",
                                     "pipeline": [{"$match": {"$expr": {"$eq": ["$_id", "$$c"]}}}]}}],
    "long": [{"$unwind": "$qty"} if number % 2 else {"$unwind": "$_id"} for number in range(120)],
    "groups of groups": [{"$group": {"_id": {"c": "$customer", "q": "$qty"}, "n": {"$sum": 1}}},
                         {"$group": {"_id": "$_id.c", "n": {"$max": "$n"}}}, {"$match": {"n": {"$gt": 2}}}],
    "union then group": [{"$unionWith": "customers"}, {"$group": {"_id": "$city", "n": {"$sum": 1}}}],
    "nothing is read": [{"$sort": {"qty": 1}}, {"$match": {"qty": {"$gt": 0}}}, {"$limit": 1}],
}


def explained(pipeline, **settings):
    db = gm.connect({"orders": ORDERS, "customers": CUSTOMERS}, **settings)
    return db.orders.explain(pipeline, verbosity="executionStats")


def operators_of(pipeline, **settings):
    return explained(pipeline, **settings)["executionStats"]["operators"]


def below_a_limit(operators):
    """The places of the operators whose rows a Limit may leave untaken."""
    found, left = set(), [each for each in operators if each["name"] == "Limit"]
    while left:
        for place in left.pop()["inputs"]:
            found.add(place)
            left.append(operators[place])
    return found


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", [*PIPELINES, *MORE])
def test_rows_out_of_an_operator_are_the_rows_into_the_next(name, engine):
    found = explained({**PIPELINES, **MORE}[name], **ENGINES[engine])
    operators = found["executionStats"]["operators"]
    untaken = below_a_limit(operators) if engine != "rows" else set()
    for operator in operators:
        given = sum(operators[below]["rows_out"] for below in operator["inputs"])
        if not operator["inputs"]:
            assert operator["rows_in"] == operator["rows_out"]
        elif untaken.isdisjoint(operator["inputs"]):
            assert operator["rows_in"] == given, operator
        else:
            assert operator["rows_in"] <= given, operator
    assert operators[0]["rows_out"] == found["executionStats"]["rows"]
    assert all(operator["batches"] is not None for operator in operators)


@pytest.mark.parametrize("engine", ENGINES)
def test_what_a_limit_needs_is_handed_over(engine):
    operators = operators_of([{"$match": {"qty": {"$gte": 0}}}, {"$limit": 20}], **ENGINES[engine])
    limit = next(each for each in operators if each["name"] == "Limit")
    assert limit["rows_out"] == 20 <= limit["rows_in"] <= operators[limit["inputs"][0]]["rows_out"]


@pytest.mark.parametrize("engine", ENGINES)
def test_no_operator_of_a_long_pipeline_is_lost(engine):
    operators = operators_of(MORE["long"], **ENGINES[engine])
    planned = explained(MORE["long"], **ENGINES[engine])["optimizedPlan"]
    assert len(operators) == len(planned) == 121
    assert [each["operator"] for each in operators] == [line.strip() for line in planned]
    assert operators[-1]["name"] == "Scan"
    assert {each["rows_out"] for each in operators} == {400}


@pytest.mark.parametrize("settings", [ENGINES["rows"], ENGINES["columnar"]], ids=["rows", "columnar"])
def test_subplans_have_their_operators(settings):
    operators = operators_of(PIPELINES["facet"], **settings)
    facet = next(each for each in operators if each["name"] == "Facet")
    assert list(facet["subplans"]) == ["by", "top", "n"]
    assert [operators[place]["rows_out"] for place in facet["subplans"].values()] == [4, 2, 1]
    lookup = next(each for each in operators_of(PIPELINES["lookup"], **settings) if each["name"] == "Lookup")
    assert list(lookup["subplans"]) == ["other"]


def test_operators_that_are_never_run_are_there_without_figures():
    operators = operators_of([{"$match": {"qty": 1}}, {"$sort": {"qty": 1}}, {"$match": {"$expr": False}}],
                             **ENGINES["columnar"])
    assert operators[-1]["name"] in ("Scan", "Documents")


COLUMNS = """
import numpy as np, pyarrow as pa
chance = np.random.default_rng(5)
rows = {rows}
table = pa.table({{"k": chance.permutation(rows) % {groups}, "v": chance.random(rows)}})
"""
GROUP = [{"$match": {"v": {"$gte": 0.01}}}, {"$addFields": {"w": {"$multiply": ["$v", 2]}}},
         {"$group": {"_id": "$k", "total": {"$sum": "$w"}, "most": {"$max": "$v"}}}, {"$sort": {"total": -1}}]
SORT = [{"$sort": {"v": 1}}, {"$skip": 5}, {"$group": {"_id": None, "n": {"$sum": "$k"}}}]


@pytest.mark.parametrize("pipeline", [GROUP, SORT], ids=["group", "sort"])
@pytest.mark.parametrize("engine", ["columnar", "rows"])
def test_on_one_thread_the_operators_take_the_time_of_the_query(engine, pipeline):
    scope = {}
    exec(COLUMNS.format(rows=2_000_000 if engine == "columnar" else 60_000, groups=1000), scope)
    source = scope["table"] if engine == "columnar" else scope["table"].to_pylist()
    chosen = {"rows_engine_limit": 0} if engine == "columnar" else {"engine": "rows"}
    db = gm.connect({"t": source}, threads=1, **chosen)
    found = db.t.explain(pipeline, verbosity="executionStats")
    assert found["engine"] == engine
    stats = found["executionStats"]
    seconds = [operator["seconds"] for operator in stats["operators"]]
    assert stats["planningSeconds"] > 0
    assert 0.85 * stats["seconds"] <= sum(seconds) <= stats["seconds"]


GROWTH = COLUMNS + """
import json, threading, time
import gatherum as gm
from gatherum.runtime.machine import anonymous_resident
from gatherum.runtime.memory import trim_heap

pipeline = [{{"$group": {{"_id": "$k", "total": {{"$sum": "$v"}}, "most": {{"$max": "$v"}}, "n": {{"$sum": 1}}}}}}]
source = table if {columnar} else table.to_pylist()
settings = dict(threads=1, memory_limit="4GB", kernels="on")
settings |= dict(rows_engine_limit=0) if {columnar} else dict(engine="rows")
gm.connect({{"t": source[:100]}}, **settings).t.explain(pipeline, verbosity="executionStats")
trim_heap()
before, peak, ended = anonymous_resident(), 0, threading.Event()

def watch():
    global peak
    while not ended.wait(0.001):
        peak = max(peak, anonymous_resident())

watcher = threading.Thread(target=watch)
watcher.start()
found = gm.connect({{"t": source}}, **settings).t.explain(pipeline, verbosity="executionStats")
ended.set()
watcher.join()
operators = found["executionStats"]["operators"]
print(json.dumps([operators[0]["rows_out"], sum(each["bytes_held"] or 0 for each in operators), peak - before]))
"""


@pytest.mark.parametrize(("columnar", "groups"), [(True, 1_000_000), (False, 100_000)], ids=["columnar", "rows"])
def test_bytes_held_are_what_the_process_grows_by(columnar, groups):
    """Within 30 %. Large arrays that were freed go back to the system at once here: what glibc keeps of them for later
    is held by no operator."""
    script = GROWTH.format(rows=groups, groups=groups, columnar=columnar)
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False,
                           env={**os.environ, "MALLOC_MMAP_THRESHOLD_": str(1 << 17)})
    assert ended.returncode == 0, ended.stderr
    rows, held, growth = json.loads(ended.stdout)
    assert rows == groups
    assert 0.7 * growth <= held <= 1.3 * growth, (held, growth)


def test_an_operator_that_spilled_says_so():
    operators = operators_of(PIPELINES["group"], **ENGINES["columnar, spilling"])
    group = next(each for each in operators if each["name"] == "Group")
    assert group["bytes_spilled"] > 0
    group = next(each for each in operators_of(PIPELINES["group"], **ENGINES["columnar"]) if each["name"] == "Group")
    assert group["bytes_spilled"] == 0 < group["bytes_held"]
