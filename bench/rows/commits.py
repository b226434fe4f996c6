"""Row e: 16 writers over raw sockets (commits.cpp), and whether all that was acknowledged is there."""

import json
import os
import subprocess

from hub import TOKEN, random_files
from measure import ROOT, Measure, fsync_p50_ms

PROGRAM = os.environ.get("CAIRN_BENCH_COMMITS", ROOT / "build/release/cairn_bench_commits")
WRITERS = 16
SECONDS = 8
COMMITS_MAX = 20_000
FOLDER_ENTRIES = 100


def sixteen_writers(bench):
    fsyncs = [fsync_p50_ms(bench.folder)]
    with bench.hub() as hub:
        many = [_prepare(hub, f"own-{n:02}", [n]) for n in range(WRITERS)]
        shared = _prepare(hub, "shared", range(WRITERS))
        contended = _prepare(hub, "contended", range(WRITERS))
        runs = {}
        for name, mode, writers, repos in (
            ("apart", "free", WRITERS, many),
            ("together", "free", WRITERS, [shared]),
            # What one GET and one POST take when nobody else writes.
            ("alone", "parent", 1, [contended]),
            ("contended", "parent", WRITERS, [contended]),
        ):
            runs[name] = _run(hub, mode, writers, repos)
            fsyncs.append(fsync_p50_ms(bench.folder))
    return _measures(runs, sorted(fsyncs)[len(fsyncs) // 2])


def _prepare(hub, name, writers):
    repo = hub.create_repo(name)
    paths = [f"w{w:02}/{n:02}.txt" for w in writers for n in range(FOLDER_ENTRIES)]
    hub.commit(repo, random_files(paths, 1000))
    return repo


def _run(hub, mode, writers, repos):
    done = subprocess.run(
        [PROGRAM, str(hub.port), mode, str(writers), str(SECONDS), str(COMMITS_MAX), *repos],
        env={"CAIRN_BENCH_TOKEN": TOKEN}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"the load failed: {done.stderr[:2000]}"
    *lines, last = done.stdout.splitlines()
    found = json.loads(last)
    found["rate"] = found["commits"] / found["seconds"] if found["commits"] else 0
    found["lost"] = _lost(hub, [line.split()[1:] for line in lines])
    return found


def _lost(hub, acknowledged):
    """How many acknowledged commits the branch does not have, or whose last content differs."""
    missing, latest = 0, {}
    known = {repo: hub.history(repo) for repo in {line[0] for line in acknowledged}}
    for repo, commit, path, number in acknowledged:
        missing += commit not in known[repo]
        key = (repo, path)
        latest[key] = max(latest.get(key, -1), int(number))
    for (repo, path), number in latest.items():
        writer = int(path[1:3])
        content = hub.request("GET", f"/{repo}/resolve/main/{path}")
        missing += not content.startswith(f"{writer} {number}\n".encode())
    return missing


def _measures(runs, fsync_ms):
    alone = runs["alone"]
    # The POST of a lone writer has its own fsync in it: counting that once makes this the strict
    # reading of 0.5 / (fsync + GET + POST).
    goal = round(0.5 * 1000 / (alone["get_p50_ms"] + alone["post_p50_ms"]), 1)
    lost = sum(run["lost"] for run in runs.values())
    measures = [
        Measure("16 repositories", runs["apart"]["rate"], "commits/s", goal=1000),
        Measure("one branch, no parentCommit", runs["together"]["rate"], "commits/s", goal=400),
        Measure("answers 412 to those", runs["together"]["stale"] + runs["apart"]["stale"], "",
                goal=0, least=False),
        Measure("one branch, parentCommit and retry", runs["contended"]["rate"], "commits/s",
                goal=goal),
        Measure("acknowledged commits lost", lost, "", goal=0, least=False),
    ]
    notes = [f"fsync p50 {fsync_ms:.2f} ms, measured around each part.",
             f"A lone writer: GET p50 {alone['get_p50_ms']:.2f} ms, POST p50 "
             f"{alone['post_p50_ms']:.2f} ms, {alone['rate']:.0f} commits/s."]
    for name, label in (("apart", "16 repositories"), ("together", "One branch"),
                        ("contended", "One branch with parentCommit")):
        run = runs[name]
        notes.append(f"{label}: {run['commits']} commits in {run['seconds']:.1f} s, POST p50 "
                     f"{run['post_p50_ms']:.1f} ms, p99 {run['post_p99_ms']:.1f} ms, "
                     f"{run['stale']} answers 412.")
    return measures, notes
