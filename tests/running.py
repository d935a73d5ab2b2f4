"""Ways to run plans in tests: in a context of their own, on the oracle, and as columns."""

import contextlib
import random

import bson
from bson import Decimal128, Int64, ObjectId

from gatherum.kernels import compiler
from gatherum.kernels.columns.batch import batch_of, first_ordinal
from gatherum.kernels.columns.variant import CODEC
from gatherum.physical.operator import QueryContext
from gatherum.plan.nodes import Shared
from gatherum.rows.interpreter import Run, interpret
from gatherum.runtime.cancel import Cancellation
from gatherum.runtime.memory import runtime
from gatherum.runtime.settings import Settings
from gatherum.runtime.temporary import TemporarySpace


@contextlib.contextmanager
def query_context(tmp_path, *, kernels="on", variables=None, **settings):
    """A context for operators; `kernels="off"` runs them in plain Python."""
    chosen = Settings(temp_directory=tmp_path, kernels=kernels, **settings)
    cancellation = Cancellation()
    with runtime().open(chosen.memory_limit, cancellation, chosen.spill_every) as budget, \
            TemporarySpace(tmp_path) as space:
        yield QueryContext(chosen, budget, space, cancellation, variables or {},
                           lambda: compiler.available(chosen.kernels))


def oracle(node, documents):
    """The rows that the interpreter gives for a node over documents."""
    alone = node.rebuild(lambda _: Shared())
    return [row for rows in interpret(alone, Run(lambda scan: [], {}, [documents])) for row in rows]


def batches_of(documents, size):
    """The documents as batches of `size` rows, numbered as one partition."""
    return [batch_of(documents[start:start + size], first_ordinal(0, number))
            for number, start in enumerate(range(0, len(documents), size))]


def written(rows):
    """The BSON of rows: equal exactly where all types, values and orders of keys are."""
    return [bson.encode({"": row}, codec_options=CODEC) for row in rows]


KEYS = [1, Int64(1), 1.0, Decimal128("1"), 2, 2.5, Decimal128("2.5"), "a", "b", None, True, {"a": 1}, [1],
        ObjectId("0" * 24), float("nan")]
NUMBERS = [1, 2, -3, 2**31 - 1, Int64(2**62), 0.1, 1e300, -1e300, 5e-324, float("inf"), Decimal128("0.10")]
VALUES = [*NUMBERS, "x", "y", None, True, {"d": 1}, [1, 2]]
DOCUMENTS = [{"p": 1, "q": 2}, {"q": 3}, None, {}]
ARRAYS = [[1], [2, 3], []]


def mixed_documents(rows, seed, values=VALUES):
    """Documents with a key `k` and a value `v` of many types; both are sometimes missing."""
    chance = random.Random(seed)
    made = []
    for number in range(rows):
        row = {"n": number}
        if chance.random() < 0.9:
            row["k"] = chance.choice(KEYS)
        if chance.random() < 0.9:
            row["v"] = chance.choice(values)
        made.append(row)
    return made


def documents_for(aggregate, rows, seed):
    """Documents whose values an aggregate takes without an error."""
    return mixed_documents(rows, seed, {"$mergeObjects": DOCUMENTS, "$concatArrays": ARRAYS}.get(aggregate, VALUES))
