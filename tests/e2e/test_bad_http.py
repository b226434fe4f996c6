"""Requests that are no good HTTP, slow, cut or smuggled, and methods and paths that no route has: a
documented status, an answer that says what to do, and nothing changed."""

import re
import socket
import threading
import time

import pytest
from conftest import ADA
from wire import NDJSON, Wire, add, api_of, assert_error, ndjson, parse, raw, web_of

HEADER = {"key": "header", "value": {"summary": "s"}}
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


def test_a_request_id_of_the_client_comes_back_when_it_is_plain(nobody):
    assert nobody.get("/api/nothing", X_Request_Id="my-trace-1")["X-Request-Id"] == "my-trace-1"
    for hostile in ("a b", "x" * 500, "<script>", "a\"b"):
        given = nobody.get("/api/nothing", X_Request_Id=hostile)["X-Request-Id"]
        assert given and given != hostile
