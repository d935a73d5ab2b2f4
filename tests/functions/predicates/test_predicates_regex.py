"""$regex, and the translation of PCRE's language."""

import re
import unicodedata
import warnings

import pytest
from bson import Code, Regex

from gatherum.errors import PipelineError, UnsupportedError
from gatherum.functions.predicates.pcre import compile_pcre, translate
from gatherum.functions.registry import predicates

FOUND = [
    ("^abc$", "", "abc"), ("^abc$", "", "abc\n"), ("b$", "m", "b\nc"), ("^b", "m", "a\nb"), ("a.b", "s", "a\nb"),
    ("A", "i", "a"), ("ÉTÉ", "i", "été"), ("a b # c", "x", "ab"), ("[a b]", "x", " "), (r"a\ b", "x", "a b"),
    ("a + b", "x", "aab"), ("(?i)aB", "", "Ab"), ("a(?i)b|c", "", "C"), ("a(?i)b|c", "", "aB"),
    ("(?i)a(?-i)b", "", "Ab"), ("((?i)a)b", "", "Ab"), ("(?x) a b", "", "ab"), ("(?s:a.b)c", "", "a\nbc"),
    ("(?^i:A)", "m", "a"), (r"\Aa\z", "", "a"), (r"a\Z", "", "a\n"), (r"\Ga", "", "a"), (r"\d\s\w", "", "1 _"),
    (r"\bx\b", "", "éxé"), (r"\Bx", "", "ax"), (r"\x41\x{e9}\101\0", "", "AéA\0"), (r"\cA\e\a", "", "\x01\x1b\x07"),
    (r"\Qa.b\E+", "", "a.bb"), (r"[\Q^]\E]", "", "]"), (r"\h\v\R\N", "", "\t\n\r\nx"), (r"[\h\d]", "", "\u3000"),
    ("[[:alpha:]_]+[[:^digit:]]", "", "a_-"), ("[]a]", "", "]"), ("[^]a]", "", "b"), ("[a-]", "", "-"),
    (r"[\w-]", "", "-"), (r"[+--]", "", ","), ("[[a&&b||c~~d]", "", "&"), (r"[\b]", "", "\b"), (r"[^\W]", "", "a"),
    (r"\p{Lu}\pL\P{N}", "", "Äö-"), (r"[\p{Nd}x]", "", "٣"), (r"\p{^Lu}", "", "a"), (r"\p{Any}", "", "\n"),
    ("a{2}", "", "aa"), ("a{,2}", "", "a{,2}"), ("a{x", "", "a{x"), ("a++b", "", "aab"), ("(?>a|ab)c", "", "ac"),
    ("^*a", "", "a"), ("(?:a|b)+?c", "", "abc"), (r"(a)\1", "", "aa"), (r"(a)(?:b)\g{-1}", "", "aba"),
    (r"(a)\g1(b)\g{2}", "", "aabb"), (r"(?<n>a)\k<n>\k{n}\k'n'(?P=n)\g{n}", "", "aaaaaa"), (r"(?'n'a)\k<n>", "", "aa"),
    (r"(a)?(?(1)b|c)", "", "c"), ("(?<=a|bc)d", "", "bcd"), ("(?<!a|bc)d", "", "d"), ("a(?#comment)b", "", "ab"),
    ("(*UTF8)정", "", "정"), ("a|b|", "", ""), ("]}", "", "]}"), (r"\/\.\-", "", "/.-"), ("a#b c", "", "a#b c"),
    (r"(1)\11", "", "1\t"),
]
NOT_FOUND = [
    ("^b", "", "a\nb"), ("^$", "m", "a\n"), ("a.b", "", "a\nb"), (r"\d", "", "٣"), (r"\w", "", "é"),
    (r"\s", "", "\xa0"),
    (r"a\z", "", "a\n"), ("a b", "x", "a b"), ("(?i:a)b", "", "AB"), ("a(?i)b|c", "", "AB"), ("((?i)a)b", "", "AB"),
    (r"(a)\1", "", "ab"), ("(?<!a|bc)d", "", "bcd"), ("(?>a|ab)c", "", "abc"), (r"[\W]", "", "a"),
    ("[^[:alpha:]]", "", "a"),
    (r"\bé", "", " é"), (r"\p{Lu}", "", "a"), (r"\P{L}", "", "a"), ("[a-]", "", "b"), (r"\N", "", "\n"),
]
BROKEN = ["[a", "(a", "a)", "*a", "a|+b", "a**", "a{3,2}", "a{70000}", "[b-a]", "\\", r"\u0041", r"\i",
          "[[:nope:]]", "(?#a", r"\2", r"(?<n>a)\k<m>", r"\x{110000}", "a" * 40000, "(" * 500 + ")" * 500]
REFUSED = ["(?R)", "(a)(?1)", "(?&n)", "(?|a|b)", r"a\Kb", r"\X", "(*COMMIT)a", "(?U)a+", r"\p{Hangul}", "(?C1)",
           r"\N{DIGIT ONE}"]


@pytest.mark.parametrize(("pattern", "options", "text"), FOUND)
def test_found(pattern, options, text):
    assert compile_pcre(pattern, options).search(text)


@pytest.mark.parametrize(("pattern", "options", "text"), NOT_FOUND)
def test_not_found(pattern, options, text):
    assert not compile_pcre(pattern, options).search(text)


@pytest.mark.parametrize("pattern", BROKEN, ids=lambda pattern: pattern[:12])
def test_broken_patterns(pattern):
    with pytest.raises(PipelineError, match="Regular expression is invalid") as caught:
        compile_pcre(pattern, "")
    assert caught.value.code == 51091


@pytest.mark.parametrize("pattern", REFUSED)
def test_patterns_without_a_counterpart_are_refused(pattern):
    with pytest.raises(UnsupportedError) as caught:
        compile_pcre(pattern, "")
    assert caught.value.code == 51091


@pytest.mark.parametrize("option", ["g", "I", "l", "1", "\0"])
def test_unknown_options(option):
    with pytest.raises(PipelineError) as caught:
        compile_pcre("a", "i" + option)
    assert caught.value.code == 51108


def test_null_bytes_are_refused():
    with pytest.raises(PipelineError) as caught:
        compile_pcre("a\0b", "")
    assert caught.value.code == 2


@pytest.mark.parametrize("inside", ["[[a]", "[+--]", "[a&&b]", "[a||b]", "[a~~b]"])
def test_sets_give_no_warning(inside):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        re.compile(translate(inside))


def test_every_printable_character_escaped_or_not_stands_for_itself_unless_special():
    for character in map(chr, range(32, 127)):
        if not character.isalnum():
            assert compile_pcre("\\" + character, "").fullmatch(character)
            assert compile_pcre(f"[x\\{character}]", "").fullmatch(character)
        if character not in r"\^$.[|()?*+":
            assert compile_pcre(character, "").fullmatch(character)


def test_properties_agree_with_the_unicode_data():
    letters, others = compile_pcre(r"\A\p{L}\z", ""), compile_pcre(r"\A\P{L}\z", "")
    for character in map(chr, range(0x3000)):
        is_letter = unicodedata.category(character).startswith("L")
        assert bool(letters.match(character)) == is_letter
        assert bool(others.match(character)) != is_letter


def test_a_regex_matches_strings_and_equal_regexes_only():
    prepared = predicates()["$regex"].prepare(Regex("1", "i"))
    assert prepared("21")
    assert prepared(Regex("1", "i"))
    assert not prepared(Regex("1"))
    assert not prepared(1)
    assert not prepared(None)


@pytest.mark.parametrize("argument", [1, None, {}, ["a"], True, Code("a")])
def test_a_pattern_is_needed(argument):
    with pytest.raises(PipelineError) as caught:
        predicates()["$regex"].prepare(argument)
    assert caught.value.code == 2
