"""Row g: from starting the process to its first 200 of /readyz (database and storage answer), memory
of an idle node, and the size of the stripped program."""

import shutil
import subprocess
import time

from hub import PROGRAM, random_files
from measure import MIB, Measure, median, rss_mib

ROUNDS = 5
START_SECONDS_MAX = 30
COMMITS = 200


def start(bench):
    first = [_first_start(bench, n) for n in range(ROUNDS)]
    again, rss = [], []
    with bench.hub() as hub:
        _fill(hub)
        for _ in range(ROUNDS):
            hub.stop()
            again.append(_seconds_to_ready(hub))
            time.sleep(2)
            rss.append(rss_mib(hub.pid))
    return [
        Measure("start on existing data to the first 200", median(again), "s", goal=0.3,
                least=False, spread=again),
        Measure("first start to the first 200", median(first), "s", goal=2, least=False,
                spread=first),
        Measure("idle memory (RSS)", median(rss), "MiB", goal=60, least=False, spread=rss),
        Measure("stripped program", _stripped_mib(bench.folder), "MiB", goal=25, least=False),
    ], [f"Existing data: 20 repositories, {COMMITS} commits."]


def _fill(hub):
    repos = [hub.create_repo(f"repo-{n}") for n in range(20)]
    for n in range(COMMITS):
        hub.commit(repos[n % len(repos)], random_files([f"file-{n}.txt"], 1000, seed=n))


def _first_start(bench, number):
    hub = bench.new_hub()
    try:
        return _seconds_to_ready(hub)
    finally:
        bench.end_hub(hub)


def _seconds_to_ready(hub):
    """Asks each millisecond or so; the tests' own start() looks only every 20."""
    start = time.monotonic()
    with hub.log_path.open("ab") as log:
        hub.process = subprocess.Popen(
            [PROGRAM, "serve", "--data", hub.data, "--listen", f"127.0.0.1:{hub.port}"],
            env=hub.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    while not hub.answers("/readyz"):
        assert time.monotonic() - start < START_SECONDS_MAX, hub.log_tail()
        assert hub.process.poll() is None, hub.log_tail()
        time.sleep(0.001)
    return time.monotonic() - start


def _stripped_mib(folder):
    target = folder / "stripped"
    strip = next(name for name in ("strip", "llvm-strip-19") if shutil.which(name))
    subprocess.run([strip, "--strip-unneeded", "-o", target, PROGRAM], check=True)
    size = target.stat().st_size / MIB
    target.unlink()
    return size
