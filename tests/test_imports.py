"""What is loaded when: a small query needs neither arrays nor a compiler."""

import subprocess
import sys

import pytest

HEAVY = ("numpy", "pyarrow", "numba", "sqlglot", "pandas", "polars", "pymongo")


def loaded_after(code):
    """The modules that a process has loaded when it has run the code."""
    script = f"{code}\nimport sys\nprint('\\n'.join(sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.ndjson"
    path.write_text('{"a": 1, "items": [{"b": "x"}]}\n{"a": 2, "items": []}\n')
    return str(path)


def test_the_package_alone_loads_nothing_heavy():
    assert loaded_after("import gatherum").isdisjoint((*HEAVY, "orjson", "bson", "rich", "click"))


@pytest.mark.parametrize("source", ["[{'a': 1}]", "PATH"])
def test_a_small_query_loads_nothing_heavy(small, source):
    source = repr(small) if source == "PATH" else source
    pipeline = [{"$unwind": "$items"}, {"$match": {"a": {"$gt": 0}}}, {"$set": {"c": {"$toUpper": "$items.b"}}},
                {"$group": {"_id": "$c", "n": {"$avg": "$a"}}}, {"$sort": {"n": 1}}]
    code = f"import gatherum as gm\ngm.aggregate({source}, {pipeline!r}).to_list()"
    assert loaded_after(code).isdisjoint((*HEAVY, "rich", "click"))


@pytest.mark.parametrize(("words", "also"), [
    (["run", "[{$unwind: '$items'}, {$group: {_id: '$items.b', n: {$sum: '$a'}}}]", "PATH"], "rich"),
    (["run", "[]", "PATH", "--format", "csv", "--lossy"], "rich"),
    (["run", "[]", "PATH", "--format", "table"], "numpy"),
    (["schema", "PATH"], "numpy"), (["explain", "[]", "PATH", "--execute"], "rich"), (["functions"], "rich"),
    (["convert", "PATH", "-o", "-", "--format", "bson"], "rich"), (["demo", "--help"], "orjson"),
    (["run", "--help"], "orjson")])
def test_the_command_loads_nothing_heavy(small, words, also):
    words = [word.replace("PATH", small) for word in words]
    code = f"from gatherum.cli.main import shell\nshell({words!r}, standalone_mode=False)"
    assert loaded_after(code).isdisjoint((*HEAVY, also))


def test_the_command_leaves_pandas_out_when_it_works_on_columns(small):
    code = f"""import sys
from gatherum.cli.main import main
sys.argv = ['gatherum', 'run', '{{$group: {{_id: "$a", n: {{$sum: 1}}}}}}', {small!r}, '--engine', 'columnar']
try:
    main()
except SystemExit as end:
    assert not end.code"""
    loaded = loaded_after(code)
    assert "pyarrow" in loaded and not any(name.startswith("pandas.") for name in loaded)
