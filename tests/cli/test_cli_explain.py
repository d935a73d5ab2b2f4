"""`gatherum explain`."""

import json
import re
import sys

import pytest
from click.testing import CliRunner

from gatherum.cli.main import shell
from gatherum.cli.operators import estimate_lines, operator_lines, plan_lines

PIPELINE = '[{$match: {qty: {$gt: 1}}}, {$sort: {qty: -1}}, {$limit: 1}]'


@pytest.fixture
def orders(tmp_path):
    path = tmp_path / "orders.ndjson"
    path.write_text('{"qty": 1}\n{"qty": 2}\n{"qty": 3}\n')
    return str(path)


def explain(*words):
    result = CliRunner().invoke(shell, ["explain", *words])
    assert result.exit_code == 0, result.stderr
    return result.stdout


def test_the_plan_is_shown_before_and_after_with_the_rules(orders):
    text = explain(PIPELINE, orders)
    before, _, after = text.partition("plan after the optimizer\n")
    assert "engine rows: the input is small" in before
    assert "rule limit_sort: before\nLimit  1\nSort  qty desc\nFilter  qty > 1  ...\n" in before
    assert "rule limit_sort: after\nSort  qty desc  limit 1\nFilter  qty > 1  ...\n" in before
    assert after.startswith("Sort  qty desc  limit 1\nFilter  qty > 1\nScan  orders\n")


def test_nothing_is_run_unless_asked(tmp_path):
    path = tmp_path / "broken.ndjson"
    path.write_text("{broken\n")
    assert "plan as written" in explain("[]", str(path))


def test_executed_every_operator_has_its_figures_in_aligned_columns(orders):
    text = explain(PIPELINE, orders, "--execute")
    _, _, executed = text.partition("execution 1 row in ")
    assert re.match(r"[\d.]+ (µs|ms|s), planned in [\d.]+ (µs|ms|s)\n", executed)
    heading, *lines = executed.splitlines()[1:]
    names = ("engine", "rows in", "rows out", "selects", "held", "spilled")
    columns = {name: heading.index(name) + len(name) for name in names}
    rows = {line.split()[0]: line for line in lines if line[0].isalpha()}
    found = {name: {column: line[:end].split("  ")[-1].strip() for column, end in columns.items()}
             for name, line in rows.items()}
    assert found["Filter"] == dict(zip(names, ("rows", "3", "2", "66.7 %", "-", "-"), strict=True))
    assert (found["Sort"]["rows in"], found["Sort"]["rows out"], found["Sort"]["spilled"]) == ("2", "1", "0 B")
    assert found["Sort"]["held"].endswith(" B")
    assert (found["Scan"]["rows in"], found["Scan"]["rows out"]) == ("", "3")
    assert "│    qty > 1" in lines


def test_the_same_is_there_as_json(orders):
    found = json.loads(explain(PIPELINE, orders, "--execute", "--format", "json"))
    assert found["engine"] == "rows"
    assert [fired["rule"] for fired in found["rules"]] == ["limit_sort"]
    assert [each["name"] for each in found["executionStats"]["operators"]] == ["Sort", "Filter", "Scan"]
    planned = json.loads(explain(PIPELINE, orders, "--format", "json"))
    assert [each["seconds"] for each in planned["operators"]] == [None] * 3


def test_very_long_pipelines_are_explained(orders):
    pipeline = json.dumps([{"$unwind": "$qty"}] * 400)
    assert len(json.loads(explain(pipeline, orders, "--execute", "--format", "json"))["executionStats"]["operators"]) \
        == 401
    text = explain(pipeline, orders, "--execute")
    assert max(map(len, text.splitlines())) <= 100


def test_plans_are_drawn_as_trees_that_grow_only_where_they_branch():
    assert plan_lines(["Union", "  Limit  1", "    Scan  a", "  other: Scan  b"], sys.stdout) == [
        "Union", "├─ Limit  1", "│  Scan  a", "└─ other: Scan  b"]


def test_long_lines_of_a_plan_are_wrapped():
    names = ", ".join(f"field{number}" for number in range(60))
    lines = plan_lines([f"Project  only  {names}", "  Scan  a"], sys.stdout)
    assert len(lines) > 3 and max(map(len, lines)) <= 98
    assert lines[1].startswith("│      field")


def operator(name, inputs=(), subplans=(), **figures):
    unknown = dict.fromkeys(("rows_in", "rows_out", "rows_estimated", "selectivity", "selectivity_estimated", "batches",
                             "seconds", "bytes_held", "bytes_spilled"))
    return {"name": name, "operator": name, "engine": "", "why": "", "details": {}, "inputs": list(inputs),
            "subplans": dict(subplans), **unknown, **figures}


def test_figures_that_are_not_known_are_question_marks():
    _, line, *notes = operator_lines([operator("Sort")], "", sys.stdout)
    assert line.split() == ["Sort"] + ["?"] * 9
    assert notes == []


def test_what_the_statistics_promise_is_shown():
    lines = estimate_lines([operator("Filter", [1], rows_estimated=33.4, selectivity_estimated=1 / 3),
                            operator("Scan", rows_estimated=100)], sys.stdout)
    assert [line.split() for line in lines] == [["rows", "expected", "selects"], ["Filter", "33", "33.3", "%"],
                                                ["Scan", "100"]]


def test_details_and_reasons_are_shown():
    made = operator("Group", engine="rows", why="two numbers", bytes_held=1_500_000, bytes_spilled=0, seconds=1.5,
                    details={"method": "coded keys", "slots": 2000, "expressions": {"add(a, b)": {}, "toUpper(c)":
                                                                                 {"$toUpper": 3000}}})
    text = "\n".join(operator_lines([made], "columnar", sys.stdout))
    assert "rows: two numbers" in text
    assert "1.50 s  1.5 MB      0 B" in text
    assert "method: coded keys" in text
    assert "slots: 2,000" in text
    assert "kernels: add(a, b)" in text
    assert "by meaning: toUpper(c) ($toUpper for 3,000 rows)" in text


def test_subplans_stand_below_with_their_names():
    lines = operator_lines([operator("Lookup", [1], {"other": 2}), operator("Scan"), operator("Filter", [3]),
                            operator("Scan")], "", sys.stdout)
    assert [line.split("  ")[0] for line in lines[1:]] == ["Lookup", "├─ Scan", "└─ other: Filter", ""]
    assert lines[-1].startswith("   Scan")
