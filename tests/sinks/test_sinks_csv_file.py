"""Writing CSV: plain values, and errors for what a cell cannot tell."""

import datetime as dt
import io

import pytest
from bson import Decimal128, Int64, ObjectId
from bson.datetime_ms import DatetimeMS
from hypothesis import given
from hypothesis import strategies as st
from reading import exact, read_file
from strategies import documents, field_names, scalars

from gatherum.errors import LossError, SettingError
from gatherum.sinks import csv_file
from gatherum.sinks.files import open_sink
from gatherum.types.values import integer


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


def test_the_header_has_the_fields_of_all_documents(monkeypatch):
    for in_memory in (1 << 24, 1):
        monkeypatch.setattr(csv_file, "BYTES_IN_MEMORY", in_memory)
        assert text([[{"a": 1}, {"b": 2}], [{"b": 3}]]) == "a,b\n1,\n,2\n,3\n"
        assert text([[{}, {"a": 'x"\n\r'}], [{"b": 1}], [{"a": "\n", "c": 2}]]) == \
            'a,b,c\n"",,\n"x""\n\r",,\n,1,\n"\n",,2\n'
        assert text([[{}], [{"a": 1}], [{"a": 2}]], "tsv") == 'a\n""\n1\n2\n'


def test_given_fields_are_the_header():
    with pytest.raises(LossError, match="document 2 has the field 'b', which the option fields does not name"):
        text([[{"a": 1}], [{"a": 1, "b": 2}]], fields=["a"])
    assert text([[{"a": 1}], [{"b": 2}]], fields=["b", "a"]) == "b,a\n,1\n2,\n"


def test_without_documents_there_is_a_header_only_where_fields_are_named():
    assert text([]) == ""
    assert text([], fields=["a", "b"]) == "a,b\n"


@pytest.mark.parametrize("value", [{"x": 1}, [1], b"x", ObjectId, DatetimeMS(10**15)])
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


@pytest.mark.parametrize(("value", "says"), [
    (dt.datetime(2020, 1, 1), ""), (Int64(5), ""), (-0.0, ""), (1e300, ""), (None, ""), ("007", ""), ("a\rb", ""),
    (False, ""), (" ", ""), ("1", 'the string 1 in the field .* read back as int'), ("true", "read back as bool"),
    ("2020-01-01T00:00:00Z", "the string 2020-01-01T00:00:00Z in the field 'b', which would be read back as date"),
    ("1e5", "read back as double"), ("", "has the empty string in the field 'b', which would be read back as null"),
    (Decimal128("1.50"), "has the decimal 1.50 .* read back as double"), (float("nan"), "read back as string"),
    (ObjectId("507d95d5719dbef170f15bf9"), "the objectId 507d95d5719dbef170f15bf9 .* read back as string"),
    ([1], "is array, which a cell cannot hold")])
def test_an_exact_cell_is_read_back_as_it_is_or_refused(tmp_path, value, says):
    rows = [{"a": "x", "b": value}, {"a": "y", "b": None}]
    if says:
        with pytest.raises(LossError, match=f"document 1.*{says}"):
            text([rows], exact=True)
        text([rows], lossy=True)
    else:
        (tmp_path / "data.csv").write_bytes(text([rows], exact=True).encode())
        assert repr(read_file(tmp_path / "data.csv")) == repr(rows)


@pytest.mark.parametrize(("rows", "says"), [
    ([{"a": 1, "b": 2}, {"a": 1}], "document 2 has missing in the field 'b', which would be read back as null"),
    ([{"a": 1}, {"a": 1, "b": 2}], "document 2 is the first with the field 'b', which would be read back as null"),
    ([{"a": 1, "b": 2}, {"b": 1, "a": 2}], "document 2 has its fields in another order than those before: b, a"),
    ([{}], "no document has a field")])
def test_exact_documents_have_the_same_fields(rows, says):
    with pytest.raises(LossError, match=says):
        text([[row] for row in rows], exact=True)


@pytest.mark.parametrize(("empty", "kept", "lost"), [
    ("null", [{"a": None}, {"a": 1}], [{"a": ""}, {}]),
    ("string", [{"a": ""}, {"a": 1}], [{"a": None}, {}]),
    ("missing", [{}, {"a": 1}], [{"a": ""}, {"a": None}])])
def test_an_exact_empty_cell_is_what_the_reader_will_take_it_for(tmp_path, empty, kept, lost):
    written = text([[{**row, "b": 2} for row in kept[::-1]]], exact=True, empty=empty)
    assert written == "a,b\n1,2\n,2\n"
    (tmp_path / "data.csv").write_text(written)
    assert read_file(tmp_path / "data.csv", empty=empty) == [{**row, "b": 2} for row in kept[::-1]]
    for row in lost:
        with pytest.raises(LossError, match="document 2 has .* in the field 'a', which would be read back as "
                                            f"{'string' if empty == 'string' else empty}"):
            text([[{"a": 1, "b": 2}, {**row, "b": 2}]], exact=True, empty=empty)


def test_an_exact_field_may_come_late_where_empty_cells_are_missing(tmp_path):
    rows = [{"b": 1}, {"b": 2, "c": 3}, {}, {"c": "x\n"}]
    (tmp_path / "data.tsv").write_text(text([rows[:1], rows[1:]], "tsv", exact=True, empty="missing"))
    assert read_file(tmp_path / "data.tsv", empty="missing") == rows
    with pytest.raises(LossError, match="document 2 has its fields in another order"):
        text([[{"b": 1, "c": 2}, {"c": 1, "b": 2}]], exact=True, empty="missing")
    with pytest.raises(LossError, match="'c', which would be read back as string of those before"):
        text([rows], exact=True, empty="string")


def test_empty_is_one_of_three():
    with pytest.raises(SettingError, match="empty is one of null, missing, string, not 'nil'"):
        text([], empty="nil")


cells = st.one_of(scalars, st.sampled_from(["1", "-0", "1.5", "true", "null", "2020-01-01T00:00:00Z", "\r", '"', ""]))
same_fields = st.lists(field_names, unique=True, min_size=1, max_size=3).flatmap(
    lambda names: st.lists(st.fixed_dictionaries(dict.fromkeys(names, cells)), max_size=3))


@given(st.one_of(same_fields, st.lists(documents, max_size=3)), st.sampled_from(["csv", "tsv"]),
       st.sampled_from(["null", "missing", "string"]))
def test_what_is_written_exactly_is_read_again(tmp_path_factory, rows, format, empty):
    path = tmp_path_factory.mktemp("exact") / f"data.{format}"
    try:
        path.write_bytes(text([rows], format, exact=True, empty=empty).encode())
    except LossError:
        return
    assert exact(read_file(path, empty=empty)) == exact([{name: integer(int(value)) if type(value) is Int64 else value
                                             for name, value in row.items()} for row in rows])


@given(st.lists(st.lists(documents, max_size=3), max_size=3))
def test_what_is_written_with_losses_keeps_its_rows_and_fields(tmp_path_factory, batches):
    path = tmp_path_factory.mktemp("lossy") / "data.csv"
    path.write_bytes(text(batches, lossy=True).encode())
    names = list(dict.fromkeys(name for batch in batches for row in batch for name in row)) or [""]
    assert [list(row) for row in read_file(path)] == [names] * sum(map(len, batches))


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
