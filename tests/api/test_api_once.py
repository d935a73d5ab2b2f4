"""Iterators and generators: read once, lazily, and no further than a limit needs."""

import itertools

import pytest

import gatherum as gm
from gatherum.api.once import Once
from gatherum.errors import PipelineError, SourceError
from gatherum.plan.protocols import BATCH_ROWS


class Counted:
    """An endless generator that counts how many documents were taken from it."""

    def __init__(self):
        self.taken = 0

    def rows(self):
        for number in itertools.count():
            self.taken += 1
            yield {"a": number}


@pytest.mark.parametrize("engine", ["auto", "rows", "columnar"])
@pytest.mark.parametrize(("pipeline", "needed"), [
    ([{"$limit": 5}], 5), ([{"$project": {"b": "$a"}}, {"$limit": 5}], 5), ([{"$skip": 3}, {"$limit": 5}], 8),
    ([{"$limit": 5}, {"$sort": {"a": -1}}, {"$limit": 2}], 5), ([{"$limit": 7}, {"$group": {"_id": None}}], 7)])
def test_a_limit_takes_no_more_than_it_needs(engine, pipeline, needed):
    counted = Counted()
    rows = counted.rows()
    gm.aggregate(rows, pipeline, engine=engine, kernels="off").to_list()
    assert counted.taken == needed
    assert next(rows) == {"a": needed}


@pytest.mark.parametrize("pipeline", [[{"$match": {"a": {"$gt": 9}}}, {"$limit": 5}],
                                      [{"$unwind": "$a"}, {"$limit": 2}, {"$count": "n"}]])
def test_a_limit_above_stages_that_change_the_number_of_rows_takes_at_most_a_batch_more(pipeline):
    counted = Counted()
    gm.aggregate(counted.rows(), pipeline).to_list()
    assert counted.taken <= BATCH_ROWS


def test_rows_are_taken_as_they_are_asked_for():
    counted = Counted()
    result = gm.aggregate(counted.rows(), [{"$match": {"a": {"$gte": 0}}}])
    assert counted.taken == 0
    assert [row["a"] for row in itertools.islice(result, 20_000)] == list(range(20_000))
    assert counted.taken < 500_000
    result.close()


def test_a_small_iterator_takes_the_rows_engine_and_a_large_one_the_columnar():
    small = gm.aggregate(({"a": number} for number in range(100)), [{"$count": "n"}])
    large = gm.aggregate(({"a": number} for number in range(20_000)), [{"$count": "n"}], kernels="off")
    assert (small.to_list(), large.to_list()) == ([{"n": 100}], [{"n": 20_000}])
    assert small.stats["engine"] == "rows"
    assert large.stats["engine"] == "columnar"
    assert "more than 10,000 rows" in large.stats["why"]


@pytest.mark.parametrize("engine", ["auto", "rows", "columnar"])
def test_an_error_of_the_generator_says_where_it_comes_from(engine):
    def failing():
        yield {"a": 1}
        raise KeyError("price")

    with pytest.raises(SourceError, match=r"orders\[1\]: the generator .* raised KeyError: 'price'") as caught:
        gm.connect({"orders": failing()}).orders.find(engine=engine).to_list()
    assert isinstance(caught.value.__cause__, KeyError)


def test_an_error_of_ours_passes_through_as_it_is():
    def failing():
        yield from gm.aggregate([{"a": 1}], [{"$nothing": 1}])

    with pytest.raises(PipelineError):
        gm.aggregate(failing(), []).to_list()


def test_a_query_that_was_never_read_leaves_it_to_the_next():
    rows = gm.connect({"rows": iter([{"a": 1}])}).rows
    rows.find().close()
    assert "{'a': 1}" in str(rows.find().to_list())


def test_within_one_query_it_can_be_read_once():
    db = gm.connect({"rows": iter([{"a": 1}])})
    with pytest.raises(SourceError, match="read only once"):
        db.rows.aggregate([{"$unionWith": "rows"}]).to_list()


@pytest.mark.parametrize("engine", ["auto", "rows", "columnar"])
@pytest.mark.parametrize("end", [list, lambda rows: rows.close()])
def test_a_generator_that_has_ended_is_not_taken_for_an_empty_one(engine, end):
    rows = ({"a": number} for number in range(2))
    end(rows)
    with pytest.raises(SourceError, match="source: this generator was read already, and can be read only once: make"):
        gm.aggregate(rows, [], engine=engine, kernels="off").to_list()


def test_one_generator_cannot_be_two_collections():
    rows = ({"a": number} for number in range(2))
    with pytest.raises(SourceError, match="second: this generator was read already"):
        gm.connect({"first": rows, "second": rows}).first.aggregate([{"$unionWith": "second"}]).to_list()


@pytest.mark.parametrize("engine", ["auto", "rows", "columnar"])
def test_a_generator_that_gives_nothing_is_an_empty_collection(engine):
    assert gm.aggregate((row for row in []), [], engine=engine, kernels="off").to_list() == []


def test_what_was_looked_at_comes_first():
    once = Once(iter(range(5)), "rows")
    assert once.has_more_than(2)
    assert not once.has_more_than(5)
    assert not once.has_more_than(5)
    assert list(once.rows()) == [0, 1, 2, 3, 4]
