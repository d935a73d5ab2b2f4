"""CSV and TSV: values are what their text certainly is; rows of the wrong width are broken."""

import datetime as dt

import pytest
from bson import Int64
from reading import SAMPLES, read, read_file

import gatherum as gm
from gatherum.errors import SettingError, SourceError
from gatherum.plan.protocols import Coverage
from gatherum.sources.files import open_files
from gatherum.types.csv_cells import infer


@pytest.fixture
def write(tmp_path):
    def write_text(text, name="data.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)
    return write_text


@pytest.mark.parametrize(("text", "value"), [
    ("0", 0), ("-5", -5), ("2147483648", Int64(2**31)), ("9223372036854775807", Int64(2**63 - 1)),
    ("-9223372036854775808", Int64(-(2**63))), ("1.50", 1.5), (".5", 0.5), ("-0.0", -0.0), ("1e3", 1000.0),
    ("1.5E-3", 0.0015), ("0e5", 0.0), ("true", True), ("false", False),
    ("2024-05-01T12:30:00Z", dt.datetime(2024, 5, 1, 12, 30)), ("2024-05-01T12:30Z", dt.datetime(2024, 5, 1, 12, 30)),
    ("2024-05-01T12:30:00.25Z", dt.datetime(2024, 5, 1, 12, 30, 0, 250000))])
def test_cells_that_certainly_are_something_else_than_text(text, value):
    assert infer(text) == value
    assert type(infer(text)) is type(value)


@pytest.mark.parametrize("text", [
    "007", "00", "-0", "+1", "1_000", "1,5", "9223372036854775808", "-9223372036854775809", "12345678901234567890",
    "1.", "01.5", "1e999", "1e-999", "0x10", "NA", "NaN", "Infinity", "True", "TRUE", " 1", "1 ", "2024-05-01", "٣",
    "2024-13-01T00:00:00Z", "2024-05-01T12:30:00", "2024-05-01T12:30:00.1234Z", "2024-05-01T12:30:00+01:00", "null"])
def test_cells_that_stay_text(text):
    assert infer(text) == text


def test_values_are_typed_one_by_one(write):
    assert read_file(write("a,b\n1,x\nNA,007\n2.5,\n")) == [{"a": 1, "b": "x"}, {"a": "NA", "b": "007"},
                                                           {"a": 2.5, "b": None}]


def test_quotes_line_ends_and_byte_order_mark(write):
    text = '\ufeff"a","b,c"\r\n"x\r\ny","say ""hi"""\r\n\r\n1,é\r\n'
    assert read_file(write(text)) == [{"a": "x\r\ny", "b,c": 'say "hi"'}, {"a": 1, "b,c": "é"}]


@pytest.mark.parametrize(("empty", "row"), [("null", {"a": None, "b": 1}), ("missing", {"b": 1}),
                                           ("string", {"a": "", "b": 1})])
def test_the_option_empty(write, empty, row):
    assert read_file(write("a,b\n,1\n"), empty=empty) == [row]


@pytest.mark.parametrize("engine", ["rows", "columnar"])
def test_the_setting_csv_empty(write, monkeypatch, engine):
    path = write("a,b\n,1\n")
    assert gm.aggregate(path, [], engine=engine).to_list() == [{"a": None, "b": 1}]
    assert gm.aggregate(path, [{"$match": {"a": ""}}], engine=engine, csv_empty="string").to_list() == \
        [{"a": "", "b": 1}]
    monkeypatch.setenv("GATHERUM_CSV_EMPTY", "missing")
    assert gm.aggregate(path, [], engine=engine).to_list() == [{"b": 1}]
    assert gm.connect({"c": path}, csv_empty="null").c.find_one() == {"a": None, "b": 1}
    with pytest.raises(SettingError, match="csv_empty cannot be 'nil'"):
        gm.aggregate(path, [], csv_empty="nil")


def test_the_setting_csv_empty_is_nothing_to_other_formats(write, tmp_path):
    for name, text in (("a.csv", "a,b\n,1\n"), ("b.tsv", 'a\n""\n'), ("c.ndjson", '{"a": null}\n')):
        write(text, name)
    assert gm.aggregate(tmp_path, [], csv_empty="string").to_list() == [{"a": "", "b": 1}, {"a": ""}, {"a": None}]


def test_delimiters(write):
    assert read_file(write("a\tb\n1\tx,y\n", "data.tsv")) == [{"a": 1, "b": "x,y"}]
    assert read_file(write("a;b\n1;x,y\n"), delimiter=";") == [{"a": 1, "b": "x,y"}]


@pytest.mark.parametrize("options", [{"empty": "nil"}, {"delimiter": ";;"}, {"delimiter": '"'}, {"quote": "x"}])
def test_options_that_are_none(write, options):
    with pytest.raises(SettingError):
        read_file(write("a\n1\n"), **options)


@pytest.mark.parametrize("text", ["", "a,b\n", "a,b", "\n\n"])
def test_files_without_rows(write, text):
    assert read_file(write(text)) == []


@pytest.mark.parametrize(("rows", "says"), [
    ("1\n", "1 cells, but the header line names 2 columns"), ("1,2,3\n", "3 cells"), ('"1"x,2\n', "expected after"),
    ('"1,2\n3,4\n', "unexpected end of data")])
def test_broken_rows_are_named(write, rows, says):
    path = write("a,b\n1,2\n" + rows)
    with pytest.raises(SourceError) as caught:
        read_file(path)
    assert str(caught.value).startswith(f"{path}, line 3 (byte 8): ")
    assert says in str(caught.value)


def test_bytes_that_are_not_utf_8_are_named(write):
    with pytest.raises(SourceError, match=r"line 2 \(byte 4\): byte 0xe9 at column 3 is not valid UTF-8"):
        read_file(write(b"a,b\n1,\xe9\n"))


def test_lines_within_quotes_count(write):
    with pytest.raises(SourceError, match=r"line 4 \(byte 12\)"):
        read_file(write('a,b\n"x\ny",1\n2\n'))


def test_broken_rows_are_skipped_and_told(write):
    coverage = Coverage()
    text = b'a,b\n1,2\n3\n\xff,1\n"x"y,5\n4,5\n'
    assert read_file(write(text), coverage, on_bad="skip") == [{"a": 1, "b": 2}, {"a": 4, "b": 5}]
    assert [record.place for record in coverage.skipped] == ["line 3", "line 4", "line 5"]
    assert "UTF-8" in coverage.skipped[1].reason


def test_more_broken_rows_than_a_batch_do_not_end_the_reading(write):
    assert read_file(write("a,b\n" + "1\n" * 3000 + "1,2\n"), on_bad="skip") == [{"a": 1, "b": 2}]


@pytest.mark.parametrize(("text", "says"), [("a,b,a\n1,2,3\n", "names the column 'a' twice"),
                                           ('"a\n', "the header line cannot be read")])
def test_headers_that_cannot_be(write, text, says):
    with pytest.raises(SourceError, match=says):
        read_file(write(text))


def test_only_the_columns_asked_for_are_read(write):
    source = open_files(write("a,b,c\n1,2,3\n"))
    assert "fields" in source.accepts
    assert read(source, fields=(("c",), ("a", "x"))) == [{"a": 1, "c": 3}]
    assert read(source, fields=()) == [{}]


def test_long_cells(write):
    assert len(read_file(write("a\n" + "x" * 500_000 + "\n"))[0]["a"]) == 500_000


WEATHER = SAMPLES / "nyc-weather.csv"


@pytest.mark.skipif(not WEATHER.exists(), reason="the sample data are not on this machine")
def test_a_real_file():
    documents = read_file(WEATHER)
    assert len(documents) == 26115
    assert documents[0]["wind_gust"] == "NA"
    assert documents[0]["temp"] == 39.02
    assert documents[0]["time_hour"] == dt.datetime(2013, 1, 1, 6)
