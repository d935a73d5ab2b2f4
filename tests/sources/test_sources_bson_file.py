"""BSON files: every document, or the number and the byte of the one that is broken."""

import datetime as dt

import bson
import pytest
from bson import DBRef, Int64
from bson.datetime_ms import DatetimeMS
from hypothesis import given
from hypothesis import strategies as st
from reading import exact, read_file
from strategies import documents

from gatherum.errors import SourceError
from gatherum.plan.protocols import Coverage
from gatherum.sources import bson_file

TWO = bson.encode({"a": 1}) + bson.encode({"a": Int64(2), "b": "x"})


@pytest.fixture
def write(tmp_path):
    def write_bytes(data, name="data.bson"):
        path = tmp_path / name
        path.write_bytes(data)
        return str(path)
    return write_bytes


@given(st.lists(documents, max_size=5), st.integers(1, 60))
def test_documents_come_back_exactly_at_any_block_size(tmp_path_factory, rows, block):
    path = tmp_path_factory.mktemp("bson") / "data.bson"
    path.write_bytes(b"".join(bson.encode({"": row})[6:-1] for row in rows))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bson_file, "BLOCK_BYTES", block)
        assert exact(read_file(path)) == exact(rows)


def test_dates_are_naive_and_may_lie_beyond_the_years_of_python(write):
    (document,) = read_file(write(bson.encode({"a": dt.datetime(2020, 1, 1), "b": DatetimeMS(10**15)})))
    assert document == {"a": dt.datetime(2020, 1, 1), "b": DatetimeMS(10**15)}


def test_references_are_documents(write):
    (document,) = read_file(write(bson.encode({"a": [DBRef("c", 1, "d")]})))
    assert document == {"a": [{"$ref": "c", "$id": 1, "$db": "d"}]}
    assert type(document["a"][0]) is dict


def test_an_empty_file_has_no_documents(write):
    assert read_file(write(b"")) == []


@pytest.mark.parametrize(("data", "says"), [
    (TWO[:-3], "document 2 (byte 12): the file ends after 22 bytes of it"), (TWO + b"\x07", "document 3 (byte 37): "),
    (TWO + b"\x00" * 8, "document 3 (byte 37): its length says 0 bytes"),
    (TWO + b"\xff" * 8, "document 3 (byte 37): its length says -1 bytes"),
    (TWO[:16] + b"\x77" + TWO[17:], "document 2 (byte 12): "),
    (TWO[:12] + TWO[12:].replace(b"b\0", b"a\0"), "document 2 (byte 12): the field 'a' is there twice")])
def test_a_broken_document_is_named_by_number_and_byte(write, data, says):
    path = write(data)
    with pytest.raises(SourceError) as caught:
        read_file(path)
    assert str(caught.value).startswith(f"{path}, {says}")


def test_broken_documents_are_skipped_and_told(write):
    coverage = Coverage()
    broken = TWO[:16] + b"\x77" + TWO[17:]
    rows = read_file(write(broken + TWO + b"\0\0\0\0"), coverage, on_bad="skip")
    assert rows == [{"a": 1}, {"a": 1}, {"a": 2, "b": "x"}]
    assert [(record.place, record.offset) for record in coverage.skipped] == [("document 2", 12), ("document 5", 74)]
