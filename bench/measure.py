"""Clocks, processes and the machine: what every row needs to measure."""

import datetime
import hashlib
import mmap
import os
import re
import statistics
import subprocess
import threading
import time
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GIB = 1 << 30
MIB = 1 << 20


class Measure:
    """One line of the table: what was measured, what it is held against, what was to be reached.

    `goal` is for the ratio where there is a peer, else for the value; `least` says from which side.
    """

    def __init__(self, name, value, unit, peer=None, peer_value=None, goal=None, least=True,
                 spread=None):
        self.name, self.value, self.unit = name, value, unit
        self.peer, self.peer_value = peer, peer_value
        self.goal, self.least, self.spread = goal, least, spread

    def as_json(self):
        ratio = self.value / self.peer_value if self.peer_value else None
        held = self.value if ratio is None else ratio
        out = {"measure": self.name, "value": significant(self.value), "unit": self.unit}
        if self.spread:
            out["rounds"] = [significant(value) for value in self.spread]
        if self.peer:
            out |= {"peer": self.peer, "peer_value": significant(self.peer_value),
                    "ratio": significant(ratio)}
        if self.goal is not None:
            reached = held >= self.goal if self.least else held <= self.goal
            sign = "≥" if self.least else "≤"
            out |= {"goal": f"{sign} {self.goal:g}{'×' if self.peer else ''}", "reached": reached}
        return out


def significant(value, digits=4):
    return value if value is None or isinstance(value, int) else float(f"{value:.{digits}g}")


def median(values):
    return statistics.median(values)


@contextmanager
def stopwatch():
    """Yields a list that holds the seconds afterwards."""
    seconds = []
    start = time.monotonic()
    yield seconds
    seconds.append(time.monotonic() - start)


# Processes

_TICK = os.sysconf("SC_CLK_TCK")


def _stat(pid):
    """Fields of /proc/PID/stat after the name, which may hold spaces."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def cpu_seconds(pid):
    """User and system time of a process and of its living children (nginx's workers)."""
    total = 0
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = _stat(entry.name)
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(entry.name) == pid or int(fields[1]) == pid:
            total += int(fields[11]) + int(fields[12])
    return total / _TICK


def _status_mib(pid, key):
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"^{key}:\s+(\d+) kB", text, re.M)[1]) / 1024


def rss_mib(pid):
    return _status_mib(pid, "VmRSS")


def reset_peak(pid):
    """What peak_mib() reports begins anew (proc(5), clear_refs, 5)."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def peak_mib(pid):
    return _status_mib(pid, "VmHWM")


# The machine

def fsync_p50_ms(folder, count=200):
    """Appends 4 KiB and calls fdatasync, one after the other, as a lone writer's journal does."""
    path, times = folder / "fsync-probe", []
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        for _ in range(count):
            os.write(descriptor, b"x" * 4096)
            start = time.perf_counter()
            os.fdatasync(descriptor)
            times.append(time.perf_counter() - start)
    finally:
        os.close(descriptor)
        path.unlink()
    return median(times) * 1000


class BackedMemory:
    """While it is entered, the page cache grows into pages that the host has given already.

    A virtual machine may hand free memory back to its host within seconds. The next first touch of a
    page then costs more than all the rest of writing a file, and whoever comes first pays it: dd or
    the program, by chance. So this holds `size` bytes and lets go of them as fast as the page cache
    grows, for both.
    """

    _CHUNK = 32 * MIB
    # What is let go too early goes back to the host.
    _AHEAD = 128 * MIB
    _MADV_POPULATE_WRITE = 23  # Linux 5.14; the mmap module does not name it.

    def __init__(self, size):
        self._chunks = []
        for _ in range(size // self._CHUNK):
            chunk = mmap.mmap(-1, self._CHUNK, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
            chunk.madvise(mmap.MADV_HUGEPAGE)
            chunk.madvise(self._MADV_POPULATE_WRITE)
            self._chunks.append(chunk)
        self._given = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._cached_before = self._cached()
        self._give()
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()
        self._chunks.clear()

    def _run(self):
        while not self._ended.wait(0.005):
            self._give()

    def _give(self):
        wanted = self._cached() - self._cached_before + self._AHEAD
        while self._chunks and self._given < wanted:
            self._chunks.pop().close()
            self._given += self._CHUNK

    @staticmethod
    def _cached():
        with open("/proc/meminfo") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith("Cached:"))


def sha256_bytes_per_second(seconds=1.0):
    """One core, OpenSSL, from a buffer in memory: without reading a file, so the stricter figure."""
    block, digest, done = os.urandom(MIB), hashlib.sha256(), 0
    start = time.monotonic()
    while time.monotonic() - start < seconds:
        digest.update(block)
        done += MIB
    return done / (time.monotonic() - start)


def _cpu_times():
    fields = [int(f) for f in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    return sum(fields[:8]), fields[3] + fields[4]


def other_load(seconds=1.0):
    """Share of all cores that is busy now, before anything of ours runs. 0 to 1."""
    total, idle = _cpu_times()
    time.sleep(seconds)
    total_after, idle_after = _cpu_times()
    return 1 - (idle_after - idle) / max(1, total_after - total)


def wait_until_quiet(seconds_max, share=0.1):
    """@return the other load in the end: a measurement on a busy machine says so, not more."""
    deadline = time.monotonic() + seconds_max
    while (load := other_load()) > share and time.monotonic() < deadline:
        pass
    return load


def describe_machine(folder):
    """Nothing that names it: no host, no path, no address."""
    cpu = Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*:\s*(.*)$", cpu, re.M)
    memory = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())[1])
    system = re.search(r'^PRETTY_NAME="(.*)"$', Path("/etc/os-release").read_text(), re.M)
    return {
        "cores": len(os.sched_getaffinity(0)),
        "cpu": model[1].strip() if model else os.uname().machine,
        "virtual": bool(re.search(r"^flags.*\bhypervisor\b", cpu, re.M)),
        "memory_gib": round(memory / MIB, 1),
        "file_system": output("findmnt", "-n", "-o", "FSTYPE", "-T", folder),
        "fsync_p50_ms": significant(fsync_p50_ms(folder), 3),
        "sha256_gib_per_s": significant(sha256_bytes_per_second() / GIB, 3),
        "system": system[1] if system else "",
        "kernel": os.uname().release,
    }


def versions(program):
    nginx = subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=False).stderr
    changed = output("git", "-C", ROOT, "status", "--porcelain", "--", "src", "CMakeLists.txt", "cmake")
    return {
        "cairn": output(program, "version").splitlines()[0],
        "commit": output("git", "-C", ROOT, "rev-parse", "--short", "HEAD")
        + (" with changes in src" if changed else ""),
        "nginx": nginx.strip().rpartition("/")[2],
        "openssl": output("openssl", "version"),
    }


def output(*command):
    return subprocess.run([str(c) for c in command], check=True, capture_output=True,
                          text=True).stdout.strip()


def today():
    return datetime.datetime.now(datetime.UTC)
