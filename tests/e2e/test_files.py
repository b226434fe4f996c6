"""What lies in a repository: trees, files, refs and history, and how they are downloaded."""

import hashlib
import random
import re
from pathlib import Path
from urllib.parse import quote

import pytest
from conftest import ADA
from huggingface_hub import HfFileSystem, get_hf_file_metadata, hf_hub_url
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, RevisionNotFoundError
from wire import (COMMIT, KINDS, TIME, Wire, add, api_of, assert_error, blob_id, delete, large,
                  pointer, sha256, web_of)

LARGE = random.Random(5).randbytes(200_000)
UNICODE = "dir/sub dir/ünïcode ✓ #1?.txt"


@pytest.fixture(scope="module")
def files(hub):
    """A model with folders, names that need care, a large file, two branches and two tags."""
    ada, name = Wire(hub.url, ADA), "ada/files"
    ada.create(name)
    uploaded = ada.upload_large(name, LARGE)
    first = ada.commit(name, add("a.txt", b"first"), add("dir/b.txt", b"b" * 10),
                       add("dir/deep/er/c.txt", b"c"), add("empty", b""), add(UNICODE, b"u"),
                       large("dir/w.bin", uploaded), summary="First").ok().json["commitOid"]
    ada.post(f"{api_of(name)}/tag/main", {"tag": "v1"}).ok()
    ada.post(f"{api_of(name)}/tag/{first}", {"tag": "v1-notes", "message": "Notes\n\nof v1"}).ok()
    ada.post(f"{api_of(name)}/branch/feature%2Fx", {"startingPoint": "v1"}).ok()
    ada.commit(name, add("only-x.txt", b"x"), rev="feature%2Fx", summary="On x").ok()
    ada.commit(name, add("a.txt", b"second"), summary="Second", description="Why <b>\n\nand how").ok()
    return name


@pytest.fixture(scope="module")
def head(hub, files):
    return Wire(hub.url).info(files)["sha"]


# ---- Trees ---------------------------------------------------------------------------------------


@pytest.mark.both_engines
def test_a_tree_lists_files_and_folders_of_one_level(nobody, files):
    entries = nobody.get(f"{api_of(files)}/tree/main?recursive=false&expand=false").ok().json
    assert [(e["type"], e["path"]) for e in entries] == [
        ("file", ".gitattributes"), ("file", "a.txt"), ("directory", "dir"), ("file", "empty")]
    by_path = {e["path"]: e for e in entries}
    assert by_path["a.txt"] == {"type": "file", "path": "a.txt", "size": 6, "oid": blob_id(b"second")}
    assert by_path["empty"]["size"] == 0 and by_path["empty"]["oid"] == blob_id(b"")
    assert by_path["dir"]["size"] == 0 and COMMIT.fullmatch(by_path["dir"]["oid"])


@pytest.mark.both_engines
def test_a_recursive_tree_is_depth_first_and_holds_the_folders(nobody, files):
    entries = nobody.get(f"{api_of(files)}/tree/main?recursive=true").ok().json
    assert [e["path"] for e in entries] == [
        ".gitattributes", "a.txt", "dir", "dir/b.txt", "dir/deep", "dir/deep/er",
        "dir/deep/er/c.txt", "dir/sub dir", UNICODE, "dir/w.bin", "empty"]
    by_path = {e["path"]: e for e in entries}
    text = pointer(LARGE)
    assert by_path["dir/w.bin"] == {
        "type": "file", "path": "dir/w.bin", "size": len(LARGE), "oid": blob_id(text),
        "lfs": {"oid": sha256(LARGE), "size": len(LARGE), "pointerSize": len(text)}}


def test_paths_are_from_the_root_whatever_folder_was_asked(nobody, files):
    for folder in ("dir", "dir/", "dir%2Fdeep%2Fer", "dir/deep/er", "dir%2Fsub%20dir"):
        entries = nobody.get(f"{api_of(files)}/tree/main/{folder}").ok().json
        assert entries and all(e["path"].startswith("dir/") for e in entries), folder
    recursive = nobody.get(f"{api_of(files)}/tree/main/dir/deep?recursive=true").ok().json
    assert [e["path"] for e in recursive] == ["dir/deep/er", "dir/deep/er/c.txt"]


@pytest.mark.both_engines
def test_expand_adds_the_commit_that_last_changed_each_entry(nobody, files):
    entries = nobody.get(f"{api_of(files)}/tree/main?recursive=true&expand=true").ok().json
    titles = {e["path"]: e["lastCommit"]["title"] for e in entries}
    assert titles["a.txt"] == "Second" and titles["dir"] == titles["dir/w.bin"] == "First"
    assert titles[".gitattributes"] == "initial commit"
    assert all(COMMIT.fullmatch(e["lastCommit"]["id"]) for e in entries)
    assert all(TIME.fullmatch(e["lastCommit"]["date"]) for e in entries)
    plain = nobody.get(f"{api_of(files)}/tree/main?recursive=true").ok().json
    assert not any("lastCommit" in e for e in plain)


@pytest.mark.parametrize("form", [
    "main", "HEAD", "refs%2Fheads%2Fmain", "refs/heads/main", "v1", "refs%2Ftags%2Fv1",
    "refs/tags/v1", "v1-notes", "feature%2Fx", "refs%2Fheads%2Ffeature%2Fx",
])
def test_a_revision_may_be_encoded_or_raw_on_every_route(nobody, files, form):
    tree = nobody.get(f"{api_of(files)}/tree/{form}?recursive=true").ok().json
    assert ("only-x.txt" in [e["path"] for e in tree]) == ("feature" in form)
    assert [e["path"] for e in nobody.get(f"{api_of(files)}/tree/{form}/dir/deep").ok().json] == [
        "dir/deep/er"]
    a = nobody.get(f"{web_of(files)}/resolve/{form}/a.txt").ok()
    assert a.body == (b"second" if form.endswith(("main", "HEAD")) else b"first")
    assert COMMIT.fullmatch(a["X-Repo-Commit"])
    assert nobody.get(f"{web_of(files)}/raw/{form}/a.txt").ok().body == a.body
    commits = nobody.get(f"{api_of(files)}/commits/{form}").ok().json
    assert commits[0]["id"] == a["X-Repo-Commit"]
    found = nobody("POST", f"{api_of(files)}/paths-info/{form}", json_body={"paths": ["a.txt"]})
    assert found.ok().json[0]["oid"] == blob_id(a.body)


def test_a_commit_may_be_named_in_short(nobody, files, head):
    for size in (40, 20, 7, 5):
        answer = nobody.get(f"{web_of(files)}/resolve/{head[:size]}/a.txt")
        assert answer.ok()["X-Repo-Commit"] == head, size
    for wrong in (head[:4], head[:39] + "g", head.upper()):
        assert_error(nobody.get(f"{web_of(files)}/resolve/{wrong}/a.txt"), 404, "RevisionNotFound")


@pytest.mark.parametrize("path", ["nothing", "a.txt", "a.txt/b", "dir/b.txt", "dir/nothing", "..",
                                  "dir/../a", "%01", ".git", "x" * 1200, "dir%5Cdeep"])
def test_a_tree_of_what_is_no_folder_is_entry_not_found(nobody, files, head, path):
    refused = assert_error(nobody.get(f"{api_of(files)}/tree/main/{path}"), 404, "EntryNotFound")
    assert refused["X-Repo-Commit"] == head


def test_unknown_revisions_are_not_found_on_every_route(nobody, files):
    for method, target, body in (
        ("GET", f"{api_of(files)}/tree/nowhere", None),
        ("GET", f"{api_of(files)}/tree/{'0' * 40}/dir", None),
        ("GET", f"{api_of(files)}/commits/nowhere", None),
        ("POST", f"{api_of(files)}/paths-info/nowhere", b'{"paths":["a.txt"]}'),
        ("GET", f"{web_of(files)}/resolve/nowhere/a.txt", None),
        ("HEAD", f"{web_of(files)}/resolve/nowhere/a.txt", None),
        ("GET", f"{web_of(files)}/raw/nowhere/a.txt", None),
        ("GET", f"{web_of(files)}/resolve/refs%2Fpr%2F1/a.txt", None),
        ("GET", f"{web_of(files)}/resolve/refs/convert/parquet/a.txt", None),
    ):
        assert_error(nobody(method, target, body), 404, "RevisionNotFound", "Invalid rev id")


@pytest.mark.both_engines
@pytest.mark.parametrize("recursive", ["true", "false"])
def test_a_tree_in_pages_is_the_same_tree(nobody, files, recursive):
    target = f"{api_of(files)}/tree/main?recursive={recursive}"
    whole = nobody.get(target).ok().json
    for limit in (1, 2, 3, 100):
        pages = nobody.pages(f"{target}&limit={limit}")
        assert [e for page in pages for e in page] == whole
        assert all(len(page) <= limit for page in pages)
    expanded = nobody.pages(f"{target}&expand=true&limit=4")
    assert [e["path"] for page in expanded for e in page] == [e["path"] for e in whole]


def test_pages_of_a_tree_stay_on_one_commit(ada, repo):
    ada.commit(repo, *(add(f"f{n}") for n in range(6))).ok()
    second = ada.get(f"{api_of(repo)}/tree/main?limit=3").next()
    ada.commit(repo, delete("f3"), delete("f4"), add("f35")).ok()
    assert [e["path"] for e in ada.get(second).ok().json] == ["f2", "f3", "f4"]


def test_a_cursor_of_another_tree_is_refused(ada, files, repo):
    ada.commit(repo, *(add(f"f{n}") for n in range(4))).ok()
    cursor = re.search(r"cursor=([^&]+)", ada.get(f"{api_of(repo)}/tree/main?limit=2").next())[1]
    for other in (f"{api_of(files)}/tree/main?limit=2", f"{api_of(repo)}/tree/main?recursive=true",
                  f"{api_of(files)}/commits/main?limit=2", "/api/models?limit=2",
                  f"{api_of(repo)}/tree/main?expand=true"):
        assert_error(ada.get(f"{other}&cursor={cursor}"), 400, text="(?i)cursor")


def test_a_folder_of_many_entries_has_pages_of_a_thousand(ada, repo):
    names = [f"many/{n:05}" for n in range(1201)]
    ada.commit(repo, *(add(name, b"") for name in names)).ok()
    pages = ada.pages(f"{api_of(repo)}/tree/main/many")
    assert [len(p) for p in pages] == [1000, 201]
    assert [e["path"] for p in pages for e in p] == names
    pages = ada.pages(f"{api_of(repo)}/tree/main/many?expand=true")
    assert len(pages[0]) in (50, 100) and sum(map(len, pages)) == 1201
    capped = ada.get(f"{api_of(repo)}/tree/main/many?limit=5000").ok().json
    assert len(capped) == 1000


def test_names_sort_as_git_sorts_them_and_pages_agree(ada, repo):
    names = ["a-b", "a.b", "a/x", "a0", "ab/y", "A", "ä", "z"]
    ada.commit(repo, *(add(n) for n in names)).ok()
    listed = ada.paths(repo)
    assert set(names) <= set(listed)
    paged = [e["path"] for p in ada.pages(f"{api_of(repo)}/tree/main?recursive=true&limit=1") for e in p]
    assert paged == listed


def test_the_published_file_system_lists_finds_and_reads(hub, files):
    fs = HfFileSystem(endpoint=hub.url, token=ADA)
    assert f"{files}/dir/b.txt" in fs.find(files)
    assert f"{files}/a.txt" in fs.ls(files, detail=False)
    assert fs.glob(f"{files}/**/*.txt")
    assert fs.read_text(f"{files}/a.txt") == "second"
    assert fs.read_text(f"{files}@v1/a.txt") == "first"
    assert fs.read_text(f"{files}@feature%2Fx/only-x.txt") == "x"
    assert fs.read_text(f"{files}/{UNICODE}") == "u"
    with fs.open(f"{files}/dir/w.bin", block_size=50_000) as opened:
        opened.seek(150_000)
        assert opened.read(10_000) == LARGE[150_000:160_000]
        assert opened.read() == LARGE[160_000:]
    assert fs.isdir(f"{files}/dir/deep") and not fs.exists(f"{files}/nothing")
    assert fs.info(f"{files}/dir/w.bin")["size"] == len(LARGE)


# ---- paths-info ----------------------------------------------------------------------------------


@pytest.mark.both_engines
def test_paths_info_takes_a_form_and_json(nobody, files):
    wanted = nobody.get(f"{api_of(files)}/tree/main?recursive=true").ok().json
    by_path = {e["path"]: e for e in wanted}
    paths = ["dir/w.bin", "dir", UNICODE, "missing", "a.txt"]
    found = [by_path[p] for p in paths if p != "missing"]
    form = "&".join("paths=" + quote(p, safe="") for p in paths) + "&expand=false"
    url = f"{api_of(files)}/paths-info/main"
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert nobody("POST", url, form.encode(), headers=kind).ok().json == found
    assert nobody.post(url, {"paths": paths}).ok().json == found
    assert nobody.post(url, {"paths": "a.txt"}).ok().json == [by_path["a.txt"]]
    assert nobody.post(url, {"paths": []}).ok().json == []
    for expanded in (nobody.post(url, {"paths": ["a.txt"], "expand": True}),
                     nobody("POST", url, b"paths=a.txt&expand=true", headers=kind)):
        assert expanded.ok().json[0]["lastCommit"]["title"] == "Second"


def test_paths_info_omits_what_is_missing_or_impossible(nobody, files):
    paths = ["", "/", "..", "a.txt/x", ".git", "\0", "a\\b", "dir//b.txt", "x" * 2000, "dir/"]
    found = nobody.post(f"{api_of(files)}/paths-info/main", {"paths": paths}).ok().json
    assert {e["path"] for e in found} <= {"dir"}


def test_too_many_paths_are_413(nobody, files):
    url = f"{api_of(files)}/paths-info/main"
    nobody.post(url, {"paths": ["x"] * 1000}).ok()
    assert_error(nobody.post(url, {"paths": ["x"] * 2001}), 413, text="too many parameters")


def test_paths_info_by_the_published_client(api, files):
    entries = api.get_paths_info(files, ["a.txt", "dir", "missing"], expand=True)
    assert {e.path for e in entries} == {"a.txt", "dir"}
    assert all(e.last_commit.title for e in entries)
    assert api.get_paths_info(files, "dir/w.bin")[0].lfs.sha256 == sha256(LARGE)


# ---- Refs ----------------------------------------------------------------------------------------


@pytest.mark.both_engines
def test_refs_have_all_their_lists(nobody, files, head):
    refs = nobody.get(f"{api_of(files)}/refs").ok().json
    assert set(refs) == {"branches", "converts", "tags"} and refs["converts"] == []
    branches = {b["name"]: b for b in refs["branches"]}
    assert branches["main"] == {"name": "main", "ref": "refs/heads/main", "targetCommit": head}
    assert branches["feature/x"]["ref"] == "refs/heads/feature/x"
    tags = {t["name"]: t for t in refs["tags"]}
    # Of an annotated tag the commit, not the tag object.
    assert tags["v1"]["targetCommit"] == tags["v1-notes"]["targetCommit"]
    assert nobody.get(f"{api_of(files)}/refs?include_prs=1").ok().json["pullRequests"] == []


@pytest.mark.both_engines
def test_branches_start_where_asked(ada, files, repo):
    ada.commit(repo, add("1", b"1"), summary="one").ok()
    one = ada.info(repo)["sha"]
    ada.commit(repo, add("2", b"2"), summary="two").ok()
    ada.post(f"{api_of(repo)}/tag/{one}", {"tag": "t"}).ok()
    for n, (body, wanted) in enumerate([
        ({}, ["1", "2"]), ({"startingPoint": "main"}, ["1", "2"]), ({"startingPoint": one}, ["1"]),
        ({"startingPoint": "t"}, ["1"]), ({"startingPoint": one[:9]}, ["1"]), (None, ["1", "2"]),
        ({"startingPoint": "refs/heads/main"}, ["1", "2"]), ({"emptyBranch": True}, []),
    ]):
        made = ada("POST", f"{api_of(repo)}/branch/b{n}", json_body=body) if body is not None else \
            ada("POST", f"{api_of(repo)}/branch/b{n}")
        assert made.status in (200, 201), repr(made)
        assert [p for p in ada.paths(repo, f"b{n}") if p != ".gitattributes"] == wanted, body
    # `overwrite` moves one that is there.
    ada.post(f"{api_of(repo)}/branch/b0", {"startingPoint": one, "overwrite": True}).ok()
    assert "2" not in ada.paths(repo, "b0")


@pytest.mark.both_engines
def test_a_ref_that_exists_is_409(ada, repo):
    ada.post(f"{api_of(repo)}/branch/x", {}).ok()
    refused = assert_error(ada.post(f"{api_of(repo)}/branch/x", {}), 409)
    assert refused.json["error"] == "Reference refs/heads/x already exists"
    ada.post(f"{api_of(repo)}/tag/main", {"tag": "x"}).ok()  # A tag may share a branch's name.
    assert_error(ada.post(f"{api_of(repo)}/tag/main", {"tag": "x"}), 409, text="already exists")
    # Of the two the branch is meant.
    ada.commit(repo, add("on-branch"), rev="x").ok()
    assert "on-branch" in ada.paths(repo, "x")


BAD_REFS = ["refs%2Fheads%2Fx", "a..b", "a%20b", "-x", ".x", "x.lock", "x.", "x%2F", "%2Fx", "a%2F%2Fb",
            "a~1", "a%5E", "a%3A", "a%3F", "a%2A", "a%5B", "a%5C", "%40", "a%40%7B0%7D", "%7F", "%01",
            "HEAD", "f" * 40, "x" * 600, "a%2F.b", "a.lock%2Fb", "a%0Ab"]


@pytest.mark.parametrize("name", BAD_REFS)
def test_a_name_that_git_does_not_take_is_400(ada, files, name):
    before = ada.get(f"{api_of(files)}/refs").json
    refused = assert_error(ada.post(f"{api_of(files)}/branch/{name}", {}), 400)
    assert refused.json["error"].startswith("Invalid reference for a branch")
    decoded = bytes(name, "ascii")
    tag = re.sub(rb"%([0-9A-F]{2})", lambda m: bytes([int(m[1], 16)]), decoded).decode("latin-1")
    assert_error(ada.post(f"{api_of(files)}/tag/main", {"tag": tag}), 400)
    assert ada.get(f"{api_of(files)}/refs").json == before


def test_names_that_conflict_as_file_and_folder_are_refused(ada, repo):
    ada.post(f"{api_of(repo)}/branch/a", {}).ok()
    for name in ("a%2Fb", "a%2Fb%2Fc", "main%2Fx"):
        assert_error(ada.post(f"{api_of(repo)}/branch/{name}", {}), 409)
    ada("DELETE", f"{api_of(repo)}/branch/a").ok()
    ada.post(f"{api_of(repo)}/branch/a%2Fb", {}).ok()
    assert_error(ada.post(f"{api_of(repo)}/branch/a", {}), 409)


def test_wrong_starting_points_are_revision_not_found(ada, repo):
    for point in ("nowhere", "0" * 40, "f" * 40, "--exec=x", "main~1", "a" * 600):
        assert_error(ada.post(f"{api_of(repo)}/branch/new", {"startingPoint": point}), 404,
                     "RevisionNotFound")
        assert_error(ada.post(f"{api_of(repo)}/tag/{quote(point, safe='')}", {"tag": "new"}), 404,
                     "RevisionNotFound")


@pytest.mark.both_engines
def test_branches_and_tags_are_deleted_and_main_is_not(ada, repo):
    ada.post(f"{api_of(repo)}/branch/gone%2Fsoon", {}).ok()
    ada.post(f"{api_of(repo)}/tag/main", {"tag": "gone/soon"}).ok()
    ada("DELETE", f"{api_of(repo)}/branch/gone%2Fsoon").ok()
    ada("DELETE", f"{api_of(repo)}/tag/gone%2Fsoon").ok()
    for route in ("branch", "tag"):
        assert_error(ada("DELETE", f"{api_of(repo)}/{route}/gone%2Fsoon"), 404, "RevisionNotFound",
                     "Invalid rev id")
    refused = assert_error(ada("DELETE", f"{api_of(repo)}/branch/main"), (400, 403))
    assert refused.json["error"].startswith("Cannot delete refs/heads/main")
    assert "main" in [b["name"] for b in ada.get(f"{api_of(repo)}/refs").ok().json["branches"]]


def test_a_commit_only_a_deleted_branch_had_is_not_readable(ada, repo):
    ada.post(f"{api_of(repo)}/branch/x", {}).ok()
    oid = ada.commit(repo, add("secret.txt", b"secret"), rev="x").ok().json["commitOid"]
    ada.get(f"{web_of(repo)}/resolve/{oid}/secret.txt").ok()
    ada("DELETE", f"{api_of(repo)}/branch/x").ok()
    for revision in (oid, oid[:12]):
        assert_error(ada.get(f"{web_of(repo)}/resolve/{revision}/secret.txt"), 404,
                     "RevisionNotFound")
    assert_error(ada.post(f"{api_of(repo)}/branch/y", {"startingPoint": oid}), 404,
                 "RevisionNotFound")


def test_a_commit_of_another_repository_is_not_found(ada, files, head, repo):
    assert_error(ada.get(f"{web_of(repo)}/resolve/{head}/a.txt"), 404, "RevisionNotFound")


@pytest.mark.both_engines
def test_branches_and_tags_by_the_published_client(api, repo):
    api.create_branch(repo, branch="feature/y")
    api.create_branch(repo, branch="feature/y", exist_ok=True)
    with pytest.raises(HfHubHTTPError):
        api.create_branch(repo, branch="feature/y")
    api.create_tag(repo, tag="v1", tag_message="Notes", revision="feature/y")
    api.create_tag(repo, tag="v1", exist_ok=True)
    refs = api.list_repo_refs(repo, include_pull_requests=True)
    assert {b.name for b in refs.branches} == {"main", "feature/y"}
    assert [t.name for t in refs.tags] == ["v1"] and refs.pull_requests == []
    api.delete_tag(repo, tag="v1")
    api.delete_branch(repo, branch="feature/y")
    with pytest.raises(RevisionNotFoundError):
        api.delete_tag(repo, tag="v1")


# ---- History -------------------------------------------------------------------------------------


@pytest.mark.both_engines
def test_commits_are_newest_first_with_their_number_in_all(nobody, files, head):
    answer = nobody.get(f"{api_of(files)}/commits/main?expand%5B%5D=formatted").ok()
    assert [c["title"] for c in answer.json] == ["Second", "First", "initial commit"]
    assert answer["X-Total-Count"] == "3"
    second, first, _ = answer.json
    assert second["id"] == head and TIME.fullmatch(second["date"])
    assert second["message"] == "Why <b>\n\nand how" and first["message"] == ""
    assert second["authors"][0]["user"] == "ada"
    assert "<b>" not in second["formatted"]["message"] and second["formatted"]["title"] == "Second"
    plain = nobody.get(f"{api_of(files)}/commits/main").ok().json
    assert not any("formatted" in c for c in plain)


@pytest.mark.both_engines
def test_commits_in_pages_by_link_and_by_number(nobody, files):
    whole = nobody.get(f"{api_of(files)}/commits/main").ok().json
    assert [c for p in nobody.pages(f"{api_of(files)}/commits/main?limit=1") for c in p] == whole
    assert [c for p in nobody.pages(f"{api_of(files)}/commits/main?limit=2") for c in p] == whole
    for p in range(3):
        one = nobody.get(f"{api_of(files)}/commits/main?limit=1&p={p}").ok()
        assert one.json == [whole[p]] and one["X-Total-Count"] == "3"
    beyond = nobody.get(f"{api_of(files)}/commits/main?p=99999999999").ok()
    assert beyond.json == [] and beyond["Link"] is None


def test_pages_of_commits_stay_on_one_head(ada, repo):
    for n in range(4):
        ada.commit(repo, add("n", str(n).encode()), summary=f"c{n}").ok()
    second = ada.get(f"{api_of(repo)}/commits/main?limit=2").next()
    ada.commit(repo, add("n", b"new"), summary="new").ok()
    assert [c["title"] for c in ada.get(second).ok().json] == ["c1", "c0"]


def test_history_by_the_published_client(api, files):
    commits = api.list_repo_commits(files, formatted=True)
    assert [c.title for c in commits] == ["Second", "First", "initial commit"]
    assert commits[0].formatted_title == "Second" and commits[0].authors == ["ada"]
    assert [c.title for c in api.list_repo_commits(files, revision="feature/x")][0] == "On x"


# ---- Download ------------------------------------------------------------------------------------


@pytest.mark.both_engines
@pytest.mark.parametrize("path, content, oid", [
    ("a.txt", b"second", blob_id(b"second")), ("dir/w.bin", LARGE, sha256(LARGE)),
    ("empty", b"", blob_id(b"")), (UNICODE, b"u", blob_id(b"u")),
], ids=["small", "large", "empty", "unicode"])
def test_head_and_get_of_a_file_agree_on_every_header(nobody, files, head, path, content, oid):
    target = f"{web_of(files)}/resolve/main/{quote(path)}"
    answer, metadata = nobody.get(target).ok(), nobody.head(target).ok()
    assert answer.body == content and metadata.body == b""
    # The etag is a file name in the client's cache: git's id, or the SHA-256 of a large file.
    for seen in (answer, metadata):
        assert seen["ETag"] == f'"{oid}"'
        assert seen["X-Repo-Commit"] == head
        assert seen["Content-Length"] == str(len(content))
        assert seen["Accept-Ranges"] == "bytes"
        assert seen["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in seen["Content-Security-Policy"]
        assert seen["Content-Encoding"] is None
        assert seen["X-Xet-Hash"] is None  # There is no chunk storage to fetch from.
        if path == "dir/w.bin":
            assert seen["X-Linked-Etag"] == f'"{oid}"' and seen["X-Linked-Size"] == str(len(content))
        else:
            assert seen["X-Linked-Etag"] is None
    name = path.rsplit("/", 1)[-1]
    assert f"filename*=UTF-8''{quote(name, safe='-._~')}" in answer["Content-Disposition"]


def test_the_etag_does_not_change_with_compression(ada, nobody, repo):
    text = b"compressible " * 1000
    ada.commit(repo, add("long.txt", text)).ok()
    for encoding in ("identity", "gzip", "gzip, deflate, br, zstd", ""):
        for method in ("GET", "HEAD"):
            seen = nobody(method, f"{web_of(repo)}/resolve/main/long.txt",
                          headers={"Accept-Encoding": encoding}).ok()
            assert seen["ETag"] == f'"{blob_id(text)}"'
            if encoding == "identity":
                assert seen["Content-Length"] == str(len(text))


@pytest.mark.both_engines
@pytest.mark.parametrize("path, content", [("dir/w.bin", LARGE), ("dir/b.txt", b"b" * 10)],
                         ids=["large", "small"])
def test_ranges(nobody, files, path, content):
    target, size = f"{web_of(files)}/resolve/main/{path}", len(content)
    for wanted, first, last in (
        ("bytes=0-0", 0, 0), ("bytes=0-", 0, size - 1), ("bytes=3-6", 3, 6),
        (f"bytes={size - 1}-", size - 1, size - 1), ("bytes=-1", size - 1, size - 1),
        ("bytes=-4", size - 4, size - 1), (f"bytes=5-{size * 2}", 5, size - 1),
        (f"bytes=-{size * 2}", 0, size - 1), ("Bytes=1-2", 1, 2),
    ):
        part = nobody.get(target, range=wanted)
        assert part.status == 206, f"{wanted} {part!r}"
        assert part["Content-Range"] == f"bytes {first}-{last}/{size}"
        assert part.body == content[first:last + 1] and part["ETag"] and part["X-Repo-Commit"]
    for wanted in (f"bytes={size}-", f"bytes={size + 5}-{size + 9}", "bytes=-0",
                   f"bytes={10 ** 30}-"):
        refused = nobody.get(target, Range=wanted)
        assert (refused.status, refused["Content-Range"]) == (416, f"bytes */{size}"), wanted
        assert "error" in refused.json and refused["X-Request-Id"]
    # What is no range of bytes is ignored.
    for wanted in ("bytes=", "bytes=a-b", "bytes=5-3", "lines=1-2", "bytes 0-1", "bytes=--1",
                   "bytes=1", "bytes=0x1-0x2", "bytes=1-2-3"):
        whole = nobody.get(target, Range=wanted)
        assert (whole.status, whole.body) == (200, content), wanted


def test_several_ranges_are_answered_in_parts_or_whole(nobody, files):
    several = nobody.get(f"{web_of(files)}/resolve/main/dir/w.bin", Range="bytes=0-9,100-109")
    if several.status == 206:
        assert several["Content-Type"].startswith("multipart/byteranges")
        assert LARGE[:10] in several.body and LARGE[100:110] in several.body
    else:
        assert (several.status, several.body) == (200, LARGE)
    many = ",".join(f"{n}-{n}" for n in range(0, 4000, 2))
    flood = nobody.get(f"{web_of(files)}/resolve/main/dir/w.bin", Range=f"bytes={many}")
    assert flood.status in (200, 206, 416, 431) and len(flood.body) < 2 * len(LARGE)


@pytest.mark.parametrize("path", ["a.txt", "dir/w.bin"])
def test_conditions(nobody, files, path):
    target = f"{web_of(files)}/resolve/main/{path}"
    whole = nobody.get(target).ok()
    etag = whole["ETag"]
    for condition in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        for method in ("GET", "HEAD"):
            same = nobody(method, target, headers={"If-None-Match": condition})
            assert (same.status, same.body, same["ETag"]) == (304, b"", etag), condition
            assert same["X-Repo-Commit"]
    assert nobody.get(target, If_None_Match='"other"').status == 200
    assert nobody.get(target, If_Match='"other"').status == 412
    assert nobody.get(target, If_Match=etag).status == 200
    assert nobody.get(target, Range="bytes=0-1", If_Range=etag).status == 206
    for stale in ('"other"', f"W/{etag}"):
        assert nobody.get(target, Range="bytes=0-1", If_Range=stale).status == 200


def test_range_on_head_is_ignored(nobody, files):
    seen = nobody.head(f"{web_of(files)}/resolve/main/dir/w.bin", Range="bytes=0-0")
    assert (seen.status, seen["Content-Length"]) == (200, str(len(LARGE)))


def test_the_javascript_client_learns_the_size_from_one_byte(nobody, files):
    seen = nobody.get(f"{web_of(files)}/resolve/main/dir/w.bin?noContentDisposition=1",
                      Range="bytes=0-0", Accept="application/vnd.xet-fileinfo+json, */*")
    assert seen.status == 206 and seen["Content-Range"].endswith(f"/{len(LARGE)}") and seen["ETag"]
    assert not seen["Content-Type"].startswith("application/vnd.xet")


def test_a_missing_file_is_known_to_be_missing_at_its_commit(nobody, files, head):
    # transformers asks for many optional files and remembers by commit which are not there.
    for method in ("GET", "HEAD"):
        for route in ("resolve", "raw"):
            for path in ("adapter_config.json", "dir", "dir/", "a.txt/b", "..%2F..%2Fetc%2Fpasswd",
                         "%2e%2e/x", "", "x" * 1200, "%01", "a%5Cb", ".git/config"):
                refused = nobody(method, f"{web_of(files)}/{route}/main/{path}")
                assert_error(refused, 404, "EntryNotFound")
                assert refused["X-Repo-Commit"] == head, path
    assert nobody.head(f"{web_of(files)}/resolve/main/x")["X-Error-Message"] == "Entry not found"


def test_missing_things_raise_the_right_error_in_the_client(api, files, tmp_path):
    with pytest.raises(EntryNotFoundError):
        api.hf_hub_download(files, "missing.json", cache_dir=tmp_path)
    marks = list(Path(tmp_path).rglob(".no_exist/*/missing.json"))
    assert len(marks) == 1
    with pytest.raises(RevisionNotFoundError):
        api.hf_hub_download(files, "a.txt", revision="nowhere", cache_dir=tmp_path)


def test_raw_gives_the_pointer_of_a_large_file(nobody, files):
    assert nobody.get(f"{web_of(files)}/raw/main/dir/w.bin").ok().body == pointer(LARGE)
    raw = nobody.get(f"{web_of(files)}/raw/main/dir/w.bin")
    assert raw["ETag"] == f'"{blob_id(pointer(LARGE))}"'
    assert nobody.head(f"{web_of(files)}/raw/main/a.txt").ok()["Content-Length"] == "6"


def test_what_a_browser_would_run_comes_as_an_attachment(ada, nobody, repo):
    ada.commit(repo, add("page.html", b"<script>alert(1)</script>"), add("i.svg", b"<svg/>")).ok()
    for path in ("page.html", "i.svg"):
        for route in ("resolve", "raw"):
            for query in ("", "?noContentDisposition=1", "?download=true"):
                seen = nobody.get(f"{web_of(repo)}/{route}/main/{path}{query}").ok()
                assert not re.match("text/html|image/svg", seen["Content-Type"])
                assert seen["Content-Disposition"].startswith("attachment")


def test_download_true_makes_an_attachment_and_unknown_parameters_nothing(nobody, files):
    target = f"{web_of(files)}/resolve/main/a.txt"
    assert nobody.get(target)["Content-Disposition"].startswith("inline")
    assert nobody.get(target + "?download=true")["Content-Disposition"].startswith("attachment")
    assert nobody.get(target + "?whatever=1&x").ok().body == b"second"


def test_only_what_never_changes_may_be_kept_by_shared_caches(ada, nobody, files, head, repo_id):
    assert "immutable" in nobody.get(f"{web_of(files)}/resolve/{head}/a.txt")["Cache-Control"]
    assert "no-cache" in nobody.get(f"{web_of(files)}/resolve/main/a.txt")["Cache-Control"]
    ada.create(repo_id, private=True)
    sha = ada.info(repo_id)["sha"]
    for revision in ("main", sha):
        control = ada.get(f"{web_of(repo_id)}/resolve/{revision}/.gitattributes")["Cache-Control"]
        assert "private" in control and "public" not in control


def test_headers_for_browsers(nobody, files):
    seen = nobody.get(f"{web_of(files)}/resolve/main/dir/w.bin", Origin="https://page.example").ok()
    assert seen["Access-Control-Allow-Origin"] == "*"
    assert seen["Access-Control-Allow-Credentials"] is None
    exposed = {h.strip().lower() for h in seen["Access-Control-Expose-Headers"].split(",")}
    assert {"x-repo-commit", "x-request-id", "x-error-code", "x-error-message", "x-total-count",
            "etag", "x-linked-etag", "x-linked-size", "link", "accept-ranges", "content-range",
            "x-xet-hash", "x-xet-access-token", "x-xet-token-expiration", "x-xet-refresh-route",
            "x-xet-cas-url"} <= exposed
    asked = nobody("OPTIONS", f"{api_of(files)}/commit/main", headers={
        "Origin": "https://page.example", "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, content-type"})
    assert asked.status in (200, 204) and "POST" in asked["Access-Control-Allow-Methods"]
    assert "authorization" in asked["Access-Control-Allow-Headers"].lower() or \
        asked["Access-Control-Allow-Headers"] == "*"


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_serves_its_files(ada, nobody, repo_id, kind):
    ada.create(repo_id, kind)
    ada.commit(repo_id, add("f.txt", b"of a " + kind.encode()), kind=kind).ok()
    assert nobody.get(f"{web_of(repo_id, kind)}/resolve/main/f.txt").ok().body == b"of a " + kind.encode()
    assert "f.txt" in nobody.paths(repo_id, kind=kind)
    assert nobody.get(f"{api_of(repo_id, kind)}/refs").ok().json["branches"]
    assert nobody.get(f"{api_of(repo_id, kind)}/commits/main").ok()["X-Total-Count"] == "2"


def test_no_download_url_has_the_plural_of_models(nobody, files):
    assert nobody.get(f"/models/{files}/resolve/main/a.txt").status == 404
    assert nobody.get(f"/api/{files}").status == 404


def test_downloads_by_the_published_client(api, hub, files, head, tmp_path):
    metadata = get_hf_file_metadata(hf_hub_url(files, "dir/w.bin", endpoint=hub.url), token=ADA)
    assert (metadata.etag, metadata.commit_hash, metadata.size) == (sha256(LARGE), head, len(LARGE))
    path = Path(api.hf_hub_download(files, "dir/w.bin", cache_dir=tmp_path))
    assert path.read_bytes() == LARGE and path.resolve().name == sha256(LARGE)
    small = Path(api.hf_hub_download(files, "a.txt", cache_dir=tmp_path))
    assert small.resolve().name == blob_id(b"second")
    # By tag, by branch with a slash and by short id, into one cache.
    assert Path(api.hf_hub_download(files, "a.txt", revision="v1", cache_dir=tmp_path)).read_bytes() == b"first"
    folder = Path(api.snapshot_download(files, revision="feature/x", cache_dir=tmp_path))
    assert (folder / "only-x.txt").read_bytes() == b"x"
    assert (folder / UNICODE).read_bytes() == b"u"
    partial = Path(api.snapshot_download(files, allow_patterns="dir/deep/*", local_dir=tmp_path / "l"))
    assert sorted(p.name for p in partial.rglob("*.txt") if ".cache" not in p.parts) == ["c.txt"]


def test_a_download_that_was_cut_goes_on_where_it_stopped(api, files, tmp_path):
    blobs = tmp_path / f"models--{files.replace('/', '--')}" / "blobs"
    blobs.mkdir(parents=True)
    (blobs / f"{sha256(LARGE)}.incomplete").write_bytes(LARGE[:120_000])
    path = Path(api.hf_hub_download(files, "dir/w.bin", cache_dir=tmp_path))
    assert hashlib.sha256(path.read_bytes()).hexdigest() == sha256(LARGE)
