"""Tables for people."""

import io

import pytest

from gatherum.cli.tables import write_table


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def width(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    return lambda columns: monkeypatch.setenv("COLUMNS", str(columns))


def lines(rows, stream):
    write_table(rows, stream)
    return stream.getvalue().splitlines()


def test_elsewhere_than_on_a_terminal_nothing_is_cut():
    rows = [{f"column{i}": "x" * 40 for i in range(20)}]
    assert lines(rows, io.StringIO())[2].count("x" * 40) == 20


def test_a_column_is_cut_before_columns_are_left_out(width):
    width(40)
    header, _, row = lines([{"a": "x" * 60, "b": "y" * 60}], Terminal())
    assert len(row) <= 40
    assert row.count("…") == 2
    assert header.split("┃")[1].strip() == "b"


def test_columns_that_do_not_fit_are_named(width):
    width(40)
    text = lines([{f"column{i}": i for i in range(10)}], Terminal())
    assert all(len(line) <= 40 for line in text[:-1])
    assert text[-1].startswith("… and ")
    assert text[-1].endswith("column9")


def test_one_column_is_shown_however_narrow(width):
    width(5)
    assert "abcd" in lines([{"abcdefghij": 1}], Terminal())[0]


def test_wide_characters_count_twice(width):
    width(30)
    text = lines([{"name": "急ぎません" * 4, "n": 1}], Terminal())
    assert len(text) == 3


def test_colours_are_for_terminals_that_have_them(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "\x1b[" in lines([{"a": 1}], Terminal())[0]
    assert "\x1b[" not in lines([{"a": 1}], io.StringIO())[0]
    monkeypatch.setenv("TERM", "dumb")
    assert "\x1b[" not in lines([{"a": 1}], Terminal())[0]
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in lines([{"a": 1}], Terminal())[0]


def test_data_cannot_steer_the_terminal():
    text = "\n".join(lines([{"a\x1b[2J": "b\x1b[31m\x9b\nc\x07", "d": ["\x1b[2J"]}], io.StringIO()))
    assert "\x1b" not in text
    assert "\x9b" not in text
    assert r"a\x1b[2J" in text
    assert r"b\x1b[31m\x9b\nc\x07" in text
