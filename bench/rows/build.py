"""Row h: a clean build of what is committed, without a compiler cache, and the tests after it."""

import os
import shutil
import subprocess

from measure import ROOT, Measure, stopwatch


def build(bench):
    clone = bench.folder / "clone"
    subprocess.run(["git", "clone", "-q", "--no-hardlinks", ROOT, clone], check=True)
    env = os.environ | {"CI": "true", "CCACHE_DISABLE": "1"}
    minutes = {}
    try:
        for name, command in (("build", ["./run", "setup"]), ("test", ["./test"])):
            with (bench.folder / f"{name}.log").open("wb") as log, stopwatch() as seconds:
                code = subprocess.run(command, cwd=clone, env=env, stdin=subprocess.DEVNULL,
                                      stdout=log, stderr=log, check=False).returncode
            tail = (bench.folder / f"{name}.log").read_text(errors="replace")[-1500:]
            if code != 0:
                raise AssertionError(f"{' '.join(command)} ended with {code}:\n{tail}")
            minutes[name] = seconds[0] / 60
    finally:
        shutil.rmtree(clone, ignore_errors=True)
    return [
        Measure("clean build (./run setup)", minutes["build"], "min", goal=10, least=False),
        Measure("./test after it", minutes["test"], "min", goal=15, least=False),
    ], [f"{len(os.sched_getaffinity(0))} cores, no compiler cache, packages installed before."]
