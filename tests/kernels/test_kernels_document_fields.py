"""A field that is found in the bytes of documents is the one that the documents have."""

import bson
import pyarrow as pa
from columns_and_meaning import outcome
from hypothesis import given
from hypothesis import strategies as st
from strategies import documents

from gatherum.kernels.columns.batch import Batch
from gatherum.kernels.columns.column import Column
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.columns.variant import CODEC, boxed, unboxed, variant_of
from gatherum.kernels.document_fields import field_of_documents
from gatherum.kernels.evaluate import Evaluation
from gatherum.plan.expressions import ROOT, Get, Variable
from gatherum.types.values import MISSING


def blobs(rows):
    return pa.array([boxed(row)[6:-1] for row in rows], pa.large_binary())


@given(st.lists(documents, min_size=1, max_size=6), st.data())
def test_a_field_of_any_documents(rows, data):
    name = data.draw(st.sampled_from(sorted({name for row in rows for name in row} | {"", "nö"})))
    stored = [unboxed(bson.encode({"": row}, codec_options=CODEC)) for row in rows]
    found = field_of_documents(blobs([{"x": 1}, *rows]).slice(1), name)
    assert outcome(lambda: values_of(found)) == outcome(lambda: [row.get(name, MISSING) for row in stored])


def test_the_last_of_two_fields_of_one_name_counts():
    twice = b"\x13\0\0\0\x10a\0\x01\0\0\0\x10a\0\x02\0\0\0\0"
    assert values_of(field_of_documents(pa.array([twice], pa.large_binary()), "a")) == [bson.decode(twice)["a"]] == [2]


def test_types_that_are_not_known_are_left_to_the_meaning():
    symbol = b"\x0e\0\0\0\x0ea\0\x02\0\0\0x\0\0"
    assert field_of_documents(pa.array([symbol], pa.large_binary()), "a") is None


def test_a_path_below_documents_of_several_shapes_needs_no_meaning():
    rows = [{"by": "me", "deep": {"x": 1}}, None, {"deep": {"x": 2.5}, "by": 3}, "text", {"deep": 1}, MISSING]
    column = variant_of(rows)
    path = Evaluation(strict=True).compile(Get(Variable(ROOT), ("a", "deep", "x")))
    assert values_of(path.column(Batch({"a": column}, 6))) == [1, MISSING, 2.5, MISSING, MISSING, MISSING]
    empty = Column(column.array.slice(0, 0))
    assert not len(path.column(Batch({"a": empty}, 0)))


def test_documents_that_repeat_have_their_own_fields_each():
    rows = [{"a": 1}, {"b": 2}, {"a": "x"}] * 40
    assert values_of(field_of_documents(blobs([{"x": 1}, *rows]).slice(1), "a")) == [1, MISSING, "x"] * 40
