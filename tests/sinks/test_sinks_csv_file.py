"""Writing CSV: plain values, and errors for what a cell cannot tell."""

import datetime as dt
import io

import pytest
from bson import Decimal128, Int64, ObjectId
from bson.datetime_ms import DatetimeMS
from reading import read_file

from gatherum.errors import LossError, SettingError
from gatherum.sinks.files import open_sink


def text(batches, format="csv", **options):
    stream = io.BytesIO()
    with open_sink(stream, format, **options) as sink:
        for batch in batches:
            sink.write(batch)
    return stream.getvalue().decode()


def test_values_have_their_usual_text():
    row = {"s": 'a,"b"\n', "i": 1, "l": Int64(5), "d": 1.0, "b": True, "x": Decimal128("1.50"),
           "t": dt.datetime(2020, 1, 1), "m": dt.datetime(2020, 1, 1, 0, 0, 0, 5000),
           "o": ObjectId("507d95d5719dbef170f15bf9")}
    assert text([[row]]) == ('s,i,l,d,b,x,t,m,o\n"a,""b""\n",1,5,1.0,true,1.50,2020-01-01T00:00:00Z,'
                             "2020-01-01T00:00:00.005Z,507d95d5719dbef170f15bf9\n")


def test_doubles_that_are_no_numbers():
    assert text([[{"a": float(name)} for name in ("nan", "inf", "-inf")]]) == "a\nNaN\nInfinity\n-Infinity\n"


def test_the_header_has_the_fields_of_the_first_batch():
    assert text([[{"a": 1}, {"b": 2}], [{"b": 3}]]) == "a,b\n1,\n,2\n,3\n"
    with pytest.raises(LossError, match="document 2 has a field that the header line, already written, lacks: 'b'"):
        text([[{"a": 1}], [{"a": 1, "b": 2}]])
    assert text([[{"a": 1}], [{"b": 2}]], fields=["b", "a"]) == "b,a\n,1\n2,\n"


def test_without_documents_there_is_a_header_only_where_fields_are_named():
    assert text([]) == ""
    assert text([], fields=["a", "b"]) == "a,b\n"


@pytest.mark.parametrize("value", [{"x": 1}, [1], b"x", ObjectId])
def test_what_a_cell_cannot_hold_is_refused(value):
    with pytest.raises(LossError, match="document 1: the field 'a'"):
        text([[{"a": value}]])


def test_lossy_writes_json_text():
    assert text([[{"a": {"x": 1.0}}]], lossy=True) == 'a\n"{""x"":1.0}"\n'


def test_reasons_to_be_empty_are_not_mixed():
    assert text([[{"a": None, "b": 1}, {"a": None}]]) == "a,b\n,1\n,\n"
    for first, second in (({"a": None}, {}), ({}, {"a": ""}), ({"a": ""}, {"a": None})):
        with pytest.raises(LossError, match=r"the field 'a' is .* an empty cell cannot tell them apart"):
            text([[{"a": 1, "b": 1}, {"b": 1, **first}, {"b": 1, **second}]])
        assert text([[{"a": 1, "b": 1}, {"b": 1, **first}, {"b": 1, **second}]], lossy=True) == "a,b\n1,1\n,1\n,1\n"


def test_dates_outside_the_years_of_iso_text_are_refused():
    with pytest.raises(LossError, match="outside the years"):
        text([[{"a": DatetimeMS(10**15)}]])


def test_delimiters():
    assert text([[{"a": 1, "b": "x\ty"}]], "tsv") == 'a\tb\n1\t"x\ty"\n'
    assert text([[{"a": 1, "b": 2}]], delimiter=";") == "a;b\n1;2\n"
    for fields in ("ab", ["a", "a"]):
        with pytest.raises(SettingError):
            text([], fields=fields)


def test_what_is_written_is_read_again(tmp_path):
    rows = [{"a": 1, "b": "x", "c": 2.5, "d": dt.datetime(2020, 1, 1), "e": None, "f": True},
            {"a": 2, "b": "é\n,", "c": 1e300, "d": dt.datetime(2021, 1, 1, 0, 0, 0, 1000), "e": None, "f": False}]
    with open_sink(tmp_path / "data.csv.gz") as sink:
        sink.write(rows)
    assert read_file(tmp_path / "data.csv.gz") == rows
