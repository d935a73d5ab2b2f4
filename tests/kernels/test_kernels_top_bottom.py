"""$top and $bottom: by their meaning and over columns they give the first and last row of a stable sort, however the
rows are cut into batches and parts, and in whatever order these are merged."""

import datetime as dt
import random

import bson
import pytest
from bson import Decimal128, Int64

from gatherum.functions.registry import aggregates
from gatherum.kernels.columns.build import column_of
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.columns.variant import CODEC
from gatherum.kernels.functions.top_bottom import PlacedRows
from gatherum.kernels.group_table import GroupTable
from gatherum.kernels.state_batch import StateSchema
from gatherum.plan.nodes import Shared, Sort, SortKey
from gatherum.rows.interpreter import Run, interpret
from gatherum.types.values import INT64_MIN, MISSING

DAYS = [dt.datetime(2024, 5, day) for day in (3, 1, 2, 1)]
POOLS = [DAYS, [*DAYS, None], [1, 5, 2, -3, 5], [Int64(2**62), Int64(1)], [0.5, -0.0, 0.0, float("nan"), -1e300],
         [None], [MISSING], [None, MISSING], ["b", "a", "a much longer piece of text"], [Decimal128("1.5"), 1.5, 2],
         [Int64(INT64_MIN), None, 3], [True, False], [1, "a", None, MISSING, DAYS[0], 2.5, {"b": 1}],
         [[3, 1], [], [2], 2, None], [{"b": 1}, {"b": 2}, {}], [{"b": [1, 5]}, {"b": []}, {"b": 3}],
         [[{"b": 1}, {"b": 7}], [1]]]
ORDERS = [{"a": 1}, {"a": -1}, {"a.b": 1}, {"a.b": -1}, {"a": 1, "c": -1}, {"a": -1, "c": 1}, {"c": 1, "a.b": 1}]

every_order = pytest.mark.parametrize("order", ORDERS, ids=str)
both_tiers = pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "plain"])


def schema_of(order):
    names = ("$top", "$bottom")
    return StateSchema(None, tuple((name, aggregates()[name].with_parameters({"sortBy": order})) for name in names))


def batches_of(draw, count, rows):
    """Batches of (key, fields that rows are ordered by, value)."""
    made = []
    for _ in range(count):
        pool, others = draw.choice(POOLS), draw.choice([[1, 2], ["x", 1], [None]])
        batch = []
        for _ in range(rows):
            by = {"a": draw.choice(pool), "c": draw.choice(others)}
            value = draw.choice([draw.randrange(1000), None, MISSING, "text", [1]])
            batch.append((draw.choice("klm"), {name: item for name, item in by.items() if item is not MISSING}, value))
        made.append(batch)
    return made


def written(value):
    return "missing" if value is MISSING else bson.encode({"": value}, codec_options=CODEC)


def by_sorting(order, batches):
    """{key: (value of the first row, value of the last)} of the rows, sorted."""
    rows = [{**by, "key": key, "value": value} for batch in batches for key, by, value in batch]
    node = Sort(Shared(), tuple(SortKey(tuple(path.split(".")), sign < 0) for path, sign in order.items()))
    found = {}
    for ordered in interpret(node, Run(lambda scan: [], {}, [rows])):
        for row in ordered:
            value = written(None if row["value"] is MISSING else row["value"])
            found[row["key"]] = (found.get(row["key"], (value,))[0], value)
    return found


def filled(schema, batches, compiled, starts):
    table = GroupTable(schema, compiled)
    for batch, start in zip(batches, starts, strict=True):
        arguments = [{"by": by} | ({} if value is MISSING else {"value": value}) for _, by, value in batch]
        column = column_of(arguments)
        table.update([column_of([key for key, _, _ in batch])], [column, column], start)
    return table


def starts_of(batches):
    return [sum(map(len, batches[:number])) for number in range(len(batches))]


def answers(table):
    order, _ = table.order()
    keys, found = table.finalize(order)
    return dict(zip(values_of(keys[0]), zip(*[map(written, values_of(column)) for column in found], strict=True),
                    strict=True))


@every_order
@both_tiers
@pytest.mark.parametrize("rows", [1, 6, 50])
def test_one_pass(order, compiled, rows):
    for seed in range(15):
        batches = batches_of(random.Random(seed), 8, rows)
        table = filled(schema_of(order), batches, compiled, starts_of(batches))
        assert isinstance(table.states[0], PlacedRows) == compiled
        assert answers(table) == by_sorting(order, batches)


@every_order
@both_tiers
def test_parts_in_any_order(order, compiled):
    schema = schema_of(order)
    for seed in range(20):
        draw = random.Random(seed)
        batches = batches_of(draw, 8, draw.choice([1, 5, 30]))
        dealt = list(zip(batches, starts_of(batches), strict=True))
        draw.shuffle(dealt)
        tables = [filled(schema, [batch for batch, _ in part], compiled != (draw.random() < 0.3),
                         [start for _, start in part]) for part in (dealt[:3], dealt[3:4], dealt[4:])]
        draw.shuffle(tables)
        whole = GroupTable(schema, compiled)
        for table in tables:
            if draw.random() < 0.5:
                for batch in table.export(draw.randint(1, 9)):
                    whole.absorb(batch)
            else:
                whole.merge(table)
        assert answers(whole) == by_sorting(order, batches)


@pytest.mark.parametrize("order", ORDERS[:2], ids=str)
@pytest.mark.parametrize("pool", range(7))
def test_keys_of_one_type_are_words(order, pool):
    draw = random.Random(pool)
    batches = [[(draw.choice("kl"), {"a": draw.choice(POOLS[pool])} if POOLS[pool] != [MISSING] else {}, number)
                for number in range(20)] for _ in range(4)]
    table = filled(schema_of(order), batches, True, starts_of(batches))
    assert all(states.by_word for states in table.states)
    assert answers(table) == by_sorting(order, batches)


def test_kept_rows_are_forgotten_when_others_have_taken_their_place():
    schema = schema_of({"a": -1})
    batches = [[("k", {"a": number * 1000 + row}, row) for row in range(1000)] for number in range(300)]
    table = filled(schema, batches, True, starts_of(batches))
    assert answers(table) == by_sorting({"a": -1}, batches)
    table = filled(schema, [[(row, {"a": number}, row) for row in range(5000)] for number in range(60)], True,
                   range(0, 300_000, 5000))
    assert table.states[0].values.size < 2 * 5000 + 65536 + 5000


def test_rows_of_one_group_at_once_are_as_many_single_ones():
    for order in ORDERS:
        for name in ("$top", "$bottom"):
            function = aggregates()[name].with_parameters({"sortBy": order})
            for seed in range(20):
                rows = [row for batch in batches_of(random.Random(seed), 2, 9) for row in batch]
                values = [{"by": by, "value": value} for _, by, value in rows]
                at_once, singly = function.init(), function.init()
                function.update_ordered(at_once, values, range(5, 5 + len(values)))
                for ordinal, value in enumerate(values, 5):
                    function.update(singly, value, ordinal)
                assert at_once.ordinal == singly.ordinal


def test_the_parameters_are_those_that_it_was_made_with():
    function = aggregates()["$bottom"].with_parameters({"sortBy": {"a.b": -1, "c": 1}})
    assert function.parameters() == {"sortBy": {"a.b": -1, "c": 1}}
    assert function.sort_by == ((("a", "b"), True), (("c",), False))
