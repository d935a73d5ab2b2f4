"""Compressed files: whole, of any number of members, or an error."""

import bz2
import gzip
import os
import random

import pytest
import zstandard
from reading import read_file

from gatherum.errors import SourceError

TEXT = b"".join(b'{"a":%d,"pad":"%d"}\n' % (i, random.Random(i).getrandbits(64)) for i in range(5000))
ROWS = 5000
COMPRESSORS = {".gz": gzip.compress, ".bz2": bz2.compress, ".zst": zstandard.compress}
kinds = pytest.mark.parametrize(("suffix", "compress"), COMPRESSORS.items())


@kinds
@pytest.mark.parametrize("name", ["data.ndjson{}", "data{}", "data", "DATA.NDJSON{}"])
def test_compression_is_told_by_suffix_or_by_content(tmp_path, suffix, compress, name):
    path = tmp_path / name.format(suffix)
    path.write_bytes(compress(TEXT))
    documents = read_file(path)
    assert len(documents) == ROWS
    assert documents[-1]["a"] == ROWS - 1


@kinds
def test_members_follow_one_another(tmp_path, suffix, compress):
    path = tmp_path / f"data.ndjson{suffix}"
    path.write_bytes(compress(TEXT[:5000]) + compress(b"") + compress(TEXT[5000:]))
    assert len(read_file(path)) == ROWS


@kinds
@pytest.mark.parametrize("keep", [0.0, 0.001, 0.5, 0.9999])
def test_a_truncated_file_is_an_error(tmp_path, suffix, compress, keep):
    data = compress(TEXT)
    path = tmp_path / f"data.ndjson{suffix}"
    path.write_bytes(data[:int(len(data) * keep)])
    with pytest.raises(SourceError, match="truncated"):
        read_file(path)


@kinds
def test_a_truncated_second_member_is_an_error(tmp_path, suffix, compress):
    path = tmp_path / f"data.ndjson{suffix}"
    path.write_bytes(compress(TEXT) + compress(TEXT)[:2])
    with pytest.raises(SourceError, match="truncated"):
        read_file(path)


@kinds
def test_broken_data_are_an_error(tmp_path, suffix, compress):
    path = tmp_path / f"data.ndjson{suffix}"
    path.write_bytes(compress(TEXT) + b"this is nothing compressed")
    with pytest.raises(SourceError, match="broken"):
        read_file(path)
    path.write_bytes(os.urandom(0) + b"plain text, not compressed")
    with pytest.raises(SourceError, match="broken"):
        read_file(path)


def test_padding_after_gzip_is_passed_over(tmp_path):
    path = tmp_path / "data.ndjson.gz"
    path.write_bytes(gzip.compress(TEXT) + b"\0" * 1000)
    assert len(read_file(path)) == ROWS


def test_skippable_frames_of_zstandard_are_passed_over(tmp_path):
    path = tmp_path / "data.ndjson.zst"
    path.write_bytes(zstandard.compress(TEXT) + b"\x50\x2a\x4d\x18\x04\0\0\0abcd" + zstandard.compress(TEXT))
    assert len(read_file(path)) == 2 * ROWS


def test_lines_are_numbered_in_the_decompressed_text(tmp_path):
    path = tmp_path / "data.ndjson.gz"
    path.write_bytes(gzip.compress(TEXT + b"x\n"))
    with pytest.raises(SourceError, match=rf"line {ROWS + 1} \(byte {len(TEXT)}\)"):
        read_file(path)
