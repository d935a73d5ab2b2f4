"""BucketAuto and Documents over batches."""

import itertools

import pytest
from bson import Decimal128, Int64
from driving import check_partial, driven, expected, wild
from running import batches_of, query_context, written

from gatherum.errors import OperatorError
from gatherum.frontends.mongo.stage import Context, parse_pipeline
from gatherum.physical.bucket_auto import BucketAutoOperator
from gatherum.physical.documents import document_batches
from gatherum.physical.operator import Signal

OUTPUT = {"n": {"$sum": 1}, "sum": {"$sum": "$n"}, "first": {"$first": "$n"}, "all": {"$push": "$b"}}
OF_ANY_ORDER = {"n": {"$sum": 1}, "sum": {"$sum": "$a"}, "mean": {"$avg": "$n"}, "most": {"$max": "$b"}}


def buckets(argument):
    return parse_pipeline([{"$bucketAuto": argument}], Context(collection="c"))


@pytest.mark.parametrize("count", [1, 3, 100])
@pytest.mark.parametrize("key", ["$a", "$n", {"$type": "$b"}, "$nothing"], ids=str)
@pytest.mark.parametrize("output", [OUTPUT, OF_ANY_ORDER], ids=["ordered", "any order"])
def test_buckets_of_all_types(key, count, output, tmp_path):
    node = buckets({"groupBy": key, "buckets": count, "output": output})
    check_partial(BucketAutoOperator, node, wild(42, 1), tmp_path)


@pytest.mark.parametrize("values", [[1.0, 1, Decimal128("1.0")], [0.0, -0.0], [2, Int64(2), 2.0], [-0.0, 0.0, 1]])
def test_a_bound_is_the_first_of_equal_values_whichever_thread_had_it(values, tmp_path):
    documents = [{"a": value} for value in [*values * 3, *reversed(values)]]
    node = buckets({"groupBy": "$a", "buckets": 4})
    wanted = written(expected(node, documents))
    for turn in range(3):
        with query_context(tmp_path) as context:
            operators = [BucketAutoOperator(node, context) for _ in range(3)]
            for number, batch in enumerate(batches_of(documents, 1)):
                operators[(number + turn) % 3].push(batch)
            for other in operators[1:]:
                operators[0].absorb(other)
            rows = [row for batch in operators[0].signal(Signal.END) for row in batch.documents()]
        assert written(rows) == wanted


@pytest.mark.parametrize("granularity", ["R5", "POWERSOF2", "1-2-5"])
def test_preferred_numbers(granularity, tmp_path):
    node = buckets({"groupBy": {"$add": ["$n", 0.5]}, "buckets": 4, "granularity": granularity})
    check_partial(BucketAutoOperator, node, wild(42, 1), tmp_path)


def test_a_value_that_cannot_be_rounded(tmp_path):
    node = buckets({"groupBy": "$a", "buckets": 2, "granularity": "R5"})
    with query_context(tmp_path) as context, pytest.raises(OperatorError):
        BucketAutoOperator(node, context).push(batches_of([{"a": 1}, {"a": "x"}], 2)[0])


def test_no_rows_give_no_buckets(tmp_path):
    with query_context(tmp_path) as context:
        assert driven(BucketAutoOperator(buckets({"groupBy": "$a", "buckets": 2}), context), []) == []


def test_constant_documents(tmp_path):
    rows = wild(20, 1)
    node = parse_pipeline([{"$documents": {"$literal": rows}}], Context(collection=None))
    with query_context(tmp_path, morsel_rows=6) as context:
        batches = list(document_batches(node, context))
        assert [batch.rows for batch in batches] == [6, 6, 6, 2]
        assert written([row for batch in batches for row in batch.documents()]) == written(rows)
        assert all(first.ordinal + first.rows <= second.ordinal
                   for first, second in itertools.pairwise(batches))
        wrong = parse_pipeline([{"$documents": {"$literal": [1]}}], Context(collection=None))
        with pytest.raises(OperatorError):
            list(document_batches(wrong, context))
