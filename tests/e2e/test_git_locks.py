"""Locks of paths with the real git-lfs."""

import json

import pytest
from conftest import ADA, BOB
from gitclient import Git, with_login
from wire import KINDS, LFS_JSON, add, assert_error, web_of


@pytest.fixture
def clone(hub, ada, repo, tmp_path):
    """@return a function that clones ada's repository with a login."""
    ada.commit(repo, add("art/a.psd", b"a\n"), add("art/b.psd", b"b\n")).ok()

    def make(token, name):
        git = Git(tmp_path / name)
        git("lfs", "install", "--skip-repo")
        folder = git.clone(with_login(f"{hub.url}/{repo}", token), tmp_path / name / "clone")
        return lambda *words, **more: git("lfs", *words, cwd=folder, **more)

    return make


def test_git_lfs_locks_lists_and_unlocks(clone):
    ada = clone(ADA, "ada")
    ada("lock", "art/a.psd")
    ada("lock", "art/b.psd")
    listed = json.loads(ada("locks", "--json").stdout)
    assert [(lock["path"], lock["owner"]["name"]) for lock in listed] == [
        ("art/a.psd", "ada"), ("art/b.psd", "ada")]
    again = ada("lock", "art/a.psd", check=False)
    assert again.returncode and "locked by ada already" in again.stdout + again.stderr
    ada("unlock", "art/a.psd")
    verified = ada("locks", "--verify").stdout
    assert "O art/b.psd" in verified and "a.psd" not in verified


def test_locks_of_others_are_left_alone(clone, ada, bob, repo):
    clone(ADA, "ada")("lock", "art/a.psd")
    bobs = clone(BOB, "bob")  # May read, and so see.
    assert "art/a.psd" in bobs("locks").stdout
    assert bobs("lock", "art/b.psd", check=False).returncode
    assert bobs("unlock", "--force", "art/a.psd", check=False).returncode
    assert "art/a.psd" in bobs("locks").stdout


@pytest.mark.parametrize("kind", KINDS)
def test_shapes_of_the_locking_api(ada, nobody, repo_id, kind):
    ada.create(repo_id, kind, private=True)
    url = f"{web_of(repo_id, kind)}.git/info/lfs/locks"
    post = lambda who, path, body: who.post(f"{url}{path}", body)  # noqa: E731
    made = post(ada, "", {"path": "a.bin", "ref": {"name": "refs/heads/main"}})
    assert made.status == 201 and made["Content-Type"] == LFS_JSON
    lock = made.json["lock"]
    assert lock.keys() == {"id", "path", "locked_at", "owner"} and lock["owner"] == {"name": "ada"}
    taken = post(ada, "", {"path": "a.bin"})
    assert taken.status == 409 and taken.json["lock"] == lock and taken.json["message"]
    assert ada.get(url).ok().json == {"locks": [lock]}
    assert ada.get(f"{url}?path=b.bin").ok().json == {"locks": []}
    assert ada.get(f"{url}?id={lock['id']}").ok().json == {"locks": [lock]}
    assert post(ada, "/verify", {"ref": {"name": "main"}}).ok().json == {"ours": [lock], "theirs": []}
    for path in ("", "/verify"):
        assert post(nobody, path, {"path": "x"}).status == 401
    assert nobody.get(url).status == 401
    assert_error(post(ada, "", {"path": "../a"}), 422)
    assert post(ada, f"/{'0' * 24}/unlock", {}).status == 404
    gone = post(ada, f"/{lock['id']}/unlock", {"force": False})
    assert gone.ok().json == {"lock": lock}
    assert ada.get(url).ok().json == {"locks": []}


def test_pages_of_locks(ada, repo):
    url = f"/{repo}.git/info/lfs/locks"
    for i in range(5):
        assert ada.post(url, {"path": f"f{i}"}).status == 201
    first = ada.get(f"{url}?limit=2").ok().json
    assert [lock["path"] for lock in first["locks"]] == ["f0", "f1"]
    rest = ada.get(f"{url}?limit=100&cursor={first['next_cursor']}").ok().json
    assert [lock["path"] for lock in rest["locks"]] == ["f2", "f3", "f4"] and "next_cursor" not in rest
