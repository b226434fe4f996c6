"""Rows tree, siblings and copies: repositories of many files and commits, read and copied as a whole."""

import hashlib
import http.client
import json
import statistics
import time

from hub import TOKEN
from measure import Measure, peak_mib, reset_peak, rss_mib

FILES = 100_000
FOLDERS = 100
COMMITS = 1_000
LARGE_FILES = 10_000
SQUASHED_COMMITS = 10_000
ROUNDS = 5


def many_files(hub, name, commits=COMMITS):
    """A repository of FILES files, and further commits that change one file each."""
    repo = hub.create_repo(name)
    per_commit = 10_000
    for start in range(0, FILES, per_commit):
        hub.commit(repo, {f"d{n % FOLDERS:03}/f{n:06}.txt": str(n).encode()
                          for n in range(start, start + per_commit)})
    for n in range(commits - FILES // per_commit):
        hub.commit(repo, {f"d{n % FOLDERS:03}/f{n:06}.txt": f"again {n}".encode()})
    return repo


def ask(hub, path):
    """@return (seconds to the first byte of the body, seconds to its end, body)."""
    connection = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=600)
    connection.connect()
    start = time.perf_counter()
    connection.request("GET", path, headers={"Authorization": f"Bearer {TOKEN}",
                                             "Accept-Encoding": "identity"})
    answer = connection.getresponse()
    first = answer.read(1)
    first_seconds = time.perf_counter() - start
    body = first + answer.read()
    seconds = time.perf_counter() - start
    connection.close()
    assert answer.status == 200, body[:500]
    return first_seconds, seconds, body


def tree_and_siblings(bench):
    with bench.hub() as hub:
        repo = many_files(hub, "many")
        tree = f"/api/models/{repo}/tree/main?recursive=true&expand=true"
        hub.stop()
        hub.start()
        _, cold, body = ask(hub, tree)
        assert len(json.loads(body)) == 50
        warm = [ask(hub, tree)[1] for _ in range(ROUNDS)]

        info = f"/api/models/{repo}"
        time.sleep(2)
        idle = rss_mib(hub.pid)
        reset_peak(hub.pid)
        times = [ask(hub, info) for _ in range(ROUNDS)]
        assert len(json.loads(times[-1][2])["siblings"]) == FILES + 1
        above = peak_mib(hub.pid) - idle
    firsts = [t[0] for t in times]
    return [
        Measure("tree, first page of 100 000 files, warm", statistics.median(warm), "s", goal=0.05,
                least=False, spread=warm),
        Measure("the same, cold", cold, "s", goal=1, least=False),
        Measure("info with 100 000 siblings, first byte", statistics.median(firsts), "s", goal=0.05,
                least=False, spread=firsts),
        Measure("the same, whole", statistics.median(t[1] for t in times), "s"),
        Measure("memory above idle", above, "MiB", goal=100, least=False),
    ], []


def many_large_files(hub, repo):
    """10 000 large files of a few bytes: a duplicate links objects, whatever their size."""
    lines = []
    for n in range(LARGE_FILES):
        content = f"large {n}".encode()
        digest = hashlib.sha256(content).hexdigest()
        lines.append({"key": "lfsFile", "value": {"path": f"shards/{n:05}.bin", "algo": "sha256",
                                                  "oid": digest, "size": len(content)}})
        target, headers = hub.lfs_upload_target(repo, digest, len(content))
        connection = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=600)
        connection.request("PUT", target, content, headers)
        assert connection.getresponse().status == 200
        connection.close()
    hub.commit(repo, lines=lines)


def copies(bench):
    with bench.hub() as hub:
        repo = hub.create_repo("large")
        many_large_files(hub, repo)
        times = []
        for n in range(ROUNDS):
            start = time.perf_counter()
            hub.request("POST", f"/api/models/{repo}/duplicate", {"repository": f"bench/copy-{n}"})
            times.append(time.perf_counter() - start)

        long = hub.create_repo("long")
        for n in range(SQUASHED_COMMITS):
            hub.commit(long, {f"f{n % 100:02}.txt": str(n).encode()})
        start = time.perf_counter()
        hub.request("POST", f"/api/models/{long}/super-squash/main", {})
        squash = time.perf_counter() - start
        assert len(hub.history(long)) == 1
    return [
        Measure("duplicate of 10 000 large files", statistics.median(times), "s", goal=1,
                least=False, spread=times),
        Measure("super-squash of 10 000 commits", squash, "s", goal=5, least=False),
    ], []
