"""NDJSON: exact values, honest errors, byte ranges."""

import datetime as dt

import pytest
from bson import Int64, ObjectId
from hypothesis import given
from hypothesis import strategies as st
from reading import read, read_file

import gatherum as gm
from gatherum.errors import SourceError
from gatherum.plan.protocols import BATCH_ROWS, Coverage, Request
from gatherum.sources import ndjson
from gatherum.sources.files import open_files


@pytest.fixture
def write(tmp_path):
    def write_bytes(data, name="data.ndjson"):
        path = tmp_path / name
        path.write_bytes(data)
        return str(path)
    return write_bytes


def test_plain_documents_keep_types_and_order(write):
    (document,) = read_file(write(b'{"b":1,"a":1.0,"c":[true,null,"x"],"d":{"e":-5}}\n'))
    assert list(document) == ["b", "a", "c", "d"]
    assert document == {"b": 1, "a": 1.0, "c": [True, None, "x"], "d": {"e": -5}}
    assert type(document["a"]) is float


@pytest.mark.parametrize("text", [b'{"a":1}\n{"a":2}\n', b'{"a":1}\n{"a":2}', b'{"a":1}\r\n{"a":2}\r\n',
                                  b'\n{"a":1}\n  \n\r\n{"a":2}\n\n', b'\xef\xbb\xbf{"a":1}\n{"a":2}\n'])
def test_line_ends_blank_lines_and_byte_order_mark(write, text):
    assert read_file(write(text)) == [{"a": 1}, {"a": 2}]


def test_extended_json_of_both_kinds_is_decoded(write):
    text = (b'{"_id":{"$oid":"507d95d5719dbef170f15bf9"},"n":{"$numberLong":"5"}}\n'
            b'{"when":{"$date":"2020-01-01T00:00:00Z"}}\n{"when":{"$date":{"$numberLong":"0"}}}\n')
    first, second, third = read_file(write(text))
    assert first == {"_id": ObjectId("507d95d5719dbef170f15bf9"), "n": 5}
    assert type(first["n"]) is Int64
    assert second == {"when": dt.datetime(2020, 1, 1)}
    assert third == {"when": dt.datetime(1970, 1, 1)}


MALFORMED = b'{"a":{"$numberInt":"1"}}\n{"a":{"b":[{"$date":"nonsense"}]}}\n{"a":3}\n'


def test_malformed_extended_json_is_an_error_with_its_place(write):
    with pytest.raises(SourceError, match=r'data\.ndjson, line 2 \(byte 25\): \{"\$date": "nonsense"\} is malformed '
                                          r'Extended JSON: expected .* such as 2024-05-01T12:30:00Z'):
        read_file(write(MALFORMED))


def test_malformed_extended_json_is_skipped_and_counted(write):
    coverage = Coverage()
    assert read_file(write(MALFORMED), coverage, on_bad="skip") == [{"a": 1}, {"a": 3}]
    (skipped,) = coverage.skipped
    assert (skipped.place, skipped.offset, coverage.skipped_count) == ("line 2", 25, 1)


@pytest.mark.parametrize("engine", ["rows", "columnar"])
@pytest.mark.parametrize("bytes_each", [10, 1 << 24])
def test_malformed_extended_json_is_found_by_every_engine_and_in_every_range(write, monkeypatch, engine, bytes_each):
    monkeypatch.setattr(ndjson, "PARTITION_BYTES", bytes_each)
    path = write(MALFORMED)
    with pytest.raises(SourceError, match=r"line 2 \(byte 25\)"):
        gm.aggregate(path, [{"$group": {"_id": "$a"}}], engine=engine).to_list()
    result = gm.aggregate(path, [{"$sort": {"a": 1}}], engine=engine, on_bad="skip")
    assert result.to_list() == [{"a": 1}, {"a": 3}]
    assert result.coverage["skipped_count"] == 1


def test_a_line_that_is_a_wrapper_is_no_document(write):
    with pytest.raises(SourceError, match=r"line 1 .*a document was expected, but this is date in Extended JSON"):
        read_file(write(b'{"$date":"2020-01-01T00:00:00Z"}\n'))


def test_a_wrapper_whose_dollar_sign_is_escaped_is_decoded(write):
    assert read_file(write(b'{"a":{"\\u0024numberInt":"5"}}\n')) == [{"a": 5}]


@pytest.mark.parametrize("number", [2**31, -(2**31) - 1, 10**10, 2**63 - 1, -(2**63), 9223372036854775806])
def test_long_integers_are_exact_and_long(write, number):
    (document,) = read_file(write(b'{"a":[%d]}\n' % number))
    assert document["a"] == [number]
    assert type(document["a"][0]) is Int64


@pytest.mark.parametrize("spelling", [b'{"a":%d}', b'{"a": %d}', b'{"a":[1,%d]}', b'{"a":[ %d]}', b'{"a":\t%d }'])
@pytest.mark.parametrize("number", [2**63, 2**64 - 1, 2**64, -(2**63) - 1, 10**30])
def test_integers_beyond_64_bits_are_errors(write, number, spelling):
    with pytest.raises(SourceError, match=f"line 1 .*{number} does not fit 64 bits"):
        read_file(write(spelling % number + b"\n"))


def test_long_digits_that_are_no_integers_are_fine(write):
    text = (b'{"s":"99999999999999999999","f":0.12345678901234567890123,"g":18446744073709551616.5,'
            b'"e":18446744073709551616e0}')
    (document,) = read_file(write(text))
    assert document == {"s": "99999999999999999999", "f": 0.12345678901234567890123, "g": 18446744073709551616.5,
                        "e": 18446744073709551616.0}


@pytest.mark.parametrize("line", [b'{"a":1,"a":2}', b'{"x":{"a":1,"b":2,"a":3}}', b'{"x":[{"a":1,"a":1}]}',
                                  b'{"a":1,"a":2,"b":"\\u003a"}', b'{"a" : 1, "a"\t:2, "s":": :"}'])
def test_a_field_that_is_there_twice_is_an_error(write, line):
    with pytest.raises(SourceError, match=r"line 2 .*'a' is there twice"):
        read_file(write(b'{"ok":1}\n' + line + b"\n"))


def test_colons_in_strings_are_not_taken_for_fields(write):
    assert read_file(write(b'{"a":": \\":\\" :","b":"\\u003a"}\n')) == [{"a": ': ":" :', "b": ":"}]


@pytest.mark.parametrize(("line", "says"), [
    (b'{"a":1', "unexpected end"), (b'{"a" 1}', "expected ':'"), (b'{"a":NaN}', "NaN at column 6 is not JSON"),
    (b'{"a":-Infinity}', "-Infinity at column 6 is not JSON"), (b'{"a":"\xff"}', "0xff at column 7 is not valid UTF-8"),
    (b'{"a":1}{"b":2}', "unexpected content"), (b"[1]", "a document was expected, but this is an array"),
    (b"12", "a number"), (b'"x"', "a string"), (b"{'a':1}", "column 2"), (b'{"a":1e999}', "infinity"),
    (b"[" * 3000, "line 2")])
def test_a_broken_line_is_named_with_its_number_and_offset(write, line, says):
    path = write(b'{"ok":1}\n' + line + b'\n{"ok":2}\n')
    with pytest.raises(SourceError) as caught:
        read_file(path)
    assert str(caught.value).startswith(f"{path}, line 2 (byte 9): ")
    assert says in str(caught.value)


def test_deep_nesting_is_an_error_and_not_a_crash(write):
    with pytest.raises(SourceError, match="line 1"):
        read_file(write(b'{"a":' * 900 + b"1" + b"}" * 900))


def test_broken_lines_can_be_skipped_and_are_told(write):
    coverage = Coverage()
    path = write(b'\xef\xbb\xbf{"a":1}\n\n{"a":\n{"a":3}\nx\n')
    assert read_file(path, coverage, on_bad="skip") == [{"a": 1}, {"a": 3}]
    assert coverage.skipped_count == 2
    assert [(record.place, record.offset) for record in coverage.skipped] == [("line 3", 12), ("line 5", 26)]
    assert coverage.sources == [path]
    assert coverage.rows == 2


def test_the_request_decides_on_broken_lines_where_it_says_so(write):
    source = open_files(write(b'x\n{"a":1}\n'))
    assert read(source, on_bad="skip") == [{"a": 1}]
    with pytest.raises(SourceError):
        read(source)


def test_the_list_of_skipped_lines_is_capped_and_the_count_is_not(write):
    coverage = Coverage()
    assert read_file(write(b"x\n" * 150), coverage, on_bad="skip") == []
    assert coverage.skipped_count == 150
    assert [record.offset for record in coverage.skipped] == list(range(0, 200, 2))


def test_batches_are_bounded_and_the_limit_ends_the_reading(write):
    source = open_files(write(b'{"a":1}\n' * 3000))
    (partition,) = source.partitions(Request())
    assert [len(batch) for batch in partition.documents(Request())] == [BATCH_ROWS, BATCH_ROWS, 3000 - 2 * BATCH_ROWS]
    assert len(read(source, limit=1500)) == 1500
    assert read(source, limit=1) == [{"a": 1}]


@given(st.lists(st.integers(0, 12), max_size=30), st.integers(1, 40), st.integers(1, 50))
def test_byte_ranges_give_each_line_once_and_in_order(tmp_path_factory, pads, size, block):
    path = tmp_path_factory.mktemp("ranges") / "data.ndjson"
    path.write_bytes(b"".join(b'{"a":%d}%s\n' % (i, b" " * pad) for i, pad in enumerate(pads)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ndjson, "PARTITION_BYTES", size)
        patch.setattr(ndjson, "BLOCK_BYTES", block)
        source = open_files(path)
        assert read(source) == [{"a": i} for i in range(len(pads))]
        assert sum(part.size_bytes or 0 for part in source.partitions(Request())) == path.stat().st_size


def test_errors_in_a_later_range_name_the_line_of_the_file(write, monkeypatch):
    monkeypatch.setattr(ndjson, "PARTITION_BYTES", 64)
    monkeypatch.setattr(ndjson, "BLOCK_BYTES", 20)
    lines = [b'{"a":%d}' % i for i in range(60)]
    lines[47] = b'{"a"}'
    path = write(b"\n".join(lines))
    partitions = open_files(path).partitions(Request())
    assert len(partitions) > 5
    offset = sum(len(line) + 1 for line in lines[:47])
    with pytest.raises(SourceError, match=rf"line 48 \(byte {offset}\)"):
        for partition in reversed(partitions):
            list(partition.documents(Request()))


def test_long_lines_cross_blocks(write):
    documents = read_file(write(b'{"a":"%s"}\n{"a":"y"}\n' % (b"x" * 1_000_000)))
    assert [len(document["a"]) for document in documents] == [1_000_000, 1]
