"""Cursors: what `find` gives may be sorted and cut until its rows are asked for, and is a result."""

import io
import pickle

import pytest
from pymongo import errors as pymongo_errors

import gatherum as gm
from gatherum.errors import (
    DeadlineError,
    InvalidOperation,
    PipelineError,
    ResultError,
    RowIndexError,
    SettingError,
    UnsupportedError,
)

ROWS = [{"_id": number, "k": "ab"[number % 2], "n": -number} for number in range(6)]


@pytest.fixture
def rows():
    return gm.connect({"rows": ROWS}).rows


def identifiers(found):
    return [row["_id"] for row in found]


@pytest.mark.parametrize("sort", [("n", 1), ([("n", 1)],), ({"n": 1},), ("n",), (["n"],)])
def test_sort_takes_what_pymongo_takes(rows, sort):
    assert identifiers(rows.find().sort(*sort)) == [5, 4, 3, 2, 1, 0]


def test_methods_change_the_cursor_and_return_it(rows):
    found = rows.find({"k": "a"})
    assert found.sort("_id", -1).skip(1).limit(1) is found
    assert found.to_list() == [ROWS[2]]


def test_rows_are_sorted_and_skipped_before_they_are_limited(rows):
    assert identifiers(rows.find().limit(2).skip(1).sort("_id", -1)) == [4, 3]


def test_a_later_call_replaces_an_earlier_one_and_the_keywords(rows):
    assert identifiers(rows.find(limit=1, sort="n").sort("k").sort("_id", -1).limit(3).limit(2)) == [5, 4]
    assert identifiers(rows.find(limit=1, skip=2).limit(0).skip(0)) == [0, 1, 2, 3, 4, 5]
    assert identifiers(rows.find().limit(-2)) == [0, 1]


def test_options_are_taken(rows):
    found = rows.find().batch_size(2).comment("why").max_time_ms(60_000).allow_disk_use(False)
    assert identifiers(found) == [0, 1, 2, 3, 4, 5]


def test_the_time_limit_is_kept():
    slow = gm.connect({"rows": [{"_id": number} for number in range(200_000)]}).rows
    with pytest.raises(DeadlineError):
        slow.find({"$expr": {"$gte": ["$_id", 0]}}).max_time_ms(1).to_list()


@pytest.mark.parametrize(("change", "error"), [
    (lambda found: found.sort("k", 7), PipelineError), (lambda found: found.limit("x"), PipelineError),
    (lambda found: found.skip(-1), PipelineError), (lambda found: found.batch_size(-1), SettingError),
    (lambda found: found.hint("a_1"), UnsupportedError), (lambda found: found.collation("en"), UnsupportedError)])
def test_what_cannot_be_taken_is_an_error_at_once_and_changes_nothing(rows, change, error):
    found = rows.find()
    with pytest.raises(error):
        change(found)
    assert found.to_list() == ROWS


READS = [lambda found: next(found), lambda found: found.to_list(), lambda found: found.to_arrow(),
         lambda found: found.stats, repr, lambda found: found.close()]


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("change", [lambda found: found.sort("n"), lambda found: found.skip(1),
                                    lambda found: found.limit(1), lambda found: found.batch_size(1)])
def test_nothing_changes_once_rows_have_been_asked_for(rows, read, change):
    found = rows.find()
    read(found)
    with pytest.raises(InvalidOperation, match="call find again"):
        change(found)


def test_the_error_is_that_of_pymongo_too(rows):
    found = rows.find()
    next(found)
    with pytest.raises(pymongo_errors.InvalidOperation) as caught:
        found.limit(1)
    assert isinstance(caught.value, ResultError)
    assert not isinstance(caught.value, pymongo_errors.OperationFailure)
    assert type(pickle.loads(pickle.dumps(caught.value))) is type(caught.value)


def test_a_cursor_is_a_result(rows, tmp_path):
    assert isinstance(rows.find(), gm.Result)
    assert rows.find().sort("n").to_arrow().column("_id").to_pylist() == [5, 4, 3, 2, 1, 0]
    assert rows.find().limit(2).write(tmp_path / "two.ndjson") == 2
    with rows.find().limit(3) as found:
        assert len(list(found)) == 3
    assert found.stats["engine"] == "rows"
    assert found.coverage["rows"] >= 3


def test_nothing_is_opened_before_the_rows_are_asked_for(monkeypatch):
    given = io.TextIOWrapper(io.BytesIO(b'{"a": 1}\n{"a": 2}\n'))
    monkeypatch.setattr("sys.stdin", given)
    assert gm.connect({"rows": "-"}).rows.find().sort("a", -1).to_list() == [{"a": 2}, {"a": 1}]


def test_a_row_by_its_index_is_a_query_of_its_own(rows):
    found = rows.find().sort("_id", -1).skip(1).limit(1)
    assert (found[0], found[3], found[0]) == (ROWS[4], ROWS[1], ROWS[4])
    assert found.to_list() == [ROWS[4]]


def test_a_slice_replaces_skip_and_limit(rows):
    found = rows.find().skip(3).limit(1)
    assert found[1:3] is found
    assert found.to_list() == ROWS[1:3]
    assert rows.find()[4:].to_list() == ROWS[4:]
    assert rows.find()[:2].to_list() == ROWS[:2]
    assert rows.find()[2:2].to_list() == []
    assert rows.find()[2:2].limit(0)[3] == ROWS[5]


@pytest.mark.parametrize("index", [-1, 6, "a", slice(None, None, 2), slice(-2, None), slice(3, 2), slice("a", None)])
def test_what_is_no_index_of_a_row_is_an_error(rows, index):
    found = rows.find()
    with pytest.raises(RowIndexError) as raised:
        found[index]
    assert isinstance(raised.value, IndexError)
    assert found.to_list() == ROWS


def test_a_cursor_that_was_read_has_no_rows_to_choose_from_but_a_clone_has(rows):
    found = rows.find({"k": "b"})
    found.to_list()
    with pytest.raises(InvalidOperation):
        found[0]
    assert found.clone().to_list() == [ROWS[1], ROWS[3], ROWS[5]]


def test_a_cursor_is_read_in_pieces(rows):
    found = rows.find()
    assert (found.to_list(4), found.to_list(4), found.to_list(4)) == (ROWS[:4], ROWS[4:], [])
