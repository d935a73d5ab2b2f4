"""`gatherum demo`: the frame around the generated data, and the survey of the user's own."""

import datetime as dt
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from gatherum.cli.demo.pipelines import PIPELINES
from gatherum.cli.main import shell
from gatherum.cli.showing import WIDTH, wrapped
from gatherum.cli.survey import FEW_VALUES, questions
from gatherum.frontends.mongo.notation import parse_notation


def demo(*words):
    result = CliRunner().invoke(shell, ["demo", *words])
    assert result.exit_code == 0, result.stderr
    return result


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("demo")
    return path, demo("--rows", "400", "--ticks", "500", "--directory", str(path))


def test_every_pipeline_is_shown_with_its_purpose_its_rows_and_its_operators(folder):
    path, result = folder
    parts = re.split(r"^(?=\w+: .*\n\w+\.aggregate\(\[$)", result.stdout, flags=re.MULTILINE)[1:]
    assert [part.partition(":")[0] for part in parts] == [each.name for each in PIPELINES]
    for each, part in zip(PIPELINES, parts, strict=True):
        assert f"{each.name}: {each.purpose}\n{each.source}.aggregate([" in part
        assert re.search(r"^[1-9][\d,]* rows?(, of which 10 are shown)?, in .+; engine ", part, re.MULTILINE)
        assert re.search(r"^ +engine +rows in +rows out +selects .* spilled$", part, re.MULTILINE)
        assert "━" in part
    for name in ("orders.ndjson", "orders.bson", "orders.parquet", "customers.ndjson", "ticks.parquet"):
        assert f"  {path / name}\n" in result.stdout
    assert re.search(r"\n\nAll this took [\d.]+ m?s\. The process held at most [\d.]+ [MG]B of memory[^\n]*\.\n\Z",
                     result.stdout)


def test_each_part_of_a_facet_has_a_table_of_its_own(folder):
    _, result = folder
    assert re.search(r"\nsteps:\nplaced ┃ paid ┃ shipped ┃ delivered ┃ rated ┃ returned\n━.*\n +400 │", result.stdout)
    assert re.search(r"\n\nchannels:\n_id +┃ count\n", result.stdout)


@pytest.mark.parametrize("demo", PIPELINES, ids=lambda each: each.name)
def test_long_stages_are_wrapped_and_are_still_json(demo):
    lines = [line for stage in demo.pipeline for line in wrapped(stage, "  ", ",")]
    assert max(map(len, lines)) <= WIDTH
    assert parse_notation(f"[{''.join(lines)}]") == demo.pipeline


def test_files_are_used_again_while_they_are_what_was_asked_for(folder):
    path, first = folder
    written = (path / "orders.parquet").stat().st_mtime_ns
    assert "generating 400 orders and 500 ticks" in first.stderr
    assert demo("--rows", "400", "--ticks", "500", "--directory", str(path)).stderr == ""
    assert (path / "orders.parquet").stat().st_mtime_ns == written


def test_files_that_are_not_whole_or_not_those_are_generated_anew(folder):
    path, _ = folder
    (path / "ticks.parquet").write_bytes(b"PAR1")
    assert "generating" in demo("--rows", "400", "--ticks", "500", "--directory", str(path)).stderr
    assert (path / "ticks.parquet").stat().st_size > 4
    assert "generating 300 orders" in demo("--rows", "300", "--ticks", "500", "--directory", str(path)).stderr
    demo("--rows", "400", "--ticks", "500", "--directory", str(path))


def test_the_user_s_own_files_are_described_and_aggregated(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.ndjson").write_text(
            "".join(f'{{"n": {number}, "kind": "{"xyz"[number % 3]}", "deep": {{"f": {number / 2}}}}}\n'
                    for number in range(30)))
    text = demo("--data", str(tmp_path / "*.ndjson")).stdout
    assert "The fields of the first 60 records" in text
    assert "deep.f" in text
    assert re.search(r"^rows\n━+\n +60\n", text, re.MULTILINE)
    assert re.search(r"x +│ +20\n", text)
    assert re.search(r"60 │ +0 │ 14.5 │ +29\n", text)
    assert re.search(r"60 │ 0.0 │ 7.25 │ 14.5\n", text)


def parquet(path, **columns):
    pq.write_table(pa.table(columns), path)
    return str(path)


def test_nested_and_typed_columns_are_described_and_aggregated(tmp_path):
    path = parquet(tmp_path / "nested.parquet", items=[[{"price": 1.5}, {"price": 2.5}], None, []],
                   deep=[[[1, 2]], [[3]], None], day=[dt.date(2024, 1, 1), None, dt.date(2024, 1, 1)],
                   amount=pa.array([1, 2, 2], pa.int32()).cast(pa.decimal128(12, 2)),
                   kind=pa.array(["x", "x", "x"]).dictionary_encode())
    text = demo("--data", path).stdout
    assert re.search(r"items\[\]\.price +│ double 2 ", text) and re.search(r"deep\[\]\[\] +│ long 3 ", text)
    assert '{"$unwind":"$items"},\n  {"$match":{"items.price":{"$type":"number"}}}' in text
    assert re.search(r" 2 │ 1.5 │ 2.0 │ 2.5\n", text)
    assert re.search(r" 3 │ 1.00 │ 1.666666666666666666666666666666667 │ 2.00\n", text)
    assert re.search(r"\nx +│ +3\n", text)


def test_a_column_that_no_document_can_hold_is_said_and_the_others_are_shown(tmp_path):
    path = parquet(tmp_path / "fine.parquet", n=[1, 2], t=pa.array([1, 2], pa.timestamp("us")))
    text = demo("--data", path).stdout
    assert "\nnot described: column 't' is timestamp[us] and holds 1970-01-01 00:00:00.000001" in text
    assert re.search(r" 2 │ +1 │ 1.5 │ +2\n", text)


def test_files_without_rows_and_files_with_many_columns_are_described(tmp_path):
    empty = parquet(tmp_path / "empty.parquet", a=pa.array([], pa.int64()))
    assert "The fields of the first 0 records" in demo("--data", empty).stdout
    wide = parquet(tmp_path / "wide.parquet", **{f"c{number:03}": [number, None] for number in range(500)})
    text = demo("--data", wide).stdout
    assert len(re.findall(r"^c\d{3} +│ long 1 +│ +1 │ +0$", text, re.MULTILINE)) == 500


def test_the_files_of_one_pattern_are_one_collection(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_text("n\n1\n")
    assert f"{tmp_path.name}.aggregate([" in demo("--data", str(tmp_path / "*.csv")).stdout


def asked(sample):
    return [(question.title, next(iter(question.pipeline[-1]))) for question in questions(sample)]


def test_only_values_that_repeat_are_counted():
    rows = [{"id": f"x{number}", "kind": "ab"[number % 2], "flag": True, "none": None} for number in range(100)]
    assert asked(rows) == [("rows", "$count"), ("kind", "$limit"), ("flag", "$limit")]
    assert asked([{"k": f"v{number % (FEW_VALUES + 1)}"} for number in range(200)]) == [("rows", "$count")]
    assert asked([{"k": 1}, {"k": 2}])[1:] == [("k", "$unset")]


def test_numbers_of_any_type_have_a_range():
    assert asked([{"a": 1.5, "b": {"c": 2}}, {"a": 7, "b": {"c": "x"}}, {"a": 3, "b": {"c": 5}}]) == [
        ("rows", "$count"), ("a", "$unset"), ("b.c", "$unset")]


def test_fields_that_a_pipeline_cannot_name_are_passed_over():
    assert asked([{"a.b": 1, "$c": 2, "": 3, "lists": [[1]], "d": {"x.y": 1}}] * 4) == [("rows", "$count")]


def test_what_lies_in_arrays_is_unwound():
    pipelines = [question.pipeline for question in questions([{"a": [{"b": [1, 2]}], "tags": ["x", "x"]}])[1:]]
    assert [[stage["$unwind"] for stage in pipeline if "$unwind" in stage] for pipeline in pipelines] == [
        ["$tags"], ["$a", "$a.b"]]


def test_nothing_is_asked_of_no_documents_but_their_number():
    assert asked([]) == [("rows", "$count")]
