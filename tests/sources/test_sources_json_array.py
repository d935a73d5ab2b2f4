"""JSON arrays and documents over many lines, cut as they are read."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import SAMPLES, read_file

from gatherum.errors import SourceError
from gatherum.plan.protocols import Coverage
from gatherum.sources import json_array


@pytest.fixture
def write(tmp_path):
    def write_bytes(data, name="data.json"):
        path = tmp_path / name
        path.write_bytes(data)
        return str(path)
    return write_bytes


@pytest.mark.parametrize(("text", "documents"), [
    (b"[]", []), (b" [ ] \n", []), (b"", []), (b'[{"a":1},{"a":2}]', [{"a": 1}, {"a": 2}]),
    (b'\xef\xbb\xbf[\r\n {"a": [1, {"b": "]}"}]} ,\n{}\n]\n', [{"a": [1, {"b": "]}"}]}, {}]),
    (b'{\n "a": {\n "b": 1 }\n}\n', [{"a": {"b": 1}}]), (b'{"a":1}', [{"a": 1}]),
    (b'{\n"a":1}\n{\n"a":2}', [{"a": 1}, {"a": 2}]), (b'{"a":1}\n{"a":2}\n', [{"a": 1}, {"a": 2}]),
    (b'[{"a":"\\\\"},{"a":"\\"}"},{"a":"\xc3\xa9["}]', [{"a": "\\"}, {"a": '"}'}, {"a": "é["}])])
def test_what_a_json_file_may_be(write, text, documents):
    assert read_file(write(text)) == documents


def test_malformed_extended_json_is_an_error_with_its_place(write):
    with pytest.raises(SourceError, match=r"document 2 \(byte 10\): .*is malformed Extended JSON"):
        read_file(write(b'[{"a": 1},{"a": {"$numberLong": "x"}}]'))


def test_extended_json_is_decoded(write):
    assert read_file(write(b'[{"a": {"$numberInt": "3"}}]')) == [{"a": 3}]


json_values = st.recursive(st.one_of(st.none(), st.booleans(), st.integers(-999, 999), st.text(max_size=5)),
                           lambda inner: st.one_of(st.lists(inner, max_size=3),
                                                   st.dictionaries(st.text(max_size=3), inner, max_size=3)))


@given(st.lists(st.dictionaries(st.text(max_size=3), json_values, max_size=3), max_size=5), st.integers(1, 30),
       st.sampled_from([None, 1]), st.booleans())
def test_any_array_is_cut_at_any_block_size(tmp_path_factory, documents, block, indent, ascii_only):
    path = tmp_path_factory.mktemp("json") / "data.json"
    path.write_text(json.dumps(documents, indent=indent, ensure_ascii=ascii_only), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_array, "BLOCK_BYTES", block)
        assert read_file(path) == documents


def test_documents_nested_beyond_the_fast_pattern_are_cut(write):
    deep = {"a": 1}
    for _ in range(30):
        deep = {"x": [deep, "}"]}
    assert read_file(write(json.dumps([deep, {"b": 2}]).encode())) == [deep, {"b": 2}]


@pytest.mark.parametrize(("text", "says"), [
    (b'[{"a":1}', "document 2 (byte 8): ',' or ']' was expected after a document; found the end of the file"),
    (b'[{"a":1},', "document 2 (byte 9): a document was expected; found the end of the file"),
    (b'[{"a":1},{"a"', "document 2 (byte 9): the file ends inside a document"),
    (b'[{"a":1},]', "document 2 (byte 9): a document was expected after the comma; found ']'"),
    (b'[{"a":1} {"a":2}]', "document 2 (byte 9): ',' or ']' was expected after a document; found '{'"),
    (b'[{"a":1}] x', "document 2 (byte 10): the end of the file was expected after the array; found 'x'"),
    (b'[{"a":1}, 5]', "document 2 (byte 10): a document was expected, but this is a number"),
    (b'[{"a":1},["b"]]', "document 2 (byte 9): a document was expected, but this is an array"),
    (b'[{"a":1},{"a":tru}]', "document 2 (byte 9): "), (b'[{"a":1},{"a":1,"a":2}]', "document 2 (byte 9): the field"),
    (b'[{"a":1},{"a":99999999999999999999}]', "document 2 (byte 9): the integer")])
def test_errors_name_the_document_and_its_first_byte(write, text, says):
    path = write(text)
    with pytest.raises(SourceError) as caught:
        read_file(path)
    assert str(caught.value).startswith(f"{path}, {says}")


def test_the_first_error_is_raised(write):
    with pytest.raises(SourceError, match="document 1 "):
        read_file(write(b'[{"a":tru},{"b":1'))


def test_broken_elements_are_skipped_and_told(write):
    coverage = Coverage()
    text = b'[{"a":1}, 5, "x,]", [1,2], {"a":tru}, {"a":2}, {"a"'
    assert read_file(write(text), coverage, on_bad="skip") == [{"a": 1}, {"a": 2}]
    assert [record.place for record in coverage.skipped] == [f"document {n}" for n in (2, 3, 4, 5, 7)]
    assert "nothing was read from here on" in coverage.skipped[-1].reason


MOVIES = SAMPLES / "movies.json"


@pytest.mark.skipif(not MOVIES.exists(), reason="the sample data are not on this machine")
def test_a_real_file_is_read_as_the_json_module_reads_it():
    assert read_file(MOVIES) == json.loads(MOVIES.read_bytes())
