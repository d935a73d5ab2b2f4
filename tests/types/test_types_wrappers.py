"""The wrappers of Extended JSON: what stands for a value, what is malformed, and what is a document."""

import datetime as dt
import math

import pytest
from bson import Binary, Code, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.datetime_ms import DatetimeMS

from gatherum.types.extended_json import decode
from gatherum.types.wrappers import WRAPPERS, MalformedWrapper

IN_WRAPPERS = [
    ({"$numberInt": "-7"}, -7), ({"$numberLong": "7"}, Int64(7)), ({"$numberLong": 7}, Int64(7)),
    ({"$numberDouble": "-0.0"}, -0.0), ({"$numberDouble": "-Infinity"}, -math.inf),
    ({"$numberDecimal": "1.50"}, Decimal128("1.50")), ({"$numberDecimal": "NaN"}, Decimal128("NaN")),
    ({"$oid": "507d95d5719dbef170f15bf9"}, ObjectId("507d95d5719dbef170f15bf9")),
    ({"$date": "2024-05-01T12:30:00.5+02:00"}, dt.datetime(2024, 5, 1, 10, 30, 0, 500000)),
    ({"$date": "2024-05-01T12:30Z"}, dt.datetime(2024, 5, 1, 12, 30)),
    ({"$date": 1000}, dt.datetime(1970, 1, 1, 0, 0, 1)),
    ({"$date": Int64(1000)}, dt.datetime(1970, 1, 1, 0, 0, 1)),
    ({"$date": {"$numberLong": "-1000"}}, dt.datetime(1969, 12, 31, 23, 59, 59)),
    ({"$date": {"$numberLong": str(2**60)}}, DatetimeMS(2**60)),
    ({"$binary": {"base64": "AQI=", "subType": "00"}}, b"\1\2"),
    ({"$binary": "AQI=", "$type": "05"}, Binary(b"\1\2", 5)),
    ({"$uuid": "c8edabc3-f738-4ca3-b68d-ab92a91478a3"},
     Binary(bytes.fromhex("c8edabc3f7384ca3b68dab92a91478a3"), 4)),
    ({"$regularExpression": {"pattern": "^a", "options": "im"}}, Regex("^a", "im")),
    ({"$timestamp": {"t": 4294967295, "i": 0}}, Timestamp(4294967295, 0)), ({"$code": "f()"}, Code("f()")),
    ({"$code": "f()", "$scope": {"a": {"$numberInt": "1"}}}, Code("f()", {"a": 1})), ({"$minKey": 1}, MinKey()),
    ({"$maxKey": 1}, MaxKey()), ({"$symbol": "s"}, "s"), ({"$undefined": True}, None)]

MALFORMED = [
    {"$numberInt": 5}, {"$numberInt": "2147483648"}, {"$numberInt": "1.0"}, {"$numberInt": ""}, {"$numberInt": "1_0"},
    {"$numberLong": "x"}, {"$numberLong": "9223372036854775808"}, {"$numberLong": 1.5}, {"$numberLong": True},
    {"$numberLong": " 5"}, {"$numberLong": "٣"}, {"$numberLong": None}, {"$numberLong": "5", "b": 1},
    {"$numberDouble": "1,5"}, {"$numberDouble": 1.5}, {"$numberDecimal": "five"}, {"$numberDecimal": 5},
    {"$numberDecimal": "1" * 35}, {"$oid": "507d"}, {"$oid": 5}, {"$oid": ["507d95d5719dbef170f15bf9"]},
    {"$date": "nonsense"}, {"$date": "2024-05-01"}, {"$date": "2024-02-30T00:00:00Z"}, {"$date": "2024-05-01T00:00:00"},
    {"$date": None}, {"$date": 1.5}, {"$date": True}, {"$date": {}}, {"$date": {"$numberLong": "x"}},
    {"$date": {"$numberLong": "1" * 20}}, {"$date": {"x": "1"}}, {"$date": "2024-05-01T00:00:00Z", "b": 1},
    {"$binary": "AQI="}, {"$binary": {"base64": "AQI", "subType": "00"}}, {"$binary": {"base64": "AQI="}},
    {"$binary": {"base64": "AQI=", "subType": "100"}}, {"$binary": {"base64": "!", "subType": "00"}},
    {"$binary": {"base64": "AQI=", "subType": "00"}, "b": 1}, {"$binary": {"base64": "AQI=", "subType": 0}},
    {"$uuid": "c8ed"}, {"$regularExpression": "^a"}, {"$regularExpression": {"pattern": "^a"}},
    {"$regularExpression": {"pattern": "^a", "options": "g"}}, {"$regularExpression": {"pattern": 1, "options": ""}},
    {"$timestamp": {"t": 1}}, {"$timestamp": {"t": -1, "i": 0}}, {"$timestamp": {"t": True, "i": 0}},
    {"$timestamp": {"t": "1", "i": 0}}, {"$timestamp": 5}, {"$code": 5}, {"$code": "f()", "$scope": 5},
    {"$code": "f()", "b": 1}, {"$minKey": 2}, {"$maxKey": "x"}, {"$symbol": 1}, {"$undefined": True, "b": 1}]


@pytest.mark.parametrize(("wrapper", "value"), IN_WRAPPERS)
def test_a_wrapper_stands_for_a_value(wrapper, value):
    found = decode({"a": [wrapper]})["a"][0]
    assert (type(found), found) == (type(value), value)
    assert math.copysign(1, found) == math.copysign(1, value) if isinstance(value, float) else True


@pytest.mark.parametrize("document", MALFORMED, ids=str)
def test_what_begins_like_a_wrapper_and_is_none_is_malformed(document):
    (name, *_) = document
    with pytest.raises(MalformedWrapper) as raised:
        decode({"a": {"b": [document]}})
    assert str(raised.value).startswith(f'{{"{name}": ')
    assert f"is malformed Extended JSON: expected {WRAPPERS[name]}" in str(raised.value)


@pytest.mark.parametrize("document", [
    {"$foo": "x"}, {"$ref": "c", "$id": {"$oid": "507d95d5719dbef170f15bf9"}}, {"$regex": "^a", "$options": "i"},
    {"a": 1, "$date": "nonsense"}, {"$type": "date"}, {"date": "nonsense"}, {}])
def test_other_documents_stay_documents(document):
    assert list(decode(document)) == list(document)


def test_a_long_text_is_shown_by_its_beginning():
    with pytest.raises(MalformedWrapper, match=r'^\{"\$oid": "x{100,}\.\.\. is malformed'):
        decode({"$oid": "x" * 1000})
