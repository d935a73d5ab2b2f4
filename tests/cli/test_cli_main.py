"""The command as a whole: its help, its version, and what becomes of errors."""

import re
import traceback

import pytest
from click.testing import CliRunner

import gatherum
from gatherum.cli.failures import exit_code_of
from gatherum.cli.main import shell
from gatherum.errors import CancelledError, DeadlineError, InternalError, QueryError, SettingError, SourceError


def test_the_version_is_the_package_s():
    assert CliRunner().invoke(shell, ["--version"]).stdout == f"gatherum {gatherum.__version__}\n"


def test_help_names_every_command_with_a_sentence():
    text = CliRunner().invoke(shell, ["--help"]).stdout
    for name in ("run", "explain", "schema", "convert", "functions", "demo"):
        assert re.search(rf"^  {name} +[A-Z].+\.$", text, re.MULTILINE)
        assert CliRunner().invoke(shell, [name, "--help"]).exit_code == 0


def test_an_unknown_command_is_answered_with_the_nearest():
    result = CliRunner().invoke(shell, ["expalin"])
    assert result.exit_code == 2
    assert "did you mean explain?" in result.stderr


@pytest.mark.parametrize(("error", "code"), [
    (QueryError("a"), 1), (SourceError("a"), 1), (SettingError("a"), 2), (DeadlineError("a"), 124),
    (CancelledError("a"), 1), (MemoryError(), 1), (FileNotFoundError(2, "No such file", "x"), 1)])
def test_each_kind_of_error_has_its_code_and_one_line(error, code, capsys):
    assert exit_code_of(error) == code
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert said.count("\n") == 1


@pytest.mark.parametrize("error", [ZeroDivisionError("division by zero"), InternalError("broken inside"),
                                   RecursionError("too deep")])
def test_a_bug_leaves_its_traceback_in_a_file(error, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert exit_code_of(error) == 1
    said = capsys.readouterr().err
    assert "Traceback" not in said
    path, = tmp_path.iterdir()
    assert str(path) in said
    assert path.read_text() == "".join(traceback.format_exception(error))


def test_a_closed_pipe_is_quiet(capsys):
    assert exit_code_of(BrokenPipeError()) == 141
    wrapped = SourceError("cannot write standard output")
    wrapped.__cause__ = BrokenPipeError()
    assert exit_code_of(wrapped) == 141
    assert capsys.readouterr().err == ""
