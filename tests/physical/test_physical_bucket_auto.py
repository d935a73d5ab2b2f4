"""BucketAuto and Documents over batches."""

import itertools

import pytest
from driving import check_partial, driven, wild
from running import batches_of, query_context, written

from gatherum.errors import OperatorError
from gatherum.frontends.mongo.stage import Context, parse_pipeline
from gatherum.physical.bucket_auto import BucketAutoOperator
from gatherum.physical.documents import document_batches

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
