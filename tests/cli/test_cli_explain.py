"""`gatherum explain`."""

import json

import pytest
from click.testing import CliRunner

from gatherum.cli.main import shell
from gatherum.cli.operators import operator_lines, plan_lines

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
    before, _, after = text.partition("plan after the optimizer")
    assert "engine rows: the input is small" in before
    assert "rule limit_sort" in before
    assert "Limit  1\n└─ Sort  qty desc\n   └─ Filter  qty > 1\n      └─ Scan  orders" in before
    assert after.strip() == "Sort  qty desc  limit 1\n└─ Filter  qty > 1\n   └─ Scan  orders"


def test_nothing_is_run_unless_asked(tmp_path):
    path = tmp_path / "broken.ndjson"
    path.write_text("{broken\n")
    assert "plan as written" in explain("[]", str(path))


def test_executed_every_operator_has_its_figures(orders):
    text = explain(PIPELINE, orders, "--execute")
    assert "execution 1 row in" in text
    assert "rows in 3, out 2; selectivity 66.7 % measured, ? estimated" in text
    assert "held ?, spilled ?" in text
    assert "rows out 3" in text


def test_the_same_is_there_as_json(orders):
    found = json.loads(explain(PIPELINE, orders, "--execute", "--format", "json"))
    assert found["engine"] == "rows"
    assert [fired["rule"] for fired in found["rules"]] == ["limit_sort"]
    assert found["executionStats"]["operators"]["name"] == "Sort"


def test_plans_are_drawn_as_trees(capsys):
    import sys

    assert plan_lines(["Union", "  Limit  1", "    Scan  a", "  other: Scan  b"], sys.stdout) == [
        "Union", "├─ Limit  1", "│  └─ Scan  a", "└─ other: Scan  b"]


def operator(name, inputs=(), **figures):
    unknown = dict.fromkeys(("rows_in", "rows_out", "batches", "seconds", "bytes_held", "bytes_spilled"))
    return {"name": name, "engine": "", "why": "", "details": {}, "inputs": list(inputs), **unknown, **figures}


def test_figures_that_are_not_known_are_question_marks(capsys):
    import sys

    line, *notes = operator_lines(operator("Sort"), ["Sort  a"], "", sys.stdout)
    assert line == "Sort  a"
    assert [note.strip() for note in notes] == [
        "engine ?", "rows in ?, out ?; selectivity ? measured, ? estimated", "batches ?; time ?; held ?, spilled ?"]


def test_details_and_reasons_are_shown(capsys):
    import sys

    made = operator("Group", engine="columnar", why="two numbers", bytes_held=1_500_000, bytes_spilled=0,
                    details={"method": "coded keys", "slots": 2000, "filled": {"$toUpper": 3}})
    text = "\n".join(operator_lines(made, [], "columnar", sys.stdout))
    assert "engine columnar: two numbers" in text
    assert "held 1.5 MB, spilled 0 B" in text
    assert "method: coded keys" in text
    assert "slots: 2,000" in text
    assert "filled: $toUpper 3" in text


def test_the_runs_of_a_subplan_stand_together(capsys):
    import sys

    run = operator("Filter", [operator("Shared", rows_out=3)], rows_in=3, rows_out=1)
    tree = operator("Lookup", [operator("Scan", rows_out=2), operator("Scan", rows_out=3), *[run] * 2])
    text = "\n".join(operator_lines(tree, ["Lookup", "  Scan  a", "  other: Filter", "    Scan  b"], "", sys.stdout))
    assert text.count("Filter") == 1
    assert "ran 2 times, together" in text
    assert "rows in 6, out 2" in text
    assert text.count("Scan") == 2
