"""`gatherum schema`."""

import json
import tracemalloc

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from gatherum.cli.main import shell
from gatherum.cli.shapes import NAMES_OF_ONE, NAMES_OF_RECORDS, PATHS, Shapes


def schema(*words, code=0):
    result = CliRunner().invoke(shell, ["schema", *words])
    assert result.exit_code == code, result.stderr
    return result


def fields_of(*words):
    return {field["field"]: field for field in json.loads(schema(*words, "--format", "json").stdout)["fields"]}


@pytest.fixture
def orders(tmp_path):
    path = tmp_path / "orders.ndjson"
    path.write_text('{"a": 1, "items": [{"price": 1.5}, {"price": 2.5, "off": true}], "b": {"c": null}}\n'
                    '{"a": "2", "items": [{"price": "free"}]}\n{"a": 3, "b": {}, "items": []}\n')
    return str(path)


def test_every_path_has_its_types_nulls_and_missing_values(orders):
    found = fields_of(orders)
    assert list(found) == ["a", "items", "items[]", "items[].price", "items[].off", "b", "b.c"]
    assert {path: (field["types"], field["null"], field["missing"]) for path, field in found.items()} == {
        "a": ({"int": 2, "string": 1}, 0, 0), "items": ({"array": 3}, 0, 0), "items[]": ({"object": 3}, 0, None),
        "items[].price": ({"double": 2, "string": 1}, 0, 0), "items[].off": ({"bool": 1}, 0, 2),
        "b": ({"object": 2}, 0, 1), "b.c": ({}, 1, 1)}


def test_the_first_value_of_an_unusual_type_is_named(orders):
    found = fields_of(orders)
    assert found["a"]["exceptions"] == [{"type": "string", "file": orders, "record": 2, "value": '"2"'}]
    assert found["items[].price"]["exceptions"][0]["value"] == '"free"'
    assert f"a: string in {orders}, record 2: \"2\"" in schema(orders).stdout


def test_the_table_has_a_line_for_each_path(orders):
    lines = [[cell.strip() for cell in line.split("│")] for line in schema(orders).stdout.splitlines()]
    assert ["items[].price", "double 2, string 1", "0", "0"] in lines
    assert ["3 records"] in lines


def test_numbers_stand_below_each_other(orders):
    lines = schema(orders).stdout.splitlines()[2:9]
    assert {line.rpartition("│")[2] for line in lines if "[] " not in line} == {"       0", "       1", "       2"}


def test_columns_that_no_document_can_hold_are_left_out_and_named(tmp_path):
    path = tmp_path / "fine.parquet"
    pq.write_table(pa.table({"t": pa.array([1, 2000], pa.timestamp("us")), "n": [1, 2]}), path, row_group_size=1)
    found = json.loads(schema(str(path), "--format", "json").stdout)
    assert found["records"] == 2
    assert [(field["field"], field["missing"]) for field in found["fields"]] == [("n", 0)]
    assert [note.partition(" is ")[0] for note in found["notes"]] == ["not described: column 't'"]


def test_records_are_counted_in_each_file(orders, tmp_path):
    other = tmp_path / "other.ndjson"
    other.write_text('{"a": 1}\n{"a": 1}\n{"a": 1}\n{"a": false}\n')
    exceptions = fields_of(str(other), orders)["a"]["exceptions"]
    assert [(each["type"], each["file"], each["record"]) for each in exceptions] == [
        ("bool", str(other), 4), ("string", orders, 2)]


def test_empty_cells_are_what_the_setting_says(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("a,b\n,1\n2,\n")
    assert fields_of(str(path))["a"]["null"] == 1
    assert fields_of(str(path), "--csv-empty", "string")["a"]["types"] == {"string": 1, "int": 1}
    assert fields_of(str(path), "--csv-empty", "missing")["a"]["missing"] == 1


def test_a_limit_is_of_all_files_together(orders):
    assert json.loads(schema(orders, orders, "--limit", "4", "--format", "json").stdout)["records"] == 4


def test_broken_records_may_be_skipped(tmp_path):
    path = tmp_path / "broken.ndjson"
    path.write_text('{"a": 1}\n{\n')
    assert "line 2" in schema(str(path), code=1).stderr
    skipped = schema(str(path), "--on-bad", "skip", code=3)
    assert "1 record could not be read" in skipped.stderr
    assert "1 record\n" in skipped.stdout


def test_a_map_does_not_flood_the_paths():
    shapes = Shapes()
    for number in range(3 * NAMES_OF_ONE):
        shapes.add({"counts": {f"id{number}": number}, "after": 1}, "f", number)
    paths = {shape.path: shape for shape, _ in shapes.described()}
    assert len(paths) == NAMES_OF_ONE + 3
    assert paths["counts.*"].types == {"int": 2 * NAMES_OF_ONE}
    assert shapes.notes() == [f"counts has more than {NAMES_OF_ONE} different fields: the others stand together under "
                              "counts.*"]


def test_there_is_a_limit_to_all_paths():
    shapes = Shapes()
    tracemalloc.start()
    for number in range(40):
        shapes.add({f"a{number}": {f"b{i}": {"c": [1]} for i in range(150)}}, "f", number)
    assert len(list(shapes.described())) == PATHS
    assert tracemalloc.get_traced_memory()[0] < 20_000_000
    tracemalloc.stop()
    assert any(note.startswith("there are more than 2,000 different fields") for note in shapes.notes())


def test_a_field_of_that_name_is_not_the_others():
    shapes = Shapes()
    shapes.add({"*": 1, **{f"k{i}": True for i in range(NAMES_OF_RECORDS)}}, "f", 1)
    assert [shape.types for shape, _ in shapes.described() if shape.path == "*"] == [{"int": 1}, {"bool": 1}]
