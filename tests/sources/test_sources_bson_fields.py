"""BSON documents without the fields that nobody needs are what decoding and leaving them out gives."""

import datetime as dt
import random

import bson
import pytest
from bson import Binary, Code, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import exact
from strategies import documents

from gatherum.errors import SourceError
from gatherum.plan.protocols import Coverage, Request
from gatherum.sources.bson_file import OPTIONS
from gatherum.sources.columnar.bson_fields import with_fields
from gatherum.sources.files import open_files

EVERY_TYPE = {"a": 1, "b": Int64(2), "c": 1.5, "d": "text", "e": {"x": [1, {"y": None}]}, "f": [1, "2"], "g": b"bytes",
              "h": Binary(b"\0\1", 4), "i": ObjectId("0" * 24), "j": True, "k": None, "l": Regex("a+", "i"),
              "m": Code("f()"), "n": Code("f()", {"s": 1}), "o": Timestamp(1, 2), "p": Decimal128("1.5"),
              "q": MinKey(), "r": MaxKey(), "": "empty name", "é": "ü", "t": dt.datetime(2024, 5, 17)}


@pytest.mark.parametrize("name", EVERY_TYPE)
def test_every_type_is_kept_and_passed_over(name):
    block = bson.encode(EVERY_TYPE) * 3
    assert bson.decode_all(with_fields(block, [name])) == [{name: EVERY_TYPE[name]}] * 3
    others = [each for each in EVERY_TYPE if each != name]
    kept = bson.decode_all(with_fields(block, others))[1]
    assert list(kept) == others and kept == {each: EVERY_TYPE[each] for each in others}


def test_the_deprecated_types():
    symbol = b"\x13\0\0\0\x0es\0\x02\0\0\0a\0\x06u\0\0"
    symbol = len(symbol).to_bytes(4, "little") + symbol[4:]
    assert with_fields(symbol, ["s", "u"]) == symbol
    assert with_fields(symbol, []) == b"\x05\0\0\0\0"


@settings(max_examples=150)
@given(st.lists(documents, max_size=4), st.sets(st.sampled_from(["a", "b", "c", "_id", ""])))
def test_any_documents(rows, names):
    block = b"".join(map(bson.encode, rows))
    expected = [{name: value for name, value in row.items() if name in names}
                for row in bson.decode_all(block, OPTIONS)]
    assert exact(bson.decode_all(with_fields(block, names), OPTIONS)) == exact(expected)


def test_bytes_that_are_no_documents_are_refused_or_stay_within_their_bounds():
    chance = random.Random(3)
    sound, refused = bson.encode(EVERY_TYPE), 0
    for _ in range(3000):
        block = bytearray(sound * 2)
        for _ in range(chance.randrange(1, 4)):
            block[chance.randrange(len(block))] = chance.choice([0, 1, 2, 5, 127, 255, chance.randrange(256)])
        block = bytes(block[:chance.choice([len(block), chance.randrange(len(block))])])
        kept = with_fields(block, ["a", "e", "n"])
        refused += kept is None
        assert kept is None or len(kept) <= len(block)
    assert refused > 1000


def read(path, **request):
    coverage = Coverage()
    source = open_files(path, coverage=coverage)
    return [row for partition in source.partitions(Request())
            for rows in partition.documents(Request(**{"fields": (("a",),), "compiled": True, **request}))
            for row in rows], coverage


def test_what_is_broken_is_named_and_skipping_does_not_depend_on_the_fields(tmp_path):
    path = tmp_path / "x.bson"
    bad = bson.encode({"b": "text", "a": 1}).replace(b"text", b"te\xfft")
    path.write_bytes(bson.encode({"a": 1, "b": 2}) + bad + bson.encode({"a": 3}))
    assert read(path)[0] == [{"a": 1}, {"a": 1}, {"a": 3}]
    rows, coverage = read(path, on_bad="skip")
    assert [row["a"] for row in rows] == [1, 3] and coverage.skipped_count == 1
    twice = bson.encode({"a": 1, "b": 2}).replace(b"b\0", b"a\0")
    path.write_bytes(bson.encode({"a": 1}) + twice)
    with pytest.raises(SourceError, match=r"document 2.*'a' is there twice"):
        read(path)
