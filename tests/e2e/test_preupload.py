"""What is asked before an upload: whether a card is good, and which way each file should come."""

import base64

import pytest
from wire import add, api_of, assert_error, blob_id, large, sha256

BINARY = b"\x89\0\1\2binary\xff"


def files(wire, repo, rev="main"):
    return [p for p in wire.paths(repo, rev) if p != ".gitattributes"]


# ---- Cards, before they are uploaded -------------------------------------------------------------


@pytest.mark.parametrize("content, status", [
    ("# No front matter\n", 200), ("", 200), ("---\nlicense: mit\n---\n", 200),
    ("---\nlicense: [mit\n---\n", 400), ("---\n- a\n- b\n---\n", 400),
    ("---\nlicense: &a [*a]\n---\n", 400), ("---\n\tx: 1\n---\n", 400), ("---\nlicense: mit", 200),
])
def test_validate_yaml_answers_with_lists_of_problems(nobody, content, status):
    answer = nobody.post("/api/validate-yaml", {"content": content, "repoType": "model"})
    if content != "---\nlicense: mit":  # An end that never comes may be a text or a broken card.
        assert answer.status == status, repr(answer)
    body = answer.json
    assert isinstance(body["errors"], list) and isinstance(body["warnings"], list)
    assert all(problem["message"] for problem in body["errors"] + body["warnings"])
    assert bool(body["errors"]) == (answer.status == 400)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"content": 1}', b"{}", b"\xff", b"null"])
def test_validate_yaml_answers_json_whatever_comes(nobody, body):
    answer = assert_error(nobody("POST", "/api/validate-yaml", body), 400)
    assert isinstance(answer.json, dict)


# ---- Preupload -----------------------------------------------------------------------------------


def ask(path, content=b"text", **more):
    return {"path": path, "size": len(content),
            "sample": base64.b64encode(content[:512]).decode(), **more}


def preupload(wire, repo, *asked, **more):
    return wire.post(f"{api_of(repo)}/preupload/main", {"files": list(asked), **more})


@pytest.mark.both_engines
def test_preupload_echoes_every_path_with_a_mode(ada, repo):
    answer = preupload(
        ada, repo, ask("a.txt"), ask("b.bin", b"plain text"), ask("c", BINARY), ask("d.txt", BINARY),
        {**ask("big.txt"), "size": 10_000_001}, ask("empty.bin", b""), ask("dir/ünï ✓.json"),
        ask("w.safetensors"), ask("README.md"), ask("cut.txt", "é".encode() * 300)).ok().json
    modes = {f["path"]: f["uploadMode"] for f in answer["files"]}
    assert list(modes) == ["a.txt", "b.bin", "c", "d.txt", "big.txt", "empty.bin", "dir/ünï ✓.json",
                           "w.safetensors", "README.md", "cut.txt"]
    lfs = {path for path, mode in modes.items() if mode == "lfs"}
    assert lfs == {"b.bin", "c", "d.txt", "big.txt", "w.safetensors"}
    assert all(f["shouldIgnore"] is False for f in answer["files"])
    assert not any("oid" in f for f in answer["files"])
    assert answer["commitOid"] == ada.info(repo)["sha"]


@pytest.mark.both_engines
def test_preupload_tells_what_is_there_already(ada, repo):
    content = b"large" * 50
    uploaded = ada.upload_large(repo, content)
    ada.commit(repo, add("a.txt", b"text"), large("w.bin", uploaded)).ok()
    answer = preupload(ada, repo, ask("a.txt", b"other"), ask("w.bin"), ask("new")).ok().json
    oids = {f["path"]: f.get("oid") for f in answer["files"]}
    # What the client computes itself: git's id for small files, SHA-256 for large ones.
    assert oids == {"a.txt": blob_id(b"text"), "w.bin": sha256(content), "new": None}


def test_preupload_follows_attributes_of_the_repository_and_of_the_request(ada, repo):
    ada.commit(repo, add(".gitattributes", b"*.csv filter=lfs\nkeep.csv -filter\n"),
               add("sub/.gitattributes", b"*.txt filter=lfs\n")).ok()
    asked = [ask("a.csv"), ask("keep.csv"), ask("a.txt"), ask("sub/a.txt"), ask("sub/x/b.txt")]
    modes = [f["uploadMode"] for f in preupload(ada, repo, *asked).ok().json["files"]]
    assert modes == ["lfs", "regular", "regular", "lfs", "lfs"]
    modes = [f["uploadMode"] for f in preupload(
        ada, repo, *asked, gitAttributes="*.txt filter=lfs\n").ok().json["files"]]
    assert modes == ["regular", "regular", "lfs", "lfs", "lfs"]


def test_preupload_ignores_what_gitignore_names(ada, repo):
    ada.commit(repo, add(".gitignore", b"*.log\n!keep.log\nbuild/\n")).ok()
    asked = [ask("a.log"), ask("keep.log"), ask("build/x.txt"), ask("sub/b.log"), ask("a.txt")]
    ignored = [f["shouldIgnore"] for f in preupload(ada, repo, *asked).ok().json["files"]]
    assert ignored == [True, False, True, True, False]
    # The one of this upload wins over the one that is there.
    ignored = [f["shouldIgnore"] for f in preupload(
        ada, repo, *asked, gitIgnore="*.txt\n").ok().json["files"]]
    assert ignored == [False, False, True, False, True]


def test_an_ignored_file_is_not_uploaded_by_the_client(api, ada, repo, tmp_path):
    (tmp_path / ".gitignore").write_text("*.tmp\n")
    (tmp_path / "a.tmp").write_text("no")
    (tmp_path / "a.txt").write_text("yes")
    api.upload_folder(repo_id=repo, folder_path=tmp_path)
    assert files(ada, repo) == [".gitignore", "a.txt"]


@pytest.mark.parametrize("path", ["../x", "a/../b", "/a", "a\\b", "a//b", ".git/config", "a/.GIT/b",
                                  "", ".", "a/", "a\nb", "x" * 1001])
def test_preupload_refuses_invalid_paths(ada, repo, path):
    assert_error(preupload(ada, repo, ask(path)), 422, "InvalidPath")


def test_preupload_limits(ada, repo):
    assert len(preupload(ada, repo, *(ask(f"f{n}") for n in range(1000))).ok().json["files"]) == 1000
    assert_error(preupload(ada, repo, *(ask(f"f{n}") for n in range(1001))), 413)
    assert_error(preupload(ada, repo, {**ask("a"), "sample": "!!!"}), 400)
    assert_error(preupload(ada, repo, {**ask("a"), "size": -1}), 400)
    assert_error(preupload(ada, repo, {**ask("a"), "size": "1"}), 400)
    assert_error(preupload(ada, repo, "a"), 400)
    assert_error(ada.post(f"{api_of(repo)}/preupload/nowhere", {"files": [ask("a")]}), 404,
                 "RevisionNotFound")
    assert preupload(ada, repo).ok().json["files"] == []
