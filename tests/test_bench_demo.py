"""The demonstration's SQL for DuckDB gives the rows of the pipelines."""

import datetime as dt
import decimal

import bson
import pytest
from bson import Decimal128

import gatherum as gm
from bench.demo import alike, answer, connected
from bench.demo_sql import SQL
from gatherum.cli.demo.files import write_shop, write_ticks
from gatherum.cli.demo.pipelines import PIPELINES


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The Parquet file of each table."""
    folder = tmp_path_factory.mktemp("demo")
    return {path.stem: path for path in [*write_shop(folder, 5000, 2, ["parquet"]), write_ticks(folder, 20_000, 2)]}


@pytest.fixture(scope="module")
def peer(files):
    with connected(files) as connection:
        yield connection


@pytest.mark.parametrize("demo", PIPELINES, ids=lambda demo: demo.name)
def test_sql_gives_the_rows_of_the_pipeline(demo, files, peer):
    found, expected = gm.connect(files)[demo.source].aggregate(demo.pipeline).to_list(), answer(peer, demo.name)
    assert alike(found, expected), (found, expected)


def test_every_query_belongs_to_a_pipeline():
    assert SQL.keys() == {demo.name for demo in PIPELINES}


def test_only_last_bits_and_nulls_may_differ():
    day = dt.datetime(2024, 1, 1)
    assert alike([{"a": 0.1 + 0.2, "b": [day]}], [{"a": 0.3, "b": [day], "c": None}])
    assert alike(Decimal128("1.50"), decimal.Decimal("1.5")) and alike({"x": 1}, bson.encode({"": {"x": 1}}))
    assert not alike([1, 2], [2, 1]) and not alike({"a": 1}, {}) and not alike(1.0, 1.001)
    assert not alike(Decimal128("1.51"), decimal.Decimal("1.5")) and not alike("x", bson.encode({"": "y"}))
