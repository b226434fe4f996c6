"""Other implementations of git's wire than git itself push too, and git-lfs does all it can."""

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ADA
from git_work import Work
from wire import add

BIN = Path(sys.executable).parent  # node, npm and hf come with the tests' Python packages.
MIB = 1 << 20


@pytest.fixture
def url(hub, repo):
    return f"{hub.url}/{repo}"


def head(ada, repo):
    return ada.get(f"/api/models/{repo}/revision/main").ok().json["sha"]


def text_of(ada, repo, path):
    return ada.get(f"/{repo}/resolve/main/{path}").ok().text


def checked(folder):
    subprocess.run(["git", "fsck", "--strict"], cwd=folder, check=True, capture_output=True)


def test_libgit2_pushes(ada, repo, url, tmp_path):
    import pygit2

    login = pygit2.RemoteCallbacks(credentials=pygit2.UserPass("ada", ADA))
    made = pygit2.clone_repository(url, str(tmp_path / "clone"), callbacks=login)
    (tmp_path / "clone/from-libgit2.txt").write_text("libgit2\n")
    made.index.add("from-libgit2.txt")
    who = pygit2.Signature("Ada", "ada@hub.example")
    oid = made.create_commit("HEAD", who, who, "From libgit2", made.index.write_tree(), [made.head.target])
    made.remotes["origin"].push(["refs/heads/main"], callbacks=login)
    assert head(ada, repo) == str(oid)
    assert text_of(ada, repo, "from-libgit2.txt") == "libgit2\n"
    # Somebody was faster: refused, and nothing moved.
    ada.commit(repo, add("faster", b"x\n")).ok()
    after = head(ada, repo)
    (tmp_path / "clone/late.txt").write_text("late\n")
    made.index.add("late.txt")
    made.create_commit("HEAD", who, who, "Late", made.index.write_tree(), [oid])
    with pytest.raises(pygit2.GitError):
        made.remotes["origin"].push(["refs/heads/main"], callbacks=login)
    assert head(ada, repo) == after


def test_dulwich_pushes(ada, repo, url, tmp_path):
    from dulwich import porcelain

    login = {"username": "ada", "password": ADA}
    made = porcelain.clone(url, str(tmp_path / "clone"), **login)
    (tmp_path / "clone/from-dulwich.txt").write_text("dulwich\n")
    porcelain.add(made, [str(tmp_path / "clone/from-dulwich.txt")])
    who = b"Ada <ada@hub.example>"
    oid = porcelain.commit(made, b"From dulwich", author=who, committer=who)
    porcelain.push(made, url, "refs/heads/main", **login)
    made.close()
    assert head(ada, repo) == oid.decode()
    assert text_of(ada, repo, "from-dulwich.txt") == "dulwich\n"


def test_isomorphic_git_clones_and_pushes(hub, ada, repo, url, tmp_path):
    ada.commit(repo, add("of/the/api.txt", b"api\n")).ok()
    folder = tmp_path / "js"
    shutil.copytree(Path(__file__).parent / "js", folder)
    env = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "HUB_TOKEN": ADA}
    subprocess.run([BIN / "npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=folder, env=env,
                   check=True, timeout=300)
    before = head(ada, repo)
    done = subprocess.run([BIN / "node", "git.mjs", url, tmp_path / "clone"], cwd=folder, env=env,
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["ok"] and told["cloned"] == before and told["pushed"] == head(ada, repo)
    assert {"of", "from-javascript.txt"} <= set(told["files"])
    assert text_of(ada, repo, "from-javascript.txt") == "isomorphic\n"
    checked(Work.clone(hub, repo, tmp_path / "again").folder)


def test_git_lfs_fetches_prunes_and_migrates(hub, ada, repo, tmp_path):
    work = Work.clone(hub, repo, tmp_path / "work")
    work.run("lfs", "install", "--local")
    work.run("lfs", "track", "*.weights")
    contents = [random.Random(seed).randbytes(300_000) for seed in (1, 2)]
    for content in contents:
        work.commit({"m.weights": content}, "Weights")
        work.push()
    stored = [work.folder / ".git/lfs/objects" / d[:2] / d[2:4] / d
              for d in (hashlib.sha256(c).hexdigest() for c in contents)]
    assert all(path.exists() for path in stored)
    # What the hub has and the working folder does not show may go; --verify-remote asks the hub.
    work.run("-c", "lfs.fetchrecentrefsdays=0", "-c", "lfs.fetchrecentcommitsdays=0",
             "-c", "lfs.pruneoffsetdays=0", "lfs", "prune", "--verify-remote")
    assert [path.exists() for path in stored] == [False, True]
    work.run("lfs", "fetch", "--all")
    assert stored[0].read_bytes() == contents[0]

    # A file that went in without LFS is moved there, in all of history; the branch is replaced.
    work.commit({"plain.bin": b"\0" * MIB}, "Without LFS")
    work.push()
    work.run("lfs", "migrate", "import", "--everything", "--include=*.bin")
    work.run("push", "-q", "--force", "origin", "main")
    entries = ada.get(f"/api/models/{repo}/tree/main").ok().json
    moved = next(e for e in entries if e["path"] == "plain.bin")
    assert moved["lfs"]["size"] == MIB
    assert ada.get(f"/{repo}/resolve/main/plain.bin").ok().body == b"\0" * MIB


@pytest.mark.slow
def test_parts_by_the_clients_own_transfer(hub, ada, repo, tmp_path):
    """`hf lfs-enable-largefiles`, then a file so large that the hub asks for parts: zeros."""
    work = Work.clone(hub, repo, tmp_path / "work")
    env = {"PATH": f"{BIN}:{os.environ['PATH']}"}
    work.run("lfs", "install", "--local")
    work.run("lfs", "track", "*.bin")
    subprocess.run([BIN / "hf", "lfs-enable-largefiles", work.folder], check=True,
                   env={**os.environ, **env, "HOME": str(tmp_path)})
    assert "lfs-multipart-upload" in work("config", "lfs.customtransfer.multipart.args")
    size = (5 << 30) + 1000
    with (work.folder / "huge.bin").open("wb") as file:
        file.truncate(size)
    work.run("add", ".", env=env)
    work.run("commit", "-q", "-m", "Huge", env=env)
    work.run("push", "-q", "origin", "main", env=env)
    entry = next(e for e in ada.get(f"/api/models/{repo}/tree/main").ok().json if e["path"] == "huge.bin")
    assert entry["size"] == size
    log = hub.log_path.read_text(errors="replace")
    assert "lfs.complete" in log, "it went up in one stream"
