"""Signatures of commits: made by the real git with ssh-keygen and gpg, held against keys of accounts."""

import os
import subprocess
import time

import pytest
from conftest import ADA, ADA_READ, BOB, running
from git_work import Work
from wire import Wire, api_of


@pytest.fixture(scope="module")
def hub(folder, new_database):
    """One where ada and bob were seen to read their mail."""
    with running(folder / "signatures", database=new_database()) as server:
        server.apply({"users": [{"name": name, "email_verified": True} for name in ("ada", "bob")]})
        yield server


@pytest.fixture
def gpg_home(tmp_path):
    home = tmp_path / "g"
    home.mkdir(mode=0o700)
    yield home
    subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], capture_output=True)


def gpg(home, *arguments, stdin=None):
    done = subprocess.run(
        ["gpg", "--homedir", home, "--batch", "--pinentry-mode", "loopback", "--passphrase", "",
         *arguments], input=stdin, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def make_gpg_key(home, email, expires="never", created=None):
    faked = ["--faked-system-time", created] if created else []
    gpg(home, *faked, "--quick-gen-key", f"Ada <{email}>", "ed25519", "sign", expires)
    return gpg(home, "--armor", "--export", email)


def make_ssh_key(folder, name):
    path = folder / name
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", path], check=True)
    return path, path.with_suffix(".pub").read_text()


@pytest.fixture
def work(hub, repo, tmp_path):
    return Work.clone(hub, repo, tmp_path / "work")


def sign_with_ssh(work, key):
    work("config", "gpg.format", "ssh")
    work("config", "user.signingkey", str(key))
    work("config", "commit.gpgsign", "true")


def sign_with_gpg(work, home, email):
    program = home / "gpg"
    program.write_text(f'#!/bin/sh\nexec gpg --homedir {home} --batch --pinentry-mode loopback "$@"\n')
    program.chmod(0o700)
    work("config", "gpg.format", "openpgp")
    work("config", "gpg.program", str(program))
    work("config", "user.signingkey", email)
    work("config", "commit.gpgsign", "true")


_number = iter(range(10_000))


def push(work, **env):
    work.write("a.txt", f"{next(_number)}\n")
    work.run("add", "-A")
    work.run("commit", "-q", "-m", "change", env=env)
    work.push("-q", "origin", "HEAD:main")
    return work("rev-parse", "HEAD")


def signature(hub, repo, commit=None, token=ADA):
    """Of the newest commit, or of this one; None for an unsigned one."""
    found = Wire(hub.url, token).get(f"{api_of(repo)}/commits/main?expand=signature").ok().json
    item = found[0] if commit is None else next(c for c in found if c["id"] == commit)
    one = Wire(hub.url, token).get(f"/api/-/v1/models/{repo}/commit/{item['id']}").ok().json
    assert one["commit"].get("signature") == item.get("signature")
    return item.get("signature")


def keys(hub, token=ADA, kind="gpg"):
    return Wire(hub.url, token).get(f"/api/-/v1/{kind}/keys").ok().json


def add_key(hub, text, token=ADA, kind="gpg"):
    return Wire(hub.url, token).post(f"/api/-/v1/{kind}/keys", {"key": text})


def remove(hub, key, token=ADA, kind="gpg"):
    return Wire(hub.url, token)("DELETE", f"/api/-/v1/{kind}/keys/{key['id']}")


@pytest.mark.both_engines
def test_an_ssh_signature_counts_while_its_key_is_the_committers(hub, repo, work, tmp_path):
    path, text = make_ssh_key(tmp_path, "id")
    assert signature(hub, repo) is None, "the first commit is the hub's"
    sign_with_ssh(work, path)
    commit = push(work)
    assert signature(hub, repo) == {"state": "unverified", "reason": "unknown_key", "type": "ssh"}
    key = add_key(hub, text, kind="ssh").ok().json
    assert signature(hub, repo, commit) == {
        "state": "verified", "reason": "valid", "type": "ssh", "user": "ada",
        "fingerprint": key["fingerprint"]}
    # Everybody who may see the commit sees it; others' addresses are not theirs to use.
    assert signature(hub, repo, token=None)["state"] == "verified"
    push(work, GIT_COMMITTER_EMAIL="bob@hub.example")
    assert signature(hub, repo)["reason"] == "unknown_key"
    push(work, GIT_COMMITTER_EMAIL="nobody@elsewhere.example")
    assert signature(hub, repo)["reason"] == "unknown_committer"
    remove(hub, key, kind="ssh")
    assert signature(hub, repo, commit)["reason"] == "unknown_key"
    # Without being asked, lists are as clients know them.
    plain = Wire(hub.url, ADA).get(f"{api_of(repo)}/commits/main").ok().json
    assert not [c for c in plain if "signature" in c]
    many = Wire(hub.url, ADA).get(f"{api_of(repo)}/commits/main?expand=signature&limit=500")
    assert many.status == 400 and "at most 100" in many.json["error"]


def test_the_published_client_lists_signed_commits(hub, repo, work, tmp_path, api):
    path, _ = make_ssh_key(tmp_path, "id")
    sign_with_ssh(work, path)
    commit = push(work)
    assert api.list_repo_commits(repo)[0].commit_id == commit


@pytest.mark.both_engines
def test_a_gpg_signature_counts_while_its_key_is_the_committers(hub, repo, work, gpg_home):
    text = make_gpg_key(gpg_home, "ada@hub.example")
    sign_with_gpg(work, gpg_home, "ada@hub.example")
    commit = push(work)
    assert signature(hub, repo)["reason"] == "unknown_key"
    key = add_key(hub, text).ok().json
    assert key["emails"] == [{"email": "ada@hub.example", "verified": True}]
    assert key["fingerprint"] in gpg(gpg_home, "--with-colons", "--list-keys")
    assert signature(hub, repo, commit) == {
        "state": "verified", "reason": "valid", "type": "gpg", "user": "ada",
        "fingerprint": key["fingerprint"]}
    again = add_key(hub, text)
    assert (again.status, again["X-Error-Code"]) == (409, "KeyInUse")
    assert [k["id"] for k in keys(hub)] == [key["id"]]
    assert remove(hub, key, BOB).status == 404
    assert remove(hub, key).status == 204
    assert signature(hub, repo, commit)["reason"] == "unknown_key"


def test_a_gpg_key_that_names_another_address_does_not_count(hub, repo, work, gpg_home):
    key = add_key(hub, make_gpg_key(gpg_home, "other@elsewhere.example")).ok().json
    assert key["emails"] == [{"email": "other@elsewhere.example", "verified": False}]
    sign_with_gpg(work, gpg_home, "other@elsewhere.example")
    push(work)
    assert signature(hub, repo)["reason"] == "other_address"
    remove(hub, key)


def test_a_gpg_key_that_was_over_does_not_count(hub, repo, work, gpg_home):
    text = make_gpg_key(gpg_home, "ada@hub.example", "1d", "20240101T000000")
    key = add_key(hub, text).ok().json
    assert key["expiresAt"].startswith("2024-01-02")
    sign_with_gpg(work, gpg_home, "ada@hub.example")
    (gpg_home / "gpg.conf").write_text("faked-system-time 20240101T010000\n")
    push(work)
    assert signature(hub, repo)["reason"] == "expired_key"
    remove(hub, key)


def test_a_signature_of_something_else_is_invalid(hub, repo, work, tmp_path, gpg_home):
    path, text = make_ssh_key(tmp_path, "id")
    ssh = add_key(hub, text, kind="ssh").ok().json
    pgp = add_key(hub, make_gpg_key(gpg_home, "ada@hub.example")).ok().json
    sign_with_ssh(work, path)
    for sign in (lambda: None, lambda: sign_with_gpg(work, gpg_home, "ada@hub.example")):
        sign()
        work("reset", "-q", "--hard", "origin/main")
        push(work)
        raw = work("cat-file", "commit", "HEAD") + "\n"
        forged = work.run("hash-object", "-t", "commit", "-w", "--stdin",
                          stdin=raw.replace("\n\nchange", "\n\nother words")).out.strip()
        work.push("-q", "--force", "origin", f"{forged}:refs/heads/main")
        work("fetch", "-q", "origin")
        assert signature(hub, repo)["reason"] == "invalid"
    doubled = raw.replace("\ngpgsig ", "\ngpgsig x\ngpgsig ", 1)
    twice = work.run("hash-object", "-t", "commit", "-w", "--stdin", stdin=doubled).out.strip()
    work.push("-q", "--force", "origin", f"{twice}:refs/heads/main")
    assert signature(hub, repo)["reason"] == "invalid"
    strange = raw.split("gpgsig ")[0] + "gpgsig -----BEGIN SIGNED MESSAGE-----\n\nwords\n"
    other = work.run("hash-object", "-t", "commit", "-w", "--stdin", stdin=strange).out.strip()
    work.push("-q", "--force", "origin", f"{other}:refs/heads/main")
    assert signature(hub, repo) == {"state": "unverified", "reason": "unsupported", "type": "other"}
    remove(hub, ssh, kind="ssh")
    remove(hub, pgp)


def test_what_is_no_gpg_key_is_refused_with_words(hub, gpg_home):
    text = make_gpg_key(gpg_home, "ada@hub.example")
    two = text + make_gpg_key(gpg_home, "second@hub.example")
    secret = gpg(gpg_home, "--armor", "--export-secret-keys", "ada@hub.example")
    for bad, words in (("", "does not begin"), ("no key", "does not begin"),
                       (text.replace("m", "n", 5), "gpg"), (two, "several"),
                       (secret, "private key"), (text + "x" * 200_000, "longer than")):
        answer = add_key(hub, bad)
        assert (answer.status, answer["X-Error-Code"]) == (422, "InvalidPublicKey"), repr(answer)
        assert words in answer.json["error"], (words, answer.json)
    gpg(gpg_home, "--import", stdin=revocation(gpg_home))
    revoked = add_key(hub, gpg(gpg_home, "--armor", "--export", "ada@hub.example"))
    assert revoked.status == 422 and "revoked" in revoked.json["error"], repr(revoked)
    assert add_key(hub, text, ADA_READ).status == 403
    assert add_key(hub, text, None).status == 401
    assert keys(hub) == []


def revocation(home):
    """The certificate that gpg made with the key, without the colon that keeps it from use."""
    fingerprint = next(line.split(":")[9] for line in
                       gpg(home, "--with-colons", "--list-keys", "ada@hub.example").splitlines()
                       if line.startswith("fpr"))
    return (home / "openpgp-revocs.d" / f"{fingerprint}.rev").read_text().replace(":-----", "-----")


def test_a_page_of_signatures_is_quick_the_second_time(hub, repo, work, tmp_path):
    path, text = make_ssh_key(tmp_path, "id")
    key = add_key(hub, text, kind="ssh").ok().json
    sign_with_ssh(work, path)
    for number in range(20):
        work.write("a.txt", f"{number}\n")
        work.run("commit", "-q", "-a", "-m", "change") if number else push(work)
    work.push("-q", "origin", "HEAD:main")
    url = f"{api_of(repo)}/commits/main?expand=signature"
    first = Wire(hub.url, ADA).get(url).ok().json
    assert [c["signature"]["state"] for c in first[:20]] == ["verified"] * 20
    began = time.monotonic()
    assert Wire(hub.url, ADA).get(url).ok().json == first
    assert time.monotonic() - began < 2
    remove(hub, key, kind="ssh")
    assert not list((hub.data / "cache/gpg").iterdir()), os.listdir(hub.data / "cache/gpg")
