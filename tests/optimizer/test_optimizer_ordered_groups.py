"""First and last rows of sorted groups are found without the sort, and are the same ones: ties, nulls, missing values,
arrays and mixed types among the keys, on both engines, in any number of threads, spilled or not."""

import datetime as dt
import random

import pytest
from bson import Decimal128, Int64
from optimizer.plan_strategies import run, run_columnar
from optimizer.short_plans import ACCEPTING, ONE, add, call, get, group, sort

from gatherum.errors import PipelineError
from gatherum.frontends.mongo.accumulators import parse_accumulator
from gatherum.frontends.mongo.expressions import Names
from gatherum.functions.registry import operators
from gatherum.optimizer.context import Context
from gatherum.optimizer.driver import optimize
from gatherum.optimizer.rules.drop_sort_before_group import ONE_FORM
from gatherum.plan.expressions import Literal, MakeDocument
from gatherum.plan.nodes import Group, Sort, Unwind
from gatherum.types.values import MISSING, type_name

MIXED = [1, 1.0, Int64(1), Decimal128("1"), 2, 2.5, "a", "b", None, MISSING, True, {"b": 1}, {"b": 2}, [3, 1], [],
         [[1]], float("nan"), -0.0, 0, dt.datetime(2024, 5, 1)]
DATES = [dt.datetime(2024, 5, day) for day in (1, 2, 3)]
KINDS = {"mixed": MIXED, "dates": DATES, "dates and nulls": [*DATES, None], "numbers": [0, 3, -1, 7],
         "strings": ["x", "y", "a long piece of text"], "nothing": [None, MISSING]}

PLANS = {
    "ascending": group(sort(ONE, "t"), get("k"), x=("first", get("n")), y=("last", get("n"))),
    "descending": group(sort(ONE, "-t"), get("k"), x=("first", get("n")), y=("last", get("v"))),
    "several keys": group(sort(ONE, "-c", "t"), get("k"), x=("first", get("n")), y=("last", get("n"))),
    "a nested key": group(sort(ONE, "t.b", "-c"), get("k"), x=("first", get("v")), y=("first", get("n"))),
    "all rows": group(sort(ONE, "t"), Literal(None), x=("last", get("v"))),
    "a key of two parts": group(sort(ONE, "t"), MakeDocument((("k", get("k")), ("t", call("$type", get("v"))))),
                                x=("first", get("v")), y=("last", get("v")), z=("max", get("n"))),
    "computed values": group(add(sort(ONE, "-t"), w=call("$type", get("v"))), get("k"), x=("first", get("w"))),
    "unwound": group(Unwind(sort(ONE, "t"), ("v",), "at", True), get("k"), x=("first", get("v")),
                     y=("last", get("at"))),
}
SHAPES = {"one thread": {"threads": 1}, "two threads": {"threads": 2, "morsel_rows": 16},
          "five threads": {"threads": 5, "morsel_rows": 7}, "spilled": {"spill_every": 1, "morsel_rows": 16},
          "without kernels": {"kernels": "off", "morsel_rows": 16}}


def documents(kind, rows=150):
    draw = random.Random(kind)
    made = []
    for number in range(rows):
        row = {"n": number, "k": draw.choice([1, 1.0, Int64(2), 2, "a", None, MISSING, {"a": 1}, {"a": 1.0}]),
               "t": draw.choice(KINDS[kind]), "v": draw.choice(MIXED), "c": draw.choice([1, 2, None])}
        made.append({name: value for name, value in row.items() if value is not MISSING})
    return made


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", PLANS)
def test_the_rows_are_those_of_the_sort(name, kind, tmp_path):
    plan, sources = PLANS[name], {"one": documents(kind)}
    optimized = optimize(plan, ACCEPTING).plan
    assert not any(isinstance(node, Sort) for node in optimized.walk())
    expected = run(plan, sources)
    assert isinstance(expected, list)
    assert run(optimized, sources) == expected
    for settings in SHAPES.values():
        assert run_columnar(optimized, sources, tmp_path, **settings) == expected
    assert run_columnar(plan, sources, tmp_path) == expected


def test_keys_of_parallel_arrays_are_the_same_error(tmp_path):
    plan, sources = PLANS["several keys"], {"one": [{"t": 1, "c": 2}, {"t": [1], "c": [2]}]}
    optimized = optimize(plan, ACCEPTING).plan
    for found in (run(optimized, sources), run_columnar(optimized, sources, tmp_path)):
        assert str(found) == str(run(plan, sources))
        assert "parallel arrays" in str(found)


@pytest.mark.parametrize("name", ["$top", "$bottom"])
def test_a_pipeline_cannot_name_them(name):
    with pytest.raises(PipelineError, match="unknown group operator") as raised:
        parse_accumulator("x", {name: "$a"}, Names())
    assert raised.value.code == 15952


def test_operators_of_one_form_have_values_of_one_type():
    for name in ONE_FORM:
        found = {type_name(value) for _, value in operators()[name].examples} - {"null"}
        assert found, name
        assert len(found) == 1, name
        assert found <= {"string", "date", "bool", "int"}, name


@pytest.mark.parametrize(("kind", "placed"), [
    ("string", {"x"}), ("int", {"x"}), ("double", {"top"}), ("mixed", {"top"}), ("date", {"top"}), (None, {"top"})])
def test_keys_whose_type_is_known_to_have_one_form_are_not_kept_beside_the_first_row(kind, placed):
    plan = group(sort(ONE, "t"), MakeDocument((("k", get("k")), ("t", call("$type", get("v"))))), x=("first", get("n")))
    context = Context(schemas={"one": {"k": kind, "t": "date"}})
    (found,) = [node for node in optimize(plan, context).plan.walk() if isinstance(node, Group)]
    assert {name for name, _ in found.aggregates} == placed


def test_a_sort_is_left_out_for_a_key_whose_type_is_known():
    plan = group(sort(ONE, "t"), get("k"), x=("sum", get("n")))
    assert not _asks_for_order(plan, {"k": "string"})
    assert _asks_for_order(plan, None)


def _asks_for_order(plan, schema):
    """Whether rows are still put in order, or their first one found."""
    optimized = optimize(plan, Context(schemas={"one": schema})).plan
    return any(isinstance(node, Sort) or (isinstance(node, Group) and len(node.aggregates) > 1)
               for node in optimized.walk())
