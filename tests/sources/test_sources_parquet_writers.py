"""Parquet files as other programs write them."""

import datetime as dt
import math

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from reading import read, read_file

from gatherum.frontends.mongo.query import parse_query
from gatherum.plan.protocols import Request
from gatherum.sources.files import open_files


def test_files_of_pandas(tmp_path):
    frame = pd.DataFrame({"i": [1, 2], "s": ["x", None], "c": pd.Categorical(["u", "v"]), "f": [1.5, np.nan],
                          "t": pd.to_datetime(["2020-01-01", "2021-01-01"]), "n": [{"a": 1}, {"a": 2}]})
    frame.to_parquet(tmp_path / "x.parquet")
    assert read_file(tmp_path / "x.parquet") == [
        {"i": 1, "s": "x", "c": "u", "f": 1.5, "t": dt.datetime(2020, 1, 1), "n": {"a": 1}},
        {"i": 2, "s": None, "c": "v", "f": None, "t": dt.datetime(2021, 1, 1), "n": {"a": 2}}]


def test_files_of_polars(tmp_path):
    frame = pl.DataFrame({"i": [1, None], "s": ["x", "y"], "l": [[1], []], "o": [{"a": 1.5}, {"a": math.inf}],
                          "c": pl.Series(["u", "v"], dtype=pl.Categorical), "d": [dt.date(2020, 1, 1)] * 2})
    frame.write_parquet(tmp_path / "x.parquet")
    day = dt.datetime(2020, 1, 1)
    assert read_file(tmp_path / "x.parquet") == [
        {"i": 1, "s": "x", "l": [1], "o": {"a": 1.5}, "c": "u", "d": day},
        {"i": None, "s": "y", "l": [], "o": {"a": math.inf}, "c": "v", "d": day}]


def test_files_of_duckdb(tmp_path):
    path = tmp_path / "x.parquet"
    duckdb.sql(f"copy (select range::int i, 'k' || range % 2 s, {{'a': [range]}} o from range(3)) to '{path}'")
    source = open_files(path)
    assert read(source, filter=parse_query({"i": 1})) == [{"i": i, "s": f"k{i % 2}", "o": {"a": [i]}} for i in range(3)]
    assert source.partitions(Request(filter=parse_query({"i": 3}))) == []


def test_old_dates_far_away_are_right(tmp_path):
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"a": pa.array([dt.datetime(9999, 12, 31)], pa.timestamp("us"))}), path,
                   use_deprecated_int96_timestamps=True)
    assert read_file(path) == [{"a": dt.datetime(9999, 12, 31)}]
