"""Acknowledged means durable: kill -9 at random moments under a writing load, then everything that
was acknowledged is there, and nothing half-made is."""

import base64
import hashlib
import json
import os
import random

import pytest
from conftest import ADA
from writing import WritingThread, client_of, write_until_killed

DEEP = bool(os.environ.get("CAIRN_TEST_DEEP"))
KILLS = 1000 if DEEP else 100
# Two cores: more writers than cores, so that commits share a transaction when the kill comes.
WRITERS = 6
# How long the load runs before a kill, at most. Short: most of the time goes into starts.
LOAD_SECONDS_MAX = 0.25
# The whole check reads every acknowledged file, so it is done only so often.
CHECK_EVERY = 25


class Writer(WritingThread):
    """Commits to one branch until told to stop; remembers only what the server acknowledged."""

    def __init__(self, hub, name, seed):
        super().__init__(hub)
        self.seeded = random.Random(seed)
        # Two writers share a repository, so that commits to one branch race.
        self.name, self.repo = name, f"ada/load-{int(name) % (WRITERS // 2)}"
        self.files = {}    # path -> SHA-256 of what was acknowledged
        self.unsure = {}   # path -> SHA-256s of what was sent since, without an answer
        self.commits = []  # (commit id, path) in order
        self.count = 0

    def write_once(self, client):
        self.count += 1
        path = f"{self.name}/{self.count % 40}.bin"
        large = self.count % 5 == 0
        content = self.seeded.randbytes(300_000 if large else self.seeded.randrange(3000))
        digest = hashlib.sha256(content).hexdigest()
        self.unsure.setdefault(path, set()).add(digest)
        line = self.upload(client, path, content, digest) if large else {
            "key": "file",
            "value": {"path": path, "encoding": "base64",
                      "content": base64.b64encode(content).decode()},
        }
        body = "\n".join(json.dumps(part) for part in (
            {"key": "header", "value": {"summary": f"{self.name} {self.count}"}}, line))
        answer = client.post(f"/api/models/{self.repo}/commit/main", content=body,
                             headers={"Content-Type": "application/x-ndjson"})
        if answer.status_code == 503:
            return  # Draining or starting; nothing was acknowledged.
        assert answer.status_code == 200, answer.text
        self.files[path] = digest
        del self.unsure[path]
        self.commits.append((answer.json()["commitOid"], path))

    def upload(self, client, path, content, digest):
        batch = client.post(
            f"/{self.repo}.git/info/lfs/objects/batch",
            headers={"Content-Type": "application/vnd.git-lfs+json",
                     "Accept": "application/vnd.git-lfs+json"},
            json={"operation": "upload", "transfers": ["basic"], "hash_algo": "sha256",
                  "objects": [{"oid": digest, "size": len(content)}]},
        ).raise_for_status().json()
        action = batch["objects"][0].get("actions", {}).get("upload")
        if action:
            # A signed URL on the same server: the credentials are in it.
            client.put(action["href"], content=content).raise_for_status()
        return {"key": "lfsFile",
                "value": {"path": path, "algo": "sha256", "oid": digest, "size": len(content)}}


def check(hub, writers):
    hub.fsck()
    with client_of(hub) as client:
        for writer in writers:
            for path, digest in writer.files.items():
                answer = client.get(f"/{writer.repo}/resolve/main/{path}")
                assert answer.status_code == 200, f"lost: {writer.repo} {path} {answer.text}"
                found = hashlib.sha256(answer.content).hexdigest()
                # What was under way when the kill came may be there or not, but whole.
                assert found in {digest, *writer.unsure.get(path, ())}, f"changed: {path}"
        for repo in {writer.repo for writer in writers}:
            assert_history_holds(client, repo, [w for w in writers if w.repo == repo])


def assert_history_holds(client, repo, writers):
    """Every acknowledged commit is an ancestor of the branch."""
    known, url = set(), f"/api/models/{repo}/commits/main?limit=1000"
    while url:
        answer = client.get(url).raise_for_status()
        known |= {commit["id"] for commit in answer.json()}
        url = answer.links.get("next", {}).get("url")
    for writer in writers:
        lost = [oid for oid, _ in writer.commits if oid not in known]
        assert not lost, f"{len(lost)} acknowledged commits are not in the history of {repo}"


@pytest.mark.both_engines
def test_kill_at_random_moments_loses_nothing_acknowledged(own_hub):
    from huggingface_hub import HfApi

    seeded = random.Random(20260101)
    kills = KILLS if not own_hub.env.get("CAIRN_DATABASE") or DEEP else KILLS // 10
    for n in range(WRITERS // 2):
        HfApi(endpoint=own_hub.url, token=ADA).create_repo(f"ada/load-{n}")
    writers = [Writer(own_hub, str(n), n) for n in range(WRITERS)]
    for round_number in range(1, kills + 1):
        write_until_killed(own_hub, writers, seeded.uniform(0.01, LOAD_SECONDS_MAX))
        if round_number % CHECK_EVERY == 0 or round_number == kills:
            check(own_hub, writers)
        writers = [continued(writer) for writer in writers]
    assert sum(len(writer.commits) for writer in writers) > kills, "the load wrote too little"


def continued(writer):
    """A thread runs once; its knowledge goes on."""
    after = Writer(writer.hub, writer.name, writer.seeded.random())
    after.files, after.unsure, after.commits = writer.files, writer.unsure, writer.commits
    after.count = writer.count
    return after
