"""The progress of a query: what it knows, and when it shows itself."""

import io
import sys
import threading
import time
from types import SimpleNamespace

import pytest

import gatherum as gm
from gatherum.api import progress as module
from gatherum.api.progress import Progress
from gatherum.plan.protocols import Coverage, Statistics


def of(coverage, *statistics):
    sources = [SimpleNamespace(statistics=lambda known=known: known) for known in statistics]
    return Progress(coverage, sources, "off")  # type: ignore[arg-type]


def covered(rows=0, size=0, name="a.ndjson"):
    coverage = Coverage()
    coverage.note(name, rows, size)
    return coverage


def test_the_share_is_of_rows_where_they_are_known_and_of_bytes_elsewhere():
    assert of(covered(rows=5, size=9), Statistics(rows=20, bytes=10)).share() == 0.25
    assert of(covered(rows=5, size=9), Statistics(bytes=10), Statistics(rows=1, bytes=8)).share() == 0.5


@pytest.mark.parametrize(("coverage", "statistics"), [
    (covered(5, 9), Statistics()), (covered(5, 9, "a.ndjson.gz"), Statistics(bytes=100)),
    (covered(5, 9), Statistics(bytes=8)), (covered(), Statistics(bytes=0))])
def test_a_share_that_is_not_known_is_not_guessed(coverage, statistics):
    assert of(coverage, statistics).share() is None


def test_the_text_has_percent_rows_of_how_many_and_seconds():
    assert of(covered(rows=1234), Statistics(bytes=100)).text(0.5) == "50%, 1,234 rows read, 0 s"
    assert of(covered(rows=1234), Statistics(rows=5000)).text(0.25) == "25%, 1,234 of 5,000 rows read, 0 s"
    assert of(covered(rows=1234), Statistics(rows=1000)).text(None) == "1,234 rows read, 0 s"
    assert of(covered(rows=1)).text(None) == "1 row read, 0 s"


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(module, "DELAY_SECONDS", 0.05)

    def put():
        monkeypatch.setattr(sys, "stderr", Terminal())
        return sys.stderr
    return put


def eventually(condition):
    deadline = time.monotonic() + 20
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert condition()


def test_it_is_shown_after_its_delay_and_taken_away(terminal):
    coverage, screen = covered(rows=7), terminal()
    with Progress(coverage, []) as shown:
        eventually(lambda: "7 rows read" in screen.getvalue())
        shown.end()
        written = screen.getvalue()
    assert written.rstrip("\r").endswith("\x1b[2K")
    assert screen.getvalue() == written


def test_what_ends_sooner_shows_nothing(terminal, monkeypatch):
    monkeypatch.setattr(module, "DELAY_SECONDS", 5.0)
    screen, start = terminal(), time.monotonic()
    with Progress(covered(), []):
        pass
    assert screen.getvalue() == ""
    assert time.monotonic() - start < 2


def test_it_is_taken_away_while_it_is_hidden(terminal, monkeypatch):
    monkeypatch.setattr(module, "INTERVAL_SECONDS", 0.02)
    screen = terminal()
    with Progress(covered(rows=7), []) as shown:
        eventually(lambda: "7 rows read" in screen.getvalue())
        shown.hide()
        hidden = screen.getvalue()
        assert hidden.rstrip("\r").endswith("\x1b[2K")
        time.sleep(0.1)
        assert screen.getvalue() == hidden
        shown.show()
        eventually(lambda: "7 rows read" in screen.getvalue()[len(hidden):])


def slow(rows):
    for number in range(rows):
        time.sleep(0.02)
        yield {"a": number}


def test_a_query_that_lasts_shows_it_while_rows_are_waited_for(terminal, monkeypatch):
    monkeypatch.setattr(module, "INTERVAL_SECONDS", 0.02)
    screen = terminal()
    result = gm.aggregate(slow(20), [{"$count": "n"}])
    assert next(result) == {"n": 20}
    written = screen.getvalue()
    assert "rows read" in written
    assert written.rstrip("\r").endswith("\x1b[2K")
    time.sleep(0.1)
    assert screen.getvalue() == written
    assert gm.aggregate(slow(20), [], progress="off").to_list()[-1] == {"a": 19}
    assert screen.getvalue() == written


def test_the_thread_that_shows_it_ends_with_the_query(terminal):
    terminal()
    before = threading.active_count()
    result = gm.aggregate([{"a": number} for number in range(5000)], [])
    next(result)
    assert threading.active_count() == before + 1
    del result
    assert threading.active_count() == before


@pytest.mark.parametrize("show", ["off", "auto"])
def test_it_is_not_shown_where_it_is_not_wanted(terminal, monkeypatch, show):
    screen = terminal()
    if show == "auto":
        screen = io.StringIO()
        monkeypatch.setattr(sys, "stderr", screen)
    with Progress(covered(), [], show):
        time.sleep(0.1)
    assert screen.getvalue() == ""
