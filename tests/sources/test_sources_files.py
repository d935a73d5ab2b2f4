"""Finding files and their formats."""

import gzip
import io
import os
import subprocess
import sys
import threading

import bson
import pytest
from reading import read, read_file

import gatherum as gm
from gatherum.errors import SettingError, SourceError
from gatherum.plan.protocols import Coverage, Partition, Request, Source
from gatherum.sources import files
from gatherum.sources.files import expand, open_files

LINE = b'{"a":%d}\n'


@pytest.fixture
def tree(tmp_path):
    for place, name in enumerate(["b.ndjson", "a.ndjson", "sub/c.json", ".hidden.ndjson", "_SUCCESS", "notes.md",
                                  "sub/d.bson.metadata.json", "_tmp/e.ndjson"]):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(LINE % place)
    return tmp_path


def numbers(spec, **options):
    return [document["a"] for document in read_file(spec, **options)]


def test_paths_lists_directories_and_globs(tree, monkeypatch):
    assert numbers(tree / "b.ndjson") == [0]
    assert numbers(str(tree)) == [1, 0, 2]
    assert numbers(f"{tree}/*.ndjson") == [1, 0]
    assert numbers(f"{tree}/**/*.json*") == [2, 6]
    assert numbers([tree / "b.ndjson", f"{tree}/a*"]) == [0, 1]
    monkeypatch.setenv("HOME", str(tree))
    assert numbers("~/b.ndjson") == [0]


def test_a_name_with_glob_characters_is_a_name_where_it_exists(tree):
    (tree / "x[1].ndjson").write_bytes(LINE % 9)
    assert numbers(f"{tree}/x[1].ndjson") == [9]


@pytest.mark.parametrize("others", [["a.csv"], ["a.bson.gz"], ["a.ndjson.gz"], ["a.JSON", "a.parquet"]])
def test_a_directory_with_one_table_in_several_formats_is_refused(tree, others):
    for name in others:
        (tree / "sub" / name).write_bytes(b"")
        (tree / "sub" / "a.ndjson").write_bytes(LINE % 1)
    said = ", ".join(sorted([*others, "a.ndjson"]))
    for spec in (tree, tree / "sub", [tree / "b.ndjson", str(tree)]):
        with pytest.raises(SourceError, match=rf"{tree}/sub holds {said}, which look like .*: name .* a glob such as"):
            open_files(spec)
    assert numbers([tree / "sub/a.ndjson", tree / "sub/c.json"]) == [1, 2]
    assert numbers(f"{tree}/sub/*.ndjson") == [1]


def test_files_of_other_stems_may_have_other_formats(tree):
    (tree / "sub" / "a.csv").write_text("a\n7\n")
    (tree / "a.2025.ndjson").write_bytes(LINE % 8)
    (tree / "a.2026.csv").write_text("a\n9\n")
    (tree / "a.metadata.json").write_bytes(LINE % 0)
    (tree / "a.metadata.json.gz").write_bytes(b"")
    assert sorted(numbers(tree)) == [0, 1, 2, 7, 8, 9]


def test_several_files_are_one_source(tree):
    source = open_files(str(tree))
    assert isinstance(source, Source)
    assert len(source.partitions(Request())) == 3
    assert all(isinstance(partition, Partition) for partition in source.partitions(Request()))
    assert source.statistics().bytes == 3 * len(LINE % 0)
    assert source.statistics().rows is None
    assert source.schema() is None
    assert source.accepts == {"fields", "limit"}
    assert not source.columnar


def test_coverage_names_what_was_read(tree):
    coverage = Coverage()
    read_file(f"{tree}/*.ndjson", coverage)
    assert coverage.sources == [f"{tree}/a.ndjson", f"{tree}/b.ndjson"]
    assert (coverage.rows, coverage.bytes) == (2, 16)


@pytest.mark.parametrize(("data", "documents"), [
    (b'{"a":1}\n{"a":2}\n', [{"a": 1}, {"a": 2}]), (b'[{"a":1}]', [{"a": 1}]), (b'{\n"a":1}\n', [{"a": 1}]),
    (bson.encode({"a": 1}), [{"a": 1}]), (bson.encode({}), [{}]), (b"", []), (b"\n", [])])
@pytest.mark.parametrize("regular", [True, False])
def test_formats_are_told_by_content(tmp_path, data, documents, regular):
    path = tmp_path / "data"
    if regular:
        path.write_bytes(data)
        assert read_file(path) == documents
        return
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(data,))
    writer.start()
    assert read_file(path) == documents
    writer.join()


@pytest.mark.parametrize("data", [b'{"a":1}\n{"a":2}\n', b'[{"a":1},{"a":2}]', b'{\n"a":1}{"a":2}'])
def test_standard_input(monkeypatch, data):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    source = open_files("-")
    assert source.name == "standard input"
    assert read(source) == [{"a": 1}, {"a": 2}]
    with pytest.raises(SourceError, match="can be read only once"):
        read(source)
    with pytest.raises(SourceError, match="standard input was read already"):
        open_files("-")


@pytest.mark.parametrize("engine", ["auto", "rows", "columnar"])
@pytest.mark.parametrize("stage", [{"$unionWith": "c"}, {"$lookup": {"from": "c", "pipeline": [], "as": "all"}}])
def test_a_query_that_reads_standard_input_twice_is_an_error(monkeypatch, engine, stage):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(LINE % 7)))
    with pytest.raises(SourceError, match="standard input was read already"):
        gm.connect({"c": "-"}).c.aggregate([stage], engine=engine).to_list()


@pytest.mark.parametrize("engine", ["auto", "rows", "columnar"])
def test_a_query_may_read_a_compressed_file_twice(tmp_path, engine):
    path = tmp_path / "c.ndjson.gz"
    path.write_bytes(gzip.compress(LINE % 7))
    rows = gm.connect({"c": path}).c.aggregate([{"$unionWith": "c"}], engine=engine).to_list()
    assert [row["a"] for row in rows] == [7, 7]


def test_standard_input_may_be_compressed(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(LINE % 7))))
    assert numbers("-") == [7]


def test_a_format_may_be_named(tmp_path):
    path = tmp_path / "data.txt"
    path.write_text("a\n5\n")
    assert numbers(path, format="csv") == [5]
    with pytest.raises(SourceError, match=r"no format 'cvs'; did you mean csv\?; known: .*bson, csv"):
        open_files(path, format="cvs")


@pytest.mark.parametrize(("spec", "says"), [
    ("{}/none.ndjson", "there is no file or directory"), ("{}/b.ndjsn", "did you mean b.ndjson"),
    ("{}/*.parquet7", "no file matches"), ("{}/empty", "has no data files .*ndjson.*nothing else"),
    ("{}/bare", r"notes\.md"),
    ("{}/notes.md", "the format of .*notes.md is unknown.*name the format"), ([], "the list of paths is empty")])
def test_errors_say_what_is_wrong(tree, spec, says):
    (tree / "empty").mkdir()
    (tree / "bare").mkdir()
    (tree / "bare" / "notes.md").write_text("hello")
    (tree / "notes.md").write_text("hello, world")
    with pytest.raises(SourceError, match=says):
        open_files(spec.format(tree) if isinstance(spec, str) else spec)


def test_no_permission_is_said(tree, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")
    monkeypatch.setattr("gatherum.sources.input_file.open", refuse, raising=False)
    with pytest.raises(SourceError, match="no permission to read"):
        open_files(tree / "a.ndjson")


def test_a_file_that_vanishes_is_a_source_error(tree):
    source = open_files(tree / "a.ndjson")
    (tree / "a.ndjson").unlink()
    with pytest.raises(SourceError, match="there is no file"):
        read(source)


def test_settings_are_checked(tree):
    with pytest.raises(SettingError, match="on_bad"):
        open_files(tree, on_bad="ignore")
    with pytest.raises(SettingError, match="there is no option 'delimiter' for ndjson"):
        open_files(tree / "a.ndjson", delimiter=";")


def test_every_format_has_a_name_and_suffixes_of_its_own():
    suffixes = [suffix for form in files.formats().values() for suffix in form.suffixes]
    assert len(suffixes) == len(set(suffixes))
    assert {"ndjson", "json", "bson", "csv", "tsv"} <= set(files.formats())


def test_lists_keep_their_order_and_their_repetitions(tree):
    assert expand([f"{tree}/b.ndjson", f"{tree}/a.ndjson", f"{tree}/b.ndjson"]) == [
        f"{tree}/{name}.ndjson" for name in "bab"]


def test_reading_documents_loads_no_column_libraries(tree):
    code = (f"import sys\nfrom gatherum.sources.files import open_files\nfrom gatherum.plan.protocols import Request\n"
            f"source = open_files({str(tree)!r})\n"
            "assert sum(1 for p in source.partitions(Request()) for b in p.documents(Request())) == 3\n"
            "print({'numpy', 'pyarrow', 'numba'} & set(sys.modules))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                          env={**os.environ, "PYTHONPATH": os.getcwd()})
    assert done.stdout.strip() == "set()"
