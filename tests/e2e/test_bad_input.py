"""Bodies, paths, revisions, cards and queries that are no good: a documented status, an answer that says
what to do, and nothing changed. HTTP itself: test_bad_http.py; disks: test_trouble_below.py."""

import base64
import json
import os
import re
from pathlib import Path

import pytest
from cairn import SANITIZED
from wire import NDJSON, add, api_of, assert_error, delete, large, ndjson, sha256, web_of

HEADER = {"key": "header", "value": {"summary": "s"}}


def send(ada, repo, body, rev="main", content_type=NDJSON):
    return ada("POST", f"{api_of(repo)}/commit/{rev}", body, headers={"Content-Type": content_type})


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


def cpu_seconds(hub):
    """Of the hub's process, user and system."""
    fields = Path(f"/proc/{hub.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("name, text", list(bombs()), ids=[name for name, _ in bombs()])
def test_yaml_bombs(hub, ada, repo, name, text):
    card = f"---\n{text}---\n# Card\n".encode()
    before = cpu_seconds(hub)
    checked = ada.post("/api/validate-yaml", {"content": card.decode(), "repoType": "model"})
    assert checked.status in (200, 400, 413) and isinstance(checked.json, dict)
    answer = ada.commit(repo, add("README.md", card))
    assert answer.status in (200, 400, 413), repr(answer)
    # A card that is refused is refused for its author; a broken one never breaks the repository.
    ada.get(f"{api_of(repo)}?expand=cardData&expand=tags").ok()
    ada.get(f"/api/models?search={repo}&full=true&cardData=true").ok()
    # The processor's time: how busy the machine is does not count.
    assert SANITIZED or cpu_seconds(hub) - before < 5, "a card costs too much"
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


def test_base64_of_what_is_not_asked_for_is_kept_as_text(ada, repo):
    line = {"key": "file", "value": {"path": "x", "content": base64.b64encode(b"y").decode()}}
    ada.commit(repo, line).ok()
    assert ada.get(f"{web_of(repo)}/resolve/main/x").ok().body == b"eQ=="
