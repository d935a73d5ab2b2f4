"""The order of the rules follows from what each says it comes after."""

import pytest

from gatherum.errors import InternalError
from gatherum.optimizer.order import in_order
from gatherum.optimizer.rule import Rule
from gatherum.plan.nodes import Skip


def named(name, *after, on=(Skip,)):
    return Rule(name, lambda node, context: None, on, after)


def names(*rules):
    return [rule.name for rule in in_order(rules)]


def test_rules_come_after_those_they_name():
    assert names(named("a", "c"), named("b"), named("c", "b")) == ["b", "c", "a"]


def test_rules_of_the_whole_plan_come_last_unless_others_need_them():
    assert names(named("a", on=()), named("b")) == ["b", "a"]
    assert names(named("a", on=()), named("b", "a")) == ["a", "b"]


@pytest.mark.parametrize("rules", [[named("a", "b"), named("b", "a")], [named("a", "b")]])
def test_an_order_that_cannot_be_is_an_error(rules):
    with pytest.raises(InternalError, match="a after b"):
        in_order(rules)
