"""`gatherum run`: what goes in and what comes out."""

import gzip
import json
import re

import orjson
import pytest
from click.testing import CliRunner
from reading import read_file

from gatherum.cli.main import shell
from gatherum.sinks.files import formats

ROWS = [{"_id": 1, "status": "A", "qty": 5}, {"_id": 2, "status": "B", "qty": 7},
        {"_id": 3, "status": "A", "qty": None}]
BY_STATUS = '[{$group: {_id: "$status", n: {$sum: "$qty"}}}, {$sort: {_id: 1}}]'
TOTALS = [{"_id": "A", "n": 5}, {"_id": "B", "n": 7}]


@pytest.fixture
def orders(tmp_path):
    path = tmp_path / "orders.ndjson"
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in ROWS))
    return str(path)


def run(*words, **given):
    return CliRunner().invoke(shell, ["run", *words], **given)


def rows_of(result):
    assert result.exit_code == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_pipeline_runs_over_a_file_and_a_pipe_gets_json_lines(orders):
    assert rows_of(run(BY_STATUS, orders)) == TOTALS


def test_a_single_stage_needs_no_array(orders):
    assert rows_of(run("{$count: 'n'}", orders)) == [{"n": 3}]


def test_the_pipeline_may_have_comments_and_trailing_commas(orders):
    assert rows_of(run("[{$limit: 1}, // one\n {$project: {qty: 1, _id: 0},},]", orders)) == [{"qty": 5}]


def test_the_pipeline_comes_from_a_file(orders, tmp_path):
    path = tmp_path / "pipeline.js"
    path.write_text(f"// totals\n{BY_STATUS}")
    assert rows_of(run("-f", str(path), orders)) == TOTALS


def test_the_pipeline_comes_from_standard_input(orders):
    assert rows_of(run("-", orders, input=BY_STATUS)) == TOTALS


def test_the_source_comes_from_standard_input():
    assert rows_of(run('{$count: "n"}', "-", input='{"a": 1}\n{"a": 2}\n')) == [{"n": 2}]


def test_standard_input_may_be_compressed():
    assert rows_of(run('{$count: "n"}', "-", input=gzip.compress(b'{"a": 1}\n'))) == [{"n": 1}]


def test_standard_input_is_not_read_twice(tmp_path):
    assert "standard input can be read once" in run("-", "-", input="[]").stderr
    assert run("[]", "-", "-", input="{}").exit_code == 2
    assert run('{$unionWith: "b"}', "-", "--collection", "b=-", input="{}").exit_code == 2


def test_several_sources_are_read_one_after_the_other(orders):
    assert rows_of(run('{$count: "n"}', orders, orders)) == [{"n": 6}]


def test_a_pipeline_of_documents_needs_no_source():
    assert rows_of(run("[{$documents: [{a: 1}]}, {$set: {b: 2}}]")) == [{"a": 1, "b": 2}]


def test_any_other_pipeline_needs_a_source():
    result = run('{$count: "n"}')
    assert result.exit_code == 2
    assert "give the sources" in result.stderr


def test_the_format_of_the_input_may_be_named(tmp_path):
    path = tmp_path / "numbers"
    path.write_text("a,b\n1,x\n")
    assert rows_of(run("[]", str(path), "--input-format", "csv")) == [{"a": 1, "b": "x"}]


def test_variables_are_values_in_the_notation_of_pipelines(orders):
    match = '[{$match: {$expr: {$eq: ["$status", "$$s"]}}}, {$set: {when: "$$d"}}, {$project: {when: 1}}]'
    found = rows_of(run(match, orders, "--let", 's="B"', "--let", 'd=ISODate("2024-05-01")'))
    assert found == [{"_id": 2, "when": {"$date": "2024-05-01T00:00:00Z"}}]


@pytest.mark.parametrize(("option", "code", "said"), [
    ("s", 2, "--let takes NAME=VALUE"), ("s=B", 1, "strings need quotes"), ("S=1", 1, "invalid character")])
def test_a_variable_that_is_none_is_an_error(orders, option, code, said):
    result = run("[]", orders, "--let", option)
    assert (result.exit_code, said in result.stderr) == (code, True), result.stderr


def test_further_collections_have_names(orders, tmp_path):
    path = tmp_path / "x.ndjson"
    path.write_text('{"code": "A", "text": "open"}\n')
    lookup = '[{$lookup: {from: "codes", localField: "status", foreignField: "code", as: "c"}}, {$set: {c: "$c.text"}}]'
    found = rows_of(run(lookup, orders, "--collection", f"codes={path}"))
    assert [row["c"] for row in found] == [["open"], [], ["open"]]


def test_the_main_source_is_called_as_its_file(orders):
    union = '[{$unionWith: "orders"}, {$count: "n"}]'
    assert rows_of(run(union, orders)) == [{"n": 6}]
    clash = run(union, orders, "--collection", f"orders={orders}")
    assert clash.exit_code == 2
    assert "the main collection is called orders" in clash.stderr


def test_a_collection_that_is_not_there_is_named_with_its_neighbour(orders):
    result = run('{$unionWith: "order"}', orders)
    assert result.exit_code == 1
    assert "did you mean orders?" in result.stderr


def test_a_table_has_the_columns_and_says_how_many_rows(orders):
    result = run(BY_STATUS, orders, "--format", "table")
    header, _, *rows = result.stdout.splitlines()
    assert header.split("┃") == ["_id ", " n"]
    assert [row.split() for row in rows] == [["A", "│", "5"], ["B", "│", "7"], ["2", "rows"]]


def test_a_table_without_rows_says_so(orders):
    assert run("{$match: {qty: 99}}", orders, "--format", "table").stdout == "0 rows\n"


def test_a_table_is_bounded_and_says_that_there_is_more(tmp_path):
    path = tmp_path / "many.ndjson"
    path.write_text('{"a": 1}\n' * 1001)
    lines = run("[]", str(path), "--format", "table").stdout.splitlines()
    assert len(lines) == 2 + 1000 + 1
    assert lines[-1].startswith("the first 1,000 rows; there are more")


@pytest.mark.parametrize("suffix", ["ndjson", "json", "bson", "csv", "ndjson.gz"])
def test_a_file_is_written_in_the_format_of_its_suffix(orders, tmp_path, suffix):
    path = tmp_path / f"out.{suffix}"
    result = run(BY_STATUS, orders, "-o", str(path))
    assert (result.exit_code, result.stdout) == (0, "")
    assert read_file(path) == TOTALS


def test_the_format_of_a_file_may_be_named(orders, tmp_path):
    path = tmp_path / "out.txt"
    assert run(BY_STATUS, orders, "-o", str(path), "--format", "jsonl").exit_code == 0
    assert path.read_text() == '{"_id":"A","n":5}\n{"_id":"B","n":7}\n'
    assert run(BY_STATUS, orders, "-o", str(path), "--format", "table").exit_code == 0
    assert path.read_text().endswith("2 rows\n")


def test_binary_output_goes_into_a_pipe(orders, tmp_path):
    path = tmp_path / "out.bson"
    path.write_bytes(run(BY_STATUS, orders, "--format", "bson").stdout_bytes)
    assert read_file(path) == TOTALS


def test_canonical_json_keeps_types(orders):
    assert rows_of(run("{$limit: 1}", orders, "--canonical"))[0]["qty"] == {"$numberInt": "5"}
    assert json.loads(run("{$limit: 1}", orders, "--canonical", "--format", "json").stdout)[0]["_id"] == \
        {"$numberInt": "1"}
    assert run("{$limit: 1}", orders, "--canonical", "--format", "csv").exit_code == 2
    assert run("{$limit: 1}", orders, "--canonical", "-o", "x.csv").exit_code == 2


def test_a_loss_is_refused_unless_allowed(orders, tmp_path):
    path = tmp_path / "out.csv"
    listed = '{$group: {_id: null, all: {$push: "$qty"}}}'
    refused = run(listed, orders, "-o", str(path))
    assert refused.exit_code == 1
    assert "--lossy" in refused.stderr
    assert not path.exists()
    assert run(listed, orders, "-o", str(path), "--lossy").exit_code == 0
    assert path.exists()


def test_every_format_of_the_sinks_is_known(orders):
    result = run("[]", orders, "--format", "xml")
    assert result.exit_code == 2
    assert all(name in result.stderr for name in ("table", "jsonl", *formats()))


def test_broken_records_are_errors_or_are_skipped_and_told(tmp_path):
    path = tmp_path / "broken.ndjson"
    path.write_text('{"a": 1}\n{"a": \n{"a": 3}\n')
    stopped = run("[]", str(path))
    assert (stopped.exit_code, stopped.stdout) == (1, "")
    assert "line 2 (byte 9)" in stopped.stderr
    partial = run("[]", str(path), "--on-bad", "skip")
    assert partial.exit_code == 3
    assert partial.stdout == '{"a":1}\n{"a":3}\n'
    assert "partial: 1 record could not be read" in partial.stderr
    assert "broken.ndjson, line 2 (byte 9)" in partial.stderr


def test_a_query_that_takes_too_long_ends_with_its_own_code(tmp_path):
    path = tmp_path / "many.ndjson"
    path.write_text('{"a": 1}\n' * 200_000)
    result = run("[{$group: {_id: '$a'}}]", str(path), "--max-time-ms", "1", "--engine", "rows")
    assert result.exit_code == 124
    assert "maxTimeMS of 1 ms" in result.stderr


def test_figures_are_told_on_standard_error(orders):
    result = run(BY_STATUS, orders, "--stats")
    assert rows_of(result) == TOTALS
    assert "2 rows in" in result.stderr
    assert "read 3 rows" in result.stderr
    assert "engine: rows (the input is small)" in result.stderr
    assert re.search(r"^Group +rows +3 +2 +66.7 %.*\n│ +_id = status, n = sum\(qty\)$", result.stderr, re.MULTILINE)


@pytest.mark.parametrize(("words", "code", "said"), [
    (["[{$grop: {}}]", "FILE"], 1, "error: stage 1 ($grop): unrecognized pipeline stage name: '$grop'; did you mean"),
    (["[{$match: }]", "FILE"], 1, "error: the pipeline: line 1, column 11"),
    (["5", "FILE"], 1, "error: a pipeline is an array of stages, not int"),
    (["FILE", "FILE"], 1, "is a file, not a pipeline: write -f"),
    (["[]", "FILE.txt"], 1, "error: there is no file or directory"),
    (["[]", "FILE", "--engine", "fast"], 2, "expected auto, rows or columnar"),
    (["[]", "FILE", "--memory-limit", "0"], 2, "setting memory_limit"),
    (["[]", "FILE", "--temp-directory", "/nowhere/at/all"], 2, "there is no directory /nowhere/at/all"),
    (["[]", "FILE", "--input-format", "what"], 2, "there is no format 'what' to read"),
    (["[]", "FILE", "-o", "x.what"], 2, "the suffix of x.what names no format"),
    (["[]", "FILE", "--frobnicate"], 2, "No such option"),
    (["[]", "FILE", "--max-time-ms", "soon"], 2, "is not a valid float"),
    (["-f", "nothing.js", "FILE"], 2, "nothing.js"),
    ([], 2, "give a pipeline"),
])
def test_errors_have_a_message_and_a_code(orders, words, code, said):
    result = run(*[word.replace("FILE", orders) for word in words])
    assert result.exit_code == code
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_a_variable_of_the_environment_that_is_no_setting_is_an_error(orders, monkeypatch):
    monkeypatch.setenv("GATHERUM_MEMORY_LIMT", "1GB")
    result = run("[]", orders)
    assert result.exit_code == 2
    assert "did you mean memory_limit?" in result.stderr


def test_debug_shows_the_traceback(orders):
    result = run("[{$grop: {}}]", orders, "--debug")
    assert result.exit_code == 1
    assert "Traceback" in result.stderr
