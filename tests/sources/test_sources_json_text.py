"""The quick way of reading JSON text gives what the careful one does, or leaves it to that."""

import datetime as dt
import json

import pytest
from bson import Int64
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import exact

from gatherum.sources.json_text import BrokenText, parse_text, parse_texts
from gatherum.types.wrappers import MalformedWrapper

blanks = st.sampled_from(["", "", "", " ", "\t", "  "])
numbers = st.one_of(st.integers(-10, 10), st.integers(2**31 - 3, 2**31 + 3), st.integers(-(2**31) - 3, -(2**31) + 3),
                    st.integers(2**63 - 3, 2**63 + 3), st.integers(-(2**63) - 3, -(2**63) + 3),
                    st.integers(2**64 - 3, 2**64 + 3)).map(str)
fractions = st.sampled_from(["1.5", "0.12345678901234567890", "12345678901234567890.5", "99999999999999999999e0",
                             "1e400"])
strings = st.sampled_from(['"a"', '"b"', '"\\u003a"', '":"', '" :"', '"\\":"', '"$numberInt"', '"\\u0024numberInt"',
                           '"12345678901234567890"', '"5"', '"é"', '"\\u00e9"'])


def joined(opening, items, closing, blank):
    return opening + blank + (blank + "," + blank).join(items) + blank + closing


def documents_of(values):
    fields = st.tuples(strings, blanks, values).map(lambda parts: f"{parts[0]}{parts[1]}:{parts[1]}{parts[2]}")
    return st.builds(joined, st.just("{"), st.lists(fields, max_size=3), st.just("}"), blanks)


def nested(values):
    return documents_of(values) | st.builds(joined, st.just("["), st.lists(values, max_size=3), st.just("]"), blanks)


texts = documents_of(st.recursive(numbers | fractions | strings, nested, max_leaves=6))


def careful(rows, needed=None):
    try:
        return [parse_text(row, needed) for row in rows]
    except BrokenText:
        return None


@settings(max_examples=300)
@given(st.lists(texts.map(str.encode), min_size=1, max_size=3))
def test_the_quick_way_agrees_with_the_careful_one(rows):
    quick, slow = parse_texts(rows, None), careful(rows)
    if quick is not None:
        assert slow is not None
        assert exact(quick) == exact(slow)


@given(st.dictionaries(st.text(max_size=5), st.one_of(st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False,
                                                                                                allow_infinity=False),
                                                      st.text(), st.lists(st.none(), max_size=2)), max_size=5))
def test_sound_text_takes_the_quick_way(document):
    text = json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")
    assert parse_texts([text], None) == [document]


@pytest.mark.parametrize(("text", "fits"), [
    (b'{"a": 9223372036854775807, "b": -9223372036854775808}', True), (b'{"a":[1,-9223372036854775809]}', False),
    (b'{"a": 9223372036854775808}', False), (b'{"a":-1234567890123456789,"b":18446744073709551616}', False),
    (b'{"a": 0.12345678901234567890123, "b": "1234567890123456789012"}', True)])
def test_integers_beyond_64_bits_are_seen_wherever_they_stand(text, fits):
    documents = parse_texts([b'{"x": 1234567890123456789}', text], None)
    assert (documents is not None) == fits
    assert documents is None or documents[1] == json.loads(text)


@pytest.mark.parametrize("parse", [lambda text, needed: parse_texts([text], needed)[0], parse_text])
def test_only_the_fields_needed_are_read(parse):
    text = b'{"a": {"$numberLong": "1"}, "b": {"$oid": "no id"}, "c": [{"$date": "1970-01-01T00:00:01.500Z"}], "d": 5}'
    found = parse(text, {"c", "a", "e"})
    assert exact([found]) == exact([{"a": Int64(1), "c": [dt.datetime(1970, 1, 1, 0, 0, 1, 500000)]}])
    assert parse(b'{"a": 1, "b": 2}', {"b"}) == {"b": 2}
    assert parse(b'{"a": 1, "$oid": 2}', {"a"}) == {"a": 1}


def test_what_begins_like_a_wrapper_is_no_document_whatever_is_needed():
    text = b'{"$numberLong": "1", "a": 2}'
    assert parse_texts([text], {"a"}) is None
    with pytest.raises((BrokenText, MalformedWrapper)):
        parse_text(text, {"a"})
