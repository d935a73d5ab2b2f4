"""The examples in the definitions of operators, predicates and stages hold, and everything is documented."""

import pytest
from bson import encode

import gatherum as gm
from gatherum.errors import GatherumError
from gatherum.frontends.mongo.expressions import forms
from gatherum.frontends.mongo.stage import stages
from gatherum.functions.registry import operators, predicates
from gatherum.types.values import MISSING

OPERATOR_EXAMPLES = [(name, *example) for name, operator in operators().items() for example in operator.examples]
PREDICATE_EXAMPLES = [(name, *example) for name, predicate in predicates().items() for example in predicate.examples]
STAGE_EXAMPLES = [(name, *example) for name, stage in stages().items() for example in stage.examples]


@pytest.mark.parametrize(("name", "expression", "value"), OPERATOR_EXAMPLES)
def test_operator(name, expression, value):
    (row,) = gm.aggregate([{}], [{"$project": {"value": expression}}]).to_list()
    assert encode(row) == encode({} if value is MISSING else {"value": value})


def with_a_null(expression):
    """The call with null in the place of one argument, for each of them."""
    ((name, arguments),) = expression.items()
    if isinstance(arguments, dict) and operators()[name].signature.form != "positional":
        return [{name: {**arguments, key: None}} for key in arguments]
    if isinstance(arguments, list):
        return [{name: [*arguments[:place], None, *arguments[place + 1:]]} for place in range(len(arguments))]
    return [{name: None}]


NULL_EXAMPLES = [call for name, expression, _ in OPERATOR_EXAMPLES
                 if getattr(operators()[name], "null", None) == "null" for call in with_a_null(expression)]


@pytest.mark.parametrize("call", NULL_EXAMPLES, ids=str)
def test_null_makes_null_or_an_error_where_the_operator_says_so(call):
    try:
        rows = gm.aggregate([{}], [{"$project": {"_id": 0, "value": call}}]).to_list()
    except GatherumError:
        return
    assert rows == [{"value": None}]


@pytest.mark.parametrize(("name", "value", "argument", "matches"), PREDICATE_EXAMPLES)
def test_predicate(name, value, argument, matches):
    document = {} if value is MISSING else {"field": value}
    found = gm.aggregate([document], [{"$match": {"field": {name: argument}}}]).to_list()
    assert bool(found) is matches


@pytest.mark.parametrize(("name", "documents", "argument", "output"), STAGE_EXAMPLES)
def test_stage(name, documents, argument, output):
    collections = {"input": documents, "other": [{"_id": 1, "b": 2}]}
    db = gm.connect(collections)
    run = db.aggregate if stages()[name].first_only else db.input.aggregate
    found = run([{name: argument}]).to_list()
    assert sorted(map(encode, found)) == sorted(map(encode, output))


@pytest.mark.parametrize("name", sorted(operators()))
def test_every_operator_has_examples_and_documentation(name):
    operator = operators()[name]
    assert operator.examples or name in forms() or not operator.deterministic
    assert len(operator.documentation) > 20


@pytest.mark.parametrize("name", sorted(stages()))
def test_every_stage_has_examples_and_documentation(name):
    assert stages()[name].examples
    assert len(stages()[name].documentation) > 20


@pytest.mark.parametrize("name", sorted(predicates()))
def test_every_predicate_has_examples_and_documentation(name):
    assert predicates()[name].examples or predicates()[name].negates
    assert len(predicates()[name].documentation) > 20
