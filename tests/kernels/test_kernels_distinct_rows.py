"""The distinct rows of coded columns, how often each occurs and where first; and groups that are made of them."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from running import query_context

from gatherum.frontends.mongo.expressions import parse_expression
from gatherum.kernels.columns.batch import Batch
from gatherum.kernels.columns.build import column_of
from gatherum.kernels.columns.column import CodedColumn, Column, plain_strings
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.distinct_rows import DistinctRowsReader
from gatherum.kernels.evaluate import Evaluation
from gatherum.physical.group import GroupOperator
from gatherum.plan.expressions import AggregateCall
from gatherum.plan.nodes import Group, Shared
from gatherum.types.values import MISSING

ROWS = 4000
rng = np.random.default_rng(5)
WORDS = [None if number == 3 else "abc"[number] for number in rng.integers(0, 4, ROWS).tolist()]
COLOURS = ["red", "blue"]
BATCH = Batch({
    "word": Column(pa.array(WORDS).dictionary_encode(), missing=True),
    "colour": Column(pa.DictionaryArray.from_arrays(pa.array(rng.integers(0, 2, ROWS), pa.int8()), COLOURS)),
    "mixed": CodedColumn(column_of([1, 1.0, None, "one", MISSING]), rng.integers(0, 5, ROWS)),
    "stars": Column(pa.array(rng.integers(0, 5, ROWS), pa.int32(), mask=rng.random(ROWS) < 0.2), missing=True),
}, ROWS, 7 << 32)
EXPRESSIONS = [
    "$word", "$mixed", {"$literal": 5}, {"$literal": None}, {"$toUpper": "$word"},
    {"$cond": [{"$in": ["$word", ["a", "c"]]}, 1, 0]}, {"$cond": [{"$isNumber": "$stars"}, 1, "none"]},
    {"$cond": [{"$and": [{"$gt": ["$stars", 4]}, {"$eq": ["$colour", "red"]}]}, True, None]},
]


def reader(*written):
    return DistinctRowsReader([Evaluation().compile(parse_expression(each)) for each in written])


@pytest.mark.parametrize("start", [0, 13])
def test_distinct_rows_are_those_of_all_columns(start):
    batch = BATCH.slice(start, ROWS)
    found = reader(*EXPRESSIONS).of(batch, lambda columns: True)
    assert found is not None
    rows = list(zip(*[values_of(Evaluation().compile(parse_expression(each)).column(batch)) for each in EXPRESSIONS],
                    strict=True))
    distinct = list(zip(*[values_of(column) for column in found.columns], strict=True))
    counts = Counter()
    for row, times in zip(distinct, found.times.tolist(), strict=True):
        counts[row] += times
    assert counts == Counter(rows)
    assert [rows[first] for first in found.first.tolist()] == distinct
    firsts = {}
    for row, first in zip(distinct, found.first.tolist(), strict=True):
        firsts[row] = min(first, firsts.get(row, first))
    assert firsts == {row: rows.index(row) for row in firsts}


@pytest.mark.parametrize("written", ["$stars", {"$toInt": "$word"}, {"$concat": ["$word", "$colour"]}, "$nothing"])
def test_what_only_all_rows_can_tell(written):
    assert reader("$colour", written).of(BATCH, lambda columns: True) is None


def test_rows_that_hardly_repeat_and_types_that_are_not_accepted():
    assert reader("$word").of(BATCH.slice(0, 20), lambda columns: True) is None
    assert reader("$word").of(BATCH, lambda columns: True) is not None
    assert reader("$word").of(BATCH, lambda columns: columns[0].array.type != pa.string()) is None


@pytest.mark.parametrize("key", ["$colour", "$mixed", {"$literal": None}, {"$toUpper": "$word"}])
def test_groups_have_the_states_that_all_rows_give(key, tmp_path):
    arguments = [{"$literal": 1}, {"$literal": 2**31 - 1}, "$word", {"$cond": [{"$isNumber": "$stars"}, -3, "no"]},
                 {"$cond": [{"$eq": ["$word", "a"]}, 7, None]}]
    node = Group(Shared(), parse_expression(key), tuple(
        (f"{name[1:]} {number}", AggregateCall(name, parse_expression(argument)))
        for number, argument in enumerate(arguments) for name in ("$sum", "$avg")))
    plain = Batch({name: Column(plain_strings(column).array, column.missing)
                   for name, column in BATCH.columns.items()}, ROWS, BATCH.ordinal)
    states = []
    with query_context(tmp_path) as context:
        for rows, repeated in ((BATCH, True), (plain, False)):
            operator = GroupOperator(node, context)
            for start, ordinal in ((0, 9 << 32), (2000, 1 << 32)):
                batch = rows.slice(start, 2000).numbered(ordinal)
                assert (operator.distinct.of(batch, lambda columns: True) is not None) == repeated
                operator.push(batch)
            states.append(operator.snapshot().states)
            operator.close()
    assert states[0] == states[1]
