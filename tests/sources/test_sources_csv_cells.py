"""Cells found by kernels are those that the reader of rows finds, with the same values and the same errors."""

import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from reading import exact

from gatherum.errors import SourceError
from gatherum.kernels.columns.batch import MAX_ROWS
from gatherum.plan.protocols import Coverage, Request
from gatherum.sources import csv_file
from gatherum.sources.columnar.csv_cells import Cells, batch_of_rows
from gatherum.sources.files import open_files
from gatherum.types.csv_cells import infer

NUMBERS = st.one_of(st.integers(-2**65, 2**65).map(str), st.floats().map(repr), st.decimals().map(str),
                    st.sampled_from(["0", "-0", "007", "1e400", "1e-400", "-.5", ".5e-3", "5.", "0e0", "-0.0", "00.1",
                                     "2147483647", "2147483648", "-2147483648", "-2147483649", "999999999999999999",
                                     "9223372036854775807", "9223372036854775808", "1_000", "+1", "1e5", "1E+05"]))
WORDS = st.sampled_from(["", "true", "false", "True", "NA", "null", "NaN", "-", ".", "e1", "1e", "2024-05-01",
                         "2024-05-01T12:00Z", "2024-05-01T12:00:00.123Z", "2024-13-01T12:00:00Z", "a\nb", 'a"b', "a,b",
                         "é", "\u20ac 5", "a\r\nb", " 1", "x" * 40])
CELLS = NUMBERS | WORDS | st.text(max_size=5)


def written(rows):
    """CSV in which every cell is quoted that has to be."""
    def cell(text):
        return '"' + text.replace('"', '""') + '"' if set(text) & set(',"\r\n') or not text else text
    return "".join(",".join(map(cell, row)) + "\n" for row in rows)


def read(path, request, monkeypatch, size=1 << 20, **options):
    """What documents and batches of a file are, or the errors that they end in."""
    monkeypatch.setattr(csv_file, "COLUMN_BLOCK_BYTES", size)
    found = []
    for way in ("documents", "batches"):
        coverage = Coverage()
        partition, = open_files(path, coverage=coverage, **options).partitions(request)
        try:
            if way == "documents":
                rows = [row for batch in partition.documents(request) for row in batch]
            else:
                batches = list(partition.batches(request))
                assert all(0 < batch.rows <= MAX_ROWS for batch in batches)
                rows = [row for batch in batches for row in batch.documents()]
            found.append((exact(rows), coverage.rows, coverage.bytes))
        except SourceError as error:
            found.append(str(error))
    return found


@settings(max_examples=150)
@given(rows=st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=8), size=st.sampled_from([1, 7, 64, 1 << 20]),
       fields=st.sampled_from([None, (), (("b",),), (("c",), ("a",)), (("x",),)]),
       empty=st.sampled_from(["null", "missing", "string"]))
def test_values_are_those_of_the_reader_of_rows(tmp_path_factory, rows, size, fields, empty):
    path = tmp_path_factory.mktemp("cells") / "x.csv"
    path.write_text(written([("a", "b", "c"), *rows]), newline="")
    with pytest.MonkeyPatch.context() as monkeypatch:
        documents, batches = read(path, Request(fields=fields, compiled=True), monkeypatch, size, empty=empty)
    assert batches == documents


@settings(max_examples=300)
@given(text=st.text(st.sampled_from(list('a1,"\n\r\0é-.eTZ')), max_size=30), size=st.sampled_from([1, 3, 1 << 20]),
       width=st.integers(1, 3))
@example(text='"a\n', size=1, width=1)
@example(text="1\r", size=1, width=1)
@example(text='"a""', size=1, width=1)
@example(text="a\x00\n", size=3, width=1)
@example(text=",", size=1, width=2)
def test_whatever_the_text_both_give_the_same_rows_or_the_same_error(tmp_path_factory, text, size, width):
    path = tmp_path_factory.mktemp("cells") / "x.csv"
    path.write_text(",".join("xyz"[:width]) + "\n" + text, newline="")
    with pytest.MonkeyPatch.context() as monkeypatch:
        documents, batches = read(path, Request(compiled=True), monkeypatch, size)
    assert batches == documents


def test_every_damaged_byte_is_seen_by_both(tmp_path, monkeypatch):
    chance = random.Random(3)
    sound = written([("a", "b"), *[(str(i), chance.choice(['x"y', "é", "1.5", ""])) for i in range(20)]]).encode()
    path = tmp_path / "x.csv"
    for _ in range(150):
        data = bytearray(sound)
        data[chance.randrange(5, len(data))] = chance.choice(b'",\n\r\0\xff\xc3a')
        path.write_bytes(data)
        documents, batches = read(path, Request(compiled=True), monkeypatch, chance.choice([5, 1 << 20]))
        assert batches == documents


@pytest.mark.parametrize("text", ['1,x\n2,"y"\n', '1,"a ""b"""\r\n\r\n2,"c\nd"\n', "1,é\n", ",\n"])
def test_sound_rows_are_read_by_kernels(text):
    cells = Cells(["a", "b"], ["a", "b"], ",", None, infer)
    found = batch_of_rows(text.encode(), cells, ends_file=True)
    assert found is not None
    assert found[1] == len(text.encode())


@pytest.mark.parametrize("text", ["1\n", "1,2,3\n", '1,"x"y\n', "1,a\rb\n", "1,a\0\n", '1,"x'])
def test_odd_rows_are_not(text):
    assert batch_of_rows(text.encode(), Cells(["a", "b"], ["a"], ",", None, infer), ends_file=True) is None


@pytest.mark.parametrize(("column", "kind"), [
    (["1", "", "-5"], "int32"), (["3000000000", "-3000000000"], "int64"), (["1.5", "", "-2e3"], "double"),
    (["true", "", "false"], "bool"), (["x", "", "y"], "string"), (["", ""], "null")])
def test_cells_of_one_type_are_a_typed_column(column, kind):
    found = batch_of_rows("".join(f"{text},\n" for text in column).encode(),
                          Cells(["a", "b"], ["a"], ",", None, infer), ends_file=True)
    assert found is not None
    assert str(found[0].columns["a"].array.type) == kind


def test_many_short_rows_are_several_batches(tmp_path, monkeypatch):
    path = tmp_path / "x.csv"
    path.write_bytes(b"a\n" + b"1\n" * (MAX_ROWS + 5))
    monkeypatch.setattr(csv_file, "COLUMN_BLOCK_BYTES", 1 << 22)
    partition, = open_files(path).partitions(Request())
    found = list(partition.batches(Request(fields=(("a",),), compiled=True)))
    assert [batch.rows for batch in found] == [MAX_ROWS, 5]
    assert [batch.ordinal for batch in found] == [0, 1 << 32]
