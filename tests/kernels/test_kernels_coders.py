"""Compiled coders give the codes that the plain one gives, whatever mix of columns comes."""

import random

import numpy as np
import pyarrow as pa
import pytest
from bson import Decimal128, Int64, MaxKey, MinKey, ObjectId
from hypothesis import given
from hypothesis import strategies as st
from strategies import dates, int32, int64, names, scalars, values

from gatherum.kernels.coders import CompiledCoder, PlainCoder, PlainPairs
from gatherum.kernels.columns.build import column_of
from gatherum.kernels.columns.column import Column, plain_strings
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.columns.variant import boxed, to_variant
from gatherum.kernels.range_table import RangeTable
from gatherum.kernels.tables import PairTable, WordTable
from gatherum.types.representation import representation
from gatherum.types.values import MISSING

SMALL = st.integers(-5, 5)
LONG_TEXT = st.text("ab", min_size=6, max_size=24)
KINDS = [SMALL, SMALL.map(Int64), SMALL.map(float), SMALL.map(lambda n: Decimal128(str(n))), int32, int64, st.floats(),
         names, LONG_TEXT, dates, st.booleans(), st.integers(0, 3).map(lambda n: ObjectId(bytes([n]) * 12)),
         st.sampled_from([0.0, -0.0, float("nan"), 2.0**53, 2.0**63, -(2.0**63)]), scalars, values]


@st.composite
def columns(draw):
    kind = draw(st.sampled_from(KINDS))
    hole = draw(st.sampled_from([None, MISSING]))
    items = draw(st.lists(st.one_of(kind, kind, kind, st.just(hole)), max_size=12))
    column = column_of(items)
    if draw(st.booleans()):
        column = to_variant(column)
    elif pa.types.is_string(column.array.type) and draw(st.booleans()):
        column = Column(column.array.dictionary_encode(), column.missing)
    start = draw(st.integers(0, 2))
    return column.slice(start)


@given(st.lists(columns(), max_size=6))
def test_compiled_codes_equal_plain_ones(batches):
    compiled, plain = CompiledCoder(), PlainCoder()
    for column in batches:
        assert compiled.encode(column).tolist() == plain.encode(plain_strings(column)).tolist()
        assert compiled.size == plain.size
    assert compiled.nbytes > 0


@given(st.lists(columns(), max_size=6))
def test_exact_codes_tell_apart_what_is_written_differently(batches):
    coder, seen = CompiledCoder(exact=True), {}
    for column in batches:
        for code, value in zip(coder.encode(column).tolist(), values_of(plain_strings(column)), strict=True):
            assert seen.setdefault(code, representation_of(value)) == representation_of(value)
    assert len(set(seen.values())) == len(seen)


def representation_of(value):
    return b"missing" if value is MISSING else b"nan" if value != value else (representation(value), boxed(value))


@pytest.mark.parametrize("exact", [False, True])
def test_one_value_has_one_code_whatever_column_it_is_in(exact):
    day, texts = 1_700_000_000_000, ["a", "a text of some length"]
    columns = [column_of([Decimal128("1.5"), MISSING]), column_of([Decimal128("1.5"), None]), column_of([MISSING]),
               column_of([{"a": 1}, MISSING]), column_of([[1], None]), column_of([b"x", MISSING]), column_of([None]),
               Column(pa.array([day * 1000, None], pa.timestamp("us"))), Column(pa.array([day], pa.timestamp("ms"))),
               Column(pa.array([7, None], pa.uint64()), missing=True), column_of([Int64(7), "x"]),
               Column(pa.array(texts, pa.large_string())), column_of(texts), column_of([MinKey(), MaxKey(), 2.5]),
               column_of([MaxKey(), MinKey()]), column_of([True, None]), column_of([ObjectId("1" * 24), 2.5])]
    coder, codes = CompiledCoder(exact), {}
    for column in (columns + [to_variant(column) for column in columns]) * 2:
        for code, value in zip(coder.encode(column).tolist(), values_of(column), strict=True):
            assert codes.setdefault(repr(value), code) == code
    assert len(set(codes.values())) == len(codes) == coder.size


@pytest.mark.parametrize("distinct", [3, 5000, 10**6])
@pytest.mark.parametrize("make", [int, float, "id{:09}".format, "some longer text {}".format, lambda n: n * 10**9],
                         ids=["int", "float", "short", "long", "wide"])
def test_large_batches(make, distinct):
    draw = random.Random(distinct)
    compiled, plain = CompiledCoder(), PlainCoder()
    for rows in (1, 7, 1024, 1025, 20000):
        column = column_of([make(draw.randrange(distinct)) for _ in range(rows)])
        assert compiled.encode(column).tolist() == plain.encode(column).tolist()


def test_integers_that_drift_stay_in_the_direct_index():
    coder, plain = CompiledCoder(), PlainCoder()
    for start in range(0, 300_000, 20_000):
        column = column_of([*range(start, start + 2000)])
        assert coder.encode(column).tolist() == plain.encode(column).tolist()
    assert not coder.range.wide
    assert len(coder.range.lookup) > 200_000


def test_the_ends_of_the_range_of_integers():
    ends = [-(2**63), 2**63 - 1, 0, -(2**63) + 1]
    for chosen in (ends[:1], ends[1:2], ends):
        coder, plain = CompiledCoder(), PlainCoder()
        for batch in (chosen, ends):
            column = Column(pa.array(batch, pa.int64()))
            assert coder.encode(column).tolist() == plain.encode(column).tolist()


def test_unused_entries_of_a_dictionary_get_no_codes():
    words = pa.array(["unused", "b", "a", None])
    array = pa.DictionaryArray.from_arrays(pa.array([2, 1, None, 2, 3], pa.int32()), words)
    coder = CompiledCoder()
    assert coder.encode(Column(array)).tolist() == [0, 1, 2, 0, 2]
    assert coder.encode(Column(array.slice(1), missing=True)).tolist() == [1, 3, 0, 3]
    assert coder.size == 4


@pytest.mark.parametrize("kind", [pa.int8(), pa.uint16(), pa.int32(), pa.int64()])
def test_dictionaries_that_change_from_batch_to_batch(kind):
    coder, plain = CompiledCoder(), PlainCoder()
    for words in (["a", "b"], ["a", "b"], ["b", "c", "a"], [f"w{n}" for n in range(127)], ["c", "b"]):
        indices = pa.array([len(words) - 1, None, 0, 1, 0], kind)
        column = Column(pa.DictionaryArray.from_arrays(indices, pa.array(words)))
        assert coder.encode(column).tolist() == plain.encode(plain_strings(column)).tolist()


def test_runs_of_equal_values():
    coder, plain = CompiledCoder(), PlainCoder()
    for numbers in ([0.1] * 3000, [0.1] * 1500 + [2.5] * 1500, [2.5] * 1024 + [0.5] + [2.5] * 1023, [7.5] * 70 + [8.5]):
        column = Column(pa.array(numbers))
        assert coder.encode(column).tolist() == plain.encode(column).tolist()


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=200))
def test_pairs(pairs):
    compiled, plain = PairTable(), PlainPairs()
    for start in range(0, len(pairs), 50):
        first, second = (np.array(part, np.int32) for part in zip(*pairs[start:start + 50], strict=True))
        sizes = max(p[0] for p in pairs[:start + 50]) + 1, max(p[1] for p in pairs[:start + 50]) + 1
        assert compiled.encode(first, second, *sizes).tolist() == plain.encode(first, second, *sizes).tolist()


def test_pairs_of_many_codes():
    compiled, plain = PairTable(), PlainPairs()
    draw = np.random.default_rng(3)
    for size in (10, 1000, 100_000):
        first, second = (draw.integers(0, size, 5000).astype(np.int32) for _ in range(2))
        assert compiled.encode(first, second, size, size).tolist() == plain.encode(first, second, size, size).tolist()


def test_a_range_is_chosen_only_where_it_is_small():
    table = RangeTable(WordTable())
    assert not table.wide
    coder = CompiledCoder()
    coder.encode(column_of([0, 2**31 - 1]))
    assert coder.range.wide
    assert len(coder.range.lookup) == 1


def test_documents_that_repeat_and_some_that_are_equal():
    rows = [{"a": 1}, {"a": 1.0}, {"b": 1}, Decimal128("1"), 1, [1], [Int64(1)], None] * 30
    codes = CompiledCoder().encode(to_variant(column_of(rows)))
    assert codes.tolist() == PlainCoder().encode(column_of(rows)).tolist()


@given(st.data())
def test_integers_far_from_a_sample_and_values_that_look_like_them(data):
    """Outliers have no place in the index, and a double's word may be that of an integer that has one."""
    draw = np.random.default_rng(data.draw(st.integers(0, 1000)))
    compiled, plain = CompiledCoder(), PlainCoder()
    for _ in range(3):
        near, far = draw.integers(-20, 2000, 3000), draw.integers(-2**63, 2**63 - 1, 3000)
        outliers = draw.random(3000) < data.draw(st.sampled_from([0.0, 0.001, 0.5]))
        values = np.where(outliers, far, near).tolist()
        column = column_of([Int64(value) for value in values])
        if data.draw(st.booleans()):
            tiny = np.array(values[:5]).view(np.float64).tolist()
            column = to_variant(column_of([Int64(values[0]), *tiny, None, *map(Int64, values)]))
        assert compiled.encode(column).tolist() == plain.encode(column).tolist()
