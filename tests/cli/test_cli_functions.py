"""`gatherum functions`."""

import pytest
from click.testing import CliRunner

from gatherum.cli.main import shell
from gatherum.cli.reference import arguments, entries
from gatherum.frontends.mongo.expressions import forms
from gatherum.frontends.mongo.stage import stages
from gatherum.functions.registry import aggregates, operators, predicates
from gatherum.functions.signature import Argument, either, named, positional, variadic


def functions(*words):
    return CliRunner().invoke(shell, ["functions", *words])


def test_everything_that_is_defined_is_listed_with_a_sentence():
    text = functions().stdout
    for name in [*stages(), *aggregates(), *operators(), *forms(), *predicates(), "$and", "$elemMatch", "$not", "$all"]:
        assert f"  {name} " in text
    assert all(entry.summary for entry in entries())


def test_a_name_is_documented_in_all_its_kinds():
    text = functions("$max").stdout
    assert "$max, aggregate\n\n  {$max: <expression>}\n" in text
    assert "$max, operator\n\n  {$max: [<value>, ...]}\n" in text
    assert '{"$max":[3,1,null]} is 3' in text


def test_the_dollar_and_the_case_may_be_left_out():
    assert functions("DATEADD").stdout == functions("$dateAdd").stdout != ""


def test_operators_that_only_shape_queries_are_documented():
    assert "$and, predicate\n\n  {$and: ...}\n\nTrue where every query of an array holds." in functions("and").stdout
    assert "  {field: {$not: ...}}\n" in functions("$not").stdout


@pytest.mark.parametrize("name", ["limit", "literal", "cond", "mod"])
def test_examples_and_syntax_are_shown(name):
    assert f"${name}" in functions(name).stdout


def test_an_unknown_name_is_answered_with_the_nearest():
    result = functions("$grop")
    assert result.exit_code == 1
    assert result.stderr == "error: there is no $grop; did you mean $group?\n"


@pytest.mark.parametrize(("signature", "written"), [
    (positional("number"), ["<number>"]), (positional("number", "place?"), ["[<number>, <place>?]"]),
    (variadic(), ["[<value>, ...]"]),
    (named("input", Argument("as", kind="name", default="this")), ["{input: <...>, as: <...>?}"]),
    (either(positional("date"), named("date", "timezone?")), ["<date>", "{date: <...>, timezone: <...>?}"])])
def test_signatures_are_written_as_pipelines_are(signature, written):
    assert arguments(signature) == written
