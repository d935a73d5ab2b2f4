"""The command on a terminal: tables, progress, colours, Ctrl-C."""

import os
import re
import sys
import time

import pexpect
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
    return pexpect.spawn(sys.executable, [*ARGUMENTS, *words], encoding="utf-8", timeout=60, dimensions=(24, 60),
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


@pytest.mark.parametrize("words", [["run", "[{$group: {_id: '$text'}}]"], ["schema"],
                                   ["explain", "[{$sort: {a: 1}}]", "--execute"]])
def test_an_interrupt_ends_it_within_a_second(big, tmp_path, words):
    command, *rest = words
    engine = [] if command == "schema" else ["--engine", "rows"]
    child = spawn(command, *rest, big, *engine, environment={"TMPDIR": str(tmp_path)})
    child.expect("rows read")
    start = time.monotonic()
    child.sendintr()
    code, text = finished(child)
    assert time.monotonic() - start < 1.5
    assert code == 130
    assert text.endswith("interrupted\r\n")
    assert "Traceback" not in text
    assert list(tmp_path.iterdir()) == []
