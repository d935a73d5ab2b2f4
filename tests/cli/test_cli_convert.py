"""`gatherum convert`."""

import pytest
from bson import Int64
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from reading import exact, read_file
from strategies import documents

from gatherum.cli.main import shell
from gatherum.sinks.files import open_sink

ROWS = [{"a": 1, "b": "x"}, {"a": Int64(2), "b": None}]


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "rows.ndjson"
    path.write_text('{"a": 1, "b": "x"}\n{"a": {"$numberLong": "2"}, "b": null}\n')
    return str(path)


def convert(*words):
    return CliRunner().invoke(shell, ["convert", *words])


@pytest.mark.parametrize("name", ["out.bson", "out.bson.zst", "out.ndjson", "out.json", "out.parquet", "out.arrow"])
@pytest.mark.parametrize("options", [[], ["--canonical"]])
def test_all_records_are_written_and_counted(source, tmp_path, name, options):
    target = tmp_path / name
    result = convert(source, "-o", str(target), *(options if "json" in name else []))
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"2 rows written to {target}\n"
    assert exact(read_file(target)) == exact(ROWS)


def test_several_sources_become_one(source, tmp_path):
    target = tmp_path / "out.bson"
    assert convert(source, source, "-o", str(target)).stderr.startswith("4 rows")
    assert read_file(target) == ROWS + ROWS


def test_standard_output_is_a_target(source):
    result = convert(source, "-o", "-", "--format", "jsonl")
    assert result.stdout == '{"a":1,"b":"x"}\n{"a":{"$numberLong":"2"},"b":null}\n'
    assert result.stderr == "2 rows written to standard output\n"
    assert '"a":2' in convert(source, "-o", "-", "--format", "jsonl", "--lossy").stdout


@given(st.lists(documents, max_size=4), st.sampled_from(["b.ndjson", "b.json", "b.parquet", "b.arrow"]))
def test_bson_comes_back_from_every_format_exactly(tmp_path_factory, rows, between):
    folder = tmp_path_factory.mktemp("convert")
    with open_sink(folder / "a.bson") as sink:
        sink.write(rows)
    for source, target in (("a.bson", between), (between, "c.bson")):
        result = convert(str(folder / source), "-o", str(folder / target))
        assert result.exit_code == 0, result.output
    assert exact(read_file(folder / "c.bson")) == exact(rows)


def test_a_field_that_extended_json_would_read_as_something_else_is_refused(tmp_path):
    source, target = tmp_path / "s.bson", tmp_path / "t.ndjson"
    with open_sink(source) as sink:
        sink.write([{"a": 1}, {"a": [{"$date": "2020-01-01T00:00:00Z"}]}])
    refused = convert(str(source), "-o", str(target))
    assert refused.exit_code == 1
    assert "document 2 has a document that begins with the field '$date'" in refused.stderr
    assert not target.exists()
    assert convert(str(source), "-o", str(target), "--lossy").exit_code == 0


def test_a_loss_is_refused_and_leaves_nothing(tmp_path):
    source, target = tmp_path / "s.ndjson", tmp_path / "t.csv"
    source.write_text('{"a": [1]}\n')
    refused = convert(str(source), "-o", str(target))
    assert refused.exit_code == 1
    assert "document 1: the field 'a' is array" in refused.stderr
    assert "--lossy" in refused.stderr
    assert list(tmp_path.iterdir()) == [source]
    assert convert(str(source), "-o", str(target), "--lossy").exit_code == 0


@pytest.mark.parametrize(("value", "said"), [
    ('"1"', "the string 1 in the field 'b', which would be read back as int"), ('""', "the empty string"),
    ('{"$numberDecimal": "1.50"}', "the decimal 1.50"), ('{"$oid": "507d95d5719dbef170f15bf9"}', "the objectId"),
    ('{"$numberDouble": "NaN"}', "the double NaN")])
def test_a_cell_that_would_be_read_back_as_something_else_is_refused(tmp_path, value, said):
    source, target = tmp_path / "s.ndjson", tmp_path / "t.csv"
    source.write_text('{"a": 1, "b": null}\n{"a": {"$numberLong": "2"}, "b": ' + value + '}\n')
    refused = convert(str(source), "-o", str(target))
    assert refused.exit_code == 1
    assert "document 2 has" in refused.stderr
    assert said in refused.stderr
    assert "write with --lossy, or in a format that keeps it" in refused.stderr
    assert not target.exists()
    assert convert(str(source), "-o", str(target), "--lossy").exit_code == 0


@pytest.mark.parametrize(("empty", "lines", "other"), [
    ("null", '{"a":null,"b":1}\n', '{"a":"","b":1}\n'), ("string", '{"a":"","b":1}\n', '{"a":null,"b":1}\n'),
    ("missing", '{"b":1}\n{"b":1,"c":2}\n', '{"a":null,"b":1}\n')])
def test_an_empty_cell_is_what_the_setting_says_both_ways(tmp_path, empty, lines, other):
    source, target, again = tmp_path / "s.ndjson", tmp_path / "t.csv", tmp_path / "again.ndjson"
    for text, code in ((lines, 0), (other, 1)):
        source.write_text(text)
        assert convert(str(source), "-o", str(target), "--csv-empty", empty).exit_code == code
    assert convert(str(target), "-o", str(again), "--csv-empty", empty).exit_code == 0
    assert again.read_text() == lines


def test_a_late_field_is_in_csv(tmp_path):
    source, target = tmp_path / "s.ndjson", tmp_path / "t.csv"
    source.write_text('{"a": 1}\n' * 100_000 + '{"a": 2, "late": 3}\n')
    refused = convert(str(source), "-o", str(target))
    assert "document 100001 is the first with the field 'late'" in refused.stderr
    assert convert(str(source), "-o", str(target), "--lossy").exit_code == 0
    lines = target.read_text().splitlines()
    assert (lines[:2], lines[-1], len(lines)) == (["a,late", "1,"], "2,3", 100_002)


def test_what_was_skipped_is_told(tmp_path):
    source, target = tmp_path / "s.ndjson", tmp_path / "t.bson"
    source.write_text('{"a": 1}\n{\n')
    result = convert(str(source), "-o", str(target), "--on-bad", "skip")
    assert result.exit_code == 3
    assert read_file(target) == [{"a": 1}]


@pytest.mark.parametrize(("words", "said"), [(["-o", "x.csv"], "Missing argument"), (["SOURCE"], "Missing option"),
                                             (["SOURCE", "-o", "x.what"], "names no format"),
                                             (["SOURCE", "-o", "x.csv", "--input-format", "ndjsn"],
                                              "there is no format 'ndjsn' to read; did you mean ndjson?")])
def test_wrong_usage_is_told(source, words, said):
    result = convert(*[source if word == "SOURCE" else word for word in words])
    assert result.exit_code == 2
    assert said in result.stderr
