"""The functions by name, and the hint for a name that none of them has."""

import pytest

from gatherum.functions.registry import nearest

KNOWN = ["$count", "$match", "$set", "$sum", "$group", "$replaceRoot", "$in"]


@pytest.mark.parametrize(("name", "meant"), [
    ("$cuont", "$count"), ("$mtch", "$match"), ("$SUM", "$sum"), ("$sums", "$sum"), ("$st", "$set"),
    ("count", "$count"), ("$repl", "$replaceRoot"), ("$replaceRot", "$replaceRoot"), ("$repalceRoots", "$replaceRoot")])
def test_a_name_with_a_slip_gets_the_nearest(name, meant):
    assert nearest(name, KNOWN) == f"; did you mean {meant}?"


@pytest.mark.parametrize("name", ["$out", "$merge", "$x", "$redact", "$fill", "", "$min3"])
def test_a_name_that_is_near_to_none_gets_nothing(name):
    assert nearest(name, KNOWN) == nearest(name, []) == ""
