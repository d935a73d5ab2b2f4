"""Documents as a table."""

import datetime as dt

import pytest
from bson import Binary, Decimal128, Int64, ObjectId

from gatherum.api.table import WIDEST_CELL, cell, render_table
from gatherum.types.values import MISSING


@pytest.mark.parametrize(("value", "text"), [
    (1, "1"), (Int64(2**62), str(2**62)), (1.5, "1.5"), (Decimal128("1.10"), "1.10"), ("a\nb", "a\\nb"), (None, "null"),
    (True, "true"), (MISSING, ""), (ObjectId("0" * 24), "0" * 24), (dt.datetime(2024, 1, 2), "2024-01-02 00:00:00"),
    (dt.datetime(2024, 1, 2, 3, 4, 5, 6000), "2024-01-02 03:04:05.006"), ({"a": [1, "x"]}, '{"a":[1,"x"]}'),
    ("x" * 100, "x" * (WIDEST_CELL - 1) + "…")])
def test_a_cell_is_one_line(value, text):
    assert cell(value) == text


def test_a_column_for_each_field_in_the_order_of_first_appearance():
    assert render_table([{"b": 1}, {"a": "x", "b": 22}]).splitlines() == [" b ┃ a", "━━━╇━━", " 1 │", "22 │ x"]


def test_numbers_stand_to_the_right_unless_there_is_something_else():
    assert render_table([{"a": 1}, {"a": None}, {"a": 22}]).splitlines()[2:] == ["   1", "null", "  22"]
    assert render_table([{"a": 1}, {"a": "xyz"}]).splitlines()[2:] == ["1", "xyz"]


def test_further_rows_are_mentioned():
    assert render_table([{"a": 1}], more=True).splitlines()[-1] == "… and more rows"
    assert render_table([]) == "(no rows)"


def test_markup_and_binary_values_are_shown_as_they_are():
    assert "[bold]x" in render_table([{"a": "[bold]x", "b": Binary(b"ab")}])
