"""Documents in memory."""

from collections import OrderedDict

import pytest
from reading import read

from gatherum.errors import SourceError
from gatherum.plan.protocols import BATCH_ROWS, Coverage, Partition, Request, Source
from gatherum.sources.memory import MemorySource

ROWS = [{"a": i} for i in range(2500)]


@pytest.mark.parametrize("make", [list, tuple, iter, lambda rows: (row for row in rows),
                                  lambda rows: dict(enumerate(rows)).values()])
def test_any_iterable_is_read_in_batches(make):
    source = MemorySource(make(ROWS))
    assert isinstance(source, Source)
    (partition,) = source.partitions(Request())
    assert isinstance(partition, Partition)
    batches = list(partition.documents(Request()))
    assert [len(batch) for batch in batches] == [BATCH_ROWS, BATCH_ROWS, 2500 - 2 * BATCH_ROWS]
    assert [row for batch in batches for row in batch] == ROWS


def test_a_list_can_be_read_again_and_a_generator_cannot():
    again = MemorySource(ROWS)
    assert read(again) == read(again) == ROWS
    once = MemorySource((row for row in ROWS), "orders")
    assert read(once) == ROWS
    with pytest.raises(SourceError, match=r"orders: this generator was read already.*make a list"):
        read(once)


def test_the_limit_takes_no_more_from_an_iterator():
    rows = iter(ROWS)
    assert read(MemorySource(rows), limit=3) == ROWS[:3]
    assert next(rows) == ROWS[3]
    assert read(MemorySource(ROWS), limit=3) == ROWS[:3]


def test_other_mappings_become_dicts():
    (row,) = read(MemorySource([OrderedDict(a=1)]))
    assert type(row) is dict


def test_what_is_no_document_is_named_by_its_position():
    rows = [*ROWS, 5, {"a": 1}]
    with pytest.raises(SourceError, match=r"documents\[2500\]: a document \(a dict\) was expected, not int"):
        read(MemorySource(rows))
    coverage = Coverage()
    assert len(read(MemorySource(rows, on_bad="skip", coverage=coverage))) == 2501
    assert [(record.place, record.reason[-3:]) for record in coverage.skipped] == [("[2500]", "int")]
    assert coverage.rows == 2501


@pytest.mark.parametrize("given", [{"a": 1}, "text", 5, None])
def test_what_is_no_iterable_of_documents_is_refused(given):
    with pytest.raises(SourceError, match="a list or another iterable of documents was expected"):
        MemorySource(given)


def test_the_number_of_rows_is_known_of_a_list():
    assert MemorySource(ROWS).statistics().rows == 2500
    assert MemorySource(iter(ROWS)).statistics().rows is None
