"""Limit and Skip: across batches, done in time, handed over."""

import pytest
from driving import check_rows, driven, handed_over, wild
from running import batches_of, query_context, written

from gatherum.physical.limit import LimitOperator, SkipOperator
from gatherum.plan.nodes import Limit, Shared, Skip


@pytest.mark.parametrize("count", [1, 7, 20, 60, 100])
@pytest.mark.parametrize(("operator", "kind"), [(LimitOperator, Limit), (SkipOperator, Skip)])
def test_counting_rows(operator, kind, count, tmp_path):
    documents = wild(60, 1)
    check_rows(operator, kind(Shared(), count), documents, tmp_path)
    want = documents[:count] if kind is Limit else documents[count:]
    with query_context(tmp_path) as context:
        got = handed_over(lambda: operator(kind(Shared(), count), context), batches_of(documents, 7))
        assert written(got) == written(want)


def test_a_limit_is_done_with_its_last_row(tmp_path):
    with query_context(tmp_path) as context:
        operator = LimitOperator(Limit(Shared(), 10), context)
        first, second = batches_of(wild(14, 1), 7)
        operator.push(first)
        assert not operator.done
        operator.push(second)
        assert operator.done
        assert not operator.push(first)
        assert not SkipOperator(Skip(Shared(), 1), context).done


def test_no_rows_give_no_rows(tmp_path):
    with query_context(tmp_path) as context:
        assert driven(LimitOperator(Limit(Shared(), 3), context), []) == []
        assert driven(SkipOperator(Skip(Shared(), 3), context), []) == []
