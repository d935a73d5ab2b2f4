"""Kernels whose exactness rests on an argument: rounding by digits, sums, the calendar, time zones, patterns."""

import datetime as dt
import math

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from bson import Int64
from columns_and_meaning import check
from hypothesis import given
from hypothesis import strategies as st

from gatherum.errors import PipelineError, UnsupportedError
from gatherum.frontends.mongo.expressions import parse_expression
from gatherum.functions.predicates.pcre import compile_pcre
from gatherum.kernels.calendar import FarDatesError, civil, day_numbers, to_instants, to_local
from gatherum.kernels.columns.batch import batch_of
from gatherum.kernels.patterns import translate
from gatherum.types.calendar import DAY, WallClock, to_instant
from gatherum.types.timezones import time_zone

tame = st.one_of(st.floats(-1e9, 1e9), st.builds(lambda n, p: n / 10**p, st.integers(-10**9, 10**9), st.integers(0, 6)),
                 st.floats())


def holds(written, rows):
    check(parse_expression(written), batch_of(rows), rows)


@given(st.lists(tame, min_size=1, max_size=20), st.integers(-6, 9), st.sampled_from(["$round", "$trunc"]))
def test_doubles_are_rounded_by_their_decimal_digits(numbers, places, name):
    holds({name: ["$a", places]}, [{"a": number} for number in numbers])


@given(st.lists(st.integers(-2**63, 2**63 - 1).map(Int64), min_size=1, max_size=20), st.integers(-19, 2),
       st.sampled_from(["$round", "$trunc"]))
def test_longs_are_rounded_by_their_decimal_digits(numbers, places, name):
    holds({name: ["$a", places]}, [{"a": number} for number in numbers])


@given(st.lists(st.lists(st.floats(), max_size=9), min_size=1, max_size=9), st.sampled_from(["$sum", "$avg"]))
def test_sums_of_items_are_exact(lists, name):
    holds({name: "$a"}, [{"a": items} for items in lists])


@given(st.lists(st.tuples(st.floats(), st.floats(), st.integers(-2**60, 2**60).map(Int64)), min_size=1, max_size=9))
def test_sums_of_arguments_are_exact(rows):
    holds({"$sum": ["$a", "$b", "$c"]}, [dict(zip("abc", row, strict=True)) for row in rows])


@given(st.lists(st.tuples(st.integers(-2**63, 2**63 - 1).map(Int64), st.floats()), min_size=1, max_size=9),
       st.sampled_from(["$eq", "$lt", "$gt", "$lte", "$gte", "$cmp", "$add", "$subtract", "$multiply"]))
def test_longs_meet_doubles_exactly(pairs, name):
    near = [(a, float(a)) for a, _ in pairs]
    holds({name: ["$a", "$b"]}, [{"a": a, "b": b} for a, b in [*pairs, *near]])


@given(st.lists(st.floats(), min_size=1, max_size=9))
def test_doubles_are_written_with_their_shortest_digits(numbers):
    holds({"$toString": "$a"}, [{"a": number} for number in numbers])


def test_infinities_and_zeros():
    rows = [{"a": a, "b": b} for a in (0.0, -0.0, math.inf, -math.inf, math.nan, 1.5)
            for b in (0.0, -0.0, math.inf, math.nan, -2.0)]
    for name in ("$add", "$subtract", "$multiply", "$mod", "$max", "$min", "$sum", "$avg"):
        holds({name: ["$a", "$b"]}, rows)


def test_ints_grow_into_longs_row_by_row():
    rows = [{"a": a} for a in (1, 2**31 - 1, -2**31)]
    for written in ({"$add": ["$a", 1]}, {"$multiply": ["$a", "$a"]}, {"$abs": "$a"}, {"$subtract": [0, "$a"]},
                    {"$sum": ["$a", "$a"]}, {"$round": ["$a", -9]}):
        holds(written, rows)


@given(st.lists(st.integers(-2**36, 2**36), min_size=1, max_size=20))
def test_the_calendar_of_any_day(days):
    dates = civil(np.array(days))
    found = dates.year, dates.month, dates.day
    assert day_numbers(*found).tolist() == days
    clocks = [WallClock(day * DAY) for day in days]
    assert [part.tolist() for part in found] == [[c.year for c in clocks], [c.month for c in clocks],
                                                 [c.day for c in clocks]]


ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Gaza", "America/Recife",
         "Pacific/Apia", "Africa/Monrovia", "+05:30", "-0330")
seconds = st.integers(-(120 * 365 * 86_400), 150 * 365 * 86_400)


@given(st.lists(seconds, min_size=1, max_size=30), st.sampled_from(ZONES))
def test_clocks_of_time_zones(moments, name):
    zone, instants = time_zone(name), np.array(moments) * 1000
    local = to_local(instants, zone)
    assert local.tolist() == [WallClock(instant, zone).local for instant in instants.tolist()]
    assert to_instants(instants, zone).tolist() == [to_instant(moment, zone) for moment in instants.tolist()]


@pytest.mark.parametrize("name", ZONES)
def test_every_half_hour_around_changes_of_the_clock(name):
    zone = time_zone(name)
    starts = [dt.datetime(2024, month, day) for month, day in ((3, 9), (3, 30), (4, 6), (10, 5), (10, 26), (11, 2))]
    epoch = dt.datetime(1970, 1, 1)
    instants = np.array([(start - epoch) // dt.timedelta(milliseconds=1) + half_hour * 1_800_000
                         for start in starts for half_hour in range(120)])
    assert to_local(instants, zone).tolist() == [WallClock(instant, zone).local for instant in instants.tolist()]
    assert to_instants(instants, zone).tolist() == [to_instant(moment, zone) for moment in instants.tolist()]


@given(seconds, st.lists(st.integers(0, 3 * 86_400_000), min_size=3, max_size=9),
       st.sampled_from(["minute", "hour", "day", "week", "month", "year"]), st.integers(1, 3), st.sampled_from(ZONES))
def test_periods_of_dates_that_lie_close_together(start, steps, unit, length, zone):
    first = dt.datetime(1970, 1, 1) + dt.timedelta(seconds=start)
    holds({"$dateTrunc": {"date": "$a", "unit": unit, "binSize": length, "timezone": zone}},
          [{"a": first + dt.timedelta(milliseconds=step)} for step in steps])


def test_far_dates_are_left_to_the_meaning():
    with pytest.raises(FarDatesError):
        to_local(np.array([10**15]), time_zone("Europe/Berlin"))
    holds({"$year": {"date": "$a", "timezone": "Europe/Berlin"}}, [{"a": dt.datetime(9000, 1, 1)}])


pieces = st.sampled_from(["a", "b", "ß", "k", ".", "\\d", "\\w", "\\s", "[a-c]", "[^a]", "[\\d_]", "(", "(?:", ")", "|",
                          "^", "$", "*", "+", "?", "{2}", "*?", "(?i)", "\\b", "]", "}", "\\.", "-", "\n"])
texts = st.lists(st.text(st.sampled_from("abckßA_0 \n.-Kſ"), max_size=6), min_size=1, max_size=12)


@given(st.lists(pieces, min_size=1, max_size=7).map("".join), texts, st.sampled_from(["", "", "s", "i"]))
def test_a_translated_pattern_is_found_where_the_pattern_is(pattern, strings, options):
    try:
        search = compile_pcre(pattern, options).search
    except (PipelineError, UnsupportedError):
        return
    translated = translate(pattern, options)
    if translated is None:
        return
    strings = [*[text for text in strings if text.isascii() or "i" not in options], "a\n"]
    assert pc.match_substring_regex(pa.array(strings), translated).to_pylist() == \
        [search(text) is not None for text in strings]


@pytest.mark.parametrize("pattern", ["a{2,3}b?", "^(foo|bar)+$", "[a-z0-9_]+@x\\.org", "^\\d{4}-\\d\\d", "a|b$"])
def test_usual_patterns_are_translated(pattern):
    assert translate(pattern, "") is not None


@pytest.mark.parametrize("pattern", ["(?=a)", "(a)\\1", "\\bword", "a++", "(a$|b)c", "[[:alpha:]]", "(?i)a", "a$\n"])
def test_patterns_that_the_languages_read_differently_are_not(pattern):
    assert translate(pattern, "") is None


@pytest.mark.parametrize("lone", ["\ud800", "a\udfffb"])
def test_lone_surrogates_are_left_to_the_meaning(lone):
    rows = [{"a": "x"}, {"a": "y"}]
    for written in ({"$eq": ["$a", lone]}, {"$concat": ["$a", lone]}, {"$cond": [{"$eq": ["$a", "x"]}, lone, "z"]},
                    {"$in": ["$a", [lone, "x"]]}):
        got = check_values(written, rows)
        assert got == check_values(written, rows, by_rows=True)


def check_values(written, rows, by_rows=False):
    """Values with lone surrogates, which BSON cannot write, so that they are compared as Python has them."""
    from columns_and_meaning import meant

    from gatherum.kernels.columns.read import values_of
    from gatherum.kernels.evaluate import Evaluation

    expression = parse_expression(written)
    return meant(expression, rows) if by_rows else values_of(Evaluation().compile(expression).column(batch_of(rows)))
