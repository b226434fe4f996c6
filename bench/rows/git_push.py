"""Pushes over HTTP, held against `git http-backend` behind nginx on the same repositories."""

import os
import shutil
import threading
import time

from hub import TOKEN, random_files
from measure import Measure, median
from peers import GitBackend
from rows.git import Sides, git, pair, seconds_of

ONE_COMMIT_ROUNDS = 20
BLOBS, BLOB_BYTES = 125, 4 << 20  # 500 MiB that no compression makes smaller.


class Pusher:
    """A clone that makes commits and pushes each to both sides."""

    def __init__(self, bench, sides):
        self.sides, self.folder = sides, bench.folder / "pusher"
        shutil.rmtree(self.folder, ignore_errors=True)
        git("clone", "--quiet", sides.ours, self.folder)
        # Neither side is asked for a password: the hub's token is in its address.
        at, rest = sides.ours.split("://")
        self.ours = f"{at}://bench:{TOKEN}@{rest}"
        self.theirs = sides.theirs

    def git(self, *arguments):
        return git("-c", "user.name=bench", "-c", "user.email=bench@hub.example", *arguments,
                   cwd=self.folder)

    def commit(self, files):
        for path, content in files.items():
            target = self.folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        self.git("add", "-A")
        self.git("commit", "--quiet", "-m", "bench")

    def push(self, url, target):
        return seconds_of(lambda: self.git("push", "--quiet", url, f"HEAD:{target}"))

    def both(self, target="refs/heads/main"):
        return self.push(self.ours, target), self.push(self.theirs, target)


def pushes(bench):
    """Row gc: pushes of one commit, of 1 000 commits, and of a pack of 500 MiB."""
    measures = []
    with bench.hub() as hub, GitBackend(bench.folder / "backend").running() as backend:
        sides = Sides(bench, hub, backend, "pushed")
        for i in range(50):
            hub.commit(sides.repo, random_files([f"d{j}/f{i}.txt" for j in range(20)], 300, i))
        sides.mirror()
        pusher = Pusher(bench, sides)
        ours, theirs = [], []
        for i in range(ONE_COMMIT_ROUNDS):
            pusher.commit({f"d{i % 20}/f{i}.txt": os.urandom(2000)})
            mine, other = pusher.both()
            ours.append(mine)
            theirs.append(other)
        measures.append(pair("push of one commit", ours, theirs, 1.0))

        ours, theirs = [], []
        for round_number in range(3):
            for i in range(1000):
                path = pusher.folder / f"d{i % 20}" / f"f{i % 50}.txt"
                path.write_text(f"{round_number} {i}\n" * 20)
                pusher.git("commit", "--quiet", "-am", f"commit {i}")
            mine, other = pusher.both()
            ours.append(mine)
            theirs.append(other)
        measures.append(pair("push of 1 000 commits", ours, theirs, 1.0))

        pusher.commit({f"large/{i}.bin": os.urandom(BLOB_BYTES) for i in range(BLOBS)})
        mine, other = pusher.both()
        measures.append(pair("push of 500 MiB", [mine], [other], 1.0))
    return measures, ["Durable when answered: the hub syncs pack and rows, git its pack."]


def commits_during_push(bench):
    """Row ge: commits of the API while a pack of 500 MiB is pushed to another repository."""
    with bench.hub() as hub, GitBackend(bench.folder / "backend").running() as backend:
        sides = Sides(bench, hub, backend, "busy")
        hub.commit(sides.repo, {"a": b"x"})
        pusher = Pusher(bench, sides)
        pusher.commit({f"large/{i}.bin": os.urandom(BLOB_BYTES) for i in range(BLOBS)})
        beside = hub.create_repo("beside", private=False)
        hub.commit(beside, {"read": b"small"})

        def rate(until):
            """@return commits per second, and each download's seconds."""
            reads, count, start = [], 0, time.monotonic()
            while not until():
                hub.commit(beside, {f"f{count}": b"x" * 200})
                count += 1
                begin = time.monotonic()
                hub.request("GET", f"/{beside}/resolve/main/read")
                reads.append(time.monotonic() - begin)
            return count / (time.monotonic() - start), reads

        end = time.monotonic() + 5
        calm, _ = rate(lambda: time.monotonic() > end)
        push = threading.Thread(target=pusher.push, args=(pusher.ours, "refs/heads/main"))
        push.start()
        busy, reads = rate(lambda: not push.is_alive())
        push.join()
        slowest = sorted(reads)[int(len(reads) * 0.99)] * 1000
        return [Measure("commits while 500 MiB are pushed", busy, "1/s", "undisturbed", calm,
                        goal=0.5),
                Measure("downloads meanwhile, p99", slowest, "ms", goal=150, least=False)], [
            f"{len(reads)} downloads; median {median(reads) * 1000:.1f} ms"]
