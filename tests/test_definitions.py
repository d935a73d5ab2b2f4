"""Definitions are found by name in the modules that mention it, and no more modules than these are imported."""

import sys

import pytest

from gatherum.definitions import Definitions
from gatherum.frontends.mongo.expressions import forms as syntax
from gatherum.frontends.mongo.stage import stages
from gatherum.functions import registry
from gatherum.kernels.forms import forms, lazy_forms, predicate_forms
from gatherum.kernels.states.choose import layouts
from gatherum.rows.interpreter import interpreters
from gatherum.sinks import files as sinks
from gatherum.sources import files as sources

AGGREGATES, OPERATORS = registry.aggregates().maps[-1], registry.operators().maps[-1]
KINDS = [AGGREGATES, OPERATORS, registry.predicates(), stages(), syntax(), interpreters(), forms(), lazy_forms(),
         predicate_forms(), layouts(), sources.formats(), sources._BY_SUFFIX, sinks.formats(), sinks._BY_SUFFIX]


@pytest.mark.parametrize("known", KINDS, ids=lambda known: known._package)
def test_every_name_is_written_in_the_module_that_defines_it(known):
    for name, value in known.items():
        assert Definitions(known._package, known._defines, known._word)[name] is value


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of two modules and a subpackage."""
    folder = tmp_path / "lately_added"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "one.py").write_text('ONE = {"name": "one"}\n')
    (folder / "two.py").write_text('TWO = {"name": "two", "see": "three"}\n')
    (folder / "below").mkdir()
    (folder / "below" / "__init__.py").write_text('raise ImportError("subpackages are no modules of the package")')
    monkeypatch.syspath_prepend(tmp_path)
    yield "lately_added"
    for name in [name for name in sys.modules if name.startswith("lately_added")]:
        del sys.modules[name]


def named(value, module):
    return (value["name"],) if isinstance(value, dict) and "name" in value else ()


def test_only_modules_that_mention_a_name_are_imported(package):
    known = Definitions(package, named)
    assert known["one"]["name"] == "one"
    assert "lately_added.two" not in sys.modules
    assert "three" not in known and "lately_added.two" in sys.modules


def test_all_are_found_where_all_are_asked_for(package):
    known = Definitions(package, named)
    assert list(known) == ["one", "two"] and len(known) == 2
