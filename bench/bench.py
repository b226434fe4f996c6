"""bench/run: measures the rows of bench/README.md, prints them, and keeps them in bench/results."""

import argparse
import os
import shutil
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

import results  # noqa: E402
from hub import PROGRAM, Hub  # noqa: E402
from measure import (ROOT, describe_machine, fsync_p50_ms, significant, today,  # noqa: E402
                     versions, wait_until_quiet)
from peers import Nginx  # noqa: E402
from rows import NAMED_ONLY, ROWS  # noqa: E402

# Waiting longer would not make a busy machine quiet; the result says how busy it was.
QUIET_SECONDS_MAX = float(os.environ.get("CAIRN_BENCH_QUIET_SECONDS", "120"))


class Bench:
    """What a row gets: a folder on the disk that is measured, a hub and an nginx of its own."""

    def __init__(self, folder):
        self.folder, self._count = folder, 0

    def new_hub(self):
        self._count += 1
        place = self.folder / f"hub-{self._count}"
        place.mkdir()
        return Hub(place / "data")

    def end_hub(self, hub):
        hub.end()
        shutil.rmtree(hub.data.parent)

    @contextmanager
    def hub(self):
        hub = self.new_hub()
        try:
            yield hub.start_with_world()
            hub.stop()
        finally:
            self.end_hub(hub)

    @contextmanager
    def nginx(self):
        server = Nginx(Path(tempfile.mkdtemp(prefix="nginx-", dir=self.folder)))
        try:
            yield server.start()
        finally:
            server.stop()
            shutil.rmtree(server.folder)


def arguments():
    parser = argparse.ArgumentParser(
        prog="bench/run", description=__doc__,
        epilog="examples:\n  bench/run\n  bench/run --no-save b f",
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--no-save", action="store_true", help="print only")
    parser.add_argument("rows", nargs="*", metavar="ROW", help="; ".join(
        f"{row}: {title}{' (only when named)' if row in NAMED_ONLY else ''}"
        for row, (title, _) in ROWS.items()))
    given = parser.parse_args()
    unknown = [row for row in given.rows if row not in ROWS]
    if unknown:
        parser.error(f"no such row: {' '.join(unknown)}; there are {' '.join(ROWS)}")
    return given


def run_row(row):
    """@return the row's result; what went wrong is one, too."""
    title, function = ROWS[row]
    scratch = Path(os.environ.get("CAIRN_BENCH_DIR", ROOT / "build/bench"))
    scratch.mkdir(parents=True, exist_ok=True)
    load = wait_until_quiet(QUIET_SECONDS_MAX)
    found = {"title": title, "at": today().strftime("%Y-%m-%d %H:%M UTC"),
             "other_load_before": significant(load, 2), "nice": os.nice(0)}
    with tempfile.TemporaryDirectory(prefix="bench-", dir=scratch) as folder:
        found["fsync_p50_ms"] = significant(fsync_p50_ms(Path(folder)), 3)
        try:
            measures, notes = function(Bench(Path(folder)))
            found |= {"measures": [m.as_json() for m in measures], "notes": notes}
        except Exception as problem:  # One row that fails does not take the others along.
            found["failed"] = results.without_paths(f"{type(problem).__name__}: {problem}")
    return found


def main():
    given = arguments()
    scratch = Path(os.environ.get("CAIRN_BENCH_DIR", ROOT / "build/bench"))
    scratch.mkdir(parents=True, exist_ok=True)
    machine = describe_machine(scratch)
    about = {"machine": machine, "versions": versions(PROGRAM)}
    failed = False
    for row in given.rows or [r for r in ROWS if r not in NAMED_ONLY]:
        print(f"{row}  {ROWS[row][0]} ...", file=sys.stderr, flush=True)
        found = run_row(row)
        print(results.text(row, found), flush=True)
        failed |= "failed" in found
        if not given.no_save:
            results.save(about, row, found)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
