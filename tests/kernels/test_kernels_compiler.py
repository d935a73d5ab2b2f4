"""The cache of compiled kernels: complete or not used, of this version or not used, and never compiled in a query."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numba
import numpy as np
import pytest

import gatherum
from gatherum.functions.aggregate import Aggregate, AggregateState
from gatherum.kernels import compiler, generations, overloads
from gatherum.kernels.columns.build import column_of
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.states.choose import states_for
from gatherum.kernels.states.records import RecordStates

FACTOR = 2
PACKAGE = Path(gatherum.__file__).parent


@pytest.fixture(autouse=True)
def separate_cache(tmp_path, monkeypatch):
    """Every test has an empty cache, and helpers of its own."""
    monkeypatch.setattr(compiler, "_base", tmp_path / "cache")
    monkeypatch.setattr(compiler, "_helpers", {})
    monkeypatch.setattr(compiler, "_complete_seen", set())
    monkeypatch.setattr(compiler.asked, "mode", "auto", raising=False)
    yield
    for helper in compiler._helpers.values():
        helper.kill()
        helper.wait()


def eventually(condition, seconds=120):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s")


def run(program, cache, *paths):
    """What a process prints."""
    environment = {**os.environ, "GATHERUM_KERNEL_CACHE": str(cache), "PYTHONPATH": os.pathsep.join(map(str, paths))}
    return subprocess.run([sys.executable, "-P", "-c", program], env=environment, check=True, text=True,
                          capture_output=True).stdout.strip()


def test_an_empty_cache_is_filled_by_the_helper_while_queries_go_on():
    start = time.monotonic()
    assert not compiler.available("auto")
    assert compiler.obstacle() == "the kernels are being compiled"
    assert not compiler.available("auto")
    assert time.monotonic() - start < 2
    assert len(compiler._helpers) == 1
    assert not compiler.available("off")
    eventually(lambda: compiler.available("auto"))
    assert compiler.obstacle() == ""
    found = {path.name.split("-")[0] for path in compiler.cache_directory().glob("*.nbi")}
    kernels = [each.python for each in compiler.all_kernels()]
    assert found == {f"{each.__module__.split('.')[-1]}.{each.__name__}" for each in kernels}
    program = """
from gatherum.kernels import compiler, coding
assert compiler.available("auto")
print(dict(coding.place_words.load().stats.cache_misses))
"""
    assert run(program, compiler.cache_directory().parent, PACKAGE.parent) == "{}"


def test_a_changed_source_has_another_directory(tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(PACKAGE, copy / "gatherum", ignore=shutil.ignore_patterns("__pycache__"))
    program = "from gatherum.kernels import compiler; print(compiler.cache_directory().name)"
    keys = [run(program, tmp_path, copy)]
    for changed in ("kernels/intrinsics.py", "kernels/functions/totals.py", "types/values.py"):
        with open(copy / "gatherum" / changed, "a") as file:
            file.write("\n")
        keys.append(run(program, tmp_path, copy))
    assert len(set(keys)) == 4
    assert keys[0] == compiler.version_key()


def test_nothing_is_kept_once_the_sources_have_changed(monkeypatch):
    monkeypatch.setattr(compiler, "_digest_of_sources", lambda: "other")
    made = compiler.compiled(lambda x: x + 1, "int64(int64)", "stamp")
    assert made(1) == 2
    assert not list(compiler.cache_directory().glob("*.nbi"))


def test_a_cache_that_cannot_be_written_serves_one_process(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    compiler.use_cache(tmp_path / "file")
    assert compiler.compiled(lambda x: x + 2, "int64(int64)", "stamp")(1) == 3
    monkeypatch.setattr(compiler, "all_kernels", lambda: iter(()))
    assert compiler.available("on")
    assert compiler.available("auto")


def test_a_helper_that_fails_is_reported():
    compiler.cache_directory().parent.mkdir(parents=True)
    compiler.cache_directory().touch()                              # where a directory should be
    assert not compiler.available("auto")
    eventually(lambda: compiler._helpers[()].poll() is not None)
    assert "the compiler" in compiler.obstacle()
    assert not compiler.available("auto")


def test_failures_are_written_down_in_one_line():
    path = compiler.cache_directory() / "x.failed"
    compiler.write_failure(path, ValueError("Failed in nopython mode\n- because of this\nand that"))
    assert compiler.failure("x.failed") == "the compiler failed: ValueError: because of this"
    assert compiler.failure("y.failed") == ""


def test_old_generations_are_forgotten_and_those_in_use_are_not(tmp_path):
    base = tmp_path / "generations"
    long_ago = time.time() - 30 * 24 * 3600
    for number in range(8):
        directory = base / str(number)
        directory.mkdir(parents=True)
        (directory / compiler.COMPLETE).touch()
        os.utime(directory / compiler.COMPLETE, (long_ago + number,) * 2)
        os.utime(directory, (long_ago + number,) * 2)
    (base / "0" / compiler.COMPLETE).touch()
    generations.forget_old_generations(base)
    assert {path.name for path in base.iterdir()} == {"0", "5", "6", "7"}


def test_the_time_of_the_last_use_is_kept(monkeypatch):
    mark = compiler.cache_directory() / compiler.COMPLETE
    mark.parent.mkdir(parents=True)
    mark.touch()
    os.utime(mark, (1, 1))
    assert compiler.available("auto")
    assert mark.stat().st_mtime > 1000


@numba.njit
def helper_function(value):
    return value * FACTOR


class Doubled(Aggregate):
    """The sum of all numbers, doubled: its overloads use a global and a function of this module."""

    name = "$doubled"
    skips_nulls = True

    class State(AggregateState):
        total: int = 0
        seen: bool = False

    def update(self, state, value, ordinal=0):
        if type(value) is int:
            self.update_int64(state, value)

    def merge(self, state, other):
        self.merge_states(state, other)

    def finalize(self, state):
        return state.total if state.seen else None

    @staticmethod
    def update_int64(state, value):
        state.total += helper_function(value)
        state.seen = True

    @staticmethod
    def merge_states(state, other):
        state.total += other.total
        state.seen = state.seen or other.seen


class Unfit(Doubled):
    """An overload that numba cannot compile."""

    name = "$unfit"

    @staticmethod
    def update_int64(state, value):
        state.total += len(vars())


class Shapeless(Doubled):
    """A state that is no record."""

    name = "$shapeless"

    class State(AggregateState):
        total: bytes = b""


def answers(states):
    states.grow(2)
    states = states.update(np.array([0, 1, 0], np.int32), column_of([1, 2, 3]), 0)
    return values_of(states.finalize(np.arange(2)))


def test_overloads_are_compiled_by_the_helper_and_loaded_here():
    waiting = states_for(Doubled(), True)
    assert waiting.how == "by its meaning: its overloads are being compiled"
    assert answers(waiting) == [8, 4]
    states = eventually(lambda: (made := states_for(Doubled(), True)) and isinstance(made, RecordStates) and made)
    assert answers(states) == [8, 4]
    for loop in (states.loops.update_int64, states.loops.merge_states):
        assert sum(loop.stats.cache_hits.values()) == 1
        assert not loop.stats.cache_misses


def test_overloads_that_cannot_be_compiled_are_explained_and_not_tried_again():
    states = eventually(lambda: (made := states_for(Unfit(), True)) and "failed" in made.how and made)
    assert states.how.startswith("by its meaning: the compiler failed: TypingError")
    helpers = len(compiler._helpers)
    overloads._loops.clear()                                        # as a new process would
    assert states_for(Unfit(), True).how == states.how
    assert len(compiler._helpers) == helpers


def test_states_that_are_no_records_are_explained():
    how = states_for(Shapeless(), True).how
    assert how == "by its meaning: overloads need a state of int, float and bool fields only"


def test_the_mode_on_compiles_overloads_here(monkeypatch):
    monkeypatch.setattr(compiler.asked, "mode", "on")
    states = states_for(Doubled(), True)
    assert isinstance(states, RecordStates)
    assert answers(states) == [8, 4]
    assert not compiler._helpers
    assert "the compiler failed" in states_for(Unfit(), True).how


def test_a_fingerprint_knows_constants_globals_and_functions_called(monkeypatch):
    def adds(constant):
        return lambda value: value + constant

    before = overloads.fingerprint(Doubled.update_int64)
    assert before == overloads.fingerprint(Doubled.update_int64)
    monkeypatch.setitem(globals(), "FACTOR", 3)
    assert overloads.fingerprint(Doubled.update_int64) != before
    assert overloads.fingerprint(adds(1)) != overloads.fingerprint(adds(2))
    assert overloads.fingerprint(adds(1)) == overloads.fingerprint(adds(1))
    assert overloads.fingerprint(lambda v: [v for _ in (1, 2)]) != overloads.fingerprint(lambda v: [v for _ in (1, 3)])


def test_several_processes_compile_once():
    program = """
from gatherum.kernels import coding, compiler
made = coding.place_words
compiler.all_kernels = lambda: iter([made])
compiler.compile_all()
print(compiler.available("auto"))
"""
    cache = compiler.cache_directory().parent
    environment = {**os.environ, "GATHERUM_KERNEL_CACHE": str(cache), "PYTHONPATH": str(PACKAGE.parent)}
    processes = [subprocess.Popen([sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, text=True)
                 for _ in range(3)]
    assert [process.communicate()[0].strip() for process in processes] == ["True"] * 3
    assert len(list(compiler.cache_directory().glob("*.nbi"))) == 1
