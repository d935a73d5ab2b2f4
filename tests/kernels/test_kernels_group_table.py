"""Tables of groups: cut into parts in any way, exported, carried as bytes, merged in any order, compiled or not, they
give the answers of one pass by the meaning, to the last bit."""

import random
import subprocess
import sys

import bson
import numpy as np
import pyarrow as pa
import pytest
from bson import Int64
from group_values import KEYS, MIXED, POOLS

from gatherum.errors import SourceError
from gatherum.functions.registry import aggregates
from gatherum.kernels.columns.build import column_of
from gatherum.kernels.columns.column import Column
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.columns.variant import CODEC
from gatherum.kernels.group_table import GroupTable
from gatherum.kernels.state_batch import CHUNK_ITEMS, StateSchema
from gatherum.types.canonical import canonical_hash
from gatherum.types.order import group_key, order_key
from gatherum.types.values import MISSING

every_aggregate = pytest.mark.parametrize("name", sorted(aggregates()))


def written(value):
    return "missing" if value is MISSING else (bson.encode({"": value}, codec_options=CODEC), repr(value))


def batches_of(name, draw, count, rows):
    """Batches of (keys, other keys, values), each drawn from a pool of its own."""
    pools = POOLS.get(name, MIXED)
    made = []
    for _ in range(count):
        keys, values = draw.choice(KEYS), draw.choice(pools)
        made.append(([draw.choice(keys) for _ in range(rows)], [draw.choice([1, 2, "x"]) for _ in range(rows)],
                     [draw.choice(values) for _ in range(rows)]))
    return made


def schema_of(name, *, two_keys=True):
    return StateSchema(("a", "b") if two_keys else None, (("it", aggregates()[name]()),))


def by_meaning(name, batches, *, two_keys=True):
    """{group key: (representative key, answer)} by the definitions alone."""
    aggregate, states, keys, ordinal = aggregates()[name](), {}, {}, 0
    for batch in batches:
        for first, second, value in zip(*batch, strict=True):
            key = (group_key(first), group_key(second)) if two_keys else group_key(first)
            if key not in states:
                states[key], keys[key] = aggregate.init(), (first, second) if two_keys else (first,)
            aggregate.update(states[key], value, ordinal)
            ordinal += 1
    return {key: (tuple(map(written, keys[key])), written(aggregate.finalize(state)))
            for key, state in states.items()}


def answers(table):
    order, _ = table.order()
    keys, found = table.finalize(order)
    rows = list(zip(*map(values_of, keys), strict=True))
    made = {tuple(map(group_key, row)) if len(row) > 1 else group_key(row[0]):
            (tuple(map(written, row)), written(value)) for row, value in zip(rows, values_of(found[0]), strict=True)}
    assert len(made) == len(rows)
    return made


def filled(schema, batches, compiled, starts=None):
    table, ordinal = GroupTable(schema, compiled), 0
    for i, batch in enumerate(batches):
        columns = [column_of(part) for part in batch]
        keys = columns[:2] if schema.key_names else columns[:1]
        table.update(keys, [columns[2]] * len(schema.aggregates), ordinal if starts is None else starts[i])
        ordinal += len(batch[0])
    return table


def starts_of(batches):
    return np.cumsum([0, *(len(batch[0]) for batch in batches)])[:-1].tolist()


def through_bytes(batch):
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return pa.ipc.open_stream(sink.getvalue()).read_all().combine_chunks().to_batches()[0]


@every_aggregate
@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "plain"])
@pytest.mark.parametrize("rows", [1, 7])
def test_one_pass_in_small_batches(name, compiled, rows):
    for seed in range(12):
        batches = batches_of(name, random.Random(seed), 12, rows)
        assert answers(filled(schema_of(name), batches, compiled)) == by_meaning(name, batches)


@every_aggregate
@pytest.mark.parametrize("long", [False, True], ids=["ints", "longs"])
def test_tables_that_grow_by_any_number_of_groups(name, long):
    draw, batches, groups = random.Random(name), [], 0
    for count in (1, 52, 1, 103, 7, 300):
        groups += count
        keys = [*range(groups - count, groups), *draw.choices(range(groups), k=40)]
        values = draw.choices(draw.choice(POOLS.get(name, MIXED)), k=len(keys))
        batches.append(([Int64(key) if long else key for key in keys], [1] * len(keys), values))
    expected = by_meaning(name, batches, two_keys=False)
    schema, starts = schema_of(name, two_keys=False), starts_of(batches)
    assert answers(filled(schema, batches, True)) == expected
    for first, second in ((slice(0, 3), slice(3, 6)), (slice(3, 6), slice(0, 3))):
        table = filled(schema, batches[first], True, starts[first])
        table.merge(filled(schema, batches[second], True, starts[second]))
        assert answers(table) == expected


@every_aggregate
def test_one_pass_in_large_batches(name):
    draw = random.Random(name)
    batches = batches_of(name, draw, 1, 65_536) + batches_of(name, draw, 1, 300)
    expected = by_meaning(name, batches, two_keys=False)
    schema = schema_of(name, two_keys=False)
    assert answers(filled(schema, batches, True)) == expected
    assert answers(filled(schema, batches, False)) == expected


@every_aggregate
@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "plain"])
def test_parts_in_any_order(name, compiled):
    """Batches are dealt to tables at random, which are absorbed or merged in random order, some of them twice over."""
    schema = schema_of(name)
    for seed in range(25):
        draw = random.Random(seed)
        batches = batches_of(name, draw, 8, draw.choice([1, 5, 40]))
        dealt = list(zip(batches, starts_of(batches), strict=True))
        draw.shuffle(dealt)
        cuts = sorted(draw.sample(range(1, len(dealt)), 3))
        parts = [dealt[a:b] for a, b in zip([0, *cuts], [*cuts, len(dealt)], strict=True)]
        tables = [filled(schema, [b for b, _ in part], compiled != (draw.random() < 0.2), [s for _, s in part])
                  for part in parts]
        draw.shuffle(tables)
        whole = GroupTable(schema, compiled)
        for table in tables:
            how = draw.random()
            if how < 0.4:
                for batch in table.export(draw.randint(1, 9)):
                    whole.absorb(through_bytes(batch))
            elif how < 0.6:
                between = GroupTable(schema, compiled)
                for batch in table.export(draw.randint(1, 9)):
                    between.absorb(batch)
                whole.merge(between)
            else:
                whole.merge(table)
        assert answers(whole) == by_meaning(name, batches)


@every_aggregate
def test_compiled_and_plain_states_are_one_form(name):
    """What one tier exports the other takes in, and goes on with."""
    schema = schema_of(name)
    for seed in range(8):
        batches = batches_of(name, random.Random(seed), 6, 9)
        starts = starts_of(batches)
        for first, second in ((True, False), (False, True)):
            table = GroupTable(schema, second)
            table.absorb(next(filled(schema, batches[:3], first).export()))
            for batch, start in zip(batches[3:], starts[3:], strict=True):
                columns = [column_of(part) for part in batch]
                table.update(columns[:2], columns[2:], start)
            assert answers(table) == by_meaning(name, batches)


def test_states_made_in_another_process(tmp_path):
    names = sorted(set(aggregates()) - set(POOLS))
    program = f"""
import sys; sys.path[:0] = {sys.path!r}
import random, pyarrow as pa
import test_kernels_group_table as t
from gatherum.kernels.state_batch import StateSchema
schema = StateSchema(("a", "b"), tuple((n, t.aggregates()[n]()) for n in {names!r}))
batches = t.batches_of("$sum", random.Random(7), 6, 20)
for part in (0, 1):
    batch = next(t.filled(schema, batches[3 * part:][:3], bool(part), t.starts_of(batches)[3 * part:][:3]).export())
    with pa.OSFile({str(tmp_path)!r} + f"/{{part}}", "wb") as f, pa.ipc.new_stream(f, batch.schema) as w:
        w.write_batch(batch)
"""
    sys_path_of_this_file = __file__.rsplit("/", 1)[0]
    subprocess.run([sys.executable, "-c", program], check=True, cwd=sys_path_of_this_file)
    batches = batches_of("$sum", random.Random(7), 6, 20)
    schema = StateSchema(("a", "b"), tuple((n, aggregates()[n]()) for n in names))
    table = GroupTable(schema, True)
    for part in (1, 0):
        with pa.OSFile(str(tmp_path / str(part))) as source:
            for batch in pa.ipc.open_stream(source):
                table.absorb(batch)
    order, _ = table.order()
    keys, found = table.finalize(order)
    for name, column in zip(names, found, strict=True):
        made = {tuple(map(group_key, row)): written(value) for row, value in
                zip(zip(*map(values_of, keys), strict=True), values_of(column), strict=True)}
        assert made == {key: answer for key, (_, answer) in by_meaning(name, batches).items()}


@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "plain"])
def test_a_state_of_many_chunks(compiled):
    schema = StateSchema(None, tuple((n, aggregates()[n]()) for n in ("$push", "$addToSet", "$count", "$sum")))
    items = list(range(2 * CHUNK_ITEMS + 5))
    table = GroupTable(schema, compiled)
    table.update([column_of(["k"] * len(items))], [column_of(items)] * 4, 0)
    table.update([column_of(["l"])], [column_of([7])] * 4, len(items))
    rows = [batch.slice(row, 1) for batch in table.export() for row in range(batch.num_rows)]
    assert sorted(row.column(2)[0].as_py() for row in rows) == [0, 0, 1, 2]
    random.Random(1).shuffle(rows)
    again = GroupTable(schema, compiled)
    for row in rows:
        again.absorb(row)
    for each in (table, again):
        order, _ = each.order()
        keys, found = each.finalize(order)
        by_key = dict(zip(values_of(keys[0]), zip(*map(values_of, found), strict=True), strict=True))
        assert by_key == {"k": (items, items, len(items), sum(items)), "l": ([7], [7], 1, 7)}


def test_every_batch_of_states_is_in_the_order_of_hashes():
    table = GroupTable(StateSchema(None, (("out", aggregates()["$push"]()),)), True)
    keys = [0, 1] * (CHUNK_ITEMS + 1) + [*range(2, 100)]
    table.update([column_of(keys)], [column_of(keys)], 0)
    for at_once in (None, 7):
        batches = list(table.export(at_once))
        assert sum(batch.num_rows for batch in batches) == 102
        for batch in batches:
            hashes = batch.column(0).to_pylist()
            assert hashes == sorted(hashes)


def test_foreign_states_are_refused():
    schema = schema_of("$sum")
    table = filled(schema, [([1], [2], [3])], True)
    other = StateSchema(("a", "c"), schema.aggregates)
    for wanted in (other, schema_of("$avg"), schema_of("$sum", two_keys=False),
                   StateSchema(("a", "b"), (("other", aggregates()["$sum"]()),))):
        with pytest.raises(SourceError, match="compute them anew"):
            GroupTable(wanted, True).absorb(next(table.export()))
    with pytest.raises(SourceError, match="holds no states"):
        GroupTable(schema, True).absorb(pa.record_batch({"x": [1]}))


def test_export_is_in_the_order_of_canonical_hashes():
    table = filled(schema_of("$count"), [([*range(50), None, "x"], [1] * 52, [0] * 52)], True)
    batch, = table.export()
    hashes = batch.column(0).to_pylist()
    assert hashes == sorted(hashes)
    keys = zip(*(values_of(column) for column in table.keys(table.order()[0])), strict=True)
    assert hashes == [canonical_hash(dict(zip("ab", row, strict=True))) for row in keys]


def test_equal_hashes_are_ordered_by_key():
    table = filled(schema_of("$count", two_keys=False), [([3, "b", 1, None, "a"], [0] * 5, [0] * 5)], True)
    table.hashes = lambda: np.zeros(5, np.uint64)
    keys = values_of(table.keys(table.order()[0])[0])
    assert keys == sorted(keys, key=order_key)


def test_the_representative_is_the_key_of_the_lowest_ordinal():
    for compiled in (True, False):
        schema = schema_of("$count", two_keys=False)
        late, early = filled(schema, [([1.0], [0], [0])], compiled, [100]), GroupTable(schema, compiled)
        early.update([column_of([1])], [column_of([0])], 90)
        early.update([column_of([1])], [column_of([0])], 5)         # the same form, earlier
        middle = filled(schema, [([Int64(1)], [0], [0])], compiled, [50])
        for tables in ((late, early, middle), (middle, late, early)):
            whole = GroupTable(schema, compiled)
            for table in tables:
                whole.absorb(next(table.export()))
            key = values_of(whole.keys(np.zeros(1, np.int64))[0])[0]
            assert (key, type(key)) == (1, int)
            assert next(whole.export()).column(1).to_pylist() == [5]


def test_dictionary_keys_and_values():
    words = pa.array([["x", "y", None, "z"][i % 4] for i in range(1000)])
    table, plain = (GroupTable(schema_of("$push", two_keys=False), True) for _ in range(2))
    table.update([Column(words.dictionary_encode())], [Column(words.dictionary_encode())], 0)
    plain.update([Column(words)], [Column(words)], 0)
    assert answers(table) == answers(plain)


def test_memory_is_accounted():
    schema = StateSchema(None, tuple((n, aggregates()[n]()) for n in sorted(aggregates()) if n not in POOLS))
    table = GroupTable(schema, True)
    table.update([column_of(list(range(20_000)))], [column_of(["some text " + str(i) for i in range(20_000)])] *
                 len(schema.aggregates), 0)
    empty = GroupTable(schema, True).nbytes
    assert 20_000 * 20 < table.nbytes - empty < 20_000 * 5000
