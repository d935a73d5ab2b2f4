"""Ways to drive operators in tests: batches of every size, several threads' operators, spills, snapshots."""

import datetime as dt
import random

from bson import Decimal128, Int64, MaxKey, MinKey, ObjectId
from running import batches_of, query_context, written

from gatherum.physical.operator import Signal
from gatherum.plan.nodes import Shared
from gatherum.rows.interpreter import Run, interpret

SCALARS = [None, 0, 1, 2, -1, Int64(3), 2.5, -0.0, float("nan"), float("inf"), Decimal128("2.5"), Decimal128("1"),
           "", "a", "ab", "b", "ä", "a long one here", "a long one there", True, False, dt.datetime(2020, 1, 1),
           ObjectId("0" * 24), ObjectId("1" * 24), b"x", MinKey(), MaxKey(), Int64(2**60), Int64(2**60 + 1), 2.0**60]
NESTED = [{}, {"b": 1}, {"b": "x", "c": 2}, {"c": 1, "b": 2}, {"b": {"c": 1}}, {"b": [1, {"c": 2}]}, {"b": None}]
ARRAYS = [[], [1], [3, 1, "a"], [None], [{"b": 1}, {"b": 2, "c": 0}, 5], [[1, 2], 0], [{"b": [1, 2]}]]


def wild(rows, seed, arrays=ARRAYS):
    """Documents whose fields `a`, `b` and `c` are of all types, in changing order, and sometimes missing."""
    chance = random.Random(seed)
    made = []
    for number in range(rows):
        names = ["a", "b", "c"]
        if chance.random() < 0.3:
            chance.shuffle(names)
        row = {"n": number}
        for name in names:
            if chance.random() < 0.85:
                row[name] = chance.choice(chance.choice([SCALARS, NESTED, arrays or SCALARS]))
        made.append(row)
    return made


def tame(rows, seed):
    """Documents whose fields each have one type, null or missing aside."""
    chance = random.Random(seed)
    kinds = {"a": lambda: {"b": chance.choice([[1, 2], [3], [], None]), "c": chance.randint(0, 3)},
             "b": lambda: [chance.choice("xyz") for _ in range(chance.randint(0, 3))],
             "c": lambda: chance.choice([0.5, -1.5, float("nan"), -0.0, 0.0, 1e300]),
             "d": lambda: chance.choice(["x", "y", "prefix one", "prefix two", "prefix tw"]),
             "e": lambda: chance.randint(-3, 3), "f": lambda: dt.datetime(2020, 1, chance.randint(1, 9)),
             "g": lambda: Int64(chance.choice([-2**63, 2**63 - 1, 0, 5])),
             "h": lambda: ObjectId(bytes([chance.randint(0, 3)] * 12))}
    nothing = {name: chance.choice(["missing", "null"]) for name in kinds}
    made = []
    for number in range(rows):
        row = {"n": number}
        for name, make in kinds.items():
            if chance.random() < 0.9:
                row[name] = make()
            elif nothing[name] == "null":
                row[name] = None
        made.append(row)
    return made


def ended(operator):
    """The rows that come when the input ends, after a check of their ordinals."""
    rows, last = [], -1
    for batch in operator.signal(Signal.END):
        assert batch.ordinal > last
        last = batch.ordinal + batch.rows - 1
        rows += batch.documents()
    return rows


def driven(operator, batches):
    """All rows that an operator makes of some batches; those of each are within the morsel, in order, and unique."""
    rows, last = [], -1
    for batch in batches:
        for made in operator.push(batch):
            assert made.ordinal > last
            last = made.ordinal + made.rows - 1
            rows += made.documents()
    return rows + ended(operator)


def handed_over(make, batches):
    """All rows, where after every second batch a fresh operator goes on from the snapshot."""
    operator = make()
    rows = []
    for number, batch in enumerate(batches):
        for made in operator.push(batch):
            rows += made.documents()
        if number % 2:
            fresh = make()
            fresh.restore(operator.snapshot())
            operator.close()
            operator = fresh
    return rows + ended(operator)


def merged(make, batches, seed=1, threads=3):
    """All rows, where the batches are spread over several operators at random, and these merged in random order."""
    chance = random.Random(seed)
    operators = [make() for _ in range(threads)]
    for batch in batches:
        assert not chance.choice(operators).push(batch)
    chance.shuffle(operators)
    for other in operators[1:]:
        operators[0].absorb(other)
    return ended(operators[0])


def expected(node, documents, open_scan=lambda scan: [], variables=None):
    """What the interpreter gives."""
    alone = node.rebuild(lambda _: Shared())
    return [row for rows in interpret(alone, Run(open_scan, variables or {}, [documents])) for row in rows]


def check_rows(operator, node, documents, tmp_path, sizes=(1, 7, 65536), **settings):
    """An operator that treats rows by themselves, over batches of several sizes, agrees with the interpreter."""
    want = written(expected(node, documents))
    for size in sizes:
        with query_context(tmp_path, kernels="off", **settings) as context:
            assert written(driven(operator(node, context), batches_of(documents, size))) == want, size


def check_partial(operator, node, documents, tmp_path):
    """A `partial` operator gives the interpreter's rows in every shape."""
    want = written(expected(node, documents))

    def check(drive, size, **settings):
        with query_context(tmp_path, kernels="off", **settings) as context:
            got = drive(lambda: operator(node, context), batches_of(documents, size))
            assert written(got) == want, (drive, size, settings)

    check(_alone, 1)
    check(_alone, 65536)
    check(_alone, 65536, spill_every=1)
    check(merged, 1, spill_every=5)
    check(merged, 7)
    check(merged, 7, spill_every=1, morsel_rows=5)
    check(handed_over, 7, morsel_rows=3)
    check(handed_over, 7, spill_every=1)


def _alone(make, batches):
    return driven(make(), batches)
