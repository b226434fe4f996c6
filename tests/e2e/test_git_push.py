"""`git push` by the real git: what it changes for everybody else, and what it is refused for."""

import hashlib
import json
import random
import threading
from pathlib import Path

import pytest
from conftest import ADA, ADA_FINE, ADA_READ, BOB
from git_work import Work, git_url
from wire import Wire, add

pytestmark = pytest.mark.both_engines


@pytest.fixture
def work(hub, repo, tmp_path):
    """A clone of ada's new model."""
    return Work.clone(hub, repo, tmp_path / "work")


def head(ada, repo, branch="main"):
    refs = ada.get(f"/api/models/{repo}/refs").ok().json
    return next((b["targetCommit"] for b in refs["branches"] if b["name"] == branch), None)


def text_of(ada, repo, path, revision="main"):
    return ada.get(f"/{repo}/resolve/{revision}/{path}").ok().text


def test_pushed_commit_is_there_for_everybody_at_once(hub, ada, repo, work, tmp_path):
    oid = work.commit({"a/b.txt": "pushed\n", "c": "two"}, "Add two files\n\nWith a body.")
    work.push()
    assert head(ada, repo) == oid
    assert text_of(ada, repo, "a/b.txt") == "pushed\n"
    log = ada.get(f"/api/models/{repo}/commits/main").ok().json
    assert [log[0]["id"], log[0]["title"], log[0]["message"]] == [
        oid, "Add two files", "With a body."]
    tree = ada.get(f"/api/models/{repo}/tree/main?recursive=1&expand=1").ok().json
    last = {entry["path"]: entry["lastCommit"]["id"] for entry in tree if entry["type"] == "file"}
    assert last == {".gitattributes": log[1]["id"], "a/b.txt": oid, "c": oid}
    info = ada.get(f"/api/models/{repo}").ok().json
    assert info["sha"] == oid
    assert {s["rfilename"] for s in info["siblings"]} == {".gitattributes", "a/b.txt", "c"}
    other = Work.clone(hub, repo, tmp_path / "other")
    assert other("rev-parse", "HEAD") == oid


def test_pushes_and_commits_of_the_api_follow_each_other(hub, ada, api, repo, work):
    for round_number in range(4):
        api.upload_file(path_or_fileobj=f"api {round_number}".encode(), path_in_repo="api.txt",
                        repo_id=repo)
        refused = None
        work.commit({f"git-{round_number}.txt": "x"})
        refused = work.push(check=False)
        assert refused.code == 1 and "fetch first" in refused.err, refused
        work.run("pull", "-q", "--rebase")
        work.push()
        assert work("show", "HEAD:api.txt") == f"api {round_number}"
    assert text_of(ada, repo, "api.txt") == "api 3"
    assert text_of(ada, repo, "git-3.txt") == "x"


@pytest.mark.parametrize("kind", ["dataset", "space", "kernel"])
def test_every_kind_is_pushed_to(hub, ada, repo_id, tmp_path, kind):
    ada.create(repo_id, kind=kind)
    work = Work.clone(hub, f"{kind}s/{repo_id}.git", tmp_path / "work")
    work.commit({"new": "file"})
    work.push()
    assert ada.get(f"/{kind}s/{repo_id}/resolve/main/new").ok().text == "file"


def test_branches_and_tags_come_and_go(ada, repo, work):
    oid = work.commit({"f": "1"})
    work.run("tag", "light")
    work.run("tag", "-a", "v1", "-m", "Version one")
    work.push("origin", "HEAD:refs/heads/deep/branch", "light", "v1")
    refs = ada.get(f"/api/models/{repo}/refs").ok().json
    assert {(t["name"], t["targetCommit"]) for t in refs["tags"]} == {("light", oid), ("v1", oid)}
    assert head(ada, repo, "deep/branch") == oid
    remote = dict(line.split("\t")[::-1] for line in work("ls-remote", "origin").splitlines())
    assert remote["refs/tags/v1"] == work("rev-parse", "v1")
    assert remote["refs/tags/v1^{}"] == oid
    # Another tag object of the same commit, under the same name.
    work.run("tag", "-f", "-a", "v1", "-m", "Version one, again")
    assert work.push("origin", "v1", check=False).code == 1
    work.push("-f", "origin", "v1")
    assert work("rev-parse", "v1") in work("ls-remote", "origin", "refs/tags/v1")
    # A folder takes the place of a file of refs, in one push.
    work.push("origin", ":refs/heads/deep/branch", "HEAD:refs/heads/deep", ":light", ":v1")
    refs = ada.get(f"/api/models/{repo}/refs").ok().json
    assert refs["tags"] == [] and {b["name"] for b in refs["branches"]} == {"main", "deep"}


def test_default_branch_stays(ada, repo, work):
    before = head(ada, repo)
    done = work.push("origin", ":main", check=False)
    assert done.code == 1 and "the default branch cannot be deleted" in done.err, done
    assert head(ada, repo) == before


def test_another_default_branch_is_what_git_and_the_api_follow(hub, ada, repo, work, tmp_path):
    on_main = head(ada, repo)
    work.run("checkout", "-q", "-b", "dev/next")
    on_dev = work.commit({"README.md": "---\ntags: [next]\n---\n# Next\n"})
    work.push("origin", "dev/next")
    own = f"/api/-/v1/models/{repo}/default-branch"
    for body, status, word in (({"branch": "nothing"}, 404, "RevisionNotFound"),
                               ({}, 400, None), ({"branch": 1}, 400, None)):
        refused = ada("PUT", own, json_body=body)
        assert refused.status == status and (not word or refused["X-Error-Code"] == word), refused
    answer = ada("PUT", own, json_body={"branch": "dev/next"}).ok().json
    assert answer == {"defaultBranch": "dev/next", "sha": on_dev}

    info = ada.get(f"/api/models/{repo}").ok().json
    assert (info["sha"], info["defaultBranch"]) == (on_dev, "dev/next") and "next" in info["tags"]
    assert ada.get(f"/api/models/{repo}/revision/HEAD").ok().json["sha"] == on_dev
    assert ada.get(f"/api/models/{repo}/revision/main").ok().json["sha"] == on_main
    lines = work("ls-remote", "--symref", "origin", "HEAD").splitlines()
    assert lines == ["ref: refs/heads/dev/next\tHEAD", f"{on_dev}\tHEAD"]
    clone = Work.clone(hub, repo, tmp_path / "clone")
    assert clone("rev-parse", "--abbrev-ref", "HEAD") == "dev/next"
    assert "Next" in ada.get(f"/{repo}", Accept="text/html").ok().text

    # Neither goes: clients ask for main unless told otherwise.
    for branch, words in (("main", "ask for main"), ("dev/next", "default branch")):
        done = work.push("origin", f":{branch}", check=False)
        assert done.code == 1 and words in done.err, done
    ada("PUT", own, json_body={"branch": "main"}).ok()
    work.push("origin", ":dev/next")
    assert ada.get(f"/api/models/{repo}").ok().json["sha"] == on_main


def test_rewritten_history_needs_force_and_is_then_what_there_is(ada, repo, work):
    first = work.commit({"f": "secret"})
    work.push()
    work.run("commit", "-q", "--amend", "-m", "other")
    assert work.push(check=False).code == 1
    work.push("--force")
    assert head(ada, repo) == work("rev-parse", "HEAD") != first
    # What nothing leads to any more does not exist.
    assert ada.get(f"/api/models/{repo}/revision/{first}").status == 404
    work.run("push", "-q", "--force-with-lease", "origin", f"{first}:main")
    assert ada.get(f"/api/models/{repo}/revision/{first}").status == 200


@pytest.mark.parametrize("ref, words", [
    ("refs/pr/1", "no such pull request"),
    ("refs/convert/parquet", "read-only"),
    ("refs/notes/commits", "only refs/heads/ and refs/tags/"),
    ("refs/heads/HEAD", "HEAD and @ name the default branch"),
    ("refs/heads/" + "a" * 40, "40 hex digits name a commit"),
])
def test_refs_that_are_not_for_pushing_say_why(work, ref, words):
    done = work.push("origin", f"HEAD:{ref}", check=False)
    assert done.code == 1 and words in done.err, done


def test_atomic_push_moves_all_refs_or_none(ada, repo, work):
    work.commit({"f": "1"})
    done = work.push("--atomic", "origin", "HEAD:refs/heads/good", "HEAD:refs/pr/7", check=False)
    assert done.code == 1 and "another ref of this atomic push" in done.err, done
    assert head(ada, repo, "good") is None
    done = work.push("origin", "HEAD:refs/heads/good", "HEAD:refs/pr/7", check=False)
    assert done.code == 1, done
    assert head(ada, repo, "good") == work("rev-parse", "HEAD")
    work.push("--atomic", "origin", "HEAD:refs/heads/x", "HEAD:refs/heads/y", ":good")
    assert head(ada, repo, "x") == head(ada, repo, "y") == work("rev-parse", "HEAD")


def test_of_two_people_on_one_branch_one_wins(hub, ada, repo, tmp_path):
    people = [Work.clone(hub, repo, tmp_path / f"person-{n}") for n in range(4)]
    commits = [person.commit({f"file-{n}": str(n)}) for n, person in enumerate(people)]
    results = {}

    def push(n):
        results[n] = people[n].push("origin", "HEAD:main", check=False)

    threads = [threading.Thread(target=push, args=(n,)) for n in range(len(people))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    won = [n for n, done in results.items() if done.code == 0]
    assert len(won) == 1, results
    assert head(ada, repo) == commits[won[0]]
    for n, done in results.items():
        assert n in won or "fetch first" in done.err, done
    # On branches of their own nobody is in the way of anybody.
    for n, person in enumerate(people):
        results[n] = None
        threads[n] = threading.Thread(
            target=lambda n=n, person=person: results.update(
                {n: person.push("origin", f"HEAD:refs/heads/of-{n}", check=False)}))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert all(done.code == 0 for done in results.values()), results
    assert [head(ada, repo, f"of-{n}") for n in range(len(people))] == commits


def test_thousand_commits_at_once(hub, ada, repo, work, tmp_path):
    stream = ["reset refs/heads/many\nfrom refs/heads/main\n\n"]
    for n in range(1000):
        stream.append(
            f"commit refs/heads/many\ncommitter Ada <ada@hub.example> {1767322800 + n} +0000\n"
            f"data 10\ncommit {n % 1000:03}\nM 644 inline d{n % 10}/f{n % 100}\n"
            f"data {len(str(n))}\n{n}\n\n")
    work.run("fast-import", "--quiet", stdin="".join(stream))
    work.push("origin", "many:main")
    oid = work("rev-parse", "many")
    assert head(ada, repo) == oid
    assert text_of(ada, repo, "d9/f99") == "999"
    answer = ada.get(f"/api/models/{repo}/commits/main?limit=1").ok()
    assert answer["X-Total-Count"] in (None, "1001")
    # Last commits come with the listings that background work builds.
    url = f"/api/models/{repo}/tree/main/d9?expand=1"
    for _ in range(600):
        entries = ada.get(url).ok().json
        if all(entry.get("lastCommit") for entry in entries):
            break
        threading.Event().wait(0.05)
    expected = {
        f"d9/f{n}": work("log", "-1", "--format=%H", "many", "--", f"d9/f{n}") for n in (9, 59, 99)}
    found = {entry["path"]: entry["lastCommit"]["id"] for entry in entries}
    assert {path: found[path] for path in expected} == expected
    # And a commit of the API stands on top of it.
    ada.commit(repo, add("top")).ok()
    assert text_of(ada, repo, "d9/f99") == "999"


def test_file_above_the_limit_names_itself_and_the_way_out(ada, repo, work):
    before = head(ada, repo)
    work.commit({"data/big.bin": b"\0" * (10 * 2**20 + 1), "small": "x"})
    done = work.push(check=False)
    assert done.code == 1, done
    for words in ("data/big.bin (10.5 MB)", 'git lfs track "*.bin"',
                  'git lfs migrate import --include="*.bin"', "need Git LFS"):
        assert words in done.err, (words, done)
    assert head(ada, repo) == before
    work.run("reset", "-q", "--hard", "HEAD~1")
    work.commit({"data/edge.bin": b"\0" * (10 * 2**20)})
    work.push()


def test_git_lfs_brings_its_files_along(hub, ada, api, repo, work, tmp_path):
    content = bytes(range(256)) * 4096
    digest = hashlib.sha256(content).hexdigest()
    work.run("lfs", "install", "--local")
    work.run("lfs", "track", "*.weights")
    work.commit({"model.weights": content})
    work.push()
    file = api.hf_hub_download(repo, "model.weights", cache_dir=tmp_path / "cache")
    assert Path(file).read_bytes() == content
    entry = ada.get(f"/api/models/{repo}/tree/main").ok().json
    assert [e["lfs"]["oid"] for e in entry if e["path"] == "model.weights"] == [digest]
    other = Work.clone(hub, repo, tmp_path / "other")
    other.run("lfs", "install", "--local")
    other.run("lfs", "pull")
    assert (other.folder / "model.weights").read_bytes() == content


def test_pointer_without_its_file_is_refused(ada, repo, work):
    before = head(ada, repo)
    digest = hashlib.sha256(b"never uploaded").hexdigest()
    work.commit({"m.weights": "version https://git-lfs.github.com/spec/v1\n"
                              f"oid sha256:{digest}\nsize 14\n"})
    done = work.push(check=False)
    assert done.code == 1, done
    for words in ("m.weights", digest, "git lfs push --all", "large files were not uploaded"):
        assert words in done.err, (words, done)
    assert head(ada, repo) == before


def test_card_follows_the_default_branch(ada, repo, work):
    work.commit({"README.md": "---\npipeline_tag: text-generation\ntags: [pushed]\n---\n# Hi\n"})
    work.push()
    info = ada.get(f"/api/models/{repo}").ok().json
    assert info["pipeline_tag"] == "text-generation" and "pushed" in info["tags"]
    work.commit({"README.md": "---\ntags: [other\n---\n"})
    done = work.push()
    assert "Invalid metadata in README.md" in done.err, done
    info = ada.get(f"/api/models/{repo}").ok().json
    assert "pushed" not in info["tags"]
    work.push("-f", "origin", "HEAD~1:main")
    assert "pushed" in ada.get(f"/api/models/{repo}").ok().json["tags"]


@pytest.mark.parametrize("who, code, words", [
    (BOB, 128, "403"),
    (ADA_READ, 128, "403"),
    (ADA_FINE, 128, "403"),
    ("hf_" + "x" * 34, 128, "Authentication failed"),
    (None, 128, "could not read Username"),
])
def test_who_may_not_write_may_not_push(hub, ada, repo, work, who, code, words):
    before = head(ada, repo)
    work.commit({"f": "x"})
    done = work.push(git_url(hub, repo, who), "HEAD:main", check=False)
    assert done.code == code and words in done.err, done
    assert head(ada, repo) == before


def test_private_repository_does_not_exist_for_strangers(hub, ada, repo_id, repo, work):
    ada.create(repo_id + "-secret", private=True)
    missing = work.push(git_url(hub, repo_id + "-none", BOB), "HEAD:main", check=False)
    hidden = work.push(git_url(hub, repo_id + "-secret", BOB), "HEAD:main", check=False)
    assert hidden.code == missing.code == 128
    assert hidden.err.replace("-secret", "-none") == missing.err


def test_moved_repository_is_found_under_its_old_name(hub, ada, repo, work):
    ada.post("/api/repos/move", {"fromRepo": repo, "toRepo": repo + "-new", "type": "model"}).ok()
    oid = work.commit({"f": "x"})
    work.push()
    assert head(ada, repo + "-new") == oid


def test_names_of_many_alphabets_and_modes(ada, repo, work):
    files = {"naïve/日本 語.txt": "1", "with space/~x": "2", "emoji-🙂": "3"}
    work.commit(files)
    work.write("run.sh", "#!/bin/sh\n").chmod(0o755)
    (work.folder / "link").symlink_to("run.sh")
    work.run("add", "-A")
    work.run("commit", "-q", "-m", "modes")
    work.push()
    paths = {e["path"] for e in ada.get(f"/api/models/{repo}/tree/main?recursive=1").ok().json}
    assert paths >= {*files, "run.sh", "link"}


def test_merges_and_tags_of_a_grown_history(hub, ada, repo, work, tmp_path):
    for n in range(3):
        work.run("checkout", "-q", "-b", f"topic-{n}", "main")
        work.commit({f"topic-{n}": str(n)}, f"topic {n}")
        work.run("checkout", "-q", "main")
        work.commit({"main.txt": str(n)}, f"main {n}")
        work.run("merge", "-q", "--no-ff", "-m", f"merge {n}", f"topic-{n}")
        work.run("tag", "-a", f"v{n}", "-m", f"v{n}")
    work.push("origin", "--all")
    work.push("origin", "--tags")
    log = ada.get(f"/api/models/{repo}/commits/main").ok().json
    assert {c["id"] for c in log} == set(work("rev-list", "main").splitlines())
    tree = ada.get(f"/api/models/{repo}/tree/main?expand=1").ok().json
    for entry in tree:
        assert entry["lastCommit"]["id"] == work(
            "log", "-1", "--format=%H", "--", entry["path"]), entry["path"]
    mirror = Work.clone(hub, repo, tmp_path / "mirror", ADA, "--mirror")
    assert set(mirror("show-ref").splitlines()) >= {
        line for line in work("show-ref", "--heads", "--tags").splitlines()}
    assert mirror.run("fsck", "--strict", "--full").code == 0


def test_push_options_and_quiet_pushes_are_fine(work):
    work.commit({"f": "x"})
    work.push("-q", "-o", "ci.skip", "-o", "topic=löss", "origin", "HEAD:main")


def test_pushing_what_is_there_already_brings_nothing_new(ada, repo, work):
    work.push("origin", "HEAD:refs/heads/same", "HEAD:refs/tags/same")
    assert head(ada, repo, "same") == head(ada, repo)
    done = work.push("origin", "HEAD:main")
    assert "Everything up-to-date" in done.err


def test_shallow_clone_pushes_on_top_of_what_is_there(hub, ada, repo, work, tmp_path):
    for n in range(3):
        work.commit({"f": str(n)})
    work.push()
    shallow = Work.clone(hub, repo, tmp_path / "shallow", ADA, "--depth=1")
    assert shallow("rev-list", "--count", "HEAD") == "1"
    oid = shallow.commit({"f": "shallow"})
    shallow.push()
    assert head(ada, repo) == oid
    assert len(ada.get(f"/api/models/{repo}/commits/main").ok().json) == 5


def stored_bytes(hub):
    return sum(p.stat().st_size for p in (hub.data / "objects").rglob("*") if p.is_file())


def test_rewritten_history_gives_its_space_back(own_hub, tmp_path):
    own_hub.stop()
    own_hub.env["CAIRN_GC_GRACE_HOURS"] = "0"
    own_hub.start()
    ada = Wire(own_hub.url, ADA)
    ada.create("ada/squashed")
    work = Work.clone(own_hub, "ada/squashed", tmp_path / "work")
    kept = work.commit({"kept": "1"})
    secret = work.commit({"secret": random.Random(1).randbytes(3_000_000)})
    work.push()
    before = stored_bytes(own_hub)
    work.push("-f", "origin", f"{kept}:main")
    own_hub.run("gc")
    own_hub.run("gc")  # What the first unlinked, the second deletes.
    assert stored_bytes(own_hub) < before - 2_900_000
    assert ada.get(f"/api/models/ada/squashed/revision/{secret}").status == 404
    own_hub.fsck()
    clone = Work.clone(own_hub, "ada/squashed", tmp_path / "clone")
    assert clone("rev-parse", "HEAD") == kept and clone.run("fsck", "--strict").code == 0
    # And it may come back, from whoever has it.
    work.push("origin", f"{secret}:main")
    assert head(ada, "ada/squashed") == secret
    own_hub.fsck()


def test_events_of_a_push_are_those_of_commits(own_hub, tmp_path):
    """Told through what depends on them: the repository counts as changed."""
    ada = Wire(own_hub.url, ADA)
    ada.create("ada/told")
    before = ada.get("/api/models/ada/told").ok().json["lastModified"]
    work = Work.clone(own_hub, "ada/told", tmp_path / "work")
    work.commit({"f": "x"})
    work.push()
    assert ada.get("/api/models/ada/told").ok().json["lastModified"] > before
    listed = ada.get("/api/models?author=ada").ok().json
    assert json.dumps(listed).count("ada/told")
