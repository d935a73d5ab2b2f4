"""An aggregate, an operator, a stage, a rule and a source are one new file each, and nothing else is edited."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import gatherum

AGGREGATE = '''
from gatherum.functions.aggregate import Aggregate, AggregateState


class Longest(Aggregate):
    """The length of the longest string."""

    name = "$longest"

    class State(AggregateState):
        length: int = 0

    def update(self, state, value, ordinal=0):
        if isinstance(value, str):
            state.length = max(state.length, len(value))

    def merge(self, state, other):
        state.length = max(state.length, other.length)

    def finalize(self, state):
        return state.length
'''

OPERATOR = '''
from gatherum.functions.operator import operator
from gatherum.functions.signature import positional


@operator("$double", positional("number"), null="null")
def double(number):
    """Twice the number."""
    return 2 * number
'''

STAGE = '''
from gatherum.frontends.mongo.stage import stage
from gatherum.plan.nodes import Limit


@stage("$head")
def head(argument, input, context):
    """The first documents."""
    return Limit(input, argument)
'''

RULE = '''
from gatherum.optimizer.rule import rule
from gatherum.plan.expressions import Not
from gatherum.plan.nodes import Filter


@rule("drop_double_negations", on=(Filter,), after=("merge_filters",))
def drop_double_negations(node, context):
    """What is not false is true."""
    match node:
        case Filter(input, Not(Not(predicate))):
            return Filter(input, predicate)
    return None
'''

SOURCE = '''
from gatherum.sources.document_file import undivided
from gatherum.sources.input_file import FileFormat


def read(file, faults, request):
    with file.open() as stream:
        text = stream.read()
    pairs = [line.split("=") for line in text.decode().splitlines()]
    yield [{"name": name, "n": int(number)} for name, number in pairs], len(text)


def open_pairs(file, *, on_bad, coverage):
    return undivided(file, read, on_bad, coverage)


FORMAT = FileFormat("pairs", (".pairs",), open_pairs)
'''

FILES = {"functions/aggregates/longest.py": AGGREGATE, "functions/operators/double.py": OPERATOR,
         "frontends/mongo/stages/head.py": STAGE, "optimizer/rules/drop_double_negations.py": RULE,
         "sources/pairs_file.py": SOURCE}

QUERY = '''
import json, sys
import gatherum as gm
from gatherum.functions.registry import aggregates
db = gm.connect({"pairs": sys.argv[1]})
pipeline = json.loads(sys.argv[2])
rules = {each["rule"] for each in db.pairs.explain(pipeline)["rules"]}
print(json.dumps([gm.__file__, db.pairs.aggregate(pipeline).to_list(), sorted(rules)]))
'''

@pytest.fixture
def extended(tmp_path):
    """A copy of the package with one file more of each kind."""
    copy = tmp_path / "gatherum"
    shutil.copytree(Path(gatherum.__file__).parent, copy)
    for place, text in FILES.items():
        (copy / place).write_text(f'"""An addition."""\n{text}', encoding="utf-8")
    (tmp_path / "data.pairs").write_text("one=1\ntwo=2\nthree=3\n", encoding="utf-8")
    return tmp_path


def test_a_query_may_use_a_new_part_of_every_kind(extended):
    pipeline = [{"$match": {"$nor": [{"$nor": [{"n": {"$gt": 1}}]}]}}, {"$head": 2},
                {"$group": {"_id": None, "longest": {"$longest": "$name"}, "total": {"$sum": {"$double": "$n"}}}}]
    command = [sys.executable, "-c", QUERY, "data.pairs", json.dumps(pipeline)]
    done = subprocess.run(command, cwd=extended, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    file, rows, rules = json.loads(done.stdout)
    assert Path(file).is_relative_to(extended)
    assert rows == [{"_id": None, "longest": 5, "total": 10}]
    assert "drop_double_negations" in rules
