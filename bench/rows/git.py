"""Git over HTTP, held against `git http-backend` behind nginx on the same repositories."""

import http.client
import os
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from hub import random_files
from measure import Measure, median, peak_mib, reset_peak, rss_mib
from peers import GitBackend

ROUNDS = 3
PEER = "git http-backend behind nginx"


def git(*arguments, cwd=None):
    env = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1",
           "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    done = subprocess.run(["git", *map(str, arguments)], cwd=cwd, env=env, capture_output=True,
                          text=True, timeout=1200)
    assert done.returncode == 0, f"git {arguments[0]}: {done.stderr[-500:]}"
    return done.stdout


def seconds_of(function):
    start = time.monotonic()
    function()
    return time.monotonic() - start


def pair(name, ours, theirs, goal):
    """How much faster: the peer's seconds by ours."""
    return Measure(name, 1 / median(ours), "1/s", PEER, 1 / median(theirs), goal=goal,
                   spread=[1 / s for s in ours])


class Sides:
    """One repository on both sides, and clones of it that go away again."""

    def __init__(self, bench, hub, backend, name):
        self.hub, self.backend, self.scratch = hub, backend, bench.folder / "scratch"
        self.repo = hub.create_repo(name, private=False)
        self.ours = f"http://127.0.0.1:{hub.port}/{self.repo}"
        self.theirs = f"http://127.0.0.1:{backend.port}/git/{name}.git"
        self.bare = backend.projects / f"{name}.git"

    def mirror(self):
        """The peer gets what the hub has, packed as git packs it (bitmaps and all)."""
        shutil.rmtree(self.bare, ignore_errors=True)
        git("clone", "--quiet", "--mirror", self.ours, self.bare)
        git("gc", "--quiet", cwd=self.bare)
        git("config", "http.receivepack", "true", cwd=self.bare)

    def clone(self, url, *options):
        shutil.rmtree(self.scratch, ignore_errors=True)
        seconds = seconds_of(lambda: git("clone", "--quiet", *options, url, self.scratch))
        git("fsck", "--strict", "--connectivity-only", cwd=self.scratch)
        return seconds

    def touch(self, i):
        """A new commit on both sides: what was kept of answers is no answer any more."""
        self.hub.commit(self.repo, {"touched": f"{i}\n".encode()})
        git("fetch", "--quiet", "origin", "+refs/*:refs/*", cwd=self.bare)


def clone_measures(sides, what):
    out = []
    for label, options in [("bare", ["--bare"]), ("shallow", ["--bare", "--depth=1"])]:
        first, again, peer = [], [], []
        for i in range(ROUNDS):
            sides.touch(f"{label} {i}")
            first.append(sides.clone(sides.ours, *options))
            sides.clone(sides.ours, *options)  # The second is the one that is kept.
            again.append(sides.clone(sides.ours, *options))
            sides.clone(sides.theirs, *options)
            peer.append(sides.clone(sides.theirs, *options))
        out.append(pair(f"clone of {what}, {label}, first", first, peer, 1.0))
        out.append(pair(f"clone of {what}, {label}, repeated", again, peer, 1.5))
    return out


def clones(bench):
    """Row ga: clones of 10 000 files in 2 000 commits, and of 200 000 objects."""
    measures = []
    with bench.hub() as hub, GitBackend(bench.folder / "backend").running() as backend:
        sides = Sides(bench, hub, backend, "commits")
        for i in range(2000):
            hub.commit(sides.repo, random_files([f"d{i % 100}/f{i}-{j}.txt" for j in range(5)], 300, i))
        sides.mirror()
        measures += clone_measures(sides, "10 000 files in 2 000 commits")
        sides = Sides(bench, hub, backend, "objects")
        for i in range(20):
            hub.commit(sides.repo, random_files(
                [f"d{i}/{j % 100}/f{j}.txt" for j in range(9_900)], 100, i))
        sides.mirror()
        measures += clone_measures(sides, "200 000 objects")
    return measures, []


def refs(bench):
    """Row gb: a fetch of one new commit, and ls-remote with 10 000 refs."""
    with bench.hub() as hub, GitBackend(bench.folder / "backend").running() as backend:
        sides = Sides(bench, hub, backend, "refs")
        for i in range(50):
            hub.commit(sides.repo, random_files([f"d{j}/f{i}.txt" for j in range(20)], 300, i))
        sides.mirror()
        ours, theirs = [], []
        mine, other = bench.folder / "mine", bench.folder / "other"
        git("clone", "--quiet", sides.ours, mine)
        git("clone", "--quiet", sides.theirs, other)
        for i in range(20):
            sides.touch(i)
            ours.append(seconds_of(lambda: git("fetch", "--quiet", cwd=mine)))
            theirs.append(seconds_of(lambda: git("fetch", "--quiet", cwd=other)))
        measures = [pair("fetch of one new commit", ours, theirs, 1.0)]
        for i in range(10_000):
            hub.request("POST", f"/api/models/{sides.repo}/tag/main", {"tag": f"t{i}"})
        sides.mirror()
        ours, theirs = [], []
        for i in range(20):
            ours.append(seconds_of(lambda: git("ls-remote", sides.ours)))
            theirs.append(seconds_of(lambda: git("ls-remote", sides.theirs)))
        measures.append(pair("ls-remote with 10 000 refs", ours, theirs, 3.0))
        # git itself takes most of that time: its start and the reading of the list.
        ours = [seconds_of(lambda: list_refs(sides.ours)) for _ in range(50)]
        theirs = [seconds_of(lambda: list_refs(sides.theirs)) for _ in range(50)]
        measures.append(pair("ls-refs of 10 000 refs, without the client", ours, theirs, 3.0))
    return measures, []


def list_refs(url):
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
    body = b"0014command=ls-refs\n0001" + b"0009peel\n" + b"000csymrefs\n" + b"0000"
    connection.request("POST", parts.path + "/git-upload-pack", body, {
        "Git-Protocol": "version=2", "Content-Type": "application/x-git-upload-pack-request"})
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    assert answer.status == 200 and data.endswith(b"0000") and len(data) > 500_000, data[:300]


def crowd(bench):
    """Row gd: 32 clones at once."""
    count = 32
    with bench.hub() as hub, GitBackend(bench.folder / "backend").running() as backend:
        sides = Sides(bench, hub, backend, "crowd")
        for i in range(200):
            hub.commit(sides.repo, random_files([f"d{i % 20}/f{i}-{j}.bin" for j in range(10)], 20_000, i))
        sides.mirror()

        def all_at_once(url):
            folder = bench.folder / "crowd"
            folder.mkdir()
            with ThreadPoolExecutor(count) as pool:
                seconds = seconds_of(lambda: list(pool.map(
                    lambda i: git("clone", "--quiet", "--bare", url, folder / str(i)), range(count))))
            shutil.rmtree(folder)
            return seconds

        ours, theirs, memory = [], [], []
        for i in range(ROUNDS):
            sides.touch(i)
            time.sleep(1)
            idle = rss_mib(hub.pid)
            reset_peak(hub.pid)
            ours.append(all_at_once(sides.ours))
            memory.append(peak_mib(hub.pid) - idle)
            theirs.append(all_at_once(sides.theirs))
        return [pair("32 clones of 40 MB at once", ours, theirs, 1.0),
                Measure("memory above idle, without the children", max(memory), "MiB",
                        goal=128, least=False)], []
