"""The values of portable states: BSON, or the column as it is."""

import pyarrow as pa
import pytest
from bson import Decimal128, ObjectId
from group_values import MIXED

from gatherum.kernels.columns.build import column_of
from gatherum.kernels.columns.column import Column, invalid_metadata
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.states.boxes import read_state_values, state_values
from gatherum.types.values import MISSING

NESTED = [[{"a": 1, "b": "x"}, {"a": 2, "b": "y"}], [[{"a": [1.5]}], []], [{"a": 1}, None], [{"a": 1}, MISSING],
          [ObjectId("0" * 24), None], [Decimal128("1.10"), MISSING], [{"a": "x"}, {"a": 1}], [{"b": 1, "a": 2}, {}]]


@pytest.mark.parametrize("values", [*MIXED, *NESTED], ids=repr)
def test_values_come_back_as_they_were(values):
    written = state_values(column_of(values))
    assert len(written) == len(values)
    assert list(map(repr, values_of(read_state_values(written)))) == list(map(repr, values))


@pytest.mark.parametrize(("values", "typed"), [
    ([{"a": 1}, {"a": 2}], True), ([[1], None], True), ([ObjectId("0" * 24)], True),
    ([{"a": 1}, MISSING], False), ([{"a": 1}, 1], False), (["x"], False), ([1, None], False)])
def test_only_what_one_type_holds_with_null_stays_as_it_is(values, typed):
    assert (state_values(column_of(values)).type != pa.large_binary()) == typed


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary(), pa.timestamp("us"), pa.decimal128(5, 2)], ids=str)
def test_columns_of_every_type_come_back(kind):
    values = [b"\5\0\0\0\0", b"", None] if "binary" in str(kind) else [1, None, 3]
    column = Column(pa.array(values, kind))
    found = read_state_values(state_values(column))
    assert found.array.to_pylist() == column.array.to_pylist()


def test_dictionaries_are_left_behind():
    codes = pa.array(["x", "y", "x"]).dictionary_encode()
    coded = pa.LargeListArray.from_arrays(pa.array([0, 1, 3]), pa.StructArray.from_arrays([codes], ["s"]))
    written = state_values(Column(coded))
    assert written.type.value_type.field(0).type == pa.string()
    assert values_of(read_state_values(written)) == [[{"s": "x"}], [{"s": "y"}, {"s": "x"}]]


def test_null_and_missing_fields_of_documents_with_dictionaries_are_not_mistaken_for_one_another():
    words = pa.array(["x"]).dictionary_encode()
    for missing, expected in ((False, {"s": "x", "d": None}), (True, {"s": "x"}), (False, {"s": "x", "d": None})):
        nothing = pa.field("d", pa.int32(), metadata=invalid_metadata(missing))
        fields = [pa.field("s", words.type), nothing]
        array = pa.StructArray.from_arrays([words, pa.nulls(1, pa.int32())], fields=fields)
        assert values_of(read_state_values(state_values(Column(array)))) == [expected]
