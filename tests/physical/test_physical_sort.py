"""Sort and Sample: MongoDB's order whatever the types, the batches, the threads and the memory."""

import random

import numpy as np
import pyarrow as pa
import pytest
from bson import Int64
from driving import SCALARS, check_partial, driven, expected, handed_over, merged, tame, wild
from hypothesis import given
from hypothesis import strategies as st
from running import batches_of, query_context, written
from strategies import values

from gatherum.errors import CancelledError, OperatorError
from gatherum.kernels.columns.batch import Batch
from gatherum.kernels.columns.build import column_of
from gatherum.kernels.columns.column import Column
from gatherum.kernels.number_hashes import hashes_of_numbers
from gatherum.kernels.sorting import order_of, ranks
from gatherum.physical import sorter
from gatherum.physical.operator import Signal
from gatherum.physical.sample import SampleOperator
from gatherum.physical.sort import SortOperator
from gatherum.plan.nodes import Sample, Shared, Sort, SortKey
from gatherum.types.canonical import hash_of_words
from gatherum.types.order import order_key
from gatherum.types.values import MISSING

KEYS = [(SortKey(("a",)),), (SortKey(("a",), True),), (SortKey(("a", "b")),), (SortKey(("a", "b"), True),),
        (SortKey(("a", "0")), SortKey(("n",), True)), (SortKey(("nothing",)),),
        (SortKey(("a", "c"), True), SortKey(("a", "b")))]
TAME_KEYS = [(SortKey((name,), descending),) for name in "bcdefgh" for descending in (False, True)]
TAME_KEYS += [(SortKey(("e",)), SortKey(("d",), True), SortKey(("c",))), (SortKey(("a", "c"), True), SortKey(("g",))),
              (SortKey(("c",), True), SortKey(("g",)), SortKey(("h",), True))]


def name_of(keys):
    return "+".join(("-" if key.descending else "") + ".".join(key.path) for key in keys) or "nothing"


@pytest.mark.parametrize("limit", [None, 1, 9])
@pytest.mark.parametrize("keys", KEYS, ids=name_of)
def test_sorting_all_types(keys, limit, tmp_path):
    check_partial(SortOperator, Sort(Shared(), keys, limit), wild(42, 1), tmp_path)


@pytest.mark.parametrize("limit", [None, 9])
@pytest.mark.parametrize("keys", TAME_KEYS, ids=name_of)
def test_sorting_typed_columns(keys, limit, tmp_path):
    check_partial(SortOperator, Sort(Shared(), keys, limit), tame(42, 2), tmp_path)


@pytest.mark.parametrize("limit", [None, 9])
def test_without_keys_the_order_of_the_input_comes_back(limit, tmp_path):
    documents = wild(40, 3)
    for settings in ({}, {"spill_every": 2}):
        with query_context(tmp_path, kernels="off", **settings) as context:
            batches = batches_of(documents, 4)
            got = merged(lambda context=context: SortOperator(Sort(Shared(), (), limit), context), batches, seed=1)
            assert written(got) == written(documents[:limit])


@given(st.lists(st.one_of(values, st.just(MISSING), st.sampled_from(SCALARS)), max_size=12), st.integers(1, 4))
def test_ranks_compare_as_the_values_do(items, pieces):
    keys = [order_key(None if item is MISSING else item) for item in items]
    size = max(1, len(items) // pieces)
    parts = [column_of(items[start:start + size]) for start in range(0, len(items), size)] or [column_of([])]
    found = ranks(parts).tolist()
    for i, a in enumerate(keys):
        for j, b in enumerate(keys):
            assert (found[i] < found[j]) == (a < b)
            assert (found[i] == found[j]) == (a == b)


@given(st.lists(st.text(max_size=12), max_size=30))
def test_ranks_of_strings_are_those_of_their_bytes(items):
    found = ranks([column_of([*items, *items[:3]])]).tolist()
    assert sorted(range(len(found)), key=lambda i: found[i]) == \
        sorted(range(len(found)), key=lambda i: [*items, *items[:3]][i].encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("spread", [2, 2**20, 2**62])
@pytest.mark.parametrize("limit", [None, 0, 1, 17, 1000])
def test_order_by_several_keys(spread, limit):
    chance = np.random.default_rng(1)
    keys = [chance.integers(-spread, spread, 300) for _ in range(4)] + [np.full(300, 7)]
    want = np.lexsort([np.arange(300), *keys[::-1]])
    assert order_of(keys, 300, limit).tolist() == want[:limit].tolist()


def test_a_sort_within_a_small_budget(tmp_path):
    chance = random.Random(4)
    documents = [{"n": i, "k": chance.choice([chance.random(), "x" * chance.randint(0, 50), Int64(i)])}
                 for i in range(20_000)]
    node = Sort(Shared(), (SortKey(("k",)),))
    with query_context(tmp_path, kernels="off", memory_limit="1MB") as context:
        operator = SortOperator(node, context)
        assert written(driven(operator, batches_of(documents, 500))) == written(expected(node, documents))
        assert operator.metrics.bytes_spilled
        assert len(operator.sorter.runs) > 1


def test_a_long_sort_can_be_cancelled(tmp_path, monkeypatch):
    monkeypatch.setattr(sorter, "LONG_SORT_ROWS", 10)
    with query_context(tmp_path, kernels="off") as context:
        operator = SortOperator(Sort(Shared(), (SortKey(("n",), True),)), context)
        documents = [{"n": i} for i in range(50)]
        assert driven(operator, batches_of(documents, 20)) == documents[::-1]
        operator.push(batches_of(documents, 50)[0])
        context.cancellation.cancel()
        with pytest.raises(CancelledError):
            list(operator.signal(Signal.END))


def test_more_runs_than_are_merged_at_once(tmp_path):
    documents = wild(100, 6, arrays=None)
    node = Sort(Shared(), (SortKey(("a",)), SortKey(("b",), True)))
    with query_context(tmp_path, kernels="off", spill_every=1) as context:
        operator = SortOperator(node, context)
        assert written(driven(operator, batches_of(documents, 2))) == written(expected(node, documents))
        operator.close()
        assert context.space.used == 0


def test_the_first_rows_need_little_memory(tmp_path):
    documents = [{"n": i, "k": i * 7919 % 100_003} for i in range(400_000)]
    node = Sort(Shared(), (SortKey(("k",)),), 5)
    with query_context(tmp_path, kernels="off") as context:
        operator = SortOperator(node, context)
        assert driven(operator, batches_of(documents, 65536)) == expected(node, documents)
        assert operator.metrics.bytes_held < 1_000_000


def test_parallel_arrays_are_an_error(tmp_path):
    with query_context(tmp_path, kernels="off") as context:
        operator = SortOperator(Sort(Shared(), (SortKey(("a",)), SortKey(("b",)))), context)
        with pytest.raises(OperatorError, match="parallel arrays"):
            driven(operator, batches_of([{"a": [1], "b": [2]}], 1))


def test_typed_keys_need_no_documents(tmp_path):
    documents = tame(50, 3)
    for row in documents:
        row.pop("a", None), row.pop("b", None)
    with query_context(tmp_path, kernels="off", engine="columnar") as context:
        operator = SortOperator(Sort(Shared(), tuple(SortKey((name,)) for name in "dcefgh")), context)
        assert len(driven(operator, batches_of(documents, 7))) == 50


@pytest.mark.parametrize("count", [1, 5, 60, 2**63 - 1])
@pytest.mark.parametrize("seed", [0, 12345])
def test_sampling(count, seed, tmp_path):
    documents = wild(60, 5)
    node = Sample(Shared(), count, seed)
    want = written(expected(node, documents))
    for size, settings in ((1, {}), (7, {"spill_every": 2}), (65536, {"spill_every": 1})):
        with query_context(tmp_path, kernels="off", **settings) as context:
            batches = batches_of(documents, size)
            assert written(driven(SampleOperator(node, context), batches)) == want
            assert written(handed_over(lambda context=context: SampleOperator(node, context), batches)) == want


@given(st.integers(-(2**63), 2**64 - 1), st.lists(st.integers(0, 2**63 - 1), max_size=5))
def test_hashes_of_numbers_are_canonical(seed, numbers):
    assert hashes_of_numbers(seed, np.array(numbers, np.int64)).tolist() == \
        [hash_of_words([seed & (2**64 - 1), number]) for number in numbers]


def test_what_is_spilled_has_no_more_of_a_dictionary_than_it_needs(tmp_path):
    words = pa.array([f"word {number}" for number in range(20_000)])
    codes = np.arange(20_000) * 7919 % 20_000
    coded = pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), words)
    nested = pa.StructArray.from_arrays([coded], ["word"])
    lists = pa.LargeListArray.from_arrays(np.arange(20_001), coded)
    batch = Batch({name: Column(array) for name, array in (("w", coded), ("d", nested), ("l", lists))}, 20_000)
    node = Sort(Shared(), (SortKey(("w",)),))
    with query_context(tmp_path, kernels="off", memory_limit="1MB") as context:
        operator = SortOperator(node, context)
        found = driven(operator, [batch.slice(start, 100).numbered(start << 32) for start in range(0, 20_000, 100)])
        assert found == [{"w": word, "d": {"word": word}, "l": [word]} for word in sorted(words.to_pylist())]
        assert 0 < operator.metrics.bytes_spilled < 8_000_000
