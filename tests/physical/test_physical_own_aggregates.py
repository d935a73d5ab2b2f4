"""An aggregate of the user's own is compiled, spilled, merged and explained like a built-in one; so is one that numba
cannot compile."""

import time

import pytest
from running import batches_of, oracle, query_context, written

from gatherum.functions import registry
from gatherum.functions.aggregate import Aggregate, AggregateState
from gatherum.kernels.states.records import records_for
from gatherum.physical.group import GroupOperator
from gatherum.physical.operator import Signal
from gatherum.plan.expressions import AggregateCall, field
from gatherum.plan.nodes import Group, Shared


class Spread(Aggregate):
    """The distance between the smallest and the largest number; null where there is none."""

    name = "$spread"
    skips_nulls = True
    examples = (([3, 1, 2.5], 2.0), ([], None))

    class State(AggregateState):
        low: float = float("inf")
        high: float = float("-inf")

    def update(self, state, value, ordinal=0):
        if type(value) in (int, float):
            self.update_double(state, float(value))

    @staticmethod
    def update_double(state, value):
        state.low = min(state.low, value)
        state.high = max(state.high, value)

    @staticmethod
    def update_int64(state, value):
        state.low = min(state.low, float(value))
        state.high = max(state.high, float(value))

    @staticmethod
    def merge_states(state, other):
        state.low = min(state.low, other.low)
        state.high = max(state.high, other.high)

    def merge(self, state, other):
        self.merge_states(state, other)

    def finalize(self, state):
        return state.high - state.low if state.low <= state.high else None


class Initials(Aggregate):
    """The distinct first letters of strings, in order: no fixed width, so nothing to compile."""

    name = "$initials"
    examples = ((["b", "a", "bc", 5], "ab"), ([], ""))

    class State(AggregateState):
        letters: bytes = b""

    def update(self, state, value, ordinal=0):
        if isinstance(value, str) and value:
            state.letters = bytes(sorted({*state.letters, *value[0].encode()[:1]}))

    def merge(self, state, other):
        state.letters = bytes(sorted({*state.letters, *other.letters}))

    def finalize(self, state):
        return state.letters.decode("latin-1")


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    """The two are known in these tests only."""
    for aggregate in (Spread, Initials):
        monkeypatch.setitem(registry._own_aggregates, aggregate.name, aggregate)
        assert registry.register(aggregate) is aggregate


def node(name):
    return Group(Shared(), field("k"), (("out", AggregateCall(name, field("v"))),))


def compiled_soon(aggregate):
    """The compiled states, once the helper process has made them."""
    for _ in range(600):
        states = records_for(aggregate)
        if states is not None:
            return states
        time.sleep(0.1)
    raise AssertionError("the overloads were not compiled within a minute")


@pytest.mark.parametrize(("name", "values"), [
    ("$spread", [1, 5, -3, 2.5, None, "x"]), ("$spread", [1.5, 2.5, -0.25]), ("$spread", [1, 2, 3]),
    ("$initials", ["ab", "c", "", 5, None]),
])
def test_in_every_shape(name, values, tmp_path):
    if name == "$spread":
        compiled_soon(Spread())
    documents = [{"k": i % 3, "v": values[i % len(values)]} for i in range(100)]
    with query_context(tmp_path, spill_every=2) as context:
        operators = [GroupOperator(node(name), context) for _ in range(2)]
        for i, batch in enumerate(batches_of(documents, 10)):
            operators[i % 2].push(batch)
        operators[0].absorb(operators[1])
        rows = [row for batch in operators[0].signal(Signal.END) for row in batch.documents()]
        assert written(rows) == written(oracle(node(name), documents))
        assert operators[0].metrics.bytes_spilled


def test_explained(tmp_path):
    compiled_soon(Spread())
    with query_context(tmp_path) as context:
        for name, how in [("$spread", "typed overloads, compiled"), ("$initials", "by its meaning")]:
            operator = GroupOperator(node(name), context)
            operator.push(batches_of([{"k": 1, "v": 1.5}], 1)[0])
            operator.describe()
            assert operator.metrics.details["states"] == {"out": how}


def test_values_without_an_overload_are_taken_by_the_meaning(tmp_path):
    compiled_soon(Spread())
    documents = [{"k": 1, "v": 1.5}, {"k": 1, "v": 4.0}]
    with query_context(tmp_path) as context:
        operator = GroupOperator(node("$spread"), context)
        for batch in batches_of(documents, 1):
            operator.push(batch)
        operator.push(batches_of([{"k": 1, "v": "late"}, {"k": 1, "v": 9}], 2)[0])
        (row,) = [row for batch in operator.signal(Signal.END) for row in batch.documents()]
        assert row == {"_id": 1, "out": 7.5}
