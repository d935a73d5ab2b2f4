"""The notation of pipelines: JSON, Extended JSON, and mongosh's."""

import datetime as dt
import math

import orjson
import pytest
from bson import Binary, Code, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.datetime_ms import DatetimeMS
from hypothesis import given
from reading import exact
from strategies import documents

from gatherum.errors import PipelineError
from gatherum.frontends.mongo.notation import parse_notation
from gatherum.types.extended_json import encode

OID = ObjectId("507d95d5719dbef170f15bf9")
UUID = Binary(bytes.fromhex("00112233445566778899aabbccddeeff"), 4)


@pytest.mark.parametrize(("text", "value"), [
    ("1", 1), ("-5", -5), ("+3", 3), ("2147483647", 2**31 - 1), ("2147483648", Int64(2**31)),
    ("9223372036854775807", Int64(2**63 - 1)), ("1.0", 1.0), ("1e3", 1000.0), (".5", 0.5), ("5.", 5.0),
    ("-1E-2", -0.01), ("0x1F", 31), ("-0x10", -16), ("0o17", 15), ("0b11", 3), ("Infinity", math.inf),
    ("-Infinity", -math.inf), ("true", True), ("false", False), ("null", None), ("undefined", None),
    ('"a\\n\\u0041\\x42\\u{1F600}\\"\\q"', 'a\nAB😀"q'), ("'it\\'s \"x\"'", 'it\'s "x"'), ("`a\nb`", "a\nb"),
    ('"\\ud83d\\ude00"', "😀"), ("'a\\\nb'", "ab"),
    ('ISODate("2024-05-01")', dt.datetime(2024, 5, 1)), ('ISODate("2024-05-01T10:00Z")', dt.datetime(2024, 5, 1, 10)),
    ('new Date("2024-05-01T10:00:00.123+02:00")', dt.datetime(2024, 5, 1, 8, 0, 0, 123000)),
    ("new Date(1000)", dt.datetime(1970, 1, 1, 0, 0, 1)), ("new Date(2024, 0, 31)", dt.datetime(2024, 1, 31)),
    ("new Date(10000000000000000)", DatetimeMS(10**16)), ("new ISODate('2024-05-01')", dt.datetime(2024, 5, 1)),
    (f'ObjectId("{OID}")', OID), (f"new ObjectId('{OID}')", OID), ("NumberInt('5')", 5), ("Int32(5)", 5),
    ('NumberLong("9007199254740993")', Int64(9007199254740993)), ("NumberLong(5)", Int64(5)), ("Long('5')", Int64(5)),
    ("Double(1)", 1.0), ('NumberDecimal("1.50")', Decimal128("1.50")), ("Decimal128('2')", Decimal128("2")),
    ("NumberDecimal(1.5)", Decimal128("1.5")), ('UUID("00112233-4455-6677-8899-aabbccddeeff")', UUID),
    ('BinData(0, "AQ==")', b"\x01"), ('BinData(5, "AQ==")', Binary(b"\x01", 5)), ('HexData(0, "01ff")', b"\x01\xff"),
    ("Binary.createFromBase64('AQ==', 5)", Binary(b"\x01", 5)), ("Timestamp(1, 2)", Timestamp(1, 2)),
    ("Timestamp({ t: 1, i: 2 })", Timestamp(1, 2)), ("MinKey()", MinKey()), ("MaxKey", MaxKey()),
    ("/^a\\/[\\\\/]b/im", Regex("^a/[\\\\/]b", "im")), ('RegExp("a", "x")', Regex("a", "x")),
    ('Code("f()")', Code("f()")), ('DBRef("c", 1)', {"$ref": "c", "$id": 1}), ('{"$numberInt": "5"}', 5),
    (f'{{$oid: "{OID}"}}', OID),
    ('{$date: "2020-01-01T00:00:00Z"}', dt.datetime(2020, 1, 1)),
    ("{$date: 1577836800000}", dt.datetime(2020, 1, 1)), ("{$numberLong: 4294967296}", Int64(2**32)),
    ("{$timestamp: {t: 4294967295, i: 1}}", Timestamp(4294967295, 1)), ("{$foo: 1}", {"$foo": 1}),
    ("{$code: 'f()', $scope: {d: {$date: 0}}}", Code("f()", {"d": dt.datetime(1970, 1, 1)}))])
def test_values(text, value):
    assert exact([{"a": parse_notation(text)}]) == exact([{"a": value}])


def test_a_pipeline_as_people_write_it():
    assert parse_notation("""
        // the dear ones
        [
          { $match: { 'item.price': { $gt: 10, }, sku: /^a/i, "x": { $regex: "a", $options: "i" } } }, /* and
          then */
          { $group: { _id: "$sku", n1: { $sum: 1 } } }, { $limit: 5 },
        ];
    """) == [{"$match": {"item.price": {"$gt": 10}, "sku": Regex("^a", "i"), "x": {"$regex": "a", "$options": "i"}}},
             {"$group": {"_id": "$sku", "n1": {"$sum": 1}}}, {"$limit": 5}]


def test_names_of_fields():
    assert parse_notation("{1: 1, $a: 2, é_: 3, 'b c': 4, true: 5, new: 6}") == {
        "1": 1, "$a": 2, "é_": 3, "b c": 4, "true": 5, "new": 6}


def test_constructors_without_arguments():
    assert isinstance(parse_notation("ObjectId()"), ObjectId)
    assert parse_notation("UUID()").subtype == 4
    assert abs(parse_notation("ISODate()") - dt.datetime.now(dt.UTC).replace(tzinfo=None)) < dt.timedelta(minutes=1)


@given(documents)
def test_extended_json_of_both_kinds_is_read(document):
    assert exact([parse_notation(orjson.dumps(encode(document)).decode())]) == exact([document])
    parse_notation(orjson.dumps(encode(document, "relaxed")).decode())


@pytest.mark.parametrize(("text", "line", "column", "says"), [
    ("", 1, 1, "a value was expected; found the end"), ("[1, 2", 1, 6, "',' or ']' was expected; found the end"),
    ("{a 1}", 1, 4, "':' was expected after the field 'a'; found '1'"),
    ("{a.b: 1}", 1, 3, "put a name with dots in quotes"),
    ("{a: 1 b: 2}", 1, 7, "',' or '}' was expected; found 'b'"), ("{: 1}", 1, 2, "the name of a field was expected"),
    ("[1,,2]", 1, 4, "a value was expected"), ("[1] x", 1, 5, "the end was expected; found 'x'"),
    ("[60 * 5]", 1, 5, "found '*'"), ("{a: 1, a: 2}", 1, 8, "the field 'a' is there twice"),
    ('["abc', 1, 2, "this string has no end"), ("/abc", 1, 1, "this regular expression has no end"),
    ("/a/q", 1, 1, "'q' is no option"), ("[1, /* x", 1, 5, "this comment has no end"),
    ('"\\ud800"', 1, 1, "half of a surrogate pair"), ('"\\u12"', 1, 1, "needs hexadecimal digits"),
    ('"\\u{110000}"', 1, 1, "is no character"), ("`${x}`", 1, 1, "cannot have expressions"),
    ("007", 1, 1, "cannot begin with 0"), ("5a", 1, 1, "this is not a number"), ("-", 1, 1, "this is not a number"),
    ("9223372036854775808", 1, 1, "does not fit 64 bits"), ("9" * 5000, 1, 1, "does not fit 64 bits"),
    ("[\n  ISODAte('x')]", 2, 3, "did you mean ISODate?"), ("[\n\n abc]", 3, 2, "strings need quotes"),
    ("ISODate('x')", 1, 1, "ISODate: 'x' is not an ISO 8601 date"), ("ISODate('2024-13-01')", 1, 1, "month must be in"),
    ("Date('x')", 1, 1, "write new Date"), ("ObjectId('zz')", 1, 1, "is not 24 hexadecimal digits"),
    ("NumberInt(3000000000)", 1, 1, "is outside"), ("NumberLong(1.5)", 1, 1, "is not an integer"),
    ("NumberDecimal('x')", 1, 1, "is not a number"), ("UUID('x')", 1, 1, "UUID: "),
    ("UUID(1, 2, 3)", 1, 1, "UUID: takes"),
    ("BinData(0)", 1, 1, "BinData: missing"), ("BinData(0, '?')", 1, 1, "BinData: "),
    ("Timestamp(-1, 0)", 1, 1, "outside"),
    ("ObjectId", 1, 9, "'(' was expected after ObjectId"), ("new", 1, 4, "a name was expected"),
    ("new Date(1, 2, 3, 4, 5, 6, 7, 8)", 1, 1, "at most"), ("new Date(NaN)", 1, 1, "is not an integer"),
    ("[{$match: {\n  a: {$date: 'soon'}}}]", 2, 6, '{"$date": "soon"} is malformed Extended JSON: expected'),
    ("[" * 1000, 1, 151, "nest more than 150 deep"), ("Code('f', 3)", 1, 1, "scope must be")])
def test_errors_name_the_spot(text, line, column, says):
    with pytest.raises(PipelineError) as caught:
        parse_notation(text)
    head, shown, caret = str(caught.value).split("\n")
    assert head.startswith(f"line {line}, column {column}: ")
    assert says in head
    assert caret.endswith("^")
    character = text.split("\n")[line - 1][column - 1:column]
    assert shown[len(caret) - 1:len(caret)] == character
