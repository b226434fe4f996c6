"""A git server that is not ours: `git http-backend` and the batch API of Git LFS, over a folder.

It asks for a password when `token` is set, sends people elsewhere, holds answers back, and remembers
what it was asked: what tests of imports need and no real server does."""

import hashlib
import json
import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LFS = "application/vnd.git-lfs+json"


class GitServer:
    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.objects = {}        # Large files by SHA-256.
        self.token = None        # Basic, whatever the name.
        self.moved = {}          # Beginnings of paths -> where they are now.
        self.lfs_href = None     # Where large files are said to be, instead of here.
        self.hold_at = {}        # SHA-256 or "pack" -> bytes after which the answer waits.
        self.held = threading.Event()
        self.release = threading.Event()
        self.asked = []          # (method, path, first byte asked for, status)
        self.passwords = []      # As they came.
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                server.answer(self)

            do_POST = do_GET

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        self.thread = threading.Thread(target=self.http.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.release.set()
        self.http.shutdown()
        self.http.server_close()

    def add(self, content):
        self.objects[hashlib.sha256(content).hexdigest()] = content
        return hashlib.sha256(content).hexdigest()

    # Answers

    def send(self, request, status, body=b"", content_type="text/plain", hold=None, **headers):
        request.send_response(status)
        request.send_header("Content-Type", content_type)
        request.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        try:
            if hold is not None and not self.release.is_set():
                request.wfile.write(body[:hold])
                request.wfile.flush()
                self.held.set()
                self.release.wait(60)
                body = body[hold:]
            request.wfile.write(body)
        except OSError:
            request.close_connection = True  # The client is gone: that is some tests' purpose.
        self.asked.append((request.command, request.path, request.headers.get("Range"), status))

    def answer(self, request):
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        path, _, query = request.path.partition("?")
        for begin, target in self.moved.items():
            if path.startswith(begin):
                rest = request.path[len(begin):]
                return self.send(request, 302, Location=target + rest)
        given = request.headers.get("Authorization")
        if given:
            self.passwords.append(given)
        if self.token and given != self.token:
            return self.send(request, 401, b"sign in", WWW_Authenticate='Basic realm="git"')
        if path.endswith("/info/lfs/objects/batch"):
            return self.batch(request, json.loads(body))
        if path.startswith("/objects/"):
            return self.large(request, path.removeprefix("/objects/"))
        self.git(request, path, query, body)

    def batch(self, request, asked):
        assert asked["operation"] == "download"
        out = []
        for item in asked["objects"]:
            entry = {"oid": item["oid"], "size": item["size"]}
            if item["oid"] in self.objects:
                href = (self.lfs_href or self.url) + "/objects/" + item["oid"]
                entry["actions"] = {"download": {"href": href}}
            else:
                entry["error"] = {"code": 404, "message": "not here"}
            out.append(entry)
        self.send(request, 200, json.dumps({"transfer": "basic", "objects": out}).encode(), LFS)

    def large(self, request, oid):
        content, status, headers = self.objects[oid], 200, {}
        if wanted := request.headers.get("Range"):
            first = int(wanted.removeprefix("bytes=").rstrip("-"))
            headers["Content_Range"] = f"bytes {first}-{len(content) - 1}/{len(content)}"
            content, status = content[first:], 206
        self.send(request, status, content, "application/octet-stream",
                  hold=self.hold_at.get(oid), **headers)

    def git(self, request, path, query, body):
        if not path.endswith((".git/info/refs", ".git/git-upload-pack")):
            path = path.replace("/info/refs", ".git/info/refs")
            path = path.replace("/git-upload-pack", ".git/git-upload-pack")
        done = subprocess.run(
            ["git", "http-backend"], input=body, capture_output=True,
            env={"PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": str(self.folder),
                 "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path, "QUERY_STRING": query,
                 "REQUEST_METHOD": request.command, "GIT_CONFIG_NOSYSTEM": "1",
                 "HOME": "/nonexistent", "REMOTE_ADDR": "127.0.0.1",
                 "CONTENT_TYPE": request.headers.get("Content-Type") or "",
                 "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding") or "",
                 "GIT_PROTOCOL": request.headers.get("Git-Protocol") or ""}).stdout
        head, _, answer = done.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        status = int(headers.get("Status", "200").split()[0])
        is_pack = path.endswith("git-upload-pack") and b"command=fetch" in body
        self.send(request, status, answer, headers.get("Content-Type", "text/plain"),
                  hold=self.hold_at.get("pack") if is_pack else None)
