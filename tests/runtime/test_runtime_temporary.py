import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gatherum.errors import CancelledError, ResourceError, SettingError
from gatherum.runtime import temporary
from gatherum.runtime.temporary import TemporarySpace, process_directory, remove_abandoned


def entries(directory):
    return sorted(path.name for path in directory.iterdir())


def files_below(directory):
    return [path for path in directory.rglob("*") if path.is_file() and path.suffix != ".lock"]


HOLDER = """
import sys
from pathlib import Path
from gatherum.runtime.temporary import TemporarySpace
file = TemporarySpace(Path(sys.argv[1])).create("group")
file.write(b"x" * 1000)
print(file.path, flush=True)
sys.stdin.readline()
{end}
"""


def holder(directory, end=""):
    """A process that holds a temporary file until it gets a line."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER.format(end=end), str(directory)], text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def finish(process):
    process.communicate("\n", timeout=10)


def test_nothing_is_made_before_the_first_file(tmp_path):
    with TemporarySpace(tmp_path / "new"):
        pass
    assert not (tmp_path / "new").exists()


def test_a_file_is_written_read_and_removed(tmp_path):
    with TemporarySpace(tmp_path) as space:
        file = space.create("sort")
        assert file.path.name.startswith("sort-")
        assert file.write(b"abc") == 3
        file.write(memoryview(b"defg"))
        file.write(bytearray())
        file.seek(0)
        assert file.read() == b"abcdefg"
        assert file.path.read_bytes() == b"abcdefg"
        assert (space.used, space.peak, file.size) == (7, 7, 7)
        file.close()
        file.close()
        assert not file.path.exists()
        assert (space.used, space.peak) == (0, 7)


def test_closing_the_space_removes_every_file_also_on_an_error(tmp_path):
    with pytest.raises(ZeroDivisionError), TemporarySpace(tmp_path) as space:
        for _ in range(3):
            space.create("group").write(b"x")
        assert len(files_below(tmp_path)) == 3
        raise ZeroDivisionError
    assert files_below(tmp_path) == []
    assert space.used == 0


def test_over_the_disk_limit_the_error_names_the_setting(tmp_path):
    with TemporarySpace(tmp_path, disk_limit=10) as space:
        first, second = space.create("a"), space.create("b")
        first.write(b"123456")
        with pytest.raises(ResourceError, match="11 bytes, over the query's limit of 10: raise the setting disk_limit"):
            second.write(b"12345")
        first.close()
        second.write(b"1234567890")


def test_the_disk_keeps_its_reserve(tmp_path, monkeypatch):
    monkeypatch.setattr(temporary, "_free_disk", lambda path: (1000, 900))
    with TemporarySpace(tmp_path) as space:
        file = space.create("a")
        file.write(b"x" * 100)
        monkeypatch.setattr(temporary, "_free_disk", lambda path: (900, 900))
        with pytest.raises(ResourceError, match=r"900 bytes free, of which 900 must stay free.*temp_directory"):
            file.write(b"x")
        assert file.size == 100


def test_the_reserve_is_a_twentieth_at_most_a_gibibyte(tmp_path, monkeypatch):
    def disk(blocks):
        return os.statvfs_result((4096, 4096, blocks, 500, 300, 0, 0, 0, 0, 255))

    monkeypatch.setattr(os, "statvfs", lambda path: disk(1000))
    assert temporary._free_disk(tmp_path) == (300 * 4096, 50 * 4096)
    monkeypatch.setattr(os, "statvfs", lambda path: disk(10**9))
    assert temporary._free_disk(tmp_path)[1] == 2**30


def test_a_full_disk_is_a_resource_error(tmp_path):
    with TemporarySpace(tmp_path) as space:
        file = space.create("a")
        with open("/dev/full", "wb") as full:
            os.dup2(full.fileno(), file.fileno())
        with pytest.raises(ResourceError, match="is full: set temp_directory") as caught:
            file.write(b"x")
        assert caught.value.code == 14031


@pytest.mark.parametrize("name", ["file", "none", "none/below"])
def test_a_directory_that_cannot_be_written_names_the_setting(tmp_path, name):
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingError, match=r"temp_directory.*name a directory"):
        TemporarySpace(tmp_path / name).create("a")
    assert entries(tmp_path) == ["file"]


def test_a_temporary_file_is_a_file_for_libraries(tmp_path):
    with TemporarySpace(tmp_path) as space:
        file = space.create("a")
        buffered = io.BufferedWriter(file)
        buffered.write(b"hello")
        buffered.flush()
        with open(file.name, "rb") as again:
            assert again.read() == b"hello"
        buffered.detach()


def test_the_directory_is_private_and_named_for_its_process(tmp_path):
    directory = process_directory(tmp_path)
    assert directory == process_directory(tmp_path)
    assert directory.parent == tmp_path
    assert f"-{os.getpid()}-" in directory.name
    assert directory.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("end", ["", "raise ValueError", "sys.exit(3)"])
def test_a_process_that_ends_leaves_nothing(tmp_path, end):
    process, path = holder(tmp_path, end)
    assert os.path.exists(path)
    finish(process)
    assert entries(tmp_path) == []


def test_the_next_start_removes_what_a_killed_process_left_and_nothing_of_a_live_one(tmp_path):
    live, live_path = holder(tmp_path)
    dead, dead_path = holder(tmp_path)
    dead.send_signal(signal.SIGKILL)
    dead.communicate()
    assert os.path.exists(dead_path)
    assert os.path.exists(live_path)
    finish(holder(tmp_path)[0])
    assert not os.path.exists(dead_path)
    assert os.path.getsize(live_path) == 1000
    assert len(entries(tmp_path)) == 2
    finish(live)
    assert entries(tmp_path) == []


def test_what_is_not_ours_is_left_alone(tmp_path):
    (tmp_path / "gatherum-notes").mkdir()
    (tmp_path / "other.lock").write_text("")
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "file").write_text("keep")
    (tmp_path / "gatherum-1-aa").symlink_to(tmp_path / "target")
    (tmp_path / "gatherum-1-aa.lock").write_text("")
    (tmp_path / "gatherum-2-bb.lock").symlink_to(tmp_path / "other.lock")
    remove_abandoned(tmp_path)
    assert (tmp_path / "gatherum-notes").exists()
    assert (tmp_path / "other.lock").exists()
    assert (tmp_path / "target" / "file").read_text() == "keep"


def test_a_process_killed_between_lock_and_directory_is_cleaned_up(tmp_path):
    (tmp_path / "gatherum-1-aa.lock").write_text("")
    remove_abandoned(tmp_path)
    assert entries(tmp_path) == []


def test_a_lock_that_vanishes_while_it_is_waited_for_is_not_held(tmp_path, monkeypatch):
    lock = tmp_path / "gatherum-1-aa.lock"
    monkeypatch.setattr(temporary.fcntl, "flock", lambda descriptor, operation: lock.unlink())
    assert temporary._locked(lock, os.O_CREAT | os.O_EXCL, 0) == -1


FORKING = """
import os, sys
from pathlib import Path
from gatherum.runtime.temporary import TemporarySpace, process_directory
root = Path(sys.argv[1])
space = TemporarySpace(root)
file = space.create("group")
file.write(b"x")
child = os.fork()
if child == 0:
    own = process_directory(root)
    with TemporarySpace(root) as mine:
        assert mine.create("a").path.parent == own
    space.close()
    sys.exit(0 if own != file.path.parent else 1)
assert os.waitpid(child, 0)[1] == 0
assert file.path.exists()
left = [path for path in root.iterdir()]
assert len(left) == 2, left
"""


def test_a_forked_child_leaves_its_parents_files_and_has_its_own(tmp_path):
    subprocess.run([sys.executable, "-W", "ignore", "-c", FORKING, str(tmp_path)], check=True, timeout=20)
    assert entries(tmp_path) == []


def test_a_child_that_lives_on_does_not_keep_its_dead_parents_files(tmp_path):
    fork = ("import os\nif os.fork() == 0:\n    print('child', flush=True)\n    sys.stdin.read()\n"
            "os.kill(os.getpid(), 9)")
    process, path = holder(tmp_path, fork)
    with process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "child\n"
        assert process.wait(10) == -signal.SIGKILL
        remove_abandoned(tmp_path)
        assert not os.path.exists(path)


def test_a_closed_space_makes_no_files(tmp_path, monkeypatch):
    space = TemporarySpace(tmp_path)
    space.create("before")
    space.close()
    made = []
    monkeypatch.setattr(temporary, "TemporaryFile", lambda *given: made.append(given))
    with pytest.raises(CancelledError):
        space.create("after")
    assert files_below(tmp_path) == made == []


def test_a_file_that_is_closed_is_gone(tmp_path, monkeypatch):
    """Another thread that closes it as well, and returns at once, may rely on that."""
    file = TemporarySpace(tmp_path).create("file")
    unlink, closed = Path.unlink, []
    monkeypatch.setattr(Path, "unlink", lambda path, **options: (closed.append(file.closed), unlink(path, **options)))
    file.close()
    assert (closed, file.closed, file.path.exists()) == ([False], True, False)


def test_a_file_that_two_threads_close_is_counted_once(tmp_path):
    with TemporarySpace(tmp_path) as space:
        first, second = space.create("first"), space.create("second")
        first.write(bytes(10))
        second.write(bytes(20))
        space.removed(first, first.size)
        first.close()
        assert space.used == 20
