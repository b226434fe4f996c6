"""kill -9 while pushes run, and histories that the API and git write by turns."""

import http.client
import os
import random
import threading

import pytest
from conftest import ADA
from git_wire import ZERO, Report, commands, commit_of, entry, name_of, pack_of, send, tree_of
from git_work import Work
from wire import Wire, add, delete

DEEP = bool(os.environ.get("CAIRN_TEST_DEEP"))
KILLS = 300 if DEEP else 25
REFS = 5
# Longest time between the begin of a load and its kill; a small push takes some 20 ms.
LOAD_SECONDS_MAX = 0.4


class Pusher(threading.Thread):
    """Pushes one commit to all of its refs at once, again and again, until the hub is gone."""

    def __init__(self, hub, name, state):
        super().__init__(daemon=True)
        self.who, self.name = Wire(hub.url, ADA), name
        self.repo, self.seeded = f"ada/pushed-{name}", random.Random(name)
        self.state = state  # "acknowledged" tip, "sent" tip without an answer, "count"
        self.problem = None

    def run(self):
        try:
            while True:
                self.push_once()
        except (OSError, http.client.HTTPException):
            return  # The server was killed.
        except Exception as problem:
            self.problem = problem

    def push_once(self):
        self.state["count"] += 1
        old = self.state["acknowledged"]
        # Every third is too large for a row and becomes an object.
        size = 200_000 if self.state["count"] % 3 == 0 else self.seeded.randrange(3000)
        content = self.seeded.randbytes(size)
        blob = name_of("blob", content)
        tree = tree_of(("100644", "f", blob))
        commit = commit_of(name_of("tree", tree), *([old] if old != ZERO else []),
                           message=f"{self.name} {self.state['count']}\n")
        tip = name_of("commit", commit)
        pack = pack_of([entry("commit", commit), entry("tree", tree), entry("blob", content)])
        self.state["sent"] = tip
        lines = [(old, tip, f"refs/heads/r{n}") for n in range(REFS)]
        answer = send(self.who, self.repo, commands(*lines) + pack)
        if answer.status == 503:
            return
        report = Report(answer)
        assert report.unpack == "ok", report
        assert all(line.startswith("ok ") for line in report.refs.values()), report
        self.state["acknowledged"] = tip


@pytest.mark.both_engines
def test_kill_at_any_step_of_a_push_moves_all_its_refs_or_none(own_hub):
    seeded = random.Random(20260102)
    kills = KILLS if not own_hub.env.get("CAIRN_DATABASE") or DEEP else KILLS // 5
    ada = Wire(own_hub.url, ADA)
    states = [{"acknowledged": ZERO, "sent": ZERO, "count": 0} for _ in range(2)]
    for n in range(len(states)):
        ada.create(f"ada/pushed-{n}")
    unsure = 0
    for round_number in range(kills):
        pushers = [Pusher(own_hub, str(n), state) for n, state in enumerate(states)]
        for pusher in pushers:
            pusher.start()
        threading.Event().wait(seeded.uniform(0.005, LOAD_SECONDS_MAX))
        own_hub.kill()
        for pusher in pushers:
            pusher.join(60)
            assert pusher.problem is None, pusher.problem
        own_hub.start()
        left = own_hub.data / "cache" / "incoming"
        assert not left.exists() or not list(left.iterdir()), "what a push left was not swept"
        for pusher, state in zip(pushers, states):
            refs = ada.get(f"/api/models/{pusher.repo}/refs").ok().json["branches"]
            tips = {b["targetCommit"] for b in refs if b["name"].startswith("r")} or {ZERO}
            assert len(tips) == 1, f"some refs of one push moved and some did not: {tips}"
            [tip] = tips
            assert tip in (state["acknowledged"], state["sent"]), "an acknowledged push is lost"
            unsure += tip != state["acknowledged"]
            state["acknowledged"] = tip
    assert sum(state["count"] for state in states) > kills, "the load pushed too little"
    own_hub.fsck()


def model_of(work):
    """@return path -> content of what is checked out."""
    return {str(p.relative_to(work.folder)): p.read_bytes() for p in work.folder.rglob("*")
            if p.is_file() and ".git" not in p.relative_to(work.folder).parts}


@pytest.mark.both_engines
@pytest.mark.parametrize("seed", range(12) if DEEP else range(2))
def test_random_work_of_the_api_and_git_is_one_history(hub, ada, repo, tmp_path, seed):
    """After each step a fresh view by git and by the API are the model's."""
    seeded = random.Random(seed)
    work = Work.clone(hub, repo, tmp_path / "work")
    branches = {"main": model_of(work)}
    for step in range(25):
        branch = seeded.choice(list(branches))
        files = branches[branch]
        path = f"{seeded.choice('ab')}/{seeded.randrange(6)}"
        content = seeded.randbytes(seeded.choice([0, 30, 5000]))
        action = seeded.choice(["api", "api", "push", "push", "force", "branch", "delete"])
        if action == "api":
            gone = seeded.choice([p for p in files if p != ".gitattributes"] or [""])
            lines = [add(path, content)] if not gone or seeded.random() < 0.7 else [delete(gone)]
            if lines[0]["key"] == "file":
                files[path] = content
            else:
                del files[gone]
            ada.commit(repo, *lines, rev=branch).ok()
        elif action in ("push", "force"):
            work.run("fetch", "-q", "--prune")
            work.run("checkout", "-q", "-B", "here", f"origin/{branch}")
            work.write(path, content)
            work.run("add", "-A")
            amend = ["--amend"] if action == "force" else []
            work.run("commit", "-q", "--allow-empty", "-m", f"step {step}", *amend)
            work.push("-q", *(["-f"] if amend else []), "origin", f"here:{branch}")
            files[path] = content
        elif action == "branch":
            name = f"b{step}"
            if seeded.random() < 0.5:
                work.run("fetch", "-q")
                work.push("-q", "origin", f"origin/{branch}:refs/heads/{name}")
            else:
                ada.post(f"/api/models/{repo}/branch/{name}", {"startingPoint": branch}).ok()
            branches[name] = dict(files)
        elif branch != "main":
            work.push("-q", "origin", f":{branch}")
            del branches[branch]
    work.run("fetch", "-q", "--prune")
    remote = {line.split("refs/heads/")[1] for line in work("ls-remote", "--heads").splitlines()}
    assert remote == set(branches)
    for branch, files in branches.items():
        work.run("checkout", "-q", "-B", "here", f"origin/{branch}")
        assert model_of(work) == files
        assert set(ada.paths(repo, rev=branch)) >= set(files)
        for path, content in files.items():
            assert ada.get(f"/{repo}/resolve/{branch}/{path}").ok().body == content
    assert work.run("fsck", "--strict", "--full").code == 0
