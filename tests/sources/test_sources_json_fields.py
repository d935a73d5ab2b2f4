"""Fields of lines found by kernels are those that parsing finds, and what is broken is seen though nobody needs it."""

import random

import orjson
import pytest
from bson import Int64
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import exact
from test_sources_json_text import texts

from gatherum.errors import SourceError
from gatherum.kernels.columns.batch import MAX_ROWS
from gatherum.plan.protocols import Coverage, Request
from gatherum.sources import ndjson
from gatherum.sources.columnar.json_fields import batch_of_lines
from gatherum.sources.files import open_files
from gatherum.sources.json_text import BrokenText, parse_text

NAMES = ["a", "b", "é", "$numberInt", ":"]
LINES = [b'{"a": 1, "b": [1, {"c": "x\\"y", "d": -0.5e+3}], "c": true}', b'{"a": "\\u00e9\\n","b": null}', b'{ }',
         b'{"x": [[], {}, [{"y": [false, null]}]], "a": {"$oid": "65f0a0a0a0a0a0a0a0a0a0a0"}, "z": 12345678901}',
         '{"é": "a string of more than eight bytes: \\\\ and é", "b": 0}'.encode()]


def careful(line, names):
    """The document; None where something is wrong that parsing sees in fields that nobody needs, too."""
    try:
        return parse_text(line, names)
    except BrokenText as broken:
        assert "twice" in broken.reason or "64 bits" in broken.reason
        return None


@settings(max_examples=400)
@given(st.lists(texts.map(str.encode), min_size=1, max_size=4), st.lists(st.sampled_from(NAMES), unique=True),
       st.sampled_from([b"\n", b"\r\n", b"\n\n \n"]))
def test_what_is_found_is_what_parsing_finds(lines, names, between):
    batch = batch_of_lines(between.join(lines), sorted(names))
    if batch is not None:
        assert batch.rows == len(lines)
        for found, line in zip(batch.documents(), lines, strict=True):
            if (expected := careful(line, names)) is not None:
                assert exact([dict(sorted(found.items()))]) == exact([dict(sorted(expected.items()))])


@pytest.mark.parametrize("names", [[], ["a"], ["a", "b"], ["é", "x"]])
def test_sound_lines_are_read_here(names):
    batch = batch_of_lines(b"\n".join(LINES), names)
    assert batch is not None
    expected = [careful(line, names) for line in LINES]
    assert exact(batch.documents()) == exact(expected)


def test_every_broken_byte_is_seen_whatever_is_needed():
    chance = random.Random(5)
    seen = 0
    for _ in range(6000):
        line = bytearray(chance.choice(LINES))
        place = chance.randrange(len(line))
        change = chance.randrange(3)
        if change == 0:
            del line[place]
        elif change == 1:
            line[place] = chance.choice(b'{}[],:"\\0-+.eEtfnu \x01\x80a1')
        else:
            line.insert(place, chance.choice(b'{}[],:"\\0-+.eEtfnu \x01\x80a1'))
        text = bytes(line)
        try:
            sound = type(orjson.loads(text)) is dict
        except ValueError:
            sound = False
        for names in ([], ["a"]):
            batch = batch_of_lines(text, names)
            assert sound or batch is None, text
        seen += not sound
    assert seen > 2000


@pytest.mark.parametrize("line", [
    b'{"a": 1, "a": 2}', b'{"\\u0061": 1}', b'{"$numberLong": "1"}', b'{"a": 1} {"a": 2}', b'[1]', b'{"a":\n1}',
    b'{"a": "\\ud800"}', b'{"a": 18446744073709551616}', b'{"a": {"b": 1, "b": 2}}', b'{"a": {"$oid": "x"}}',
    b'{"a": ' + b"[" * 70 + b"]" * 70 + b"}", b'{"a": 01}', b'{"a": 1,}', b'{"a": .5}', b'{"a": "\xff"}', b'{"a": nul}',
    b'{"b": 1e400}', b'{"b": ' + b"9" * 400 + b'}'])
def test_what_is_out_of_the_ordinary_is_left_to_parsing(line):
    assert batch_of_lines(line, ["a"]) is None


def test_fields_keep_their_order_where_all_documents_agree():
    assert batch_of_lines(b'{"b": 1, "a": 2}\n{"b": 3}\n{"a": 4, "c": 0}', ["a", "b", "c"]).names == ("b", "a", "c")
    assert batch_of_lines(b'{"b": 1, "a": 2}\n{"a": 3, "b": 4}', ["a", "b"]) is None


def read(path, **request):
    coverage = Coverage()
    batches = [batch for partition in open_files(path, coverage=coverage).partitions(Request())
               for batch in partition.batches(Request(**{"compiled": True, "fields": (("a",),), **request}))]
    return [row for batch in batches for row in batch.documents()], coverage


def test_a_file_is_read_in_ranges_and_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(ndjson, "PARTITION_BYTES", 1000)
    monkeypatch.setattr(ndjson, "COLUMN_BLOCK_BYTES", 300)
    path = tmp_path / "x.ndjson"
    rows = [{"a": number, "b": "x" * (number % 40)} if number % 7 else {"b": None} for number in range(300)]
    path.write_bytes(b"\xef\xbb\xbf" + b"\n".join(map(orjson.dumps, rows)))
    found, coverage = read(path)
    assert found == [{"a": row["a"]} if "a" in row else {} for row in rows]
    assert coverage.rows == 300
    assert read(path, compiled=False)[0] == found


def test_lines_that_need_a_closer_look_are_parsed_and_broken_ones_named(tmp_path, monkeypatch):
    monkeypatch.setattr(ndjson, "COLUMN_BLOCK_BYTES", 40)
    path = tmp_path / "x.ndjson"
    path.write_text('{"a": 1, "b": 2}\n' * 5 + '{"b": 3, "\\u0061": {"$numberLong": "9"}}\n' + '{"a": 2}\n')
    assert exact(read(path)[0]) == exact([{"a": 1}] * 5 + [{"a": Int64(9)}, {"a": 2}])
    with path.open("a") as file:
        file.write('{"a": 1, "b": tru}\n')
    with pytest.raises(SourceError, match=r"x.ndjson, line 8 \(byte 135\)"):
        read(path)
    found, coverage = read(path, on_bad="skip")
    assert len(found) == 7 and coverage.skipped_count == 1


def test_many_short_lines_are_several_batches(tmp_path):
    path = tmp_path / "x.ndjson"
    path.write_bytes(b"{}\n" * (MAX_ROWS + 5))
    partition, = open_files(path).partitions(Request())
    found = list(partition.batches(Request(fields=(), compiled=True)))
    assert [batch.ordinal for batch in found] == [0, 1 << 32]
    assert sum(batch.rows for batch in found) == MAX_ROWS + 5
    assert all(batch.rows <= MAX_ROWS for batch in found)

