"""An aggregate, an operator, a form, a stage, a rule and a source are one new file each, as CONTRIBUTING.md shows them,
and nothing else is edited."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import gatherum

GUIDE = Path(__file__).parent.parent / "CONTRIBUTING.md"
RECIPE = re.compile(r"<!-- recipe: (gatherum/\S+) -->\n```python\n(.*?)```", re.DOTALL)
RECIPES = dict(RECIPE.findall(GUIDE.read_text(encoding="utf-8")))

QUERY = '''
import json, sys
import gatherum as gm
from gatherum.functions.registry import aggregates
db = gm.connect({"pairs": sys.argv[1]}, kernels="off")
pipeline = json.loads(sys.argv[2])
rules = {each["rule"] for each in db.pairs.explain(pipeline)["rules"]}
initials = [{"$project": {"_id": 0, "i": {"$initial": "$name"}}}]
columnar = db.pairs.aggregate(initials, engine="columnar").to_list()
print(json.dumps([gm.__file__, db.pairs.aggregate(pipeline).to_list(), sorted(rules), columnar]))
'''


@pytest.fixture
def extended(tmp_path):
    """A copy of the package with one file more of each kind."""
    copy = tmp_path / "gatherum"
    shutil.copytree(Path(gatherum.__file__).parent, copy)
    for place, text in RECIPES.items():
        (tmp_path / place).write_text(text, encoding="utf-8")
    (tmp_path / "data.pairs").write_text("one=1\ntwo=2\nthree=3\n", encoding="utf-8")
    return tmp_path


def test_a_query_may_use_a_new_part_of_every_kind(extended):
    pipeline = [{"$match": {"$nor": [{"$nor": [{"n": {"$gt": 1}}]}]}}, {"$head": 2},
                {"$group": {"_id": {"$initial": "$name"}, "longest": {"$longest": "$name"}}}]
    command = [sys.executable, "-c", QUERY, "data.pairs", json.dumps(pipeline)]
    done = subprocess.run(command, cwd=extended, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    file, rows, rules, columnar = json.loads(done.stdout)
    assert Path(file).is_relative_to(extended)
    assert rows == [{"_id": "t", "longest": 5}]
    assert "drop_double_negations" in rules
    assert columnar == [{"i": "o"}, {"i": "t"}, {"i": "t"}]


def test_there_is_a_recipe_for_every_kind_of_part():
    assert {str(Path(place).parent) for place in RECIPES} == {
        "gatherum/functions/aggregates", "gatherum/functions/operators", "gatherum/kernels/functions",
        "gatherum/frontends/mongo/stages", "gatherum/optimizer/rules", "gatherum/sources"}
