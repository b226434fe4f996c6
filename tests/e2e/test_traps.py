"""What trips up re-implementations: the list of hub-api.md, section 18, one test per item.

Items that wait for a part of the hub, or lie in the client alone, stand in `NOT_HERE` with the reason;
`test_every_item_has_a_test_or_a_reason` holds the two together.
"""

import datetime
import email.utils
import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from cairn import ROOT
from conftest import ADA, BOB
from huggingface_hub import HfApi
from wire import (NDJSON, TIME, Wire, add, api_of, assert_error, blob_id, delete, large, ndjson,
                  pointer, sha256, target_of)

ITEMS = 75
NOT_HERE = {
    7: "Xet tokens for the revision None: test_xet_clients.py, test_29_…; buckets: later",
    19: "jobs: with compute",
    21: "collections: with community",
    22: "webhooks: with community",
    32: "hardware and event streams: with compute",
    38: "test_xet_clients.py, test_30_…",
    39: "test_xet_clients.py, test_29_…",
    42: "test_xet_clients.py, test_33_…",
    69: "test_xet_clients.py, test_12a_…",
    70: "test_xet_clients.py, test_29_…",
    41: "a limit of the client",
    58: "OAuth's device flow: tests of api/oauth",
    59: "OAuth: tests of api/oauth",
    60: "test_git_fetch.py, test_private_repository_asks_for_a_login",
    62: "the client's environment: conftest.py sets HF_ENDPOINT before the first import",
    63: "older clients validate cards on the public hub",
    64: "fixed hosts of the client",
    66: "jobs: with compute",
    68: "the operator's proxy; this hub never redirects to another scheme or port",
    72: "buckets",
}


def test_every_item_has_a_test_or_a_reason():
    text = (ROOT / "tests/e2e/test_traps.py").read_text()
    tested = {int(n) for n in re.findall(r"^def test_trap_(\d\d)_", text, re.M)}
    assert tested | set(NOT_HERE) == set(range(1, ITEMS + 1))
    assert not tested & set(NOT_HERE), "has a test and a reason to have none"


# 18.1 Routing and URLs

def test_trap_01_no_models_prefix_in_downloads(ada, repo):
    ada.commit(repo, add("a")).ok()
    assert ada.get(f"/{repo}/resolve/main/a").status == 200
    assert ada.get(f"/models/{repo}/resolve/main/a").status in (401, 404)
    assert ada.get(f"/api/{repo}").status in (401, 404)


def test_trap_02_an_encoded_slash_is_part_of_its_segment(ada, repo):
    ada.commit(repo, add("dir/b")).ok()
    ada.post(f"{api_of(repo)}/branch/feature%2Fx", {}).ok()
    assert ada.get(f"{api_of(repo)}/revision/refs%2Fheads%2Ffeature%2Fx").status == 200
    assert [e["path"] for e in ada.get(f"{api_of(repo)}/tree/feature%2Fx/dir").ok().json] == ["dir/b"]
    assert [e["path"] for e in ada.get(f"{api_of(repo)}/tree/main/dir%2F").ok().json] == ["dir/b"]
    assert ada.get(f"/{repo}/resolve/feature%2Fx/dir/b").status == 200


def test_trap_03_special_revisions_come_with_raw_slashes_too(ada, bob, repo):
    bob.commit(repo, add("b"), rev="main?create_pr=1").ok()
    for revision in ("refs/pr/1", "refs%2Fpr%2F1"):
        assert "b" in [e["path"] for e in ada.get(f"{api_of(repo)}/tree/{revision}").ok().json]
        assert ada.get(f"{api_of(repo)}/commits/{revision}").status == 200
        assert ada.get(f"/{repo}/resolve/{revision}/b").status == 200


def test_trap_04_tag_names_a_revision_in_post_and_itself_in_delete(ada, repo):
    sha = ada.info(repo)["sha"]
    ada.post(f"{api_of(repo)}/tag/{sha}", {"tag": "v1"}).ok()
    ada("DELETE", f"{api_of(repo)}/tag/v1").ok()
    assert ada.get(f"{api_of(repo)}/refs").json["tags"] == []


def test_trap_05_fixed_routes_win_over_names(ada):
    assert isinstance(ada.get("/api/settings/repositories").ok().json, list)
    assert isinstance(ada.get("/api/organizations/crew/members").ok().json, list)


def test_trap_06_lfs_lives_below_dot_git_and_names_have_dots(ada, repo_id):
    name = repo_id[:60] + ".v1"
    ada.create(name)
    ada.commit(name, large("w", ada.upload_large(name, b"\0" * 100))).ok()
    assert ada.get(f"/{name}/resolve/main/w").status == 200
    assert ada.create(name + ".2")["name"] == name + ".2"
    assert_error(ada.post("/api/repos/create", {"name": "x.git"}), 400)


def test_trap_08_old_names_redirect_everywhere_relative_with_307(ada, repo):
    ada.commit(repo, add("a")).ok()
    moved = repo + "-moved"
    ada.post("/api/repos/move", {"fromRepo": repo, "toRepo": moved, "type": "model"}).ok()
    body = ndjson({"key": "header", "value": {"summary": "s"}}, add("b"))
    for method, target, sent in [
        ("GET", "{api}", None), ("GET", "{api}/revision/main?expand=sha", None),
        ("GET", "{api}/tree/main/x?recursive=1", None), ("POST", "{api}/paths-info/main", b"paths=a"),
        ("GET", "{api}/refs", None), ("POST", "{api}/commit/main", body),
        ("POST", "{api}/preupload/main", b"{}"), ("PUT", "{api}/settings", b"{}"),
        ("POST", "{api}/branch/x", b"{}"), ("DELETE", "{api}/tag/x", None),
        ("GET", "{api}/discussions/1", None), ("POST", "{api}/like", b"{}"),
        ("GET", "{api}/user-access-request/pending", None), ("GET", "{api}/auth-check", None),
        ("HEAD", "{web}/resolve/main/a", None), ("GET", "{web}/raw/main/a", None),
        ("POST", "{web}.git/info/lfs/objects/batch", b'{"operation":"download","objects":[{"oid":"'
         + b"a" * 64 + b'","size":1}]}'),
    ]:
        old, new = (target.format(api=api_of(n), web=f"/{n}") for n in (repo, moved))
        answer = ada(method, old, sent)
        assert (answer.status, answer["Location"]) == (307, new), f"{method} {old}: {answer!r}"


def test_trap_09_returned_urls_are_absolute_on_the_public_host(own_hub):
    own_hub.stop()
    own_hub.env["CAIRN_PUBLIC_URL"] = "https://hub.example"
    own_hub.start()
    ada = Wire(own_hub.url, ADA)
    assert ada.create("ada/m")["url"] == "https://hub.example/ada/m"
    made = ada.commit("ada/m", add("a"), rev="main?create_pr=1").ok().json
    assert made["commitUrl"] == f"https://hub.example/ada/m/commit/{made['commitOid']}"
    assert made["pullRequestUrl"] == "https://hub.example/ada/m/discussions/1"


# 18.2 Errors

def test_trap_10_codes_are_exact_also_on_head(ada, bob, repo):
    for target, code in ((f"/{repo}/resolve/main/x", "EntryNotFound"),
                         (f"/{repo}/resolve/nowhere/x", "RevisionNotFound"),
                         ("/ada/missing/resolve/main/x", "RepoNotFound")):
        for method in ("HEAD", "GET"):
            assert (bob(method, target).status, bob(method, target)["X-Error-Code"]) == (404, code)


def test_trap_11_plain_http_needs_the_code_for_missing_repositories(hub, nobody, anonymous_api):
    assert hub.url.startswith("http://")
    assert_error(nobody.get(api_of("ada/missing")), 401, "RepoNotFound")
    assert not anonymous_api.repo_exists("ada/missing")
    assert_error(nobody.get(api_of("ada/missing", "kernel")), 401, "RepoNotFound")


def test_trap_12_missing_and_private_look_the_same(ada, bob, nobody, repo_id):
    ada.create(repo_id, private=True)
    for wire, status in ((nobody, 401), (bob, 404)):
        for name in (repo_id, "ada/missing"):
            assert_error(wire.get(api_of(name)), status, "RepoNotFound")


def test_trap_13_bad_tokens_have_their_own_words(hub):
    refused = Wire(hub.url, "hf_" + "x" * 34).get("/api/models")
    assert refused.status == 401
    assert refused["X-Error-Message"] == "Invalid credentials in Authorization header"
    assert refused["X-Error-Code"] is None


def test_trap_14_a_wrong_token_is_refused_on_public_things_too(hub, ada, repo):
    wrong = Wire(hub.url, "hf_" + "x" * 34)
    ada.commit(repo, add("a")).ok()
    for target in (api_of(repo), f"/{repo}/resolve/main/a", "/api/models", f"{api_of(repo)}/tree/main"):
        assert wrong.get(target).status == 401


def test_trap_15_conflicts_are_409_and_name_what_is_there(hub, ada, repo):
    made = ada.post("/api/repos/create", {"name": repo.split("/")[1], "organization": "ada"})
    assert_error(made, 409)
    assert made.json["url"] == f"{hub.url}/{repo}"
    assert "another conflicting operation" not in made.text
    for kind, body in (("branch/x", {}), ("tag/main", {"tag": "v"})):
        ada.post(f"{api_of(repo)}/{kind}", body).ok()
        assert_error(ada.post(f"{api_of(repo)}/{kind}", body), 409)


def test_trap_16_a_stale_parent_is_412_and_bad_paths_are_400_or_422(ada, repo):
    old = ada.info(repo)["sha"]
    ada.commit(repo, add("a")).ok()
    assert_error(ada.commit(repo, add("b"), parentCommit=old), 412)
    for path in ("../a", "/a", ".git/x", "a//b"):
        assert_error(ada.commit(repo, add(path)), (400, 422))


def test_trap_17_validate_yaml_always_answers_json(hub, nobody):
    for wire in (nobody, Wire(hub.url, "hf_" + "x" * 34)):
        for body in (b'{"content":"---\\na: [\\n---\\n","repoType":"model"}', b"{", b'{"content":"x"}'):
            answer = wire("POST", "/api/validate-yaml", body,
                          headers={"Content-Type": "application/json"})
            assert isinstance(answer.json, dict), repr(answer)


def test_trap_18_error_bodies_are_objects(ada, nobody, repo):
    for answer in (nobody.get("/api/nothing"), nobody.get("/nothing/at/all"), ada.get(api_of("ada/x")),
                   ada("POST", "/api/repos/create", b"["), ada("PATCH", api_of(repo)),
                   ada.get("/api/models?limit=x"), nobody.post("/api/repos/create", {"name": "x"})):
        assert answer.status >= 400 and isinstance(answer.json, dict), repr(answer)


# 18.3 Shapes

def nulls(value, path=""):
    if isinstance(value, dict):
        return [n for k, v in value.items() for n in nulls(v, f"{path}.{k}")]
    if isinstance(value, list):
        return [n for v in value for n in nulls(v, path + "[]")]
    return [path] if value is None else []


def test_trap_20_absent_is_left_out_not_null(ada, repo):
    ada.post(f"{api_of(repo)}/discussions", {"title": "abc", "description": "d"}).ok()
    ada.post(f"{api_of(repo)}/like", {}).ok()
    for target in (api_of(repo), f"{api_of(repo)}/discussions", f"{api_of(repo)}/discussions/1",
                   f"{api_of(repo)}/likers", "/api/users/ada/overview", "/api/users/ada/likes",
                   "/api/organizations/crew/overview", "/api/organizations/crew/members",
                   f"/api/models?search={repo.split('/')[1]}&full=true"):
        assert nulls(ada.get(target).ok().json) == [], target


def test_trap_23_grant_answers_json(ada, repo):
    ada("PUT", f"{api_of(repo)}/settings", json_body={"gated": "manual"}).ok()
    answer = ada.post(f"{api_of(repo)}/user-access-request/grant", {"user": "bob"}).ok()
    assert isinstance(answer.json, dict)


def test_trap_24_refs_always_has_its_lists(ada, repo):
    assert set(ada.get(f"{api_of(repo)}/refs").ok().json) >= {"branches", "converts", "tags"}


def test_trap_25_lfs_says_sha256_in_siblings_and_oid_in_trees(ada, repo):
    content = b"\0" * 100
    ada.commit(repo, large("w", ada.upload_large(repo, content))).ok()
    expected = {"size": 100, "pointerSize": len(pointer(content))}
    [sibling] = [s for s in ada.get(f"{api_of(repo)}?blobs=true").json["siblings"]
                 if s["rfilename"] == "w"]
    assert sibling["lfs"] == {"sha256": sha256(content), **expected}
    [entry] = [e for e in ada.get(f"{api_of(repo)}/tree/main").json if e["path"] == "w"]
    assert entry["lfs"] == {"oid": sha256(content), **expected}


def test_trap_26_names_that_are_not_camel_case(ada, repo):
    card = b"---\nlibrary_name: transformers\npipeline_tag: fill-mask\nmodel-index:\n- name: x\n  results: []\n---\n"
    ada.commit(repo, add("README.md", card)).ok()
    info = ada.info(repo)
    assert info["library_name"] == "transformers" and info["pipeline_tag"] == "fill-mask"
    assert info["model-index"][0]["name"] == "x"
    # Present only with both members.
    assert "safetensors" not in info or {"parameters", "total"} <= set(info["safetensors"])


def test_trap_27_expand_gives_what_was_asked(ada, repo):
    found = ada.get(f"{api_of(repo)}?expand=likes&expand[]=sha").ok().json
    assert set(found) == {"_id", "id", "likes", "sha"}


def times(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [t for v in value for t in times(v)]
    return [value] if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT", value) else []


def test_trap_28_times_end_with_z(ada, repo):
    ada.post(f"{api_of(repo)}/discussions", {"title": "abc", "description": "d"}).ok()
    for target in (api_of(repo), f"{api_of(repo)}/commits/main", f"{api_of(repo)}/discussions/1",
                   f"{api_of(repo)}/tree/main?expand=true", "/api/whoami-v2", "/api/settings/repositories"):
        found = times(ada.get(target).ok().json)
        assert found and all(TIME.fullmatch(t) for t in found), target


def test_trap_29_preupload_echoes_every_path_with_a_boolean(ada, repo):
    paths = ["a", "ä/ö.txt", "sp ace", "x.bin"]
    found = ada.post(f"{api_of(repo)}/preupload/main", {
        "files": [{"path": p, "size": 1, "sample": "eA=="} for p in paths]}).ok().json["files"]
    assert [f["path"] for f in found] == paths
    assert all(isinstance(f["shouldIgnore"], bool) for f in found)
    assert all(f["uploadMode"] in ("lfs", "regular") for f in found)


def test_trap_30_drafts_have_their_ref_and_details_their_fields(ada, bob, repo):
    made = bob.post(f"{api_of(repo)}/discussions",
                    {"title": "abc", "description": "d", "pullRequest": True}).ok().json
    assert made["num"] == 1
    assert ada.get(f"{api_of(repo)}/revision/refs%2Fpr%2F1").status == 200
    page = ada.get(f"{api_of(repo)}/discussions").ok().json
    assert {"count", "start", "discussions"} <= set(page)
    details = ada.get(f"{api_of(repo)}/discussions/1?diff=1").ok().json
    assert details["status"] == "draft" and details["changes"] == {"base": "refs/heads/main"}
    assert details["filesWithConflicts"] is False


def test_trap_31_the_made_gitattributes_is_a_file_like_others(ada, repo):
    assert [s["rfilename"] for s in ada.info(repo)["siblings"]] == [".gitattributes"]
    assert ada.paths(repo) == [".gitattributes"]


# 18.4 Download

def test_trap_33_the_etag_is_one_everywhere(ada, repo):
    small, big = b"small", b"\0" * 1000
    ada.commit(repo, add("s", small), large("b", ada.upload_large(repo, big))).ok()
    tree = {e["path"]: e for e in ada.get(f"{api_of(repo)}/tree/main").json}
    for path, etag in (("s", blob_id(small)), ("b", sha256(big))):
        for headers in ({}, {"Accept-Encoding": "gzip"}):
            for method in ("HEAD", "GET"):
                found = ada(method, f"/{repo}/resolve/main/{path}", headers=headers)
                assert (found["X-Linked-Etag"] or found["ETag"]) == f'"{etag}"', path
    assert tree["s"]["oid"] == blob_id(small) and tree["b"]["lfs"]["oid"] == sha256(big)


def test_trap_34_head_has_the_length_of_the_file_itself(ada, repo):
    content = b"compressible " * 1000
    ada.commit(repo, add("a.txt", content)).ok()
    assert ada.head(f"/{repo}/resolve/main/a.txt")["Content-Length"] == str(len(content))


def test_trap_35_the_commit_is_named_also_when_the_file_is_missing(ada, repo):
    sha = ada.commit(repo, add("a")).ok().json["commitOid"]
    for path in ("a", "missing"):
        for method in ("HEAD", "GET"):
            assert ada(method, f"/{repo}/resolve/main/{path}")["X-Repo-Commit"] == sha


def test_trap_36_large_files_carry_their_metadata_where_they_are_asked_for(ada, repo):
    content = b"\0" * 1000
    ada.commit(repo, large("w", ada.upload_large(repo, content))).ok()
    found = ada.head(f"/{repo}/resolve/main/w")
    assert found.status == 200 and found["X-Repo-Commit"]
    assert found["Content-Length"] == "1000" and sha256(content) in (found["X-Linked-Etag"] or found["ETag"])


def test_trap_37_ranges(ada, repo):
    ada.commit(repo, add("a", b"0123456789")).ok()
    for asked, status, body, said in (
            ("bytes=0-0", 206, b"0", "bytes 0-0/10"), ("bytes=5-", 206, b"56789", "bytes 5-9/10"),
            ("bytes=-3", 206, b"789", "bytes 7-9/10"), ("bytes=5-99", 206, b"56789", "bytes 5-9/10")):
        found = ada.get(f"/{repo}/resolve/main/a", Range=asked)
        assert (found.status, found.body, found["Content-Range"]) == (status, body, said)
    beyond = ada.get(f"/{repo}/resolve/main/a", Range="bytes=10-")
    assert beyond.status == 416 and beyond["Content-Range"] == "bytes */10"


def test_trap_40_empty_files_are_regular_and_zero_long(ada, repo):
    ada.commit(repo, add("empty.bin", b"")).ok()
    found = ada.head(f"/{repo}/resolve/main/empty.bin")
    assert found.status == 200 and found["Content-Length"] == "0"
    [entry] = [e for e in ada.get(f"{api_of(repo)}/tree/main").json if e["path"] == "empty.bin"]
    assert entry["size"] == 0 and "lfs" not in entry


# 18.5 Upload

def test_trap_43_lfs_puts_need_no_credentials(hub, ada, repo):
    content = b"\0" * 300
    [item] = ada.batch(repo, [content]).ok().json["objects"]
    upload = target_of(item["actions"]["upload"]["href"])
    assert Wire(hub.url)("PUT", upload, content).status == 200
    verify = item["actions"].get("verify")
    if verify:
        ada.post(target_of(verify["href"]), {"oid": sha256(content), "size": 300}).ok()


def test_trap_44_parts_are_counted_and_answer_an_etag(ada, repo):
    size = 40_000_000
    body = {"operation": "upload", "transfers": ["basic", "multipart"],
            "objects": [{"oid": "a" * 64, "size": size}]}
    found = ada("POST", f"/{repo}.git/info/lfs/objects/batch", json.dumps(body).encode(),
                headers={"Content-Type": "application/vnd.git-lfs+json",
                         "Accept": "application/vnd.git-lfs+json"}).ok().json
    header = found["objects"][0]["actions"]["upload"].get("header", {})
    if found.get("transfer") == "multipart":
        chunk = int(header["chunk_size"])
        parts = sorted(int(k) for k in header if k != "chunk_size")
        assert parts == list(range(1, -(-size // chunk) + 1))
        first = ada.put(header["1"], b"\0" * chunk).ok()
        assert first["ETag"]
    else:
        assert header == {}


def test_trap_45_objects_that_are_here_have_no_actions(ada, repo):
    ada.upload_large(repo, b"\0" * 300)
    [item] = ada.batch(repo, [b"\0" * 300]).ok().json["objects"]
    assert "actions" not in item


def test_trap_46_the_hash_algorithm_is_spelled_in_three_ways(ada, repo):
    for more in ({}, {"hash_algo": "sha256"}, {"hash_algo": "sha_256"}):
        [item] = ada.batch(repo, [b"\1" * 30], **more).ok().json["objects"]
        assert "error" not in item


def test_trap_47_readers_bring_what_a_pull_request_needs(ada, bob, repo):
    bob.post(f"{api_of(repo)}/preupload/main?create_pr=1",
             {"files": [{"path": "w", "size": 5, "sample": "AA=="}]}).ok()
    uploaded = bob.upload_large(repo, b"\0" * 500)
    made = bob.commit(repo, large("w", uploaded), rev="main?create_pr=1").ok().json
    assert made["pullRequestUrl"]
    # It gives no more than that.
    assert_error(bob.commit(repo, large("w", uploaded)), 403)
    assert_error(bob.post(f"{api_of(repo)}/preupload/main", {"files": []}), 403)


def test_trap_48_a_commit_streams_without_a_length_or_a_last_newline(hub, ada, repo):
    import http.client

    content = b"x" * 3_000_000
    body = ndjson({"key": "header", "value": {"summary": "s"}}, add("a.txt", content)).rstrip(b"\n")
    connection = http.client.HTTPConnection(*ada.address, timeout=60)
    chunks = (body[i:i + 100_000] for i in range(0, len(body), 100_000))
    connection.request("POST", f"{api_of(repo)}/commit/main", chunks, encode_chunked=True, headers={
        "Content-Type": NDJSON, "Authorization": f"Bearer {ADA}", "Transfer-Encoding": "chunked"})
    assert connection.getresponse().status == 200
    assert ada.get(f"/{repo}/resolve/main/a.txt").body == content


def test_trap_49_deletions_take_folders_and_slashes(ada, repo):
    ada.commit(repo, add("one/a"), add("two/b"), add("c")).ok()
    ada.commit(repo, delete("one"), delete("two/", "deletedFolder")).ok()
    assert ada.paths(repo) == [".gitattributes", "c"]
    assert_error(ada.commit(repo, delete("one")), 404, "EntryNotFound",
                 "A file with this name doesn't exist")


def test_trap_50_copies_of_large_files_say_no_size(ada, repo):
    uploaded = ada.upload_large(repo, b"\0" * 500)
    del uploaded["size"]
    ada.commit(repo, large("w", uploaded)).ok()
    [entry] = [e for e in ada.get(f"{api_of(repo)}/tree/main").json if e["path"] == "w"]
    assert entry["size"] == 500


def test_trap_51_untracked_large_files_are_tracked_in_the_same_commit(ada, repo):
    ada.commit(repo, large("odd name.dat", ada.upload_large(repo, b"\0" * 500))).ok()
    assert '"/odd name.dat" filter=lfs' in ada.get(f"/{repo}/raw/main/.gitattributes").text
    assert len(ada.get(f"{api_of(repo)}/commits/main").json) == 2


def test_trap_52_preupload_tells_what_is_there(ada, repo):
    content = b"\0" * 500
    ada.commit(repo, add("s", b"small"), large("b", ada.upload_large(repo, content))).ok()
    found = ada.post(f"{api_of(repo)}/preupload/main", {
        "files": [{"path": p, "size": 5, "sample": "AA=="} for p in ("s", "b", "new")]}).ok().json
    assert [f.get("oid") for f in found["files"]] == [blob_id(b"small"), sha256(content), None]


def test_trap_53_commits_at_once_all_arrive(hub, ada, repo):
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda i: Wire(hub.url, ADA).commit(repo, add(f"f{i}")).status, range(24)))
    assert made == [200] * 24
    assert len(ada.paths(repo)) == 25
    assert len(ada.get(f"{api_of(repo)}/commits/main?limit=100").json) == 25


def test_trap_54_what_was_written_is_read_at_once(ada, nobody, repo):
    for i in range(10):
        sha = ada.commit(repo, add(f"f{i}")).ok().json["commitOid"]
        assert ada.info(repo)["sha"] == sha
        assert f"f{i}" in [e["path"] for e in nobody.get(f"{api_of(repo)}/tree/main").json]
    control = nobody.get(api_of(repo))["Cache-Control"] or ""
    assert not re.search("max-age=[1-9]|immutable", control)


def test_trap_55_gitignore_leaves_files_out(ada, repo):
    ada.commit(repo, add(".gitignore", b"*.tmp\n")).ok()
    found = ada.post(f"{api_of(repo)}/preupload/main", {
        "files": [{"path": p, "size": 1, "sample": "eA=="} for p in ("a.tmp", "a")]}).ok().json
    assert [f["shouldIgnore"] for f in found["files"]] == [True, False]


# 18.6 Auth and accounts

def test_trap_56_tokens_begin_with_hf(own_hub):
    made = own_hub.run("admin", "user", "token", "ada").stdout
    assert re.search(r"\bhf_[A-Za-z0-9]{20,}", made), made


def test_trap_57_whoami_has_what_clients_look_into(ada):
    me = ada.get("/api/whoami-v2").ok().json
    assert me["type"] == "user" and me["name"] == "ada"
    assert all(o["name"] for o in me["orgs"])
    assert {"displayName", "role"} <= set(me["auth"]["accessToken"])


def test_trap_61_private_answers_are_never_shared(ada, nobody, repo, repo_id):
    private = repo + "-private"
    ada.create(private, private=True)
    for name in (repo, private):
        ada.commit(name, add("a")).ok()
    sha = ada.info(private)["sha"]
    for target in (f"/{private}/resolve/main/a", f"/{private}/resolve/{sha}/a", api_of(private)):
        control = ada.get(target).ok()["Cache-Control"] or ""
        assert "public" not in control and "immutable" not in control, target


# 18.7 Environment

def test_trap_65_habits_of_older_clients(ada, repo_id):
    made = ada.post("/api/repos/create", {"name": repo_id.split("/")[1], "organization": "ada",
                                          "private": True, "lfsmultipartthresh": 1, "canonical": True})
    assert made.status == 200 and ada.info(repo_id)["private"]
    ada("PUT", f"{api_of(repo_id)}/settings", json_body={"private": False}).ok()
    assert not ada.info(repo_id)["private"]
    assert "xetEnabled" in ada.get(f"{api_of(repo_id)}?expand=xetEnabled").ok().json
    assert ada.get(f"{api_of(repo_id)}?securityStatus=true").ok().json["securityRepoStatus"]
    info = ada.info(repo_id)
    assert info["siblings"] and info["modelId"] == repo_id


def test_trap_67_browsers_may_read_every_header(nobody, ada, repo):
    ada.commit(repo, add("a")).ok()
    answer = nobody.get(f"/{repo}/resolve/main/a", Origin="https://app.example")
    exposed = {h.strip().lower() for h in answer["Access-Control-Expose-Headers"].split(",")}
    assert exposed >= {"x-repo-commit", "x-request-id", "x-error-code", "x-error-message",
                       "x-total-count", "etag", "x-linked-etag", "x-linked-size", "link",
                       "accept-ranges", "content-range"}
    assert answer["Access-Control-Allow-Origin"] in ("*", "https://app.example")
    assert answer["Access-Control-Allow-Credentials"] is None


# 18.8 New with 1.30 - 2.4

def test_trap_71_access_requests_have_an_id(ada, bob, repo):
    ada("PUT", f"{api_of(repo)}/settings", json_body={"gated": "manual"}).ok()
    bob.post(f"/{repo}/ask-access", {})
    [request] = ada.get(f"{api_of(repo)}/user-access-request/pending").ok().json
    assert re.fullmatch("[0-9a-f]{24}", request["requestId"])


def test_trap_73_the_date_is_right(nobody):
    said = email.utils.parsedate_to_datetime(nobody.get("/api/models?limit=1")["Date"])
    assert abs((datetime.datetime.now(datetime.timezone.utc) - said).total_seconds()) < 10


@pytest.mark.parametrize("query", ["limit=x", "cursor=x", "sort=x", "search=%00", "filter=" + "x" * 300,
                                   "expand=x", "limit=0", "direction=%FF", "author=%00"])
def test_trap_74_lists_never_fail_for_what_is_asked(nobody, query):
    assert nobody.get(f"/api/models?{query}").status < 500


def test_trap_75_one_commit_deletes_and_adds_a_path(ada, repo):
    ada.commit(repo, add("a", b"1"), add("d/x", b"1")).ok()
    for lines in ([delete("a"), add("a", b"2"), delete("d/", "deletedFolder"), add("d/x", b"2")],
                  [add("a", b"3"), delete("a"), add("d/x", b"3"), delete("d/", "deletedFolder")]):
        ada.commit(repo, *lines).ok()
    assert ada.get(f"/{repo}/raw/main/a").text == "3"
    assert ada.paths(repo) == [".gitattributes", "a", "d", "d/x"]


def test_clients_work_as_a_stranger_too(hub, ada, repo):
    """The same repository through the client without write access."""
    ada.commit(repo, add("a", b"1")).ok()
    bob = HfApi(endpoint=hub.url, token=BOB)
    assert bob.model_info(repo).id == repo and bob.file_exists(repo, "a")
