"""Parquet: only what is needed is read, whoever wrote the file, and row groups are passed over only rightly."""

import datetime as dt
import decimal
import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bson import Decimal128, ObjectId
from reading import read, read_file

from gatherum.errors import LossError, SourceError
from gatherum.kernels.columns.types import ARROW_RULES
from gatherum.plan.analysis import PRESENCE
from gatherum.plan.protocols import Coverage, Request
from gatherum.sinks.files import open_sink
from gatherum.sources.columnar import parquet
from gatherum.sources.files import formats, open_files
from gatherum.types.values import TYPE_NAMES


def stored(path, columns, **options):
    pq.write_table(pa.table(columns), path, **options)
    return open_files(path)


def batches(source, **request):
    asked = Request(**request)
    return [batch for partition in source.partitions(asked) for batch in partition.batches(asked)]


@pytest.fixture
def one_partition_each(monkeypatch):
    monkeypatch.setattr(parquet, "PARTITION_ROWS", 1)


def test_batches_are_numbered_within_their_partition(tmp_path):
    source = stored(tmp_path / "x.parquet", {"a": range(650_000)}, row_group_size=600_000)
    found = batches(source)
    assert [batch.rows for batch in found] == [524_288, 75_712, 50_000]
    assert [batch.ordinal for batch in found] == [0, 1 << 32, 0]
    assert [p.rows for p in source.partitions(Request())] == [600_000, 50_000]


def test_a_batch_of_large_rows_has_fewer(tmp_path):
    texts = [f"{number:>8}" * 100 for number in range(100_000)]
    found = batches(stored(tmp_path / "x.parquet", {"a": texts}, use_dictionary=False))
    assert len(found) == 3
    assert all(batch.columns["a"].array.nbytes < 35_000_000 for batch in found)
    assert [row["a"] for batch in found for row in batch.documents()] == texts


def test_batches_take_no_more_than_asked_for(tmp_path):
    source = stored(tmp_path / "x.parquet", {"a": range(100_000)})
    (partition,) = source.partitions(Request())
    found = list(partition.batches(Request(batch_bytes=200_000)))
    assert len(found) > 3
    assert all(batch.columns["a"].array.nbytes <= 210_000 for batch in found)
    assert [row["a"] for batch in found for row in batch.documents()] == list(range(100_000))


def test_small_row_groups_are_joined(tmp_path):
    source = stored(tmp_path / "x.parquet", {"a": range(1000)}, row_group_size=10)
    (partition,) = source.partitions(Request())
    assert partition.name.endswith("x.parquet[row groups 0 to 99]")
    (batch,) = partition.batches(Request())
    assert batch.rows == 1000


def test_rows_can_be_counted_without_columns(tmp_path):
    source = stored(tmp_path / "x.parquet", {"a": range(600_000)})
    found = batches(source, fields=())
    assert [batch.rows for batch in found] == [524_288, 75_712]
    assert all(not batch.columns for batch in found)


def test_every_element_of_an_array_is_there_whatever_is_read_of_it(tmp_path):
    lists = [[{"x": 1, "y": 2}, None, {"x": None, "y": None}], [], None, [{"x": 3, "y": None}]]
    source = stored(tmp_path / "x.parquet", {"l": lists})
    for name in ("x", "y"):
        left = [items and [item and {name: item[name]} for item in items] for items in lists]
        assert [row["l"] for row in read(source, fields=(("l", name),))] == left


def test_only_needed_leaves_are_read(tmp_path):
    rows = [{"a": 1, "b": {"c": 1, "d": 2}, "l": [{"x": 1, "y": 2}], "a.b": 3}]
    with open_sink(tmp_path / "x.parquet") as sink:
        sink.write(rows)
    source = open_files(tmp_path / "x.parquet")
    assert read(source, fields=(("b", "c"),)) == [{"b": {"c": 1}}]
    assert read(source, fields=(("l", "y"), ("a",))) == [{"a": 1, "l": [{"y": 2}]}]
    assert read(source, fields=(("b", "zz"),)) == [{"b": {"c": 1}}]
    assert read(source, fields=(("l", "zz"),)) == [{"l": [{"x": 1}]}]
    assert read(source, fields=(("a", "b"),)) == [{"a": 1}]
    assert read(source, fields=(("b", PRESENCE), ("l", PRESENCE))) == [{"b": {"c": 1}, "l": [{"x": 1}]}]
    assert read(source, fields=(("none",),)) == [{}]
    narrow, = source.partitions(Request(fields=(("a",),)))
    whole, = source.partitions(Request())
    assert narrow.size_bytes < whole.size_bytes


def test_the_order_of_keys_is_kept_among_needed_fields(tmp_path):
    with open_sink(tmp_path / "x.parquet") as sink:
        sink.write([{"a": 1, "b": 2, "c": 3}, {"c": 3, "b": 2, "a": 1}, {"b": 1}])
    found = read_file(tmp_path / "x.parquet")
    assert [list(row) for row in found] == [["a", "b", "c"], ["c", "b", "a"], ["b"]]
    needed = read(open_files(tmp_path / "x.parquet"), fields=(("a",), ("c",)))
    assert [list(row) for row in needed] == [["a", "c"], ["c", "a"], []]


def test_limits(tmp_path):
    source = stored(tmp_path / "x.parquet", {"a": range(10_000)}, row_group_size=1000)
    assert [row["a"] for row in read(source, limit=3)] == [0, 1, 2]
    assert read(source, limit=0) == []
    assert len(read(source, limit=1500)) == 1500


def test_coded_strings_stay_codes(tmp_path):
    few = ["a", "b"] * 100_000
    many = [f"{i:030}" for i in range(200_000)]
    source = stored(tmp_path / "x.parquet", {"few": few, "many": many, "n": [1] * 200_000})
    batch = batches(source)[0]
    assert pa.types.is_dictionary(batch.column("few").array.type)
    assert pa.types.is_string(batch.column("many").array.type)
    assert batch.column("n").array.type == pa.int64()
    assert read(source, fields=(("few",),))[:2] == [{"few": "a"}, {"few": "b"}]


def test_coverage(tmp_path):
    coverage = Coverage()
    pq.write_table(pa.table({"a": range(10)}), tmp_path / "x.parquet")
    read_file(tmp_path / "x.parquet", coverage)
    assert coverage.rows == 10
    assert coverage.bytes > 0
    assert coverage.sources == [str(tmp_path / "x.parquet")]


def test_schema_and_statistics(tmp_path):
    source = stored(tmp_path / "x.parquet", {"i": pa.array([1], pa.int32()), "s": pa.array(["x"]).dictionary_encode(),
                                             "o": [{"a": 1}], "l": [[1]], "t": pa.array([1], pa.timestamp("us", "UTC")),
                                             "d": pa.array([1], pa.decimal128(5, 2)),
                                             "z": pa.array([1], pa.time32("ms"))})
    assert source.schema() == {"i": "int", "s": "string", "o": "object", "l": "array", "t": "date", "d": "decimal",
                               "z": "time32[ms]"}
    assert source.statistics().rows == 1
    assert source.statistics().bytes == (tmp_path / "x.parquet").stat().st_size


def test_schema_of_files_of_ours(tmp_path):
    with open_sink(tmp_path / "x.parquet") as sink:
        sink.write([{"i": ObjectId(), "d": Decimal128("1"), "m": 1, "n": 1}, {"n": 1.5, "m": "x"}])
    assert open_files(tmp_path / "x.parquet").schema() == {"i": "objectId", "d": "decimal", "m": "mixed", "n": "number"}


def test_streams_and_compressed_files(tmp_path):
    data = io.BytesIO()
    pq.write_table(pa.table({"a": [1, 2]}), data)
    import gzip

    (tmp_path / "x.parquet.gz").write_bytes(gzip.compress(data.getvalue()))
    (tmp_path / "nameless").write_bytes(data.getvalue())
    for name in ("x.parquet.gz", "nameless"):
        source = open_files(tmp_path / name)
        assert read(source) == read(source) == [{"a": 1}, {"a": 2}]


def test_several_files(tmp_path):
    for number in range(3):
        pq.write_table(pa.table({"a": [number]}), tmp_path / f"{number}.parquet")
    source = open_files(tmp_path / "*.parquet")
    assert source.columnar
    assert read(source) == [{"a": 0}, {"a": 1}, {"a": 2}]
    assert source.statistics().rows == 3


# Whoever wrote the file

SAMPLES = {
    "null": (pa.null(), [None]), "bool": (pa.bool_(), [True]), "int8": (pa.int8(), [-1]), "int16": (pa.int16(), [-1]),
    "int32": (pa.int32(), [-1]), "int64": (pa.int64(), [-1]), "uint8": (pa.uint8(), [1]), "uint16": (pa.uint16(), [1]),
    "uint32": (pa.uint32(), [1]), "uint64": (pa.uint64(), [1]), "halffloat": (pa.float16(), [np.float16(0.5)]),
    "float": (pa.float32(), [0.5]), "double": (pa.float64(), [0.5]), "string": (pa.string(), ["x"]),
    "large_string": (pa.large_string(), ["x"]), "string_view": (pa.string_view(), ["x"]),
    "dictionary": (pa.dictionary(pa.int8(), pa.string()), ["x"]), "binary": (pa.binary(), [b"x"]),
    "large_binary": (pa.large_binary(), [b"x"]), "binary_view": (pa.binary_view(), [b"x"]),
    "fixed_size_binary": (pa.binary(1), [b"x"]), "date32": (pa.date32(), [dt.date(2020, 1, 2)]),
    "date64": (pa.date64(), [dt.date(2020, 1, 2)]), "timestamp": (pa.timestamp("us", "UTC"), [dt.datetime(2020, 1, 2)]),
    "decimal128": (pa.decimal128(10, 2), [decimal.Decimal("1.50")]),
    "decimal256": (pa.decimal256(10, 2), [decimal.Decimal("1.50")]),
    "struct": (pa.struct([("a", pa.int8())]), [{"a": 1}]),
    "list": (pa.list_(pa.int8()), [[1]]), "large_list": (pa.large_list(pa.int8()), [[1]]),
    "fixed_size_list": (pa.list_(pa.int8(), 1), [[1]]), "map": (pa.map_(pa.string(), pa.int8()), [[("a", 1)]]),
    "duration": (pa.duration("s"), [1]), "time32": (pa.time32("s"), [1]), "time64": (pa.time64("us"), [1]),
    "month_day_nano_interval": (pa.month_day_nano_interval(), [(1, 2, 3)]),
    "decimal32": (pa.decimal32(5, 1), [decimal.Decimal("1.5")]),
    "decimal64": (pa.decimal64(12, 1), [decimal.Decimal("1.5")]), "list_view": (pa.list_view(pa.int8()), [[1]]),
    "large_list_view": (pa.large_list_view(pa.int8()), [[1]]),
}
NOT_IN_PARQUET = {"run_end_encoded"}
DOCUMENTS = {
    "date32": dt.datetime(2020, 1, 2), "date64": dt.datetime(2020, 1, 2), "decimal128": Decimal128("1.50"),
    "decimal256": Decimal128("1.50"), "decimal32": Decimal128("1.5"), "decimal64": Decimal128("1.5"),
    "map": [{"k": "a", "v": 1}],
}


def test_every_rule_has_a_sample():
    assert {rule.arrow for rule in ARROW_RULES} == {*SAMPLES, *NOT_IN_PARQUET}


@pytest.mark.parametrize("rule", [rule for rule in ARROW_RULES if rule.loss != "every value"
                                  and rule.arrow not in NOT_IN_PARQUET], ids=lambda r: r.arrow)
def test_every_arrow_type_is_read_as_its_rule_says(tmp_path, rule):
    kind, values = SAMPLES[rule.arrow]
    source = stored(tmp_path / "x.parquet", {"a": pa.array([*values, None], kind)})
    first, second = read(source)
    assert first["a"] == DOCUMENTS.get(rule.arrow, values[0])
    assert second == {"a": None}
    expected = "string" if rule.arrow == "dictionary" else TYPE_NAMES[rule.bson]
    assert source.schema() == {"a": expected}


@pytest.mark.parametrize(("kind", "value"), [(pa.uint64(), 2**63), (pa.timestamp("us"), 1), (pa.time32("s"), 1)])
def test_what_a_document_cannot_hold_is_an_error_that_names_column_and_place(tmp_path, kind, value):
    source = stored(tmp_path / "x.parquet", {"a": pa.array([value], kind)})
    with pytest.raises(LossError, match=r"x\.parquet\[row group 0\]: .*'a'"):
        read(source)


# What is wrong with a file

def broken_file(path):
    pq.write_table(pa.table({"a": range(1000), "s": [str(i) for i in range(1000)]}), path, row_group_size=500,
                   compression="zstd")
    metadata = pq.read_metadata(path)
    chunk = metadata.row_group(1).column(1)
    data = bytearray(path.read_bytes())
    start = chunk.dictionary_page_offset
    data[start:start + chunk.total_compressed_size] = b"\xff" * chunk.total_compressed_size
    path.write_bytes(bytes(data))


def test_a_broken_row_group_is_named(tmp_path, one_partition_each):
    broken_file(tmp_path / "x.parquet")
    with pytest.raises(SourceError, match=r"x\.parquet, row group 1: "):
        read_file(tmp_path / "x.parquet")


def test_a_broken_row_group_can_be_skipped_and_is_noted(tmp_path, one_partition_each):
    broken_file(tmp_path / "x.parquet")
    coverage = Coverage()
    assert len(read_file(tmp_path / "x.parquet", coverage, on_bad="skip")) == 500
    assert coverage.skipped_count == 1
    assert coverage.skipped[0].place == "row group 1"


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" * 10, b"nonsense"])
def test_what_is_no_parquet_file_is_refused(tmp_path, content):
    (tmp_path / "x.parquet").write_bytes(content)
    with pytest.raises(SourceError, match=r"x\.parquet cannot be read as Parquet"):
        open_files(tmp_path / "x.parquet")


def test_two_columns_of_one_name_are_refused(tmp_path):
    pq.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], ["a", "a"]), tmp_path / "x.parquet")
    with pytest.raises(SourceError, match="two columns with the name 'a'"):
        open_files(tmp_path / "x.parquet")


def test_formats_are_told_apart_by_their_first_bytes():
    assert formats()["parquet"].recognizes(b"PAR1...")
    assert not formats()["parquet"].recognizes(b'{"a": 1}')
