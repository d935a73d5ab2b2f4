"""Facet: branches of every kind over one input, in every shape."""

import pytest
from driving import check_partial, driven, expected, wild
from running import batches_of, query_context, written

from gatherum.errors import InternalError
from gatherum.frontends.mongo.stage import Context, parse_pipeline
from gatherum.physical.facet import FacetOperator
from gatherum.plan.nodes import Scan

BRANCHES = {
    "all": [], "rows": [{"$match": {"n": {"$gte": 5}}}, {"$project": {"a": 1}}],
    "first": [{"$limit": 3}], "rest": [{"$skip": 30}, {"$project": {"n": 1}}],
    "unwound": [{"$unwind": "$a"}, {"$limit": 12}, {"$unwind": "$a"}],
    "groups": [{"$group": {"_id": {"$type": "$a"}, "n": {"$sum": 1}, "first": {"$first": "$n"}}}, {"$sort": {"_id": 1}},
               {"$limit": 4}],
    "sorted": [{"$sort": {"b": -1}}, {"$skip": 1}, {"$project": {"n": 1}}],
    "sampled": [{"$sample": {"size": 4}}, {"$project": {"n": 1}}],
    "count": [{"$match": {"nothing": 1}}, {"$count": "n"}], "many": [{"$sortByCount": "$c"}, {"$limit": 5}],
    "buckets": [{"$bucketAuto": {"groupBy": "$n", "buckets": 3}}],
}


def facet(branches):
    return parse_pipeline([{"$facet": branches}], Context(collection="c"))


@pytest.mark.parametrize("name", BRANCHES)
def test_one_branch(name, tmp_path):
    check_partial(FacetOperator, facet({name: BRANCHES[name]}), wild(42, 1), tmp_path)


def test_all_branches_over_one_input(tmp_path):
    check_partial(FacetOperator, facet(BRANCHES), wild(30, 2), tmp_path)


def test_no_rows(tmp_path):
    node = facet(BRANCHES)
    with query_context(tmp_path) as context:
        assert written(driven(FacetOperator(node, context), [])) == written(expected(node, []))


def test_branches_that_read_more_than_their_input(tmp_path):
    others = wild(10, 4)
    node = facet({"looked": [{"$lookup": {"from": "o", "localField": "a", "foreignField": "a", "as": "x"}},
                             {"$limit": 5}],
                  "united": [{"$limit": 3}, {"$unionWith": "o"}, {"$match": {"n": {"$gte": 2}}}]})
    documents = wild(20, 3)

    def run(plan):
        assert isinstance(plan, Scan)
        return iter(batches_of(others, 4))
    with query_context(tmp_path, kernels="off") as context:
        got = driven(FacetOperator(node, context, run), batches_of(documents, 6))
        assert written(got) == written(expected(node, documents, lambda scan: [others]))
        with pytest.raises(InternalError, match="no way to run"):
            driven(FacetOperator(node, context), batches_of(documents, 6))


def test_figures_of_the_branches(tmp_path):
    with query_context(tmp_path, kernels="off", spill_every=1) as context:
        operator = FacetOperator(facet({"sorted": BRANCHES["sorted"]}), context)
        driven(operator, batches_of(wild(20, 1), 5))
        operator.describe()
        assert any(each.bytes_spilled for each in operator.metrics.subplans["sorted"].walk())
        operator.close()
        assert context.space.used == 0
