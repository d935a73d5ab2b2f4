"""Every columnar form gives what the meaning gives, value by value and type by type, over columns of every type."""

import datetime as dt
import math
import zlib
from random import Random

import pytest
from bson import Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex
from columns_and_meaning import ANY, ARRAYS, DATES, NUMBERS, STRINGS, check, random_batch

from gatherum.frontends.mongo.expressions import parse_expression
from gatherum.frontends.mongo.query import parse_query
from gatherum.kernels.forms import forms, lazy_forms, predicate_forms

CONSTANTS = [0, 1, -1, 2, 7, Int64(3), 2.5, 0.0, -0.5, math.nan, "a", "-", "", None, True, dt.datetime(2024, 1, 1),
             Int64(2**53 + 1), 2**31 - 1]
UNITS = ("millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year")
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "+05:30")
FORMATS = ("%Y-%m-%d", "%H:%M:%S", "%Y", "%j %u %w %U", "%d.%m.%Y %H:%M:%S.%L %%x", "%b %Y", "%G-W%V", "%V %G %L")
PART = ("$year", "$month", "$dayOfMonth", "$hour", "$minute", "$second", "$millisecond", "$dayOfYear", "$dayOfWeek",
        "$week", "$isoDayOfWeek", "$isoWeek", "$isoWeekYear")


def argument(random):
    """A column or a constant."""
    return random.choice(["$a", "$b", "$c"]) if random.random() < 0.75 else {"$literal": random.choice(CONSTANTS)}


def several(name):
    return lambda r: {name: [argument(r) for _ in range(r.choice([2, 2, 3]))]}


def pair(name):
    return lambda r: {name: [argument(r), argument(r)]}


def single(name):
    return lambda r: {name: ["$a"]}


def rounding(name):
    return lambda r: {name: ["$a", r.choice([0, 1, 2, 3, 5, -1, -2, -3])]}


def part(name):
    return lambda r: {name: {"date": "$a", "timezone": r.choice(ZONES)}}


def shift(name):
    return lambda r: {name: {"startDate": "$a", "unit": r.choice(UNITS), "timezone": r.choice(ZONES),
                             "amount": r.choice([1, -1, 0, 13, Int64(5), "$b"])}}


def over_items(name, key, body):
    return lambda r: {name: {"input": "$a", "as": "x", key: body(r)}}


EXPRESSIONS = {
    **{name: [pair(name)] for name in ("$subtract", "$divide", "$mod", "$eq", "$ne", "$gt", "$gte", "$lt", "$lte",
                                       "$cmp")},
    **{name: [several(name)] for name in ("$add", "$multiply", "$concat", "$concatArrays")},
    **{name: [several(name), lambda r, name=name: {name: "$a"}, lambda r, name=name: {name: "$a.p"}]
       for name in ("$sum", "$avg", "$min", "$max")},
    **{name: [single(name)] for name in ("$abs", "$ceil", "$floor", "$toUpper", "$toLower", "$strLenCP", "$toInt",
                                         "$toLong", "$toDouble", "$toString", "$toDate", "$toBool", "$type",
                                         "$isNumber", "$isArray", "$size", "$first", "$last")},
    **{name: [single(name), rounding(name)] for name in ("$round", "$trunc")},
    **{name: [single(name), part(name)] for name in PART},
    **{name: [shift(name)] for name in ("$dateAdd", "$dateSubtract")},
    "$substrCP": [lambda r: {"$substrCP": ["$a", r.choice([0, 1, 2, "$b"]), r.choice([0, 1, 3, "$c"])]}],
    "$split": [lambda r: {"$split": ["$a", r.choice(["-", "a", "$b"])]}],
    "$trim": [lambda r: {"$trim": {"input": "$a"}}, lambda r: {"$trim": {"input": "$a", "chars": r.choice("aB ")}}],
    "$arrayElemAt": [lambda r: {"$arrayElemAt": ["$a", r.choice([0, 1, -1, -2, 5])]}],
    "$slice": [lambda r: {"$slice": ["$a", r.choice([0, 1, -1, 2, -5])]},
               lambda r: {"$slice": ["$a", r.choice([0, 1, -1, 2, -5]), r.choice([1, 2])]},
               lambda r: {"$slice": ["$a", "$b"]}, lambda r: {"$slice": ["$a", "$b", r.choice([2, "$c"])]}],
    "$range": [lambda r: {"$range": [r.choice([0, -3, "$b"]), "$a"]},
               lambda r: {"$range": ["$a", r.choice([9, "$b"]), r.choice([1, 2, -1, Int64(3), "$c"])]}],
    "$in": [lambda r: {"$in": [argument(r), {"$literal": r.sample(CONSTANTS, 3)}]}, pair("$in")],
    "$dateTrunc": [lambda r: {"$dateTrunc": {"date": "$a", "unit": r.choice(UNITS), "timezone": r.choice(ZONES),
                                             "binSize": r.choice([1, 2, 5, 13])}},
                   lambda r: {"$dateTrunc": {"date": "$a", "unit": "week",
                                             "startOfWeek": r.choice(["mon", "Friday", "SUN"])}}],
    "$dateToString": [lambda r: {"$dateToString": {"date": "$a"}},
                      lambda r: {"$dateToString": {"date": "$a", "format": r.choice(FORMATS),
                                                   "timezone": r.choice(ZONES)}},
                      lambda r: {"$dateToString": {"date": "$a", "format": "%d", "onNull": r.choice(["x", "$b", 5])}}],
    "$cond": [lambda r: {"$cond": [argument(r), argument(r), argument(r)]},
              lambda r: {"$cond": [{"$gt": ["$a", 1]}, "yes", r.choice(["no", None, "$b"])]},
              lambda r: {"$cond": [{"$ne": ["$b", 0]}, {"$divide": ["$a", "$b"]}, None]}],
    "$switch": [lambda r: {"$switch": {"branches": [{"case": {"$gt": ["$a", "$b"]}, "then": argument(r)},
                                                    {"case": {"$eq": ["$a", "$b"]}, "then": "equal"}],
                                       **r.choice([{}, {"default": argument(r)}])}}],
    "$ifNull": [several("$ifNull")],
    "$let": [lambda r: {"$let": {"vars": {"x": argument(r), "y": 2}, "in": {"$eq": ["$$x", "$$y"]}}}],
    "$map": [over_items("$map", "in", lambda r: {"$eq": ["$$x", argument(r)]}),
             over_items("$map", "in", lambda r: {"$add": ["$$x", "$b"]}),
             over_items("$map", "in", lambda r: "$$x.p")],
    "$filter": [over_items("$filter", "cond", lambda r: {"$gt": ["$$x", argument(r)]}),
                over_items("$filter", "cond", lambda r: {"$gt": ["$$x.p", 2]})],
    "$reduce": [lambda r: {"$reduce": {"input": "$a", "initialValue": 0, "in": {"$add": ["$$value", "$$this"]}}},
                lambda r: {"$reduce": {"input": "$a", "initialValue": "$b", "in": "$$this"}},
                lambda r: {"$reduce": {"input": "$a", "initialValue": "$b", "in": {"$cond": [
                    {"$eq": ["$$value", "$b"]}, {"$ifNull": ["$$this.p", {"$eq": ["$$this", "$b"]}]}, "$$value"]}}}],
}

OBJECT_ID = ObjectId("65a1b2c3d4e5f60718293a4b")
OPERANDS = [0, 1, -1, 2, 7, 100, Int64(3), 2.5, -0.5, 0.0, math.nan, math.inf, -math.inf, 1e300, "a", "abc", "", None,
            True, False, dt.datetime(2024, 5, 31, 12, 30, 1, 5000), dt.datetime(2000, 2, 29), Int64(2**53 + 1),
            2**31 - 1, Int64(2**63 - 1), 2.0**63, [1, 2, 3], [], {"a": 1, "b": "x"}, Decimal128("7"),
            OBJECT_ID, MinKey(), MaxKey()]
PATTERNS = ("a", "^a", "b$", "x.z", "^abc$", "ß", "[a-c]", "^(a|x)", "pad $", "\\d+", "a?b*", "é|€", "(?=a)", "x$")
COMPARISONS = ("$eq", "$ne", "$gt", "$gte", "$lt", "$lte")
ARGUMENTS = {
    **{name: lambda r: r.choice(OPERANDS) for name in COMPARISONS},
    "$in": lambda r: r.choice([r.sample(OPERANDS, 3), ["a", Regex("^x")], [OBJECT_ID, ObjectId(), 1]]),
    "$nin": lambda r: r.sample(OPERANDS, 3),
    "$exists": lambda r: r.choice([True, False]),
    "$type": lambda r: r.choice(["int", "double", "number", "string", "array", "object", "date", "null",
                                 ["int", "string"]]),
    "$mod": lambda r: r.choice([[3, 1], [2, 0], [-7, -1], [2.5, 1]]),
    "$size": lambda r: r.choice([0, 1, 2, 3]),
    "$regex": lambda r: Regex(r.choice(PATTERNS), r.choice(["", "", "i", "s", "m"])),
    "$not": lambda r: {"$gt": r.choice(OPERANDS)},
    "$elemMatch": lambda r: r.choice([{"$gt": 1, "$lt": 100}, {"p": {"$gt": 2}, "q": {"$lt": 3}}]),
}
PATHS = ("a", "b", "a.p", "a.q", "a.a", "a.0", "a.p.x", "b.0.p", "c")

ENOUGH = 12
"""How many of the random batches must have been served by kernels alone."""


LISTS = ("ints", "doubles", "documents")
FAMILIES = ((ANY,) * 3, (NUMBERS,) * 3, (STRINGS,) * 3, (DATES, NUMBERS, DATES), (ARRAYS, NUMBERS, NUMBERS),
            (LISTS, NUMBERS, NUMBERS), (STRINGS, NUMBERS, ANY), (("document",),) * 3)
OWN_FAMILIES = {
    **dict.fromkeys((*PART, "$dateAdd", "$dateSubtract", "$dateTrunc", "$dateToString"),
                    ((DATES, ("int", "long"), DATES), (DATES, ANY, ANY))),
    "$slice": ((LISTS, ("position",), ("position",)), (ARRAYS,) * 3, (LISTS, NUMBERS, NUMBERS)),
    "$range": ((("position",),) * 3, (("position",), ANY, ("position",))),
    **dict.fromkeys(("$concatArrays", "$size", "$arrayElemAt", "$first", "$last", "$map", "$filter",
                     "$reduce"), ((ARRAYS,) * 3, (LISTS, NUMBERS, NUMBERS), (LISTS,) * 3)),
    **dict.fromkeys(("$concat", "$strLenCP", "$split", "$trim", "$regex"), ((STRINGS,) * 3, (STRINGS, STRINGS, ANY))),
    "$substrCP": ((STRINGS,) * 3, (STRINGS, STRINGS, ANY), (STRINGS, ("position",), ("position",))),
}


def random_batches(name):
    """Batches of all families, or of those that an operator takes, in turn; the same ones every time."""
    random = Random(zlib.crc32(name.encode()))
    families = OWN_FAMILIES.get(name, FAMILIES)
    for round_ in range(200):
        yield random, *random_batch(random, random.choice([0, 1, 3, 12, 40]), families[round_ % len(families)])


@pytest.mark.parametrize("name", sorted(forms().keys() | lazy_forms().keys()))
def test_a_form_agrees_with_the_meaning(name):
    served = 0
    for random, batch, documents in random_batches(name):
        served += sum(check(parse_expression(make(random)), batch, documents) for make in EXPRESSIONS[name])
        if served >= ENOUGH:
            break
    assert served >= ENOUGH


@pytest.mark.parametrize("name", sorted(predicate_forms().keys() | ARGUMENTS.keys()))
def test_a_predicate_form_agrees_with_the_meaning(name):
    served = 0
    for random, batch, documents in random_batches(name):
        query = {random.choice(PATHS): {name: ARGUMENTS[name](random)}}
        served += check(parse_query(query), batch, documents)
        if name in COMPARISONS and documents and "a" in documents[0]:
            served += check(parse_query({"a": {name: documents[0]["a"]}}), batch, documents)
        if served >= 3 * ENOUGH:
            break
    assert served >= 3 * ENOUGH


@pytest.mark.parametrize("families", FAMILIES)
def test_paths_documents_and_logic_agree_with_the_meaning(families):
    random = Random(zlib.crc32(repr(families).encode()))
    for _ in range(4):
        batch, documents = random_batch(random, random.choice([0, 1, 3, 12]), families)
        for written in ("$a", "$a.p", "$a.a", "$a.a.b", "$b.p.x", "$$ROOT", "$$ROOT.a", ["$a", "$b", 1], ["$a"], [],
                        {"x": "$a", "y": {"$add": ["$b", 1]}}, {}, {"$and": ["$a", "$b"]},
                        {"$or": ["$a", {"$not": "$c"}]}, {"$literal": {"a": [1]}}):
            check(parse_expression(written), batch, documents)
        for query in ({"$or": [{"a": {"$gt": 1}}, {"b": "a"}], "c": {"$ne": 5}}, {"$nor": [{"a": {"$gt": 1}}]},
                      {"$expr": {"$gt": ["$a", "$b"]}}, {"a": {"$all": [1, 2]}}):
            check(parse_query(query), batch, documents)
