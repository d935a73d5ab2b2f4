"""The command on a terminal: tables, progress, colours, Ctrl-C."""

import contextlib
import os
import re
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pexpect
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ARGUMENTS = ["-m", "gatherum.cli.main"]
PLAIN = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM", "COLUMNS")}


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.ndjson"
    path.write_text('{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}\n')
    return str(path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("terminal")


def lines(folder, count):
    path = folder / f"{count}.ndjson"
    path.write_text(('{"a": 1, "text": "' + "x" * 60 + '", "tags": ["a", "b", "c"]}\n') * count)
    return str(path)


@pytest.fixture(scope="module")
def some(folder):
    return lines(folder, 500_000)


@pytest.fixture(scope="module")
def big(folder):
    return lines(folder, 1_500_000)


def spawn(*words, environment=None, **given):
    return pexpect.spawn(sys.executable, [*ARGUMENTS, *words], encoding="utf-8", timeout=60, dimensions=(24, 100),
                         env={**PLAIN, "TERM": "xterm-256color", **(environment or {})}, **given)


def finished(child):
    text = child.read()
    child.close()
    return child.exitstatus, text


def test_a_terminal_gets_a_table(small):
    code, text = finished(spawn("run", "[]", small))
    assert code == 0
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert plain.splitlines() == ["a ┃ b", "━━╇━━", "1 │ x", "2 │ y", "2 rows"]
    assert plain != text


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_colours_where_they_are_not_wanted(small, environment):
    for words in (["run", "[]", small], ["run", "[{$no: 1}]", small], ["explain", "[]", small], ["functions", "max"]):
        assert "\x1b" not in finished(spawn(*words, environment=environment))[1]


def test_an_error_is_coloured(small):
    code, text = finished(spawn("run", "[{$no: 1}]", small))
    assert code == 1
    assert text.startswith("\x1b[31;1merror:\x1b[0m stage 1 ($no)")


def test_binary_formats_are_not_for_terminals(small):
    code, text = finished(spawn("run", "[]", small, "--format", "bson"))
    assert code == 2
    assert "bson is not for terminals" in text


def test_a_quick_query_shows_no_progress(small):
    assert "read" not in finished(spawn("run", "[]", small))[1]


def test_progress_is_shown_and_vanishes(some):
    slow = "[{$set: {s: {$sum: {$range: [0, 60]}}}}, {$group: {_id: '$a', n: {$sum: 1}, s: {$max: '$s'}}}]"
    code, text = finished(spawn("run", slow, some, "--engine", "rows"))
    assert code == 0
    shares = [int(percent) for percent in re.findall(r"(\d+)%, [\d,]+ rows read", text)]
    assert len(shares) > 1
    assert shares == sorted(shares)
    end = text[text.rindex("rows read"):]
    assert "\x1b[2K" in end
    assert "\x1b[?25h" in end
    assert "500000" in end
    assert "rows read" not in end[9:]


@pytest.mark.parametrize("words", [["--progress", "off"], []])
def test_progress_is_only_for_terminals_that_want_it(some, words):
    environment = {} if words else {"TERM": "dumb"}
    code, text = finished(spawn("run", "[{$count: 'n'}]", some, "--engine", "rows", *words, environment=environment))
    assert code == 0
    assert "rows read" not in text


# Ctrl-C

ENDED_WITHIN = 1.5
"""A second, and on a busy machine half of one for the end of the process."""
LONG = "[{$sort: {f: 1}}, {$group: {_id: '$i', all: {$push: '$f'}}}, {$sort: {all: 1}}]"
PYTHON = """
import glob, os, sys, tempfile
import gatherum as gm
path, out = sys.argv[1:]
try:
    CALL
except KeyboardInterrupt:
    print("caught", len(glob.glob(tempfile.gettempdir() + "/*/*")), os.path.exists(out), flush=True)
    settings = {"engine": "columnar", "kernels": "off", "progress": "off"}
    print("next", gm.aggregate([{"a": 1}, {"a": 2}], [{"$sort": {"a": -1}}], **settings).to_list())
"""


@pytest.fixture(scope="module")
def columns(folder):
    """A file whose rows take long to sort and to group."""
    chance = np.random.default_rng(1)
    path = folder / "columns.parquet"
    rows = 3_000_000
    pq.write_table(pa.table({"i": chance.integers(0, rows, rows), "f": chance.random(rows)}), path)
    return str(path)


@pytest.fixture
def temporary(tmp_path):
    (tmp_path / "temporary").mkdir()
    return tmp_path / "temporary"


def ended_by_an_interrupt(child, temporary):
    start = time.monotonic()
    child.sendintr()
    code, text = finished(child)
    assert time.monotonic() - start < ENDED_WITHIN
    assert code == 130
    assert text.endswith("interrupted\r\n")
    assert "Traceback" not in text
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("words", [["run", "[{$group: {_id: '$text'}}]"], ["schema"],
                                   ["explain", "[{$sort: {a: 1}}]", "--execute"]])
def test_an_interrupt_ends_a_scan_within_a_second(big, temporary, words):
    command, *rest = words
    engine = [] if command == "schema" else ["--engine", "rows"]
    child = spawn(command, *rest, big, *engine, environment={"TMPDIR": str(temporary)})
    child.expect("rows read")
    ended_by_an_interrupt(child, temporary)


@pytest.mark.parametrize("threads", ["1", "2"])
def test_an_interrupt_ends_kernels_within_a_second(columns, temporary, threads):
    child = spawn("run", LONG, columns, "--threads", threads, environment={"TMPDIR": str(temporary)})
    child.expect("100%, 3,000,000 of 3,000,000 rows read")
    ended_by_an_interrupt(child, temporary)


def wait_until_spilled(child, temporary):
    deadline = time.monotonic() + 60
    while not any(path.is_file() and path.stat().st_size for path in temporary.glob("*/*")):
        assert child.isalive()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_an_interrupt_ends_spilling_within_a_second(columns, temporary):
    child = spawn("run", LONG, columns, "--memory-limit", "40MB", environment={"TMPDIR": str(temporary)})
    wait_until_spilled(child, temporary)
    ended_by_an_interrupt(child, temporary)


@pytest.fixture
def empty_cache(tmp_path):
    """An empty kernel cache; the compiler that fills it is ended."""
    variable = f"GATHERUM_KERNEL_CACHE={tmp_path / 'kernels'}"
    yield dict([variable.split("=")])
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if variable in (process / "environ").read_text().split("\0"):
                os.kill(int(process.name), signal.SIGKILL)


def test_an_interrupt_ends_a_compilation_within_a_second(columns, temporary, empty_cache):
    child = spawn("run", LONG, columns,
                  environment={"TMPDIR": str(temporary), "GATHERUM_KERNELS": "on", **empty_cache})
    child.expect("0%, 0 of 3,000,000 rows read")
    ended_by_an_interrupt(child, temporary)


def interrupted_in_python(call, path, temporary, phase, **environment):
    """Runs a call in a process of its own and interrupts it in a phase: once a text is shown, or rows are on disk."""
    script = PYTHON.replace("CALL", call)
    out = temporary.parent / "out.ndjson"
    child = pexpect.spawn(sys.executable, ["-c", script, path, str(out)], encoding="utf-8", timeout=60,
                          dimensions=(24, 100), env={**PLAIN, "TERM": "xterm-256color", "TMPDIR": str(temporary),
                                                     **environment})
    if phase == "spilled":
        wait_until_spilled(child, temporary)
    else:
        child.expect(phase)
    start = time.monotonic()
    child.sendintr()
    child.expect("caught")
    assert time.monotonic() - start < ENDED_WITHIN
    code, text = finished(child)
    assert (code, text.split("\r\n")) == (0, [" 0 False", "next [{'a': 2}, {'a': 1}]", ""])
    assert list(temporary.iterdir()) == []


GROUPED = 'gm.aggregate(path, [{"$sort": {"f": 1}}, {"$group": {"_id": "$i", "all": {"$push": "$f"}}}]'
SCANNED = 'gm.aggregate(path, [{"$set": {"n": {"$size": "$tags"}}}, {"$group": {"_id": "$n", "a": {"$sum": "$a"}}}]'
READING = r"[1-9]\d*%, [\d,]+ rows read"


@pytest.mark.parametrize("call", [
    f'{SCANNED}, engine="rows").to_list()', f'{SCANNED}, rows_engine_limit=0).to_list()',
    f'{SCANNED}, rows_engine_limit=0, threads=1).to_arrow()', 'gm.aggregate(path, []).write(out)',
    'for row in gm.aggregate(path, [{"$match": {"a": 2}}], engine="rows"): pass'])
def test_in_python_a_scan_ends_with_a_keyboard_interrupt(big, temporary, call):
    interrupted_in_python(call, big, temporary, READING)


def test_in_python_so_does_a_compilation(columns, temporary, empty_cache):
    interrupted_in_python(f"{GROUPED}).to_list()", columns, temporary, "0%, 0 of 3,000,000 rows read",
                          GATHERUM_KERNELS="on", **empty_cache)


def test_in_python_so_do_kernels(columns, temporary):
    interrupted_in_python(f"{GROUPED}).to_list()", columns, temporary, "100%, 3,000,000 of 3,000,000 rows read")


def test_in_python_so_does_spilling(columns, temporary):
    interrupted_in_python(f'{GROUPED}, memory_limit="40MB").to_list()', columns, temporary, "spilled")
