"""What an actor may not see does not exist: on every route a private repository and a missing one
get the same status, headers and body."""

import json
import re
import statistics
import time

import pytest
from conftest import ADA_FINE
from wire import KINDS, LFS_JSON, NDJSON, Wire, add, api_of, large, ndjson, web_of

# Of the same length, so that no answer differs by that.
HIDDEN, MISSING = "ada/hidden-aaaaaa", "ada/missing-bbbbb"


def routes(name, kind):
    """A request of each kind that names a repository: method, target, body, headers."""
    a, w = api_of(name, kind), web_of(name, kind)
    commit = ndjson({"key": "header", "value": {"summary": "s"}}, add("x"))
    stale = ndjson({"key": "header", "value": {"summary": "s", "parentCommit": "f" * 40}}, add("x"))
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    lines, lfs = {"Content-Type": NDJSON}, {"Content-Type": LFS_JSON, "Accept": LFS_JSON}
    body = {"name": name.split("/")[1], "organization": name.split("/")[0], "type": kind}
    out = [
        ("GET", a, None, {}), ("HEAD", a, None, {}), ("GET", f"{a}?blobs=true", None, {}),
        ("GET", f"{a}?expand=sha", None, {}), ("GET", f"{a}?expand=wrong", None, {}),
        ("GET", f"{a}/revision/main", None, {}), ("GET", f"{a}/revision/nowhere", None, {}),
        ("GET", f"{a}/revision/refs%2Fpr%2F1", None, {}),
        ("GET", f"{a}/auth-check", None, {}), ("GET", f"{a}/auth-check/write", None, {}),
        ("GET", f"{a}/tree/main", None, {}), ("GET", f"{a}/tree/main/secret", None, {}),
        ("GET", f"{a}/tree/main?recursive=true&limit=0", None, {}),
        ("GET", f"{a}/tree/nowhere?cursor=x", None, {}),
        ("POST", f"{a}/paths-info/main", b"paths=secret.txt", form),
        ("POST", f"{a}/paths-info/main", b"{", {"Content-Type": "application/json"}),
        ("GET", f"{a}/refs", None, {}), ("GET", f"{a}/refs?include_prs=1", None, {}),
        ("GET", f"{a}/commits/main", None, {}), ("GET", f"{a}/commits/main?limit=x", None, {}),
        ("POST", f"{a}/branch/x", b"{}", {}), ("POST", f"{a}/branch/a..b", b"{}", {}),
        ("DELETE", f"{a}/branch/main", None, {}),
        ("POST", f"{a}/tag/main", b'{"tag":"v1"}', {}), ("DELETE", f"{a}/tag/v1", None, {}),
        ("POST", f"{a}/preupload/main", b'{"files":[]}', {}),
        ("POST", f"{a}/preupload/main?create_pr=1", b'{"files":[]}', {}),
        ("POST", f"{a}/preupload/main", b"{", {}),
        ("POST", f"{a}/commit/main", commit, lines),
        ("POST", f"{a}/commit/main", stale, lines),
        ("POST", f"{a}/commit/main", b"garbage", lines),
        ("POST", f"{a}/commit/main?create_pr=1", commit, lines),
        ("POST", f"{a}/commit/nowhere", commit, lines),
        ("PUT", f"{a}/settings", b'{"private":false}', {}), ("PUT", f"{a}/settings", b"{", {}),
        ("GET", f"{a}/xet-read-token/main", None, {}), ("GET", f"{a}/xet-write-token/main", None, {}),
        ("POST", f"{a}/commit/refs%2Fpr%2F1", commit, lines),
        ("GET", f"{a}/lfs-files", None, {}), ("GET", f"{a}/discussions", None, {}),
        ("GET", f"{a}/discussions/1?diff=1", None, {}), ("GET", f"{a}/discussions/x", None, {}),
        ("POST", f"{a}/discussions", b'{"title":"abc","description":"d"}', {}),
        ("POST", f"{a}/discussions", b"{", {}),
        ("POST", f"{a}/discussions/1/comment", b'{"comment":"x"}', {}),
        ("POST", f"{a}/discussions/1/merge", b"null", {}), ("DELETE", f"{a}/discussions/1", None, {}),
        ("POST", f"{a}/like", b"{}", {}), ("DELETE", f"{a}/like", None, {}),
        ("GET", f"{a}/likers", None, {}),
        ("GET", f"{a}/user-access-request/pending", None, {}),
        ("POST", f"{a}/user-access-request/grant", b'{"user":"bob"}', {}),
        ("POST", f"{a}/user-access-request/cancel", b"{}", {}),
        ("POST", f"{w}/ask-access", b"{}", {"Content-Type": "application/json"}),
        ("GET", f"{w}/user-access-report", None, {}),
        ("GET", f"/api/-/v1/gates/{kind}s/{name}", None, {}),
        ("GET", f"/api/-/v1/activity/{kind}s/{name}", None, {}),
        ("GET", f"{a}/treesize/main/", None, {}),
        ("GET", f"/api/resolve-cache/{kind}s/{name}/main/secret.txt", None, {}),
        ("GET", f"/api/{kind}s?author=ada&search={name.split('/')[1]}", None, {}),
        ("DELETE", "/api/repos/delete", json.dumps(body).encode(), {}),
        ("POST", "/api/repos/move", json.dumps(
            {"fromRepo": name, "toRepo": "bob/stolen", "type": kind}).encode(), {}),
        ("POST", "/api/repos/create", json.dumps({**body, "sdk": "static"}).encode(), {}),
        ("POST", f"{w}.git/info/lfs/objects/batch",
         b'{"operation":"upload","objects":[{"oid":"' + b"a" * 64 + b'","size":1}]}', lfs),
        ("POST", f"{w}.git/info/lfs/objects/batch", b'{"operation":"download","objects":[]}', lfs),
        ("POST", f"{w}.git/info/lfs/objects/batch", b"{", lfs),
        ("GET", f"{w}.git/info/refs?service=git-upload-pack", None, {}), ("GET", w, None, {}),
    ]
    for route in ("resolve", "raw"):
        for path in ("main/secret.txt", "main/nothing", "nowhere/secret.txt", "main/large.bin",
                     "refs%2Fheads%2Fmain/secret.txt"):
            for method in ("GET", "HEAD"):
                out.append((method, f"{w}/{route}/{path}", None, {}))
    out.append(("GET", f"{w}/resolve/main/secret.txt", None, {"Range": "bytes=0-3"}))
    out.append(("GET", f"{w}/resolve/main/secret.txt", None, {"If-None-Match": "*"}))
    out.append(("GET", f"{w}/resolve/main/secret.txt?download=true", None, {"Origin": "https://x.example"}))
    return out


@pytest.fixture(scope="module")
def hidden(hub):
    """A private repository of each kind, with files, a tag, and an old name that leads to it."""
    from conftest import ADA

    ada = Wire(hub.url, ADA)
    for kind in KINDS:
        if ada.get(api_of(HIDDEN, kind)).status == 200:
            continue
        ada.create(HIDDEN, kind, private=True)
        uploaded = ada.upload_large(HIDDEN, b"large secret" * 50, kind)
        ada.commit(HIDDEN, add("secret.txt", b"secret"), add("secret/x"), large("large.bin", uploaded),
                   add("README.md", b"---\ntags: [very-secret]\n---\n"), kind=kind).ok()
        ada.post(f"{api_of(HIDDEN, kind)}/tag/main", {"tag": "v1"}).ok()
    return HIDDEN


def shape(answer, name):
    """What a stranger can compare: everything but what differs by itself, the name replaced."""
    short = name.split("/")[1]

    def plain(text):
        return text.replace(name, "NAME").replace(short, "NAME")

    headers = sorted((n.lower(), plain(v)) for n, v in answer.headers
                     if n.lower() not in ("date", "x-request-id"))
    body = plain(answer.text).replace(answer["X-Request-Id"], "ID")
    return answer.status, headers, body


@pytest.mark.both_engines
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("who", ["nobody", "bob"])
def test_private_and_missing_are_the_same(hidden, request, who, kind):
    stranger = request.getfixturevalue(who)
    different = []
    for secret, other in zip(routes(hidden, kind), routes(MISSING, kind)):
        answers = [shape(stranger(method, target, body, headers=headers), name)
                   for name, (method, target, body, headers) in ((hidden, secret), (MISSING, other))]
        if answers[0] != answers[1]:
            different.append(f"{secret[0]} {secret[1]} {secret[3]}:\n  {answers[0]}\n  {answers[1]}")
    assert not different, "\n".join(different)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_of_a_private_repository_shows(hidden, ada, nobody, bob, kind):
    sha = ada.info(hidden, kind)["sha"]
    for stranger, status in ((nobody, 401), (bob, 404)):
        for method, target, body, headers in routes(hidden, kind):
            answer = stranger(method, target, body, headers=headers)
            seen = answer.text + str(answer.headers)
            assert sha not in seen and "secret\"" not in answer.text, target
            assert answer.status in (status, 200, 400, 401, 403, 404, 422), repr(answer)
            if answer.status == 200:
                assert answer.json == [], target
        answer = stranger.get(api_of(hidden, kind))
        # The headers are all that a HEAD has.
        assert (answer.status, answer["X-Error-Code"]) == (status, "RepoNotFound")
        assert stranger.head(f"{web_of(hidden, kind)}/resolve/main/secret.txt")["X-Error-Code"] == \
            "RepoNotFound"
    assert nobody.get(api_of(hidden, kind))["X-Error-Message"] == "Invalid username or password."
    assert bob.get(api_of(hidden, kind))["X-Error-Message"] == "Repository not found"


def test_a_token_whose_scopes_leave_a_repository_out_does_not_see_it(hub, ada, repo_id):
    fine = Wire(hub.url, ADA_FINE)  # Reads what is ada's own, not what is the organization's.
    secret, missing = "crew/hidden-cccccc", "crew/missing-ddddd"
    if ada.get(api_of(secret)).status == 404:
        ada.create(secret, private=True)
    for one, other in zip(routes(secret, "model"), routes(missing, "model")):
        if one[1].startswith("/api/repos/create"):
            continue
        answers = [shape(fine(m, t, b, headers=h), n)
                   for n, (m, t, b, h) in ((secret, one), (missing, other))]
        assert answers[0] == answers[1], f"{one[0]} {one[1]}"


def test_private_repositories_are_in_no_list_count_or_page(hidden, ada, nobody, bob):
    for stranger in (nobody, bob):
        for query in ("author=ada", "search=hidden-aaaaaa", "filter=very-secret", "search=ada/hid",
                      "author=ada&filter=very-secret&full=true", "sort=id&limit=1000"):
            for kind in ("models", "datasets", "spaces"):
                answer = stranger.get(f"/api/{kind}?{query}").ok()
                assert hidden not in answer.text, query
        # Not even the number of pages tells: one at a time, no page is empty.
        pages = stranger.pages("/api/models?author=ada&limit=1&expand=private", most=2000)
        assert all(pages[:-1]) and not any(item["private"] for p in pages for item in p)
    assert hidden in ada.get("/api/models?author=ada&limit=1000").ok().text


def test_a_deleted_repository_is_as_missing_as_one_that_never_was(ada, nobody, bob, repo):
    ada("DELETE", "/api/repos/delete", json_body={"name": repo.split("/")[1]}).ok()
    never = "ada/" + "n" * len(repo.split("/")[1])
    for stranger in (nobody, bob):
        for one, other in zip(routes(repo, "model"), routes(never, "model")):
            answers = [shape(stranger(m, t, b, headers=h), n)
                       for n, (m, t, b, h) in ((repo, one), (never, other))]
            assert answers[0] == answers[1], f"{one[0]} {one[1]}"


def test_an_owner_who_does_not_exist_is_no_different(hidden, nobody, bob):
    for stranger in (nobody, bob):
        for target in ("/api/models/{}", "/api/models/{}/tree/main", "/{}/resolve/main/x"):
            one = shape(stranger.get(target.format(hidden)), hidden)
            other = shape(stranger.get(target.format("zzz/no-owner-at-all")), "zzz/no-owner-at-all")
            assert one == other, target


def test_the_work_for_private_and_missing_is_the_same(hidden, bob):
    """Not the clock but the order of magnitude: no tree is read for who may not see it."""
    def took(name):
        times = []
        for _ in range(40):
            started = time.perf_counter()
            bob.get(f"{api_of(name)}/tree/main?recursive=true")
            times.append(time.perf_counter() - started)
        return statistics.median(times)

    took(hidden), took(MISSING)
    one, other = took(hidden), took(MISSING)
    assert max(one, other) < 5 * min(one, other) + 0.005


def test_answers_about_private_things_are_never_cached(hidden, ada):
    for target in (api_of(hidden), f"{api_of(hidden)}/tree/main", f"{web_of(hidden)}/resolve/main/secret.txt",
                   f"{web_of(hidden)}/raw/main/secret.txt"):
        control = ada.get(target).ok()["Cache-Control"] or ""
        assert not re.search("public|immutable", control), target
