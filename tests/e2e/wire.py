"""Plain HTTP: nothing is normalized, retried or followed, so that a test sees the wire itself."""

import base64
import hashlib
import http.client
import json
import re
import socket
from urllib.parse import urlsplit

KINDS = ["model", "dataset", "space", "kernel"]
# Shape of every id that leaves the hub, and of a commit.
PUBLIC_ID = re.compile(r"[0-9a-f]{24}")
COMMIT = re.compile(r"[0-9a-f]{40}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
LFS_JSON = "application/vnd.git-lfs+json"
NDJSON = "application/x-ndjson"


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def __getitem__(self, name):
        """@return the header's first value, None without one."""
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    @property
    def json(self):
        return json.loads(self.body)

    def ok(self):
        assert 200 <= self.status < 300, f"{self.status} {self.text[:2000]}"
        return self

    def next(self):
        """@return the target of the `Link: …; rel="next"` header, None at the end of a list."""
        link = self["Link"]
        if not link:
            return None
        url = re.fullmatch(r'<([^>]+)>;\s+rel="next"', link)
        assert url, f"not a link to the next page: {link}"
        parts = urlsplit(url[1])
        assert parts.scheme and parts.netloc, f"the next page's URL is not absolute: {link}"
        return f"{parts.path}?{parts.query}"

    def __repr__(self):
        return f"<{self.status} {dict(self.headers)} {self.text[:600]}>"


class Wire:
    """Speaks HTTP/1.1 as the holder of a token, or as nobody."""

    def __init__(self, url, token=None):
        self.url, self.token = url, token
        self.address = (urlsplit(url).hostname, urlsplit(url).port)

    def __call__(self, method, target, body=None, *, json_body=None, headers=None):
        sent = {"Accept-Encoding": "identity"}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        if json_body is not None:
            body = json.dumps(json_body).encode()
            sent["Content-Type"] = "application/json"
        sent.update(headers or {})
        connection = http.client.HTTPConnection(*self.address, timeout=60)
        try:
            connection.request(method, target, body, sent)
            answer = connection.getresponse()
            return Answer(answer.status, answer.getheaders(), answer.read())
        finally:
            connection.close()

    def get(self, target, **headers):
        return self("GET", target, headers={k.replace("_", "-"): v for k, v in headers.items()})

    def head(self, target, **headers):
        return self("HEAD", target, headers={k.replace("_", "-"): v for k, v in headers.items()})

    def post(self, target, json_body):
        return self("POST", target, json_body=json_body)

    def pages(self, target, most=100):
        """Follows `Link` to the end. @return the lists, one per page."""
        out = []
        while target:
            answer = self.get(target).ok()
            out.append(answer.json)
            target = answer.next()
            assert len(out) < most, "the list does not end"
        return out

    # What most tests begin with

    def create(self, name, kind="model", **more):
        body = {"name": name.split("/")[-1], "organization": name.split("/")[0], "type": kind}
        if kind == "space":
            body["sdk"] = "static"
        return self.post("/api/repos/create", {**body, **more}).ok().json

    def commit(self, name, *lines, rev="main", kind="model", summary="A commit", **header):
        return self("POST", f"{api_of(name, kind)}/commit/{rev}",
                    ndjson({"key": "header", "value": {"summary": summary, **header}}, *lines),
                    headers={"Content-Type": NDJSON})

    def info(self, name, kind="model"):
        return self.get(api_of(name, kind)).ok().json

    def paths(self, name, rev="main", kind="model"):
        return [e["path"] for e in self.get(f"{api_of(name, kind)}/tree/{rev}?recursive=true").ok().json]

    def batch(self, name, contents, operation="upload", kind="model", **more):
        objects = [{"oid": sha256(c), "size": len(c)} for c in contents]
        body = {"operation": operation, "objects": objects, **more}
        return self("POST", f"{web_of(name, kind)}.git/info/lfs/objects/batch",
                    json.dumps(body).encode(),
                    headers={"Content-Type": LFS_JSON, "Accept": LFS_JSON})

    def put(self, href, content, **headers):
        """To a signed URL: no credentials but its own, as clients do it."""
        return Wire(self.url)("PUT", target_of(href), content, headers=headers)

    def upload_large(self, name, content, kind="model"):
        """@return the commit line's value for these bytes, now stored for the repository."""
        [item] = self.batch(name, [content], kind=kind).ok().json["objects"]
        if "actions" in item:
            self.put(item["actions"]["upload"]["href"], content).ok()
        return {"algo": "sha256", "oid": sha256(content), "size": len(content)}


def api_of(name, kind="model"):
    return f"/api/{kind}s/{name}"


def web_of(name, kind="model"):
    return f"/{name}" if kind == "model" else f"/{kind}s/{name}"


def target_of(url):
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def blob_id(content):
    """Git's name of a file's content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def pointer(content):
    return (f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256(content)}\n"
            f"size {len(content)}\n").encode()


def ndjson(*lines):
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


def add(path, content=b"x"):
    return {"key": "file", "value": {"path": path, "encoding": "base64",
                                     "content": base64.b64encode(content).decode()}}


def large(path, uploaded):
    return {"key": "lfsFile", "value": {"path": path, **uploaded}}


def delete(path, key="deletedFile"):
    return {"key": key, "value": {"path": path}}


def raw(address, data, timeout=30):
    """Sends bytes as they are. @return what comes back until the server closes."""
    with socket.create_connection(address, timeout=timeout) as connection:
        connection.sendall(data)
        out = b""
        while part := connection.recv(65536):
            out += part
    return out


def parse(data):
    """@return the first answer in `data`, which holds its whole body."""
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    status = int(re.match(r"HTTP/1\.1 (\d{3})", lines[0])[1])
    headers = [tuple(line.split(": ", 1)) for line in lines[1:]]
    answer = Answer(status, headers, b"")
    answer.body = body[: int(answer["Content-Length"] or 0)]
    return answer


def assert_error(answer, status, code=None, text=None):
    """Every refusal: a documented status, an object that says what is wrong, and a request id."""
    statuses = status if isinstance(status, (set, tuple)) else {status}
    assert answer.status in statuses, f"wanted {status}: {answer!r}"
    assert answer["X-Request-Id"], f"no request id: {answer!r}"
    assert answer["X-Error-Message"], f"no X-Error-Message: {answer!r}"
    if code:
        assert answer["X-Error-Code"] == code, f"wanted {code}: {answer!r}"
    if answer.body:
        assert answer["Content-Type"].startswith(("application/json", LFS_JSON)), repr(answer)
        body = answer.json
        # Clients call .get() on it: an array or a text would crash them.
        assert isinstance(body, dict), repr(answer)
        message = body.get("error", body.get("message"))
        assert isinstance(message, str) and message, repr(answer)
        assert answer["X-Error-Message"] == in_header(message), repr(answer)
        if text:
            assert re.search(text, message), f"wanted {text}: {message}"
    elif text:
        assert re.search(text, answer["X-Error-Message"]), repr(answer)
    return answer


def in_header(message):
    """A message as a header carries it: printable ASCII, at most 500 bytes."""
    data = message.encode()[:500]
    return "".join(chr(c) if 0x20 <= c < 0x7F else "?" for c in data).strip()
