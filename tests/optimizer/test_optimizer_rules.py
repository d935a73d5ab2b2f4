"""Each rule's golden file: the plan before, the plan after; and both give the same rows, on both engines.

`WRITE_GOLDEN=1 pytest tests/optimizer/test_optimizer_rules.py` writes the golden files anew; read what changed.
"""

import os
import pkgutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from optimizer.plan_strategies import many_rows, run, run_columnar
from optimizer.rule_cases import CASES, CORNERS
from optimizer.short_plans import ACCEPTING

import gatherum.optimizer.rules
from gatherum.errors import GatherumError
from gatherum.optimizer.driver import optimize
from gatherum.optimizer.order import ORDER
from gatherum.plan.render import render

GOLDEN = Path(__file__).parent / "golden"
RULES = {rule.name: rule for rule in ORDER}


def _after(rule, plan):
    return optimize(plan, ACCEPTING, [RULES[rule]]).plan


def _text(rule):
    parts = []
    for name, plan in CASES[rule].items():
        after = _after(rule, plan)
        parts.append(f"== {name}\n{render(plan)}\n=>\n{'unchanged' if after == plan else render(after)}\n")
    return "\n".join(parts)


@pytest.mark.parametrize("rule", RULES)
def test_rules_change_plans_as_their_golden_files_say(rule):
    file = GOLDEN / f"{rule}.txt"
    text = _text(rule)
    if os.environ.get("WRITE_GOLDEN"):
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


def test_golden_files_are_those_of_the_rules():
    assert {file.stem for file in GOLDEN.iterdir()} == set(RULES) == set(CASES)


def _check(plan, after, one, two):
    sources = {"one": one, "two": two, "three": two}
    before = run(plan, sources)
    if not isinstance(before, GatherumError):
        assert run(after, sources) == before


@pytest.mark.parametrize("rule", CASES)
def test_plans_before_and_after_a_rule_give_the_same_rows(rule):
    pairs = [(plan, _after(rule, plan)) for plan in CASES[rule].values()]

    @settings(max_examples=10)
    @given(many_rows, many_rows)
    def on_generated_rows(one, two):
        for plan, after in pairs:
            _check(plan, after, one, two)

    for plan, after in pairs:
        for start in range(len(CORNERS)):
            _check(plan, after, CORNERS[start:start + 1], CORNERS)
            _check(plan, after, CORNERS[start:start + 4], CORNERS[:3])
    on_generated_rows()


@pytest.mark.parametrize("rule", CASES)
def test_plans_before_and_after_a_rule_give_the_same_rows_on_both_engines(rule, tmp_path):
    answered = 0
    for plan in CASES[rule].values():
        after = _after(rule, plan)
        for start, end in ((0, 12), (0, 4), (4, 8), (8, 12)):
            two = CORNERS[:12 - start]
            sources = {"one": CORNERS[start:end], "two": two, "three": two}
            before = run(plan, sources)
            if not isinstance(before, GatherumError):
                answered += 1
                assert run(after, sources) == before
                assert run_columnar(plan, sources, tmp_path, morsel_rows=3) == before
                assert run_columnar(after, sources, tmp_path, morsel_rows=3) == before
    assert answered


def test_the_order_lists_every_rule_after_those_it_needs():
    modules = {info.name for info in pkgutil.iter_modules(gatherum.optimizer.rules.__path__)}
    assert modules == set(RULES)
    for position, rule in enumerate(ORDER):
        assert set(rule.after) <= {earlier.name for earlier in ORDER[:position]}, rule.name
        assert rule.documentation
