"""Numbers for people."""

import doctest

import pytest

from gatherum.cli import figures, reference


@pytest.mark.parametrize("module", [figures, reference])
def test_the_examples_hold(module):
    failed, tried = doctest.testmod(module)
    assert tried
    assert not failed


def test_sizes_change_their_unit_where_they_would_round_up_to_it():
    assert [figures.size(number) for number in (0, 999, 1000, 99_499, 999_499, 999_500, 10**12, 5 * 10**15)] == [
        "0 B", "999 B", "1.0 kB", "99.5 kB", "999 kB", "1.0 MB", "1.0 TB", "5000.0 TB"]


def test_what_is_not_known_is_a_question_mark():
    assert figures.duration(None) == figures.size(None) == figures.count(None) == figures.ratio(None) == "?"
