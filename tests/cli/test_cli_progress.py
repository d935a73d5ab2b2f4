"""The progress of a query: what it knows, and when it shows itself."""

import io
import sys
import time
from types import SimpleNamespace

import pytest

from gatherum.cli import progress as module
from gatherum.cli.progress import Progress
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


def test_the_text_has_percent_rows_and_seconds():
    made = of(covered(rows=1234))
    assert made.text(0.5) == "50%, 1,234 rows read, 0 s"
    assert made.text(None) == "1,234 rows read, 0 s"


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


def test_it_is_shown_after_its_delay_and_taken_away(terminal):
    coverage, screen = covered(rows=7), terminal()
    with Progress(coverage, []) as shown:
        deadline = time.monotonic() + 20
        while "7 rows read" not in screen.getvalue() and time.monotonic() < deadline:
            time.sleep(0.01)
        shown.end()
        written = screen.getvalue()
    assert "7 rows read" in written
    assert written.rstrip("\r").endswith("\x1b[2K")
    assert screen.getvalue() == written


def test_what_ends_sooner_shows_nothing(terminal, monkeypatch):
    monkeypatch.setattr(module, "DELAY_SECONDS", 5.0)
    screen, start = terminal(), time.monotonic()
    with Progress(covered(), []):
        pass
    assert screen.getvalue() == ""
    assert time.monotonic() - start < 2


@pytest.mark.parametrize("show", ["off", "auto"])
def test_it_is_not_shown_where_it_is_not_wanted(terminal, monkeypatch, show):
    screen = terminal()
    if show == "auto":
        screen = io.StringIO()
        monkeypatch.setattr(sys, "stderr", screen)
    with Progress(covered(), [], show):
        time.sleep(0.1)
    assert screen.getvalue() == ""
