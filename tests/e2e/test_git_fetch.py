"""Clone, fetch and ls-remote with the real git over smart HTTP, protocols 0, 1 and 2."""

import gzip
import threading
import time

import pytest
from conftest import ADA, ADA_EXPIRED, ADA_FINE, ADA_READ, BOB, token
from gitclient import (DELIM, FLUSH, PROTOCOLS, Git, ask, fetch_request, pack_of, packets, pkt, refusal,
                       wait_for, with_login)
from wire import KINDS, Wire, add, web_of


@pytest.fixture
def git(tmp_path):
    return Git(tmp_path / "home")


@pytest.fixture
def url(hub, repo):
    return f"{hub.url}/{repo}"


def head_of(wire, name, rev="main", kind="model"):
    branches = wire.get(f"/api/{kind}s/{name}/refs").ok().json["branches"]
    return next(b["targetCommit"] for b in branches if b["name"] == rev)


def contents(folder):
    return {str(p.relative_to(folder)): p.read_bytes()
            for p in folder.rglob("*") if p.is_file() and ".git" not in p.relative_to(folder).parts}


# ---- Clone ----

@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_clone_has_what_the_api_committed(ada, repo, url, git, tmp_path, protocol):
    ada.commit(repo, add("a/b/c.txt", b"deep\n"), add("empty", b"")).ok()
    ada.commit(repo, add("a/b/c.txt", b"deeper\n"), add("ü €.md", b"names\n"), summary="Two").ok()
    folder = git.clone(url, tmp_path / "clone", protocol=protocol)
    assert git.out("rev-parse", "HEAD", cwd=folder) == head_of(ada, repo)
    assert contents(folder).keys() == {".gitattributes", "a/b/c.txt", "empty", "ü €.md"}
    assert (folder / "a/b/c.txt").read_bytes() == b"deeper\n"
    assert (folder / "ü €.md").read_bytes() == b"names\n"
    log = git.out("log", "--format=%s", cwd=folder).splitlines()
    assert log == ["Two", "A commit", "initial commit"]
    assert git.out("symbolic-ref", "HEAD", cwd=folder) == "refs/heads/main"
    assert git.out("status", "--porcelain", cwd=folder) == ""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("suffix", ["", ".git", "/"])
def test_each_kind_has_its_urls(hub, ada, repo_id, git, tmp_path, kind, suffix):
    ada.create(repo_id, kind)
    folder = git.clone(f"{hub.url}{web_of(repo_id, kind)}{suffix}", tmp_path / "clone")
    assert git.out("rev-parse", "HEAD", cwd=folder) == head_of(ada, repo_id, kind=kind)


def test_clone_of_many_commits_and_files(ada, repo, url, git, tmp_path):
    """More packs than one merge takes: rows, joined rows and packs on disk are served together."""
    for i in range(60):
        ada.commit(repo, *(add(f"d{j}/f{i}.txt", f"{i} {j}\n".encode() * 50) for j in range(4)),
                   add("same.txt", f"{i}\n".encode()), summary=f"Commit {i}").ok()
    ada.commit(repo, add("big.bin.txt", bytes(range(33, 120)) * 9000)).ok()
    folder = git.clone(url, tmp_path / "clone")
    assert int(git.out("rev-list", "--count", "HEAD", cwd=folder)) == 62
    assert len(git.files(folder)) == 60 * 4 + 3
    assert (folder / "same.txt").read_text() == "59\n"


def test_fetch_brings_what_is_new(ada, repo, url, git, tmp_path):
    folder = git.clone(url, tmp_path / "clone")
    for i in range(3):
        ada.commit(repo, add(f"new-{i}.txt", b"x\n" * (i + 1))).ok()
        git("pull", "--quiet", cwd=folder)
        assert git.out("rev-parse", "HEAD", cwd=folder) == head_of(ada, repo)
    assert "Already up to date" in git.out("pull", cwd=folder)
    git.fsck(folder)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_fetch_negotiates_from_a_history_of_its_own(ada, repo, url, git, tmp_path, protocol):
    """The client has commits the hub never saw: they are no common ground, and no trouble."""
    for i in range(5):
        ada.commit(repo, add("count", f"{i}\n".encode())).ok()
    folder = git.clone(url, tmp_path / "clone")
    for i in range(40):
        git("commit", "--quiet", "--allow-empty", "-m", f"mine {i}", cwd=folder)
    ada.commit(repo, add("theirs", b"x\n")).ok()
    git("fetch", "--quiet", "origin", cwd=folder, protocol=protocol)
    assert git.out("rev-parse", "origin/main", cwd=folder) == head_of(ada, repo)
    git.fsck(folder)


# ---- Refs ----

@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_ls_remote_lists_every_ref(ada, repo, url, git, protocol):
    ada.commit(repo, add("x", b"1\n")).ok()
    ada.post(f"/api/models/{repo}/branch/feature%2Fx", {}).ok()
    ada.post(f"/api/models/{repo}/tag/main", {"tag": "light"}).ok()
    ada.post(f"/api/models/{repo}/tag/main", {"tag": "v1", "message": "First"}).ok()
    lines = dict(reversed(line.split("\t"))
                 for line in git.out("ls-remote", url, protocol=protocol).splitlines())
    main = head_of(ada, repo)
    assert lines["HEAD"] == lines["refs/heads/main"] == lines["refs/heads/feature/x"] == main
    assert lines["refs/tags/light"] == lines["refs/tags/v1^{}"] == main
    assert lines["refs/tags/v1"] != main
    symrefs = git.out("ls-remote", "--symref", url, "HEAD", protocol=protocol)
    assert symrefs.startswith("ref: refs/heads/main\tHEAD")
    assert git.out("ls-remote", "--heads", url, "feature/*", protocol=protocol).endswith("/feature/x")


def test_tags_come_with_their_objects(ada, repo, url, git, tmp_path):
    folder = git.clone(url, tmp_path / "clone")
    ada.commit(repo, add("x", b"1\n")).ok()
    ada.post(f"/api/models/{repo}/tag/main", {"tag": "v1", "message": "First"}).ok()
    git("fetch", "--quiet", cwd=folder)  # include-tag: the tag follows its commit
    assert git.out("cat-file", "-t", "v1", cwd=folder) == "tag"
    assert git.out("rev-parse", "v1^{commit}", cwd=folder) == head_of(ada, repo)
    git.fsck(folder)


def test_branch_that_is_deleted_is_pruned(ada, repo, url, git, tmp_path):
    ada.post(f"/api/models/{repo}/branch/gone", {}).ok()
    folder = git.clone(url, tmp_path / "clone")
    assert "origin/gone" in git.out("branch", "-r", cwd=folder)
    ada("DELETE", f"/api/models/{repo}/branch/gone").ok()
    git("fetch", "--quiet", "--prune", cwd=folder)
    assert "origin/gone" not in git.out("branch", "-r", cwd=folder)


# ---- Parts of a history ----

@pytest.fixture
def history(ada, repo):
    """Six commits on main, two more on a branch, a tag."""
    for i in range(5):
        ada.commit(repo, add("n.txt", f"{i}\n".encode()), add(f"dir/{i}.txt", b"y" * 2000 * (i + 1)),
                   summary=f"Commit {i}").ok()
    ada.post(f"/api/models/{repo}/branch/side", {}).ok()
    for i in range(2):
        ada.commit(repo, add(f"side-{i}.txt", b"s\n"), rev="side").ok()
    ada.post(f"/api/models/{repo}/tag/main", {"tag": "v1", "message": "First"}).ok()
    return repo


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_shallow_clone_deepens_and_becomes_whole(history, url, git, tmp_path, protocol):
    folder = git.clone(url, tmp_path / "clone", "--depth=1", protocol=protocol)
    count = lambda: int(git.out("rev-list", "--count", "HEAD", cwd=folder))  # noqa: E731
    assert count() == 1
    assert git.out("branch", "-r", cwd=folder).split() == ["origin/HEAD", "->", "origin/main", "origin/main"]
    git("fetch", "--quiet", "--deepen=2", cwd=folder, protocol=protocol)
    assert count() == 3
    git.fsck(folder)
    git("fetch", "--quiet", "--depth=2", cwd=folder, protocol=protocol)
    git("fetch", "--quiet", "--unshallow", cwd=folder, protocol=protocol)
    assert count() == 6
    git.fsck(folder)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_shallow_fetch_of_a_new_commit(ada, history, url, git, tmp_path, protocol):
    folder = git.clone(url, tmp_path / "clone", "--depth=2", protocol=protocol)
    ada.commit(history, add("later", b"x\n")).ok()
    git("fetch", "--quiet", cwd=folder, protocol=protocol)
    assert git.out("rev-parse", "origin/main", cwd=folder) == head_of(ada, history)
    git.fsck(folder)


def test_shallow_since_and_exclude(history, url, git, tmp_path):
    folder = git.clone(url, tmp_path / "since", "--shallow-since=2000-01-01")
    assert int(git.out("rev-list", "--count", "HEAD", cwd=folder)) == 6
    folder = git.clone(url, tmp_path / "exclude", "--shallow-exclude=v1", "--branch=side")
    assert int(git.out("rev-list", "--count", "HEAD", cwd=folder)) == 2


def test_single_branch_and_tag(history, url, git, tmp_path):
    folder = git.clone(url, tmp_path / "branch", "--single-branch", "--branch=side")
    assert int(git.out("rev-list", "--count", "HEAD", cwd=folder)) == 8
    folder = git.clone(url, tmp_path / "tag", "--branch=v1", "--depth=1")
    assert int(git.out("rev-list", "--count", "HEAD", cwd=folder)) == 1


@pytest.mark.parametrize("spec", ["blob:none", "tree:0", "blob:limit=3k", "object:type=commit"])
def test_partial_clone_fetches_the_rest_when_it_is_needed(ada, history, url, git, tmp_path, spec):
    folder = git.clone(url, tmp_path / "clone", f"--filter={spec}", "--no-checkout", "--bare")
    missing = git.out("rev-list", "--objects", "--all", "--missing=print", cwd=folder)
    assert "\n?" in missing, "nothing was left out"
    for i in range(5):
        assert git.out("cat-file", "-s", f"main:dir/{i}.txt", cwd=folder) == str(2000 * (i + 1))
    git("show", "main~3:n.txt", cwd=folder)


def test_partial_clone_checks_out_and_pulls(ada, history, url, git, tmp_path):
    folder = git.clone(url, tmp_path / "clone", "--filter=blob:none")
    assert (folder / "dir/4.txt").stat().st_size == 10000
    git("checkout", "--quiet", "side", cwd=folder)
    ada.commit(history, add("late.txt", b"late\n"), rev="side").ok()
    git("pull", "--quiet", cwd=folder)
    assert (folder / "late.txt").read_text() == "late\n"
    combined = git.clone(url, tmp_path / "both", "--filter=blob:none", "--filter=tree:2")
    assert (combined / "dir/0.txt").stat().st_size == 2000


def test_filters_that_read_a_file_of_the_clients_choice_are_refused(history, url, git, tmp_path):
    done = git("clone", "--filter=sparse:oid=main:n.txt", url, tmp_path / "x", check=False)
    assert done.returncode != 0
    assert "is not offered" in done.stderr, done.stderr


# ---- Who may ----

def test_private_repository_asks_for_a_login(hub, ada, nobody, repo_id, git, tmp_path):
    ada.create(repo_id, private=True)
    answer = nobody.get(f"/{repo_id}/info/refs?service=git-upload-pack")
    assert answer.status == 401
    assert answer["WWW-Authenticate"].startswith("Basic realm=")
    assert answer["Content-Type"].startswith("text/plain")
    url = f"{hub.url}/{repo_id}"
    for login in [with_login(url, ADA), with_login(url, ADA_READ), with_login(url, "", name=ADA),
                  with_login(url, "x-oauth-basic", name=ADA)]:
        assert git.out("ls-remote", login)
    git("clone", "--quiet", with_login(url, ADA), tmp_path / "clone")
    bearer = git("-c", f"http.extraHeader=Authorization: Bearer {ADA}", "ls-remote", url)
    assert "refs/heads/main" in bearer.stdout
    assert git("ls-remote", url, check=False).returncode == 128


def test_credential_helper_is_asked_and_told(hub, ada, repo_id, git, tmp_path):
    """The store helper keeps a login that worked and forgets one that did not."""
    ada.create(repo_id, private=True)
    url = f"{hub.url}/{repo_id}"
    store = tmp_path / "credentials"
    git("config", "--global", "credential.helper", f"store --file={store}")
    store.write_text(with_login(hub.url, ADA) + "\n")
    git("ls-remote", url)
    assert ADA in store.read_text()
    store.write_text(with_login(hub.url, token("nobodys")) + "\n")
    assert git("ls-remote", url, check=False).returncode == 128
    assert store.read_text().strip() == ""


def test_missing_and_hidden_look_alike(hub, ada, bob, nobody, repo_id, git):
    ada.create(repo_id, private=True)
    refs = "info/refs?service=git-upload-pack"
    for who in (bob, nobody):
        hidden, missing = who.get(f"/{repo_id}/{refs}"), who.get(f"/ada/no-such-repository/{refs}")
        assert (hidden.status, hidden.text) == (missing.status, missing.text)
        hidden = ask(who, f"/{repo_id}", ["1" * 40], "2")
        missing = ask(who, "/ada/no-such-repository", ["1" * 40], "2")
        assert (hidden.status, hidden.text) == (missing.status, missing.text)
    done = git("ls-remote", with_login(f"{hub.url}/{repo_id}", BOB), check=False)
    assert "not found" in done.stderr, done.stderr


@pytest.mark.parametrize("value", [ADA_EXPIRED, token("unknown"), "x"])
def test_bad_token_is_401_on_public_repositories_too(hub, repo, value):
    answer = Wire(hub.url, value).get(f"/{repo}/info/refs?service=git-upload-pack")
    assert answer.status == 401 and answer["WWW-Authenticate"]


def test_gated_repository_shows_its_bytes_to_members_only(hub, ada, repo, url, git, tmp_path):
    ada("PUT", f"/api/models/{repo}/settings", json_body={"gated": "auto"}).ok()
    git("clone", "--quiet", with_login(url, ADA), tmp_path / "clone")
    done = git("clone", with_login(url, BOB), tmp_path / "other", check=False)
    assert done.returncode == 128
    assert "is restricted" in done.stderr, done.stderr
    assert ask(Wire(hub.url, BOB), f"/{repo}", ["1" * 40], "2").status == 403


def test_token_that_names_one_repository_reads_it(hub, ada, git):
    ada.create("ada/git-not-named", private=True)
    assert git.out("ls-remote", with_login(f"{hub.url}/ada/git-not-named", ADA_FINE))
    ada.create("vault/git-vault", private=True)
    assert git("ls-remote", with_login(f"{hub.url}/vault/git-vault", ADA_FINE), check=False).returncode


def test_moved_repository_leads_on(hub, ada, repo, url, git, tmp_path):
    ada.post("/api/repos/move", {"fromRepo": repo, "toRepo": f"{repo}-moved", "type": "model"}).ok()
    answer = ada.get(f"/{repo}.git/info/refs?service=git-upload-pack")
    assert answer.status == 307
    assert answer["Location"] == f"/{repo}-moved.git/info/refs?service=git-upload-pack"
    folder = tmp_path / "clone"
    done = git("clone", url, folder)
    assert f"{repo}-moved" in done.stderr, "git tells the new address"
    git.fsck(folder)


# ---- What a client may want ----

def answers(wire, path, wants, protocol, **more):
    return refusal(ask(wire, path, wants, protocol, **more))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_only_reachable_objects_are_given(ada, nobody, repo, repo_id, git, tmp_path, hub, protocol):
    ada.commit(repo, add("old.txt", b"old\n")).ok()
    old = head_of(ada, repo)
    ada.commit(repo, add("new.txt", b"new\n")).ok()
    ada.post(f"/api/models/{repo}/branch/side", {}).ok()
    ada.commit(repo, add("secret/key.txt", b"secret\n"), rev="side").ok()
    side = git.clone(f"{hub.url}/{repo}", tmp_path / "before", "--branch=side")
    secret = git.files(side)["secret/key.txt"]
    tree = git.out("rev-parse", "HEAD:secret", cwd=side)
    path = f"/{repo}"
    # While a branch has them, anybody may have them: commits, trees and blobs.
    for wanted in (old, secret, tree):
        assert answers(nobody, path, [wanted], protocol) is None
    ada("DELETE", f"/api/models/{repo}/branch/side").ok()
    missing = "0123456789abcdef" * 2 + "01234567"
    for wanted in (secret, tree, missing):
        assert answers(nobody, path, [wanted], protocol) == f"upload-pack: not our ref {wanted}"
        # Not with good ones, not shallow, not filtered, not by its owner either.
        for who in (nobody, ada):
            assert answers(who, path, [old, wanted], protocol,
                           options=["deepen 1"]) == f"upload-pack: not our ref {wanted}"
    assert answers(nobody, path, [old], protocol) is None


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_objects_of_other_repositories_are_not_given(ada, nobody, repo, repo_id, protocol):
    other = repo_id + "-other"
    ada.create(other)
    ada.commit(other, add("x", b"theirs\n")).ok()
    head = head_of(ada, other)
    assert answers(nobody, f"/{repo}", [head], protocol) == f"upload-pack: not our ref {head}"


def test_haves_do_not_tell_what_is_stored(ada, nobody, repo):
    """An acknowledgment would say that an object exists that no ref reaches any more."""
    ada.post(f"/api/models/{repo}/branch/side", {}).ok()
    ada.commit(repo, add("x", b"x\n"), rev="side").ok()
    side, main = head_of(ada, repo, "side"), head_of(ada, repo)

    def acknowledged(have):
        body = b"".join([pkt("command=fetch"), DELIM, pkt(f"want {main}\n"), pkt(f"have {have}\n"),
                         FLUSH])
        answer = nobody("POST", f"/{repo}/git-upload-pack", body,
                        headers={"Git-Protocol": "version=2"}).ok()
        return f"ACK {have}\n".encode() in packets(answer.body)

    assert acknowledged(side)
    ada("DELETE", f"/api/models/{repo}/branch/side").ok()
    assert not acknowledged(side)
    assert acknowledged(main)


def test_ref_that_moved_between_two_requests_is_still_served(ada, nobody, repo):
    ada.post(f"/api/models/{repo}/branch/side", {}).ok()
    ada.commit(repo, add("x", b"x\n"), rev="side").ok()
    side = head_of(ada, repo, "side")
    ada("DELETE", f"/api/models/{repo}/branch/side").ok()
    for protocol in PROTOCOLS:
        assert answers(nobody, f"/{repo}", [side], protocol) is None


# ---- Bad input ----

def test_dumb_clients_are_told(nobody, repo):
    answer = nobody.get(f"/{repo}.git/info/refs")
    assert answer.status == 403
    assert "smart HTTP" in answer.text
    assert nobody.get(f"/{repo}.git/info/refs?service=git-shell").status == 403


def test_request_may_be_compressed(nobody, ada, repo):
    body = fetch_request([head_of(ada, repo)], "2", options=["no-progress"])
    post = lambda data, coding: nobody(  # noqa: E731
        "POST", f"/{repo}/git-upload-pack", data,
        headers={"Git-Protocol": "version=2", "Content-Encoding": coding})
    plain = pack_of(post(body, "identity").ok())
    assert plain.startswith(b"PACK")
    assert pack_of(post(gzip.compress(body), "gzip").ok()) == plain
    assert pack_of(post(gzip.compress(body), "x-gzip").ok()) == plain
    assert post(body, "gzip").status == 400
    assert post(gzip.compress(body)[:-9], "gzip").status == 400
    assert post(gzip.compress(body) + b"more", "gzip").status == 400
    assert post(body, "br").status == 415
    # A bomb: 200 MB of zeros in 200 KB.
    assert post(gzip.compress(b"0" * 200_000_000), "gzip").status == 413


@pytest.mark.parametrize("body", [
    b"", b"0", b"0003", b"zzzz", b"fff1", b"0000", b"00000000", pkt("command=fetch"),
    pkt("command=ls-refs") + DELIM + pkt("hello") + FLUSH, pkt("command=object-info") + FLUSH,
    pkt("command=fetch") + pkt("command=fetch") + FLUSH, pkt("want " + "1" * 40),
    pkt("command=fetch") + DELIM + pkt("want xyz\n") + FLUSH, b"\0" * 1000, b"0001" * 1000,
], ids=repr)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_malformed_requests_get_an_answer(nobody, repo, body, protocol):
    answer = nobody("POST", f"/{repo}/git-upload-pack", body,
                    headers={"Git-Protocol": f"version={protocol}"})
    assert answer.status in (200, 400), answer
    if answer.status == 200:  # Refused in git's own words, or wants nothing.
        assert answer.body[4:8] == b"ERR " or answer.body == b"" and protocol != "2", answer


def test_request_beyond_the_limit_is_refused(nobody, repo):
    body = pkt("command=fetch") + DELIM + pkt(f"have {'1' * 40}\n") * 300_000
    assert nobody("POST", f"/{repo}/git-upload-pack", body,
                  headers={"Git-Protocol": "version=2"}).status == 413


# ---- Many at once ----

def running(nobody):
    text = nobody.get("/metrics").ok().text
    return next(float(line.split()[1]) for line in text.splitlines()
                if line.startswith("cairn_fetch_running "))


def test_client_that_leaves_takes_its_program_along(hub, ada, nobody, repo):
    import http.client
    import os

    ada.commit(repo, *(add(f"{i}.bin.txt", os.urandom(400_000).hex().encode()) for i in range(20))).ok()
    body = fetch_request([head_of(ada, repo)], "2")
    connection = http.client.HTTPConnection(*nobody.address, timeout=60)
    connection.request("POST", f"/{repo}/git-upload-pack", body, {"Git-Protocol": "version=2"})
    answer = connection.getresponse()
    answer.read(1000)
    assert running(nobody) >= 1
    connection.sock.close() if connection.sock else None
    answer.close()
    connection.close()
    wait_for(lambda: running(nobody) == 0)


def test_clones_while_the_repository_changes(ada, repo, url, git, tmp_path):
    """Each clone is a state that the branch had, whole; packs are merged meanwhile."""
    ended, heads = threading.Event(), [head_of(ada, repo)]

    def write():
        i = 0
        while not ended.is_set():
            answer = ada.commit(repo, add(f"f{i % 50}.txt", f"{i}\n".encode() * 100)).ok()
            heads.append(answer.json["commitOid"])
            i += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for i in range(6):
            folder = git.clone(url, tmp_path / f"clone-{i}", protocol=PROTOCOLS[i % 3])
            got = git.out("rev-parse", "HEAD", cwd=folder)
            deadline = time.monotonic() + 10
            while got not in heads and time.monotonic() < deadline:
                time.sleep(0.01)
            assert got in heads
            assert int(git.out("rev-list", "--count", "HEAD", cwd=folder)) == heads.index(got) + 1
    finally:
        ended.set()
        writer.join()


# ---- Other implementations of the wire ----

def test_libgit2_clones(ada, history, url, tmp_path):
    import pygit2

    made = pygit2.clone_repository(url, str(tmp_path / "clone"))
    assert str(made.head.target) == head_of(ada, history)
    made = pygit2.clone_repository(url, str(tmp_path / "shallow"), depth=1)
    assert str(made.head.target) == head_of(ada, history)
    login = pygit2.RemoteCallbacks(credentials=pygit2.UserPass("ada", ADA))
    ada("PUT", f"/api/models/{history}/settings", json_body={"visibility": "private"}).ok()
    made = pygit2.clone_repository(url, str(tmp_path / "private"), callbacks=login)
    ada.commit(history, add("late", b"x\n")).ok()
    made.remotes["origin"].fetch(callbacks=login)
    assert str(made.references["refs/remotes/origin/main"].target) == head_of(ada, history)


def test_dulwich_clones(ada, history, url, tmp_path):
    from dulwich import porcelain

    made = porcelain.clone(url, str(tmp_path / "clone"))
    assert made.head().decode() == head_of(ada, history)
    ada.commit(history, add("late", b"x\n")).ok()
    porcelain.fetch(made, "origin")
    assert made.refs[b"refs/remotes/origin/main"].decode() == head_of(ada, history)
    shallow = porcelain.clone(url, str(tmp_path / "shallow"), depth=1)
    assert shallow.head().decode() == head_of(ada, history)
    made.close(), shallow.close()
