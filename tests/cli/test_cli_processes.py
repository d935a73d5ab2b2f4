"""The command as a process: pipes, signals, exit codes, and how soon it starts."""

import os
import resource
import signal
import subprocess
import sys
import time

import pytest

COMMAND = [sys.executable, "-m", "gatherum"]
COUNT = '{$group: {_id: "$a", n: {$sum: 1}}}'


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.ndjson"
    path.write_text('{"a": 1}\n{"a": 1}\n')
    return str(path)


@pytest.fixture(scope="module")
def big(tmp_path_factory):
    path = tmp_path_factory.mktemp("big") / "big.ndjson"
    line = '{"a": 1, "text": "' + "x" * 60 + '", "tags": ["a", "b", "c"]}\n'
    path.write_text(line * 1_000_000)
    return str(path)


def run(*words, **given):
    return subprocess.run([*COMMAND, *words], capture_output=True, timeout=60, check=False, **given)


def test_rows_go_into_a_pipe_as_json_lines(small):
    done = run("run", COUNT, small)
    assert (done.returncode, done.stdout, done.stderr) == (0, b'{"_id":1,"n":2}\n', b"")


@pytest.mark.parametrize("name", ["small.arrow", "small.arrows", "small.parquet"])
def test_files_of_columns_come_through_pipes(small, tmp_path, name):
    assert run("convert", small, "-o", str(tmp_path / name)).returncode == 0
    done = run("run", COUNT, "-", input=(tmp_path / name).read_bytes())
    assert (done.returncode, done.stdout, done.stderr) == (0, b'{"_id":1,"n":2}\n', b"")


@pytest.mark.parametrize(("words", "code"), [(["run", "[{$no: 1}]", "FILE"], 1), (["run"], 2),
                                             (["run", "[]", "FILE", "--threads", "none"], 2)])
def test_codes_reach_the_shell(small, words, code):
    done = run(*[word.replace("FILE", small) for word in words])
    assert done.returncode == code
    assert done.stdout == b""
    assert b"\x1b" not in done.stderr


@pytest.mark.parametrize("words", [["run", "[]", "FILE", "--engine", "rows"], ["convert", "FILE", "-o", "-", "--format",
                                   "bson", "--engine", "rows"], ["run", "[]", "FILE", "--format", "table"]])
def test_a_reader_that_goes_away_is_no_error(big, words):
    process = subprocess.Popen([*COMMAND, *[word.replace("FILE", big) for word in words]],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(10)
    process.stdout.close()
    assert process.wait(30) in (0, 141)
    assert process.stderr.read() == b""
    process.stderr.close()


def test_help_into_a_closed_pipe_is_quiet():
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([*COMMAND, "functions"], stdout=write, stderr=subprocess.PIPE, timeout=60, check=False)
    os.close(write)
    assert done.returncode in (0, 141)
    assert done.stderr == b""


def test_characters_that_the_output_has_not_are_written_as_escapes(tmp_path):
    path = tmp_path / "a.ndjson"
    path.write_text('{"name": "Grün"}')
    done = run("run", "[]", str(path), "--format", "table", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0
    assert rb"Gr\xfcn" in done.stdout


def test_a_closed_standard_output_does_not_matter_to_a_file(small, tmp_path):
    target = tmp_path / "out.ndjson"
    command = [*COMMAND, "run", COUNT, small, "-o", str(target)]
    done = subprocess.run(["sh", "-c", '"$@" >&-', "sh", *command], capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert target.read_text() == '{"_id":1,"n":2}\n'


@pytest.mark.parametrize("words", [["run", COUNT, "FILE"], ["run", COUNT, "FILE", "--format", "table"],
                                   ["run", COUNT, "FILE", "--format", "bson"], ["schema", "FILE"], ["run", "--help"]])
@pytest.mark.parametrize(("target", "said"), [("&-", b"it is closed"), ("/dev/full", b"No space left on device")])
def test_output_that_cannot_be_written_is_an_error(small, words, target, said):
    command = [*COMMAND, *[word.replace("FILE", small) for word in words]]
    done = subprocess.run(["sh", "-c", f'"$@" >{target}', "sh", *command], capture_output=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(b"error: cannot write standard output: " + said)
    assert done.stderr.count(b"\n") == 1


def test_a_table_that_cannot_be_written_is_an_error(small):
    done = run("run", COUNT, small, "-o", "/dev/full", "--format", "table")
    assert (done.returncode, done.stderr) == (1, b"error: cannot write /dev/full: No space left on device\n")


@pytest.mark.parametrize("words", [["run", "[]", "-"], ["run", "-", "FILE"]])
def test_a_closed_standard_input_is_an_error(small, words):
    command = [*COMMAND, *[word.replace("FILE", small) for word in words]]
    done = subprocess.run(["sh", "-c", '"$@" <&-', "sh", *command], capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (1, b"error: cannot read standard input: it is closed\n")


@pytest.mark.parametrize("output", ["-", "FOLDER/out.bson"])
def test_an_interrupt_ends_it_at_once_and_leaves_no_file(big, tmp_path, output):
    environment = {**os.environ, "TMPDIR": str(tmp_path / "tmp")}
    (tmp_path / "tmp").mkdir()
    (tmp_path / "out").mkdir()
    output = output.replace("FOLDER", str(tmp_path / "out"))
    process = subprocess.Popen([*COMMAND, "run", '[{$sort: {text: 1}}]', big, "--engine", "rows", "-o", output,
                                "--format", "bson"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
    time.sleep(1.5)
    assert process.poll() is None
    start = time.monotonic()
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=30)
    assert time.monotonic() - start < 1.5
    assert process.returncode == 130
    assert (stdout, stderr) == (b"", b"interrupted\n")
    assert list((tmp_path / "tmp").iterdir()) == []
    assert list((tmp_path / "out").iterdir()) == []


def test_a_small_query_is_quick(small, tmp_path):
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(tmp_path), "PYTHONDONTWRITEBYTECODE": ""}
    seconds = []
    for _ in range(6):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert run("run", COUNT, small, env=environment).returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(seconds) < 0.3
