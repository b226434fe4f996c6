"""The measured program: started as the end-to-end tests start it, with the people of the load."""

import base64
import hashlib
import http.client
import json
import os
import random
import sys
import time
from urllib.parse import urlsplit

from measure import MIB, ROOT

sys.path.insert(0, str(ROOT / "tests/e2e"))
from cairn import PROGRAM, Cairn, free_port  # noqa: E402, F401

TOKEN = "hf_" + ("benchWrite" + "0" * 34)[:34]
NAME, PASSWORD = "bench", "correct horse battery"
WORLD = {"users": [{"name": NAME, "fullname": "Bench", "email": "bench@hub.example", "password": PASSWORD,
                    "tokens": [{"name": "write", "value": TOKEN, "role": "write"}]}]}
REQUEST_SECONDS_MAX = 600


class Hub(Cairn):
    """A node in a fresh folder, with one person and her token."""

    def start_with_world(self):
        self.start()
        self.apply(WORLD)
        return self

    @property
    def pid(self):
        return self.process.pid

    def request(self, method, path, body=None, kind="application/json"):
        """@return the answer's JSON, or its text. @raise AssertionError unless its status is 2xx."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=REQUEST_SECONDS_MAX)
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {TOKEN}"} | ({"Content-Type": kind} if body else {})
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        assert 200 <= answer.status < 300, f"{method} {path}: {answer.status} {text[:500]!r}"
        self.next_link = answer.getheader("Link")
        is_json = (answer.getheader("Content-Type") or "").startswith("application/json")
        return json.loads(text) if is_json and "/resolve/" not in path else text

    def create_repo(self, name, private=True):
        self.request("POST", "/api/repos/create",
                     {"name": name, "organization": "bench", "private": private})
        return f"bench/{name}"

    def commit(self, repo, files=None, lines=()):
        """`files`: path -> bytes; `lines`: other lines of the body."""
        return self.commit_body(repo, commit_body(files or {}, lines))

    def commit_body(self, repo, body):
        return self.request("POST", f"/api/models/{repo}/commit/main", body,
                            "application/x-ndjson")["commitOid"]

    def history(self, repo):
        """All commit ids of the branch "main"."""
        found, path = set(), f"/api/models/{repo}/commits/main?limit=1000"
        while path:
            found |= {commit["id"] for commit in self.request("GET", path)}
            following = (self.next_link or "").partition(">")[0].lstrip("<")
            parts = urlsplit(following)
            path = f"{parts.path}?{parts.query}" if following else None
        return found

    def lfs_upload_target(self, repo, digest, size):
        """@return (path, headers) for one PUT of the whole object."""
        answer = self.request(
            "POST", f"/{repo}.git/info/lfs/objects/batch",
            {"operation": "upload", "transfers": ["basic"], "hash_algo": "sha256",
             "objects": [{"oid": digest, "size": size}]},
            "application/vnd.git-lfs+json")
        answer = json.loads(answer) if isinstance(answer, bytes) else answer
        action = answer["objects"][0]["actions"]["upload"]
        parts = urlsplit(action["href"])
        return parts.path + (f"?{parts.query}" if parts.query else ""), action.get("header", {})

    def put_file(self, target, headers, file):
        """PUTs a file with sendfile, so that the client costs little. @return seconds to the answer."""
        size = os.fstat(file.fileno()).st_size
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=REQUEST_SECONDS_MAX)
        connection.connect()
        start = time.monotonic()
        connection.putrequest("PUT", target)
        for name, value in (headers | {"Content-Length": str(size)}).items():
            connection.putheader(name, value)
        connection.endheaders()
        file.seek(0)
        connection.sock.sendfile(file)
        answer = connection.getresponse()
        text = answer.read()
        seconds = time.monotonic() - start
        connection.close()
        assert 200 <= answer.status < 300, f"PUT: {answer.status} {text[:500]!r}"
        return seconds

    def add_large_file(self, repo, path, source):
        """Uploads a file and commits its pointer."""
        with source.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = source.stat().st_size
            self.put_file(*self.lfs_upload_target(repo, digest, size), file)
        self.commit(repo, lines=[{"key": "lfsFile", "value": {
            "path": path, "algo": "sha256", "oid": digest, "size": size}}])


def commit_body(files, lines=()):
    parts = [{"key": "header", "value": {"summary": "Load"}}]
    parts += [{"key": "file", "value": {"path": path, "encoding": "base64",
                                        "content": base64.b64encode(content).decode()}}
              for path, content in files.items()]
    return "\n".join(json.dumps(part) for part in (*parts, *lines)).encode() + b"\n"


def random_files(names, size, seed=1):
    seeded = random.Random(seed)
    return {name: seeded.randbytes(size) for name in names}


def write_random_file(path, size):
    """Incompressible and different each time, so that nothing is known from before."""
    with path.open("wb") as file:
        for _ in range(size // MIB):
            file.write(os.urandom(MIB))
    return path
