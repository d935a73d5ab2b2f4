import os
import tempfile
from dataclasses import fields
from pathlib import Path

import pytest

from gatherum.errors import SettingError
from gatherum.runtime import machine
from gatherum.runtime.settings import Settings, documented, parse_size


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch):
    for name in [name for name in os.environ if name.startswith("GATHERUM_")]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize(("text", "size"), [
    (4096, 4096), ("4096", 4096), ("2GB", 2 * 10**9), ("2 gb", 2 * 10**9), ("512MiB", 512 * 2**20),
    ("512mi", 512 * 2**20), ("1.5K", 1500), ("1T", 10**12), (" 7 B ", 7), ("9007199254740993", 9007199254740993),
])
def test_a_size_is_bytes_or_has_a_unit(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize("wrong", ["", "GB", "2XB", "-1", -1, "1,5GB", 2.5, True, None, "2GBB", "1e9"])
def test_a_wrong_size_is_refused(wrong):
    with pytest.raises(ValueError, match="expected a number of bytes"):
        parse_size(wrong)


def test_memory_limit_takes_a_percentage_of_what_there_is(monkeypatch):
    monkeypatch.setattr(machine, "memory_limit", lambda: 10**8)
    assert Settings.resolve(memory_limit="25%").memory_limit == 25_000_000
    assert Settings.resolve().memory_limit == 50_000_000
    assert Settings.resolve(memory_limit="1%").memory_limit == 1_000_000
    for wrong in ("101%", "0%", "0.9%", 0, "0", "999KB"):
        with pytest.raises(SettingError, match=r"memory_limit cannot be .* at least 1MB, and at most 100%"):
            Settings.resolve(memory_limit=wrong)


def test_keyword_before_environment_before_default(monkeypatch):
    assert Settings.resolve().morsel_rows == 524288
    monkeypatch.setenv("GATHERUM_MORSEL_ROWS", "100")
    assert Settings.resolve().morsel_rows == 100
    assert Settings.resolve(morsel_rows=7).morsel_rows == 7
    assert Settings.resolve(morsel_rows=None).morsel_rows == 100


def test_an_empty_variable_is_not_given(monkeypatch):
    monkeypatch.setenv("GATHERUM_THREADS", "")
    assert Settings.resolve().threads == machine.cpu_limit()


def test_base_stands_in_for_the_environment(monkeypatch):
    base = Settings.resolve(threads=3, seed=5)
    monkeypatch.setenv("GATHERUM_THREADS", "9")
    settings = Settings.resolve(base, seed=6)
    assert (settings.threads, settings.seed) == (3, 6)


def test_a_wrong_keyword_is_named():
    with pytest.raises(SettingError) as caught:
        Settings.resolve(memory_limit="lots")
    message = str(caught.value)
    assert "memory_limit" in message and "'lots'" in message and "keyword" in message and "512MiB" in message


def test_a_wrong_variable_is_named(monkeypatch):
    monkeypatch.setenv("GATHERUM_MORSEL_ROWS", "524289")
    with pytest.raises(SettingError, match=r"morsel_rows cannot be '524289'.*GATHERUM_MORSEL_ROWS.*from 1 to 524288"):
        Settings.resolve()


def test_an_unknown_name_gets_the_nearest_known_one(monkeypatch):
    with pytest.raises(SettingError, match=r"memry_limit .*'1GB', .*keyword.* did you mean memory_limit"):
        Settings.resolve(memry_limit="1GB")
    monkeypatch.setenv("GATHERUM_THREDS", "2")
    with pytest.raises(SettingError, match=r"threds .*GATHERUM_THREDS.*did you mean threads"):
        Settings.resolve()


@pytest.mark.parametrize(("name", "wrong"), [
    ("engine", "colums"), ("threads", 0), ("threads", True), ("threads", "two"), ("threads", 1.0), ("morsel_rows", 0),
    ("spill_every", -1), ("on_bad", "ignore"), ("progress", "maybe"), ("kernels", "maybe"), ("kernel_cache", ""),
    ("temp_directory", 5), ("rows_engine_limit", "4XB"), ("seed", -1), ("seed", 2**63), ("tz_aware", "perhaps"),
    ("disk_limit", "50%"),
])
def test_wrong_values_are_refused(name, wrong):
    with pytest.raises(SettingError, match=name):
        Settings.resolve(**{name: wrong})


def test_values_become_their_types(tmp_path):
    settings = Settings.resolve(
        disk_limit="1GB", threads="4", temp_directory=str(tmp_path), engine="ROWS", progress=False, tz_aware="yes",
        kernel_cache=Path("k"), rows_engine_limit="1MiB")
    assert settings.disk_limit == 10**9
    assert settings.threads == 4
    assert settings.temp_directory == tmp_path
    assert settings.engine == "rows"
    assert settings.progress == "off"
    assert settings.tz_aware is True
    assert settings.kernel_cache == Path.cwd() / "k"
    assert settings.rows_engine_limit == 2**20


@pytest.mark.parametrize("name", ["none", "none/below", "file"])
def test_a_directory_for_temporary_files_that_is_not_there_is_refused(tmp_path, monkeypatch, name):
    (tmp_path / "file").write_text("")
    directory = str(tmp_path / name)
    with pytest.raises(SettingError, match=rf"temp_directory .* as a keyword\): there is no directory .*{name};"):
        Settings.resolve(temp_directory=directory)
    monkeypatch.setenv("GATHERUM_TEMP_DIRECTORY", directory)
    with pytest.raises(SettingError, match=rf"from the environment variable .*: there is no directory .*{name}; make"):
        Settings.resolve()
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_directory_that_has_gone_is_refused_by_the_next_query(tmp_path):
    base = Settings.resolve(temp_directory=tmp_path)
    tmp_path.rmdir()
    with pytest.raises(SettingError, match="there is no directory"):
        Settings.resolve(base, threads=1)


def test_only_a_query_that_writes_needs_the_systems_directory(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    assert Settings.resolve().temp_directory == tmp_path / "gone"


def test_a_base_limit_of_disk_can_be_lifted():
    base = Settings.resolve(disk_limit=10)
    assert Settings.resolve(base, disk_limit="none").disk_limit is None


def test_a_misspelt_choice_gets_the_nearest():
    with pytest.raises(SettingError, match="did you mean columnar"):
        Settings.resolve(engine="colunar")


def test_settings_are_checked_when_built_directly():
    with pytest.raises(SettingError, match="threads"):
        Settings(threads=0)


def test_every_setting_is_documented():
    entries = documented()
    assert [entry.name for entry in entries] == [field.name for field in fields(Settings)]
    assert all(entry.text and entry.default and entry.variable == f"GATHERUM_{entry.name.upper()}"
               for entry in entries)
