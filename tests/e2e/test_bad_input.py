"""What strangers, broken clients and broken disks send: a documented status, an answer that says
what to do, a request id, and nothing changed."""

import base64
import json
import os
import re
import socket
import sqlite3
import subprocess
import threading
import time

import pytest
from conftest import ADA
from wire import (NDJSON, Wire, add, api_of, assert_error, delete, large, ndjson, parse, raw, sha256,
                  web_of)

HEADER = {"key": "header", "value": {"summary": "s"}}


@pytest.fixture
def unchanged(ada, repo):
    """@return the name of a repository that is the same after the test as before."""
    before = (ada.info(repo), ada.get(f"{api_of(repo)}/refs").json, ada.paths(repo))
    yield repo
    assert (ada.info(repo), ada.get(f"{api_of(repo)}/refs").json, ada.paths(repo)) == before


def send(ada, repo, body, rev="main", content_type=NDJSON):
    return ada("POST", f"{api_of(repo)}/commit/{rev}", body, headers={"Content-Type": content_type})


# ---- Malformed HTTP ------------------------------------------------------------------------------

HOST = b"Host: hub.example\r\n"
GET = b"GET /api/models HTTP/1.1\r\n" + HOST
POST = b"POST /api/validate-yaml HTTP/1.1\r\n" + HOST


@pytest.mark.parametrize("data, statuses", [
    (b"nonsense\r\n\r\n", 400),
    (b"GET\r\n\r\n", 400),
    (b"GET /\r\n\r\n", 400),
    (b"GET / HTTP/9.9\r\n\r\n", (400, 505)),
    (b"GET / HTTP/2.0\r\n" + HOST + b"\r\n", (400, 505)),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\r\n\r\n", 400),
    (b"G\0T / HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    (b"GET /api/models HTTP/1.1\r\n\r\n", 400),
    (GET + HOST + b"\r\n", 400),
    (GET + b"no colon here\r\n\r\n", 400),
    (GET + b"Bad Name: x\r\n\r\n", 400),
    (GET + b"X: a\0b\r\n\r\n", 400),
    (GET + b"Content-Length: -1\r\n\r\n", 400),
    (GET + b"Content-Length: x\r\n\r\n", 400),
    (GET + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
    (GET + b"Content-Length: 99999999999999999999999\r\n\r\n", (400, 413)),
    (POST + b"Transfer-Encoding: gzip\r\n\r\n", (400, 501)),
    (POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
    (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", (400, 501)),
    (POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", (400, 501)),
    (POST + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
    (POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcdefgh\r\n0\r\n\r\n", 400),
    (POST + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n", 400),
    (POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"1;" + b"x" * 70_000 + b"\r\n", (400, 413, 431)),
    (POST + b"Content-Length: 10\r\nExpect: the-impossible\r\n\r\n", 417),
    (b"GET /%zz HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    (b"GET /% HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    (b"GET /api/models?a=%g HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
    (GET + b"X-Long: " + b"x" * 70_000 + b"\r\n\r\n", 431),
    (GET + b"".join(b"X-%d: y\r\n" % n for n in range(300)) + b"\r\n", 431),
    (GET + b"X: y\r\n folded\r\n\r\n", (200, 400)),
], ids=lambda value: ascii(value[:48]) if isinstance(value, bytes) else "")
def test_malformed_http(hub, data, statuses):
    answer = parse(raw(Wire(hub.url).address, data if statuses != (200, 400) else
                       data.replace(HOST, HOST + b"Connection: close\r\n")))
    if answer.status == 200 and statuses == (200, 400):
        return
    assert_error(answer, statuses)
    assert answer["Connection"] == "close"


def test_requests_in_one_go_are_answered_in_order_until_a_broken_one(hub):
    whole = GET + b"\r\n" + b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n" + b"broken\r\n\r\n"
    answers = raw(Wire(hub.url).address, whole + GET + b"\r\n")
    assert [int(s) for s in re.findall(rb"HTTP/1\.1 (\d{3}) ", answers)] == [200, 200, 400]


def test_a_smuggled_request_is_not_seen(hub):
    hidden = b"GET /api/whoami-v2 HTTP/1.1\r\n" + HOST + b"\r\n"
    data = POST + b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" % (5 + len(hidden))
    answers = raw(Wire(hub.url).address, data + hidden)
    assert answers.count(b"HTTP/1.1 ") == 1


def test_a_body_that_ends_early_is_400_and_changes_nothing(ada, unchanged):
    body = ndjson(HEADER, add("x", b"y" * 5000))
    head = (f"POST {api_of(unchanged)}/commit/main HTTP/1.1\r\nHost: x\r\nContent-Type: {NDJSON}\r\n"
            f"Authorization: Bearer {ADA}\r\n").encode()
    for framing, part in (
        (b"Content-Length: %d\r\n\r\n" % (len(body) + 1), body),
        (b"Content-Length: %d\r\n\r\n" % len(body), body[:-30]),
        (b"Transfer-Encoding: chunked\r\n\r\n", b"%x\r\n" % len(body) + body + b"\r\n"),
        (b"Transfer-Encoding: chunked\r\n\r\n", b"%x\r\n" % len(body) + body[:100]),
    ):
        with socket.create_connection(ada.address, timeout=20) as connection:
            connection.sendall(head + framing + part)
            connection.shutdown(socket.SHUT_WR)
            data = b""
            while more := connection.recv(65536):
                data += more
        if data:  # A client that hung up needs no answer, but may get one.
            assert_error(parse(data), 400)


@pytest.mark.slow
def test_slow_headers_and_slow_bodies_are_timed_out(ada, unchanged):
    """A byte every few seconds holds no connection for long."""
    started, took = time.monotonic(), {}

    def drip(name, first, byte):
        with socket.create_connection(ada.address, timeout=90) as connection:
            connection.sendall(first)
            stop = threading.Event()

            def more():
                while not stop.wait(2):
                    try:
                        connection.sendall(byte)
                    except OSError:
                        return

            sender = threading.Thread(target=more, daemon=True)
            sender.start()
            try:
                took[name] = (connection.recv(4096), time.monotonic() - started)
            except OSError:
                took[name] = (b"", time.monotonic() - started)
            stop.set()
            sender.join()

    drips = [threading.Thread(target=drip, args=arguments) for arguments in (
        ("headers", b"GET /api/models HTTP/1.1\r\nHost: x\r\nX: ", b"x"),
        ("body", (f"POST {api_of(unchanged)}/commit/main HTTP/1.1\r\nHost: x\r\n"
                  f"Authorization: Bearer {ADA}\r\nContent-Length: 100000\r\n\r\n").encode(), b" "),
    )]
    for thread in drips:
        thread.start()
    for thread in drips:
        thread.join()
    for name, (answer, seconds) in took.items():
        assert seconds < 60, name
        assert not answer or b" 408 " in answer[:30], name


def test_many_idle_connections_keep_nobody_out(hub, ada):
    held = [socket.create_connection(ada.address, timeout=20) for _ in range(200)]
    try:
        for connection in held:
            connection.sendall(b"GET /api/mod")
        assert ada.get("/api/models").status == 200
    finally:
        for connection in held:
            connection.close()


# ---- Wrong methods and paths ---------------------------------------------------------------------


def test_a_known_path_with_another_method_is_405_and_names_the_right_ones(ada, unchanged):
    for method, target in (("DELETE", api_of(unchanged)), ("PUT", f"{api_of(unchanged)}/tree/main"),
                           ("GET", "/api/repos/create"), ("POST", "/api/whoami-v2"),
                           ("PATCH", f"{api_of(unchanged)}/settings"), ("BREW", "/api/models")):
        refused = assert_error(ada(method, target), 405)
        assert refused["Allow"] and method not in refused["Allow"], target


def test_unknown_paths_are_404_objects_without_a_code(nobody):
    for target in ("/api/", "/api/nothing", "/api/models/a/b/c/d", "/no/such/page/at/all", "//",
                   "/api//models", "/api/models/a/b/resolve/main/x", "/.env", "/wp-login.php",
                   "/..%2f..%2fetc/passwd", "/%01", "/a/b/c", "/api/-/v1/nothing"):
        refused = nobody.get(target)
        assert refused.status in (401, 404), target
        if refused.status == 404:
            assert_error(refused, 404)
            assert refused["X-Error-Code"] is None, target


def test_unknown_posts_are_404(ada, nobody):
    # Clients ask a chunk storage for an upload grant; anything but 404 breaks their uploads.
    for target in ("/v1/xorb-grants/default/" + "0" * 64, "/v1/xorbs/default/" + "0" * 64,
                   "/v1/shards", "/api/no/such/route", "/nothing"):
        for wire in (ada, nobody):
            assert_error(wire("POST", target, b"x"), 404)


@pytest.mark.parametrize("text", ["%00", "a%00b", "%FF", "%C0%AF", "%ED%A0%80"])
def test_a_url_that_is_no_text_is_400_on_every_route(ada, repo, text):
    for target in (f"/{text}", f"/api/models/ada/{text}", f"{api_of(repo)}/tree/main/{text}",
                   f"{api_of(repo)}/revision/{text}", f"{web_of(repo)}/resolve/main/{text}",
                   f"{web_of(repo)}/resolve/{text}/x", f"/api/models?search={text}"):
        assert_error(ada.get(target), 400, text="UTF-8")
    assert_error(ada.post(f"{api_of(repo)}/branch/{text}", {}), 400)


@pytest.mark.parametrize("name", ["a", "ada/..", "ada/%2e%2e", "ada/x%01y", "ada/%F0%9F%A6%99",
                                  "ada/" + "x" * 300, "x" * 300 + "/y", "ada/a%2Fb", "ada/a b",
                                  "-x/y", "ada/%7F", "__proto__/constructor", "ada/x%27--", "*/%2A"])
def test_any_text_as_a_name_is_a_missing_repository(ada, nobody, name):
    name = name.replace(" ", "%20")
    for target in (f"/api/models/{name}", f"/api/models/{name}/revision/main"):
        assert_error(ada.get(target), 404, "RepoNotFound")
        assert_error(nobody.get(target), 401, "RepoNotFound")
    if "/" in name:
        for target in (f"/{name}/resolve/main/x", f"/api/datasets/{name}/tree/main"):
            assert_error(ada.get(target), 404, "RepoNotFound")


# ---- JSON ----------------------------------------------------------------------------------------


JSON_ROUTES = [
    ("POST", "/api/repos/create"), ("DELETE", "/api/repos/delete"), ("POST", "/api/repos/move"),
    ("PUT", "{api}/settings"), ("POST", "{api}/preupload/main"), ("POST", "{api}/paths-info/main"),
    ("POST", "{api}/branch/new"), ("POST", "{api}/tag/main"), ("POST", "/api/validate-yaml"),
    ("POST", "{web}.git/info/lfs/objects/batch"),
]
DEEP = b"[" * 100_000
BODIES = {
    "empty": b"", "cut": b'{"name": "x', "array": b"[]", "text": b'"x"', "number": b"1", "null": b"null",
    "not utf-8": b'{"name": "\xff\xfe"}', "lone surrogate": b'{"name": "\\ud800", "tag": "\\ud800"}',
    "deep": DEEP, "deep object": b'{"a":' * 50_000, "deep value": b'{"name":' + DEEP,
    "trailing": b'{"name": "x"} {"name": "y"}', "nan": b'{"name": NaN}', "single quotes": b"{'name': 1}",
    "nul": b"\0\0\0\0", "html": b"<html></html>",
}


@pytest.mark.parametrize("method, target", JSON_ROUTES, ids=lambda v: v if "/" in v else "")
@pytest.mark.parametrize("kind", BODIES)
def test_bodies_that_are_not_the_json_asked_for(ada, unchanged, method, target, kind):
    target = target.format(api=api_of(unchanged), web=web_of(unchanged))
    if kind == "empty" and target.endswith("/branch/new"):
        return  # A branch needs no body.
    answer = ada(method, target, BODIES[kind], headers={"Content-Type": "application/json"})
    assert_error(answer, (400, 422))


@pytest.mark.parametrize("method, target", JSON_ROUTES, ids=lambda v: v if "/" in v else "")
def test_a_body_over_the_limit_is_413(ada, unchanged, method, target):
    target = target.format(api=api_of(unchanged), web=web_of(unchanged))
    try:
        answer = ada(method, target, b'{"name": "' + b"x" * (20 << 20) + b'"}',
                     headers={"Content-Type": "application/json"})
    except (BrokenPipeError, ConnectionResetError):
        pytest.fail("the refusal could not be read because the server closed too early")
    assert_error(answer, 413, text=r"(?i)\d")


@pytest.mark.parametrize("method, target, body", [
    ("POST", "{api}/tag/main", {"tag": 1}), ("POST", "{api}/tag/main", {}),
    ("POST", "{api}/tag/main", {"tag": ["v1"]}), ("POST", "{api}/tag/main", {"tag": "v1", "message": 1}),
    ("POST", "{api}/branch/x", {"startingPoint": 1}), ("POST", "{api}/branch/x", {"emptyBranch": "yes"}),
    ("POST", "{api}/preupload/main", {"files": {}}),
    ("POST", "{api}/preupload/main", {"files": [{}]}), ("POST", "{api}/preupload/main", {"files": ["x"]}),
    ("POST", "{api}/preupload/main", {"files": [{"path": "x", "size": 1.5, "sample": ""}]}),
    ("POST", "{api}/preupload/main", {"files": [{"path": 1, "size": 1, "sample": ""}]}),
    ("POST", "{api}/paths-info/main", {"paths": 1}), ("POST", "{api}/paths-info/main", {"paths": [1]}),
    ("POST", "{api}/paths-info/main", {}), ("POST", "/api/repos/move", {"fromRepo": "ada/x"}),
    ("POST", "/api/repos/move", {"fromRepo": 1, "toRepo": 2}), ("DELETE", "/api/repos/delete", {"name": []}),
    ("DELETE", "/api/repos/delete", {"name": "x", "type": 3}), ("DELETE", "/api/repos/delete", {}),
], ids=lambda v: json.dumps(v) if isinstance(v, dict) else "")
def test_wrong_types_are_named(ada, unchanged, method, target, body):
    target = target.format(api=api_of(unchanged), web=web_of(unchanged))
    answer = assert_error(ada(method, target, json_body=body), (400, 422))
    assert re.search(r'"?[a-zA-Z]+"?', answer.json["error"])


# ---- Commit bodies -------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [
    b"", b"\n\n", b"{", b"not json\n", b"[]\n", b"null\n", b"1\n", b'"x"\n', b"{}\n", b"\xff\xfe\n",
    ndjson(HEADER) + b"{",
    ndjson(HEADER, add("x", b"y" * 1000))[:-300],
    ndjson(HEADER) + b'{"key":"file","value":{"path":"x","content":"a',
    ndjson(HEADER) + b'{"key":"file"}\n',
    ndjson(HEADER) + b'{"value":{"path":"x","content":""}}\n',
    ndjson(HEADER) + b'{"key":"file","value":null}\n',
    ndjson(HEADER) + b'{"key":"file","value":[]}\n',
    ndjson(HEADER) + b'{"key":1,"value":{}}\n',
    ndjson(HEADER, add("x")) + DEEP,
    ndjson(HEADER) + b'{"key":"file","value":{"path":"x","content":"",' + b'"a":{' * 5000,
    ndjson(add("x")),
    ndjson(add("x"), HEADER),
    ndjson(HEADER, HEADER, add("x")),
    ndjson({"key": "header", "value": {}}, add("x")),
    ndjson({"key": "header", "value": {"summary": 5}}, add("x")),
    ndjson({"key": "header", "value": {"summary": "s", "parentCommit": 5}}, add("x")),
    ndjson({"key": "header", "value": "s"}, add("x")),
    ndjson(HEADER, {"key": "copyFile", "value": {"path": "x"}}),
    ndjson(HEADER, {"key": "file", "value": {"content": "x"}}),
    ndjson(HEADER, {"key": "file", "value": {"path": "x"}}),
    ndjson(HEADER, {"key": "file", "value": {"path": "x", "content": 1}}),
    ndjson(HEADER, {"key": "file", "value": {"path": 1, "content": ""}}),
    ndjson(HEADER, {"key": "file", "value": {"path": "x", "content": "", "encoding": "rot13"}}),
    ndjson(HEADER, {"key": "lfsFile", "value": {"path": "x", "algo": "sha256", "oid": "zz"}}),
    ndjson(HEADER, {"key": "lfsFile", "value": {"path": "x", "algo": "md5", "oid": "a" * 64}}),
    ndjson(HEADER, {"key": "lfsFile", "value": {"path": "x", "algo": "sha256"}}),
    ndjson(HEADER, {"key": "lfsFile", "value": {"path": "x", "oid": "a" * 64, "size": -1}}),
    ndjson(HEADER, {"key": "lfsFile", "value": {"path": "x", "oid": "a" * 64, "size": "1"}}),
    ndjson(HEADER, {"key": "deletedFile", "value": {}}),
    ndjson(HEADER, {"key": "deletedFolder", "value": {"path": ""}}),
    ndjson(HEADER, {"key": "deletedFolder", "value": {"path": "/"}}),
    ndjson(HEADER, {"key": "deletedFile", "value": {"path": ["x"]}}),
], ids=lambda body: ascii(body[-60:]))
def test_a_commit_body_that_is_wrong_anywhere_commits_nothing(ada, unchanged, body):
    # With a good line before the wrong one: all or nothing.
    assert_error(send(ada, unchanged, body), (400, 422))
    if body.startswith(ndjson(HEADER)):
        rest = body[len(ndjson(HEADER)):]
        assert_error(send(ada, unchanged, ndjson(HEADER, add("good", b"1")) + rest), (400, 422))


def test_the_error_of_a_commit_names_the_line(ada, unchanged):
    refused = send(ada, unchanged, ndjson(HEADER, add("a"), add("b")) + b"garbage\n")
    assert_error(refused, 400, text="(?i)line 4")


@pytest.mark.parametrize("content", ["!!!!", "QQ", "QQ=", "Q", "QUJD\n QUJD", "QUJD===", "é", "QUJ=D",
                                     "=", "QQ==QQ==", "\0\0\0\0", "QR=="])
def test_base64_garbage(ada, unchanged, content):
    line = {"key": "file", "value": {"path": "x", "content": content, "encoding": "base64"}}
    assert_error(send(ada, unchanged, ndjson(HEADER, line)), 400, text="(?i)base64")


def disguised():
    """What HFS+ and NTFS take for ".git", and git's own special files in disguise."""
    yield from (".git", ".GIT", ".Git/config", "a/.git/hooks/x", ".git ", ".git.", ".git...", ".git::$INDEX",
                "git~1", "GIT~1/x", ".g\u200cit", ".gi\ufefft/x", "\u200e.git", ".git\u202e",
                ".gitmodules\u200c", "GITMOD~1", ".GITMODULES")


@pytest.mark.parametrize("path", [
    "", "/", "/abs", "a/", "a//b", ".", "..", "./a", "a/.", "a/..", "../a", "a/../../b", "a\\b", "..\\a",
    "a\0b", "a\nb", "a\x1bb", "\x7f", "a/\t", "x" * 256, "/".join("d" * 30 for _ in range(40)),
    "C:\\x", *disguised(),
], ids=ascii)
def test_paths_that_no_checkout_may_hold(ada, unchanged, path):
    for line in (add(path), large(path, {"algo": "sha256", "oid": sha256(b"x")})):
        refused = assert_error(send(ada, unchanged, ndjson(HEADER, add("good"), line)), (400, 422))
        assert refused.status == 422 or path == ""
    refused = send(ada, unchanged, ndjson(HEADER, add("good"), delete(path)))
    assert refused.status in (400, 404, 422), repr(refused)


def test_a_path_that_is_not_utf8(ada, unchanged):
    for path in (b"a\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"):
        body = ndjson(HEADER) + b'{"key":"file","value":{"path":"' + path + b'","content":""}}\n'
        assert_error(send(ada, unchanged, body), (400, 422))
    body = ndjson(HEADER) + b'{"key":"file","value":{"path":"\\ud800","content":""}}\n'
    assert_error(send(ada, unchanged, body), (400, 422))


def test_unusual_but_good_paths_are_taken(ada, repo):
    good = ["...", "a b", "-x", "--upload-pack=x", "~", "a:b", "*?[]", "\"'", "#", "%00", "%2F", "é",
            "e\u0301", "🪨", "CON", "x" * 255, "a/b/c/d/e/f/g/h/i/j", ".github/x", ".gitx", "git", "COM1.txt",
            "$HOME", "`id`", ";", "a&b", "<b>", "\u3000", "NUL"]
    ada.commit(repo, *(add(p, p.encode()) for p in good)).ok()
    listed = ada.paths(repo)
    assert set(good) <= set(listed)
    found = ada.post(f"{api_of(repo)}/paths-info/main", {"paths": good}).ok().json
    assert [e["path"] for e in found] == good
    from urllib.parse import quote
    for path in good:
        assert ada.get(f"{web_of(repo)}/resolve/main/{quote(path)}").ok().body == path.encode()


def test_a_path_of_a_thousand_bytes_and_no_more(ada, repo):
    path = "/".join(["d" * 99] * 10)
    assert len(path) == 999
    ada.commit(repo, add(path + "x")).ok()
    assert_error(ada.commit(repo, add(path + "xy")), 422)


def test_files_that_git_reads_itself_are_checked(ada, unchanged):
    """Submodules that run commands when somebody clones."""
    for text in (b'[submodule "x"]\n\tpath = x\n\turl = -u./payload\n',
                 b'[submodule "../../x"]\n\tpath = x\n\turl = https://x.example\n',
                 b'[submodule "x"]\n\tpath = -x\n\turl = https://x.example\n'):
        answer = send(ada, unchanged, ndjson(HEADER, add(".gitmodules", text)))
        assert_error(answer, 422)


@pytest.mark.parametrize("revision", ["--upload-pack=touch", "-c", "main@{1}", "@{-1}", "main^{tree}",
                                      "0" * 40, "main..main", "main:x", ":/s", "../../main", "x" * 3000,
                                      "main\n", "\x01", "refs/../main", "HEAD^", "refs/heads/", "refs", "@"])
def test_revisions_that_a_command_would_obey(ada, unchanged, revision):
    from urllib.parse import quote
    encoded = quote(revision, safe="")
    for method, target, body in (
        ("GET", f"{api_of(unchanged)}/revision/{encoded}", None),
        ("GET", f"{api_of(unchanged)}/tree/{encoded}", None),
        ("GET", f"{api_of(unchanged)}/commits/{encoded}", None),
        ("GET", f"{web_of(unchanged)}/resolve/{encoded}/.gitattributes", None),
        ("GET", f"{web_of(unchanged)}/raw/{encoded}/.gitattributes", None),
        ("POST", f"{api_of(unchanged)}/paths-info/{encoded}", b'{"paths":["x"]}'),
        ("POST", f"{api_of(unchanged)}/commit/{encoded}", ndjson(HEADER, add("x"))),
        ("POST", f"{api_of(unchanged)}/preupload/{encoded}", b'{"files":[]}'),
        ("POST", f"{api_of(unchanged)}/tag/{encoded}", b'{"tag":"t"}'),
        ("DELETE", f"{api_of(unchanged)}/tag/{encoded}", None),
    ):
        assert_error(ada(method, target, body), 404, "RevisionNotFound")
    refused = ada("DELETE", f"{api_of(unchanged)}/branch/{encoded}")
    assert refused.status in (400, 404), repr(refused)


# ---- Cards ---------------------------------------------------------------------------------------


def bombs():
    laughs = "a: &a [x,x,x,x,x,x,x,x,x]\n"
    for n in range(1, 12):
        before, here = chr(96 + n), chr(97 + n)
        laughs += f"{here}: &{here} [{','.join(['*' + before] * 9)}]\n"
    yield "billion laughs", laughs
    yield "cycle", "a: &a {b: *a}\n"
    yield "merge cycle", "a: &a\n  <<: *a\n"
    yield "deep flow", "a: " + "[" * 50_000 + "\n"
    yield "deep blocks", "".join(" " * n + "k:\n" for n in range(900))
    yield "many aliases", "a: &a x\nb: [" + ",".join(["*a"] * 20_000) + "]\n"
    yield "tag", "a: !!python/object/apply:os.system [id]\n"
    yield "many keys", "".join(f"k{n}: 1\n" for n in range(300_000))
    yield "documents", "a: 1\n---\nb: 2\n"
    yield "long scalar", "a: " + "x" * (2 << 20) + "\n"
    yield "nul", "a: \0\n"
    yield "anchors", "".join(f"k{n}: &a{n} x\n" for n in range(50_000))
    yield "doubled keys", "tags: [a]\ntags: [b]\n"
    yield "control", "a: \x07\n"
    yield "many tags", "tags: [" + ",".join(f"t{n}" for n in range(20_000)) + "]\n"


@pytest.mark.parametrize("name, text", list(bombs()), ids=[name for name, _ in bombs()])
def test_yaml_bombs(ada, repo, name, text):
    card = f"---\n{text}---\n# Card\n".encode()
    checked = ada.post("/api/validate-yaml", {"content": card.decode(), "repoType": "model"})
    assert checked.status in (200, 400, 413) and isinstance(checked.json, dict)
    answer = ada.commit(repo, add("README.md", card))
    assert answer.status in (200, 400, 413), repr(answer)
    # A card that is refused is refused for its author; a broken one never breaks the repository.
    ada.get(f"{api_of(repo)}?expand=cardData&expand=tags").ok()
    ada.get(f"/api/models?search={repo}&full=true&cardData=true").ok()
    assert (checked.status == 200) == (answer.status == 200), (checked, answer)


def test_a_card_of_any_bytes(ada, repo):
    for n, card in enumerate((b"\xff\xfe\0", b"---", b"---\n", b"---\n---", b"---\r\na: 1\r\n---\r\n",
                              b"\xef\xbb\xbf---\nlicense: mit\n---\n", b"---\n\n---\n", b"--- \nx\n---\n",
                              b"---\n" + os.urandom(500) + b"\n---\n")):
        answer = ada.commit(repo, add("README.md", card), add("n", str(n).encode()))
        assert answer.status in (200, 400), repr(answer)
        ada.get(api_of(repo)).ok()


# ---- Queries -------------------------------------------------------------------------------------


def test_injections_are_texts(ada, nobody):
    for text in ("'; DROP TABLE repos; --", "%' OR '1'='1", "\\", "\\x00", "{{7*7}}", "${x}", "%s%n",
                 "a" * 250, "\u202e", "%", "_", "*", "?", "[a-z]", "ÅØ", "ß"):
        from urllib.parse import quote
        value = quote(text, safe="")
        for query in (f"search={value}", f"author={value}", f"filter={value}", f"pipeline_tag={value}"):
            answer = nobody.get(f"/api/models?{query}")
            assert answer.status == 200 and isinstance(answer.json, list), query


def test_a_request_id_of_the_client_comes_back_when_it_is_plain(nobody):
    assert nobody.get("/api/nothing", X_Request_Id="my-trace-1")["X-Request-Id"] == "my-trace-1"
    for hostile in ("a b", "x" * 500, "<script>", "a\"b"):
        given = nobody.get("/api/nothing", X_Request_Id=hostile)["X-Request-Id"]
        assert given and given != hostile


# ---- Trouble below -------------------------------------------------------------------------------


def test_a_locked_database_is_503_with_retry_after_and_then_all_is_well(own_hub):
    if own_hub.env.get("CAIRN_DATABASE"):
        pytest.skip("locks of SQLite")
    ada = Wire(own_hub.url, ADA)
    ada.create("ada/locked")
    lock = sqlite3.connect(own_hub.data / "cairn.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    try:
        ada.get(api_of("ada/locked")).ok()  # Readers do not wait for a writer.
        refused = assert_error(ada.commit("ada/locked", add("x")), 503)
        assert int(refused["Retry-After"]) >= 1
    finally:
        lock.execute("ROLLBACK")
        lock.close()
    ada.commit("ada/locked", add("x", b"after")).ok()
    assert ada.get("/ada/locked/resolve/main/x").ok().body == b"after"
    own_hub.fsck()


@pytest.mark.both_engines
def test_a_database_that_is_gone_is_503_and_comes_back_without_a_restart(own_hub, postgres):
    if not postgres:
        pytest.skip("SQLite's database is a file of the hub's own")
    ada = Wire(own_hub.url, ADA)
    ada.create("ada/steady")
    ada.commit("ada/steady", add("before")).ok()
    postgres.stop()
    try:
        for refused in (ada.commit("ada/steady", add("during")), ada.get(api_of("ada/never-read")),
                        ada.get("/api/models?author=ada"), ada.post("/api/repos/create", {"name": "x"})):
            assert_error(refused, 503)
            assert int(refused["Retry-After"]) >= 1
        assert ada.get("/healthz").status == 200  # The process is well; it is not ready.
        assert ada.get("/readyz").status == 503
    finally:
        postgres.resume()
    until = time.monotonic() + 30
    while ada.get("/readyz").status != 200 and time.monotonic() < until:
        time.sleep(0.1)
    ada.commit("ada/steady", add("after")).ok()
    assert {"before", "after"} <= set(ada.paths("ada/steady"))
    assert "during" not in ada.paths("ada/steady")
    own_hub.fsck()


@pytest.fixture
def small_disk(folder):
    """@return a folder on a file system of 24 MiB."""
    path = folder / "small-disk"
    path.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", path], capture_output=True)
    if done.returncode != 0:
        pytest.skip("needs the right to mount a small file system")
    yield path
    subprocess.run(["umount", "--lazy", path], check=True)


def test_a_full_disk_is_507_keeps_nothing_and_recovers(small_disk):
    from cairn import Cairn
    from conftest import WORLD

    hub = Cairn(small_disk / "data").start()
    try:
        hub.apply(WORLD)
        ada = Wire(hub.url, ADA)
        ada.create("ada/full")
        before = ada.info("ada/full")
        content = os.urandom(30 << 20)
        [item] = ada.batch("ada/full", [content]).ok().json["objects"]
        assert_error(ada.put(item["actions"]["upload"]["href"], content), 507)
        filler = small_disk / "filler"
        with filler.open("wb") as file:
            try:
                while True:
                    file.write(bytes(1 << 16))
                    file.flush()
            except OSError:
                pass
        small = os.urandom(400_000)
        [item] = ada.batch("ada/full", [small]).json.get("objects", [{}])
        if "actions" in item:
            assert_error(ada.put(item["actions"]["upload"]["href"], small), 507)
        refused = ada.commit("ada/full", add("x", os.urandom(3_000_000)))
        assert refused.status in (503, 507), repr(refused)
        assert ada.get(api_of("ada/full")).ok().json["sha"] == before["sha"]
        filler.unlink()
        ada.commit("ada/full", add("x", b"room again")).ok()
        ada.upload_large("ada/full", small)
        hub.fsck()
        hub.stop()
    finally:
        hub.end()


def test_base64_of_what_is_not_asked_for_is_kept_as_text(ada, repo):
    line = {"key": "file", "value": {"path": "x", "content": base64.b64encode(b"y").decode()}}
    ada.commit(repo, line).ok()
    assert ada.get(f"{web_of(repo)}/resolve/main/x").ok().body == b"eQ=="
