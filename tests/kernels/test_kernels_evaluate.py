"""How expressions choose between kernels and the meaning: branches, errors, what is counted and what is refused."""

import numpy as np
import pyarrow as pa
import pytest
from bson import Int64
from columns_and_meaning import check, meant
from hypothesis import given
from hypothesis import strategies as st
from reading import exact
from strategies import documents, values

from gatherum.errors import OperatorError
from gatherum.frontends.mongo.expressions import Names, parse_expression
from gatherum.frontends.mongo.query import parse_query
from gatherum.kernels.columns.batch import Batch, batch_of
from gatherum.kernels.columns.column import Column
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.evaluate import Evaluation, NoKernelError
from gatherum.types.values import MISSING


def compiled(written, **options):
    return Evaluation(**options).compile(parse_expression(written, Names(frozenset(options.get("variables", {})))))


def computed(written, rows, **options):
    return values_of(compiled(written, **options).column(batch_of(rows)))


def test_a_branch_that_would_raise_sees_only_its_rows():
    guarded = {"$cond": [{"$ne": ["$b", 0]}, {"$divide": ["$a", "$b"]}, None]}
    assert computed(guarded, [{"a": 1, "b": 0}, {"a": 6, "b": 3}], strict=True) == [None, 2.0]
    either = {"$or": [{"$eq": ["$b", 0]}, {"$gt": [{"$divide": ["$a", "$b"]}, 1]}]}
    assert computed(either, [{"a": 1, "b": 0}, {"a": 6, "b": 3}], strict=True) == [True, True]
    both = {"$and": ["$b", {"$gt": [{"$divide": ["$a", "$b"]}, 1]}]}
    assert computed(both, [{"a": 1, "b": 0}, {"a": 6, "b": 3}], strict=True) == [False, True]


def test_the_error_of_the_first_row_is_raised():
    rows = [{"a": 1, "b": 1}, {"a": 2, "b": 0}, {"a": "x", "b": 2}]
    summed = {"$add": [{"$abs": "$a"}, {"$divide": [1, "$b"]}]}
    with pytest.raises(OperatorError, match="divide by zero"):
        computed(summed, rows)
    with pytest.raises(OperatorError, match=r"\$abs takes a number"):
        computed(summed, rows[::-1])


def test_an_error_that_no_row_needs_does_not_happen():
    unused = {"$let": {"vars": {"x": {"$divide": [1, "$b"]}}, "in": {"$cond": ["$b", "$$x", -1]}}}
    filtered = {"$cond": [{"$eq": ["$a", 2]}, {"$map": {"input": "$c", "in": {"$divide": [1, "$$this"]}}}, []]}
    assert computed(filtered, [{"a": 1, "c": [0]}, {"a": 2, "c": [4]}]) == [[], [0.25]]
    with pytest.raises(OperatorError):
        computed(unused, [{"b": 0}])


def test_a_strict_evaluation_refuses_the_meaning():
    column = compiled({"$objectToArray": "$a"}, strict=True)
    with pytest.raises(NoKernelError, match=r"\$objectToArray has no kernel"):
        column.column(batch_of([{"a": {"b": 1}}]))


def test_what_the_meaning_fills_is_counted():
    evaluation = Evaluation()
    column = evaluation.compile(parse_expression({"$add": [{"$toDecimal": "$a"}, "$b"]})).column(
        batch_of([{"a": 1, "b": 2}, {"a": 3, "b": 4}]))
    assert len(column) == 2
    assert evaluation.filled == {"$toDecimal": 2, "$add": 2}


def test_only_the_rows_of_types_without_a_kernel_are_filled():
    evaluation = Evaluation()
    rows = [{"a": 1}, {"a": 2.5}, {"a": None}, {"a": Int64(4)}, {}]
    assert values_of(evaluation.compile(parse_expression({"$add": ["$a", 1]})).column(batch_of(rows))) == \
        [2, 3.5, None, 5, None]
    assert not evaluation.filled


def test_a_dictionary_is_computed_once_for_each_word():
    words = Column(pa.array(["a", "b", None, "a"]).dictionary_encode())
    evaluation = Evaluation(strict=True)
    upper = evaluation.compile(parse_expression({"$toUpper": "$w"})).column(Batch({"w": words}, 4))
    assert isinstance(upper.array.type, pa.DictionaryType)
    assert values_of(upper) == ["A", "B", "", "A"]


@pytest.mark.parametrize("missing", [False, True])
def test_words_keep_their_values_in_dictionaries_of_another_order(missing):
    """A column may be null or missing where it is invalid, and bring fewer words or more than the one before."""
    expression = Evaluation().compile(parse_expression({"$ifNull": [{"$concat": ["$w", "!"]}, {"$type": "$w"}]}))
    for held in (["a", "b", None, "c"], ["c", None, "a", "b"], ["b", "c"], ["d", "b", None], ["a", "d"]):
        for invalid in (missing, not missing):
            column = Column(pa.array(held * 4).dictionary_encode(), missing=invalid)
            found = expression.column(Batch({"w": column}, len(column)))
            nothing = "missing" if invalid else "null"
            assert values_of(found) == [nothing if value is None else f"{value}!" for value in held * 4]


@pytest.mark.parametrize("coded", [False, True])
@pytest.mark.parametrize("word", ["b", "new"])
def test_a_constant_string_among_the_strings_of_a_column(coded, word):
    strings = pa.array(["a", "b", None, "b", "a"])
    columns = {"s": Column(strings.dictionary_encode() if coded else strings, missing=True),
               "n": Column(pa.array([1, 0, 1, 1, 0], pa.int32()))}
    for written, meant_values in (({"$ifNull": ["$s", word]}, ["a", "b", word, "b", "a"]),
                                  ({"$cond": ["$n", "$s", word]}, ["a", word, MISSING, "b", word]),
                                  ({"$cond": ["$n", word, "$s"]}, [word, "b", word, word, "a"])):
        found = Evaluation().compile(parse_expression(written)).column(Batch(columns, 5).slice(1, 4))
        assert values_of(found) == meant_values[1:]


def test_words_that_do_not_occur_raise_nothing():
    words = Column(pa.DictionaryArray.from_arrays(pa.array([0, 0, 0], pa.int32()), ["1", "x"]))
    column = Evaluation().compile(parse_expression({"$toInt": "$w"})).column(Batch({"w": words}, 3))
    assert values_of(column) == [1, 1, 1]


def test_words_that_become_equal_share_a_code():
    words = Column(pa.array(["a", "A", "b"] * 4).dictionary_encode())
    column = Evaluation().compile(parse_expression({"$toUpper": "$w"})).column(Batch({"w": words}, 12))
    assert column.array.dictionary.to_pylist() == ["A", "B"]


def test_variables_of_the_query_and_of_expressions():
    assert computed("$$limit", [{}, {}], variables={"limit": 3}) == [3, 3]
    shadowed = {"$let": {"vars": {"limit": "$a"}, "in": {"$toDecimal": "$$limit"}}}
    assert [str(value) for value in computed(shadowed, [{"a": 1}, {"a": 2}], variables={"limit": 9})] == ["1", "2"]
    nested = {"$map": {"input": "$a", "as": "x", "in": {"$map": {"input": "$$x", "as": "y", "in": {
        "$add": ["$$y", {"$size": "$$x"}, "$b"]}}}}}
    assert computed(nested, [{"a": [[1, 2], [3]], "b": 10}, {"a": [], "b": 1}], strict=True) == [[[13, 14], [14]], []]


def test_documents_of_different_orders_of_keys():
    rows = [{"a": 1, "b": 2}, {"b": 1, "a": 2}]
    assert [list(row) for row in computed("$$ROOT", rows)] == [["a", "b"], ["b", "a"]]
    assert computed({"$add": ["$a", "$b"]}, rows, strict=True) == [3, 3]


def test_a_mask_counts_what_is_true():
    batch = batch_of([{"a": 0}, {"a": 2}, {"a": None}, {}, {"a": "x"}, {"a": float("nan")}, {"a": -0.0}])
    assert compiled("$a").mask(batch).tolist() == [False, True, False, False, True, True, False]


def test_a_sliced_batch_is_read_from_its_start():
    rows = [{"a": i if i % 3 else None, "s": f"x{i}", "l": [i] * (i % 3), "b": i % 2 == 0} for i in range(40)]
    batch = batch_of(rows)
    for written in ({"$add": ["$a", 1]}, {"$toUpper": "$s"}, {"$sum": "$l"}, {"$cond": ["$b", "$a", 0]}, "$l"):
        whole = values_of(compiled(written).column(batch))
        assert values_of(compiled(written).column(batch.slice(13, 20))) == whole[13:33]


def test_an_empty_batch():
    batch = Batch({"a": Column(pa.array([], pa.int32()))}, 0)
    for written in ({"$add": ["$a", 1]}, {"$cond": ["$a", 1, "$a"]}, ["$a", 1], {"x": "$a"}, "$a.b"):
        assert len(compiled(written).column(batch)) == 0


def test_masks_of_queries_below_arrays():
    rows = [{"a": [{"b": 1}, {"b": [5]}, 7]}, {"a": []}, {"a": [{}]}, {}, {"a": {"b": 5}}, {"a": 3}]
    for query in ({"a.b": 5}, {"a.b": None}, {"a.b": {"$exists": False}}, {"a.b": {"$ne": 5}}, {"a.1.b": 5},
                  {"a": {"$elemMatch": {"b": 5}}}, {"a.b": {"$gt": 0, "$lt": 3}}):
        expression = parse_query(query)
        mask = Evaluation().compile(expression).mask(batch_of(rows))
        assert mask.tolist() == meant(expression, rows), query


EXPRESSIONS = [{"$eq": ["$a", "$b"]}, {"$cmp": ["$a", "$b"]}, {"$cond": ["$a", "$b", "$c"]}, {"$ifNull": ["$a", "$b"]},
               "$a.b", {"x": "$a", "y": "$b.c"}, ["$a", "$b"], {"$type": "$a"}, {"$max": ["$a", "$b"]}, {"$sum": "$a"},
               {"$map": {"input": {"$cond": [{"$isArray": "$a"}, "$a", []]}, "in": "$$this.b"}},
               {"$and": ["$a", "$b"]}, {"$toBool": "$a"}, {"$in": ["$a", ["$b", "$c"]]}, "$$ROOT"]


@given(st.lists(documents, max_size=8), st.sampled_from(EXPRESSIONS))
def test_any_documents_give_what_the_meaning_gives(rows, written):
    check(parse_expression(written), batch_of(rows), rows)


@given(st.lists(documents, max_size=8), values, st.sampled_from(["$eq", "$ne", "$gt", "$gte", "$lt", "$lte"]),
       st.sampled_from(["a", "a.b", "b"]))
def test_any_documents_match_as_the_meaning_says(rows, value, name, path):
    query = {path: {name: value}}
    if type(value).__name__ == "Regex" and name != "$eq":
        return
    check(parse_query(query), batch_of(rows), rows)


@given(st.lists(st.one_of(st.just(MISSING), values), max_size=6), st.lists(st.booleans(), min_size=6, max_size=6))
def test_branches_are_put_together_in_their_order(items, choices):
    rows = [{"c": choice} | ({} if item is MISSING else {"v": item}) for item, choice in
            zip(items, choices, strict=False)]
    found = computed({"$cond": ["$c", "$v", {"$literal": 1}]}, rows)
    assert exact([{} if v is MISSING else {"v": v} for v in found]) == exact(
        [({"v": row["v"]} if "v" in row else {}) if row["c"] else {"v": 1} for row in rows])


def test_operators_that_are_not_forms_take_coded_strings():
    words = Column(pa.array(["a", "b"] * 8).dictionary_encode())
    batch = Batch({"w": words, "n": Column(pa.array(np.arange(16, dtype=np.int32)))}, 16)
    column = Evaluation().compile(parse_expression({"$concat": ["$w", {"$toString": "$n"}]})).column(batch)
    assert values_of(column)[:3] == ["a0", "b1", "a2"]
