"""Laws that every aggregate keeps, and the examples in its definition."""

import random

import pytest
from bson import Decimal128, Int64, ObjectId

from gatherum.functions.aggregates.sum import Sum
from gatherum.functions.registry import aggregates
from gatherum.types.order import order_key
from gatherum.types.values import MISSING

NUMBERS = [1, 2, 3, -4, 0, 2**31 - 1, Int64(2**62), 0.1, 1e300, -1e300, 5e-324, Decimal128("0.1"), Decimal128("1E+30")]
VALUES = [*NUMBERS, 1.0, Int64(1), None, MISSING, "a", "b", True, [1, 2], {"a": 1}, ObjectId("0" * 24)]
ARRAYS = [[1], [], ["a", None], MISSING, [[2]]]
DOCUMENTS = [{"a": 1, "b": 2}, {}, {"b": 3, "c": {"d": 1}}, None, MISSING, {"c": 5, "a": 2}]
INPUTS = {"$concatArrays": ARRAYS, "$mergeObjects": DOCUMENTS}

every_aggregate = pytest.mark.parametrize("name", sorted(aggregates()))


def states(name, rows):
    aggregate = aggregates()[name]()
    for ordinal, value in rows:
        state = aggregate.init()
        aggregate.update(state, value, ordinal)
        yield state


def numbered(name, seed):
    rows = [random.Random(seed).choice(INPUTS.get(name, VALUES)) for _ in range(40)]
    return list(enumerate(rows))


def one_pass(aggregate, rows):
    state = aggregate.init()
    for ordinal, value in rows:
        aggregate.update(state, value, ordinal)
    return state


def same(a, b):
    return type(a) is type(b) and order_key(a) == order_key(b)


@every_aggregate
def test_examples(name):
    aggregate = aggregates()[name]()
    assert aggregate.examples, f"{name} has no examples"
    for values, answer in aggregate.examples:
        assert same(aggregate.finalize(one_pass(aggregate, enumerate(values))), answer)


@every_aggregate
def test_merging_single_rows_in_any_order_and_shape_equals_one_pass(name):
    aggregate = aggregates()[name]()
    for seed in range(20):
        rows = numbered(name, seed)
        expected = aggregate.finalize(one_pass(aggregate, rows))
        parts = list(states(name, rows))
        shuffler = random.Random(seed)
        while len(parts) > 1:
            shuffler.shuffle(parts)
            last = parts.pop()
            aggregate.merge(parts[0], last)
        assert same(aggregate.finalize(parts[0]), expected)


@pytest.mark.parametrize("name", sorted(name for name, cls in aggregates().items() if not cls.ordered))
def test_many_values_at_once_are_as_many_single_ones(name):
    aggregate = aggregates()[name]()
    pools = [VALUES, [1, 2, 2**31], [0.1, 1e300, -1e300], [1, 0.1], [float("inf"), 1.0, 1e308]]
    for seed, pool in enumerate(pools):
        values = random.Random(seed).choices(pool, k=1500)
        at_once = aggregate.init()
        for start in range(0, len(values), 700):
            aggregate.update_many(at_once, values[start:start + 700])
        singly = one_pass(aggregate, enumerate(values))
        assert same(aggregate.finalize(at_once), aggregate.finalize(singly))
        assert at_once.values() == singly.values()


@every_aggregate
def test_the_answers_of_groups_are_those_of_their_states(name):
    aggregate = aggregates()[name]()
    pools = [INPUTS.get(name, VALUES)]
    if name not in INPUTS:
        pools += [[1, 2, -3], [1, 2**31], [0.1, 1e300, -1e300], [-0.0], [1, 0.1], [float("inf"), 1.0, float("-inf")],
                  [1e308, -1e308]]
    for seed, pool in enumerate(pools):
        chance = random.Random(seed)
        values, groups = chance.choices(pool, k=60), [*range(9), *chance.choices(range(9), k=51)]
        rows = [[(place, value) for place, (other, value) in enumerate(zip(groups, values, strict=True))
                 if other == group] for group in range(9)]
        expected = [aggregate.finalize(one_pass(aggregate, own)) for own in rows]
        found = aggregate.answers(groups, values, 9)
        assert list(map(repr, found)) == list(map(repr, expected))


def test_a_class_that_changes_an_action_does_not_keep_the_quicker_ways_of_its_base():
    class Doubled(Sum):
        """Twice the sum."""

        name = "$doubled"

        def finalize(self, state):
            return 2 * super().finalize(state)

    class Negating:
        def finalize(self, state):
            return -super().finalize(state)

    class Even(Sum):
        """The sum of even numbers."""

        name = "$even"

        def update(self, state, value, ordinal=0):
            if value % 2 == 0:
                super().update(state, value)

    class Mixed(Negating, Sum):
        """The sum with the other sign."""

        name = "$mixed"

    assert Mixed().answers([0, 1, 0], [1.0, 2.0, 3.0], 2) == [-4.0, -2.0]
    assert Doubled().answers([0, 1, 0], [1.0, 2.0, 3.0], 2) == [8.0, 4.0]
    assert Even().answers([0, 1, 0], [1, 2, 4], 2) == [4, 2]
    state = Even().init()
    Even().update_many(state, [1, 2, 4])
    assert Even().finalize(state) == 6


@every_aggregate
def test_the_state_of_nothing_is_the_identity(name):
    aggregate = aggregates()[name]()
    rows = numbered(name, 1)
    expected = aggregate.finalize(one_pass(aggregate, rows))
    left, right = aggregate.init(), one_pass(aggregate, rows)
    aggregate.merge(left, one_pass(aggregate, rows))
    aggregate.merge(right, aggregate.init())
    assert same(aggregate.finalize(left), expected)
    assert same(aggregate.finalize(right), expected)


@every_aggregate
def test_merging_leaves_the_other_state_alone(name):
    aggregate = aggregates()[name]()
    other = one_pass(aggregate, numbered(name, 2))
    before = aggregate.finalize(other)
    into = one_pass(aggregate, numbered(name, 3))
    aggregate.merge(into, other)
    aggregate.merge(into, aggregate.init())
    aggregate.update(into, aggregate.examples[0][0][0], 99)
    assert same(aggregate.finalize(other), before)


@every_aggregate
def test_a_state_goes_to_its_portable_form_and_back(name):
    aggregate = aggregates()[name]()
    state = one_pass(aggregate, numbered(name, 4))
    expected = aggregate.finalize(state)
    assert same(aggregate.finalize(type(state).of(state.values())), expected)


@every_aggregate
@pytest.mark.parametrize("limit", [1, 7, 1000])
def test_chunks_merge_to_the_whole(name, limit):
    aggregate = aggregates()[name]()
    state = one_pass(aggregate, numbered(name, 5))
    chunks = list(aggregate.split(state, limit))
    random.Random(limit).shuffle(chunks)
    whole = aggregate.init()
    for chunk in chunks:
        aggregate.merge(whole, chunk)
    assert same(aggregate.finalize(whole), aggregate.finalize(state))


@every_aggregate
def test_documentation(name):
    assert len(aggregates()[name].__doc__ or "") > 40


def test_sums_are_exact_whatever_the_order():
    total = aggregates()["$sum"]()
    values = [1e308, 1e308, -1e308, -1e308, 1.0, 5e-324, -5e-324]
    for seed in range(10):
        random.Random(seed).shuffle(values)
        assert total.finalize(one_pass(total, enumerate(values))) == 1.0


def test_sum_takes_the_widest_type_it_needs():
    total = aggregates()["$sum"]()
    for values, answer in [([2**31 - 1, 1], Int64(2**31)), ([Int64(1)], Int64(1)), ([Int64(2**63 - 1), 1], 2.0**63),
                           ([1, 0.5], 1.5), ([1, Decimal128("0.50")], Decimal128("1.50")),
                           ([float("inf"), float("-inf")], float("nan"))]:
        found = total.finalize(one_pass(total, enumerate(values)))
        assert same(found, answer)
        assert str(found) == str(answer)


def test_a_set_holds_the_first_of_equal_values():
    distinct = aggregates()["$addToSet"]()
    rows = list(enumerate([3.0, 3, Decimal128("0"), -0.0, 0, Int64(3)]))
    for seed in range(10):
        random.Random(seed).shuffle(rows)
        found = distinct.finalize(one_pass(distinct, rows))
        assert [(type(value), str(value)) for value in found] == [(Decimal128, "0"), (float, "3.0")]


@every_aggregate
def test_a_signaling_nan_is_a_nan(name):
    aggregate = aggregates()[name]()
    value = {"$concatArrays": [Decimal128("sNaN")], "$mergeObjects": {"a": Decimal128("sNaN")}}.get(
        name, Decimal128("sNaN"))
    state = one_pass(aggregate, enumerate([value, value]))
    aggregate.merge(state, one_pass(aggregate, enumerate([value])))
    aggregate.finalize(state)
