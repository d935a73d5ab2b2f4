import os
import subprocess
import sys

import pytest

from gatherum.runtime import machine


def system(tmp_path, mounts, groups, files, available="8000000"):
    """A /proc that tells of control groups mounted below tmp_path."""
    proc = tmp_path / "proc"
    (proc / "self").mkdir(parents=True)
    (proc / "self" / "cgroup").write_text("".join(f"{line}\n" for line in groups))
    (proc / "self" / "mountinfo").write_text("1 1 0:1 / / rw - ext4 /dev/vda rw\n" + "".join(
        f"31 23 0:28 {root} {tmp_path}{mount} rw,relatime shared:4 - {kind} {kind} rw,{options}\n"
        for root, mount, kind, options in mounts))
    if available:
        (proc / "meminfo").write_text(f"MemTotal:  16000000 kB\nMemAvailable:  {available} kB\n")
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text + "\n")
    return proc


V2 = [("/", "/cg", "cgroup2", "nsdelegate")]


def test_version_2_takes_the_least_limit_up_the_tree(tmp_path):
    proc = system(tmp_path, V2, ["0::/a/b"], {
        "cg/a/b/memory.max": "max", "cg/a/memory.max": "1000000", "cg/a/memory.high": "900000",
        "cg/a/b/cpu.max": "max 100000", "cg/a/cpu.max": "50000 100000"})
    assert machine.memory_limit(proc) == 900000
    assert machine.cpu_limit(proc) == 1


def test_version_1_goes_by_controller(tmp_path):
    mounts = [("/", "/cg/memory", "cgroup", "memory"), ("/", "/cg/cpu", "cgroup", "cpu,cpuacct")]
    proc = system(tmp_path, mounts, ["4:memory:/job", "3:cpu,cpuacct:/"], {
        "cg/memory/job/memory.limit_in_bytes": "5000000", "cg/memory/memory.limit_in_bytes": "9223372036854771712",
        "cg/cpu/cpu.cfs_quota_us": "20000", "cg/cpu/cpu.cfs_period_us": "100000"})
    assert machine.memory_limit(proc) == 5000000
    assert machine.cpu_limit(proc) == 1


def test_a_container_sees_only_its_part_of_the_tree(tmp_path):
    mounts = [("/docker/abc", "/cg", "cgroup2", "x")]
    proc = system(tmp_path, mounts, ["0::/docker/abc"], {"cg/memory.max": "4096"})
    assert machine.memory_limit(proc) == 4096


def test_a_path_outside_of_the_mount_means_the_mount(tmp_path):
    proc = system(tmp_path, V2, ["0::/../other"], {"cg/memory.max": "4096", "other/memory.max": "1"})
    assert machine.memory_limit(proc) == 4096


def test_without_a_limit_it_is_what_is_available(tmp_path):
    proc = system(tmp_path, V2, ["0::/"], {"cg/cpu.max": "max 100000", "cg/memory.max": "max"})
    assert machine.memory_limit(proc) == 8000000 * 1024
    assert machine.cpu_limit(proc) == len(os.sched_getaffinity(0))


@pytest.mark.parametrize(("quota", "threads"), [("150000 100000", 2), ("1600000 100000", 8)])
def test_quota_is_rounded_up_and_bounded_by_the_processors(tmp_path, monkeypatch, quota, threads):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)))
    proc = system(tmp_path, V2, ["0::/"], {"cg/cpu.max": quota})
    assert machine.cpu_limit(proc) == threads


def test_nothing_known_is_none(tmp_path):
    assert machine.memory_limit(tmp_path) is None
    assert machine.cpu_limit(tmp_path) == len(os.sched_getaffinity(0))


def test_this_machine_has_some(monkeypatch):
    assert machine.cpu_limit() >= 1
    assert (machine.memory_limit() or 0) > 2**20


TOUCHING = """
from gatherum.runtime.machine import anonymous_resident
before = anonymous_resident()
block = bytearray(b"x") * (64 * 2**20)
print(anonymous_resident() - before)
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="needs Linux")
def test_anonymous_memory_grows_with_what_is_touched():
    """In a process of its own: in this one, allocators give memory back whenever they like."""
    ran = subprocess.run([sys.executable, "-c", TOUCHING], capture_output=True, text=True, timeout=60, check=True)
    assert 60 * 2**20 < int(ran.stdout) < 80 * 2**20
