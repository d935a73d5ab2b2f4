"""The canonical form of plans: it keeps everything, is the same in every process, and refuses what it cannot be."""

import importlib
import json
import os
import shutil
import subprocess
import sys

import pytest
from bson import Decimal128, Int64
from hypothesis import given
from strategies import values

from gatherum.errors import PipelineError
from gatherum.functions import registry
from gatherum.plan.expressions import (
    ROOT,
    AggregateCall,
    And,
    AnyElement,
    Call,
    Get,
    Lambda,
    Literal,
    MakeArray,
    MakeDocument,
    Matches,
    Not,
    Or,
    Variable,
    field,
)
from gatherum.plan.nodes import (
    BucketAuto,
    Documents,
    Facet,
    Filter,
    Group,
    Limit,
    Lookup,
    Project,
    Projection,
    ReplaceRoot,
    Sample,
    Scan,
    Shared,
    Skip,
    Sort,
    SortKey,
    Union,
    Unwind,
)
from gatherum.plan.serialize import fingerprint, from_canonical, to_canonical
from gatherum.types.values import MISSING

A = field("a")
ASKS = Matches(Variable(ROOT), ("a", "b"), "$in", Literal([1, None]))
EXPRESSIONS = [
    A, Literal(MISSING), Literal({"a": [Int64(1), 1.0, None]}),
    MakeDocument((("x", A), ("y", Literal(Decimal128("1"))))),
    MakeArray((A, Variable("NOW"))), Call("$ifNull", (A, Literal(0))), Call("$switch", (A, A, None)),
    Call("$map", (A, Lambda(("this",), Variable("this")))), ASKS, AnyElement(A, (), Lambda(("x",), Not(Variable("x")))),
    And((ASKS, Or(()))), Get(Variable("v"), ("b",))]
SUM = ("n", AggregateCall("$sum", A))
SCAN = Scan("orders", (("a",), ("b", "c")), ASKS, 5)
PLANS = [
    SCAN, Documents(MakeArray(())), Filter(SCAN, ASKS), Project(SCAN, "only", (Projection(("a",), "keep"), Projection(
        ("b", "c"), A))), ReplaceRoot(SCAN, A), Group(SCAN, A, (SUM,)), BucketAuto(SCAN, A, 3, (SUM,), "R5"),
    Sort(SCAN, (SortKey(("a",), True), SortKey(("b",))), 3), Limit(SCAN, 1), Skip(SCAN, 1), Sample(SCAN, 2, 7),
    Unwind(SCAN, ("a",), "i", True), Facet(SCAN, ("f", "g"), (Shared(), Limit(Shared(), 1))), Union(SCAN, Scan("more")),
    Lookup(SCAN, Scan("more"), ("c",), ("a",), ("b",), (("v", A),))]


@pytest.mark.parametrize("part", [*EXPRESSIONS, *PLANS], ids=lambda part: type(part).__name__)
def test_every_kind_survives(part):
    form = json.loads(json.dumps(to_canonical(part)))
    assert from_canonical(form) == part
    assert to_canonical(from_canonical(form)) == form


@given(values)
def test_every_literal_survives(value):
    assert from_canonical(json.loads(json.dumps(to_canonical(Literal(value))))) == Literal(value)


def test_documents_that_look_like_extended_json_stay_documents():
    literal = Literal({"$date": "2020-01-01T00:00:00Z", "x": [{"$numberInt": "5"}]})
    assert from_canonical(to_canonical(literal)).value == literal.value


def test_equal_nodes_are_listed_once():
    form = to_canonical(Union(Limit(Scan("a"), 1), Limit(Scan("a"), 1)))
    assert [node["type"] for node in form["nodes"]] == ["Scan", "Limit", "Union"]


def test_what_differs_in_type_alone_has_another_fingerprint():
    prints = {fingerprint(Literal(value)) for value in (1, Int64(1), 1.0, True, "1", None, MISSING, -0.0, 0.0, [], {})}
    assert len(prints) == 11
    assert fingerprint(Limit(Scan("a"), 1)) != fingerprint(Skip(Scan("a"), 1))


def test_defaults_do_not_show():
    assert to_canonical(Scan("a"))["nodes"] == [{"type": "Scan", "source": "a"}]


SCRIPT = """
from gatherum.plan.serialize import fingerprint
import test_plan_serialize
print(*[fingerprint(part) for part in test_plan_serialize.EXPRESSIONS + test_plan_serialize.PLANS])
"""


@pytest.mark.parametrize("seed", ["0", "4711"])
def test_fingerprints_are_the_same_in_another_process(seed):
    here = os.path.dirname(__file__)
    environment = {**os.environ, "PYTHONHASHSEED": seed,
                   "PYTHONPATH": os.pathsep.join([here, os.path.dirname(here), *filter(None, sys.path)])}
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [fingerprint(part) for part in [*EXPRESSIONS, *PLANS]]


def test_long_plans_have_a_canonical_form():
    plan = Scan("a")
    for _ in range(3000):
        plan = Skip(plan, 1)
    assert len(from_canonical(to_canonical(plan)).input.__slots__) == 2
    assert fingerprint(plan) == fingerprint(plan)


@pytest.mark.parametrize(("form", "message"), [
    ({"version": 99, "nodes": []}, "version 99"), ([], "version None"),
    ({"version": 1, "nodes": [{"type": "Teleport"}]}, "Teleport"),
    ({"version": 1, "expression": {"type": "Call", "function": "$nothing", "arguments": []}}, "no operator"),
    ({"version": 1, "expression": {"type": "Get", "path": ["a"]}}, "Get cannot be built"),
])
def test_forms_of_something_else_are_refused(form, message):
    with pytest.raises(PipelineError, match=message):
        from_canonical(form)


OWN = '''
from gatherum.functions.aggregate import Aggregate, AggregateState
from gatherum.functions.operator import operator
from gatherum.functions.registry import register
from gatherum.functions.signature import positional

@register
class Longest(Aggregate):
    name = "$longestOfMine"

    class State(AggregateState):
        length: int = 0

    def update(self, state, value, ordinal=0):
        state.length = max(state.length, len(value)){change}

    def merge(self, state, other):
        state.length = max(state.length, other.length)

    def finalize(self, state):
        return state.length

@operator("$twiceMine", positional("x"))
def twice(x):
    return x * 2

register(twice)
'''


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Writes a module of the user's own functions and imports it."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(module, change=""):
        (tmp_path / f"{module}.py").write_text(OWN.replace("{change}", change))
        importlib.invalidate_caches()
        return importlib.import_module(module)
    yield write
    forget_own_functions()
    for name in [name for name in sys.modules if name.startswith("own_functions_")]:
        del sys.modules[name]


def forget_own_functions():
    registry._own_aggregates.pop("$longestOfMine", None)
    registry._own_operators.pop("$twiceMine", None)


def _own_plan():
    return Group(Scan("a"), Call("$twiceMine", (A,)), (("n", AggregateCall("$longestOfMine", A)),))


def test_own_functions_are_named_by_their_source(own):
    own("own_functions_1")
    plan = _own_plan()
    form = to_canonical(plan)
    origin = form["nodes"][-1]["key"]["origin"]
    assert (origin["module"], origin["name"]) == ("own_functions_1", "twice")
    assert from_canonical(form) == plan


def test_who_lacks_an_own_function_refuses(own):
    own("own_functions_2")
    form = to_canonical(_own_plan())
    forget_own_functions()
    with pytest.raises(PipelineError, match="import own_functions_2"):
        from_canonical(form)


def test_another_source_is_refused(own, tmp_path):
    own("own_functions_3")
    form = to_canonical(_own_plan())
    del sys.modules["own_functions_3"]
    shutil.rmtree(tmp_path / "__pycache__", ignore_errors=True)
    own("own_functions_3", change=" + 1")
    with pytest.raises(PipelineError, match=r"source of own_functions_3\.Longest"):
        from_canonical(form)


def test_the_same_name_from_elsewhere_is_refused(own):
    own("own_functions_4")
    form = to_canonical(_own_plan())
    own("own_functions_5")
    with pytest.raises(PipelineError, match=r"here it is own_functions_5"):
        from_canonical(form)
