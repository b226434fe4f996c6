"""Git over SSH with OpenSSH's client: keys of people, deploy keys, fetch, push, git-lfs."""

import json
import os
import socket
import subprocess
import time
from urllib.parse import urlsplit

import pytest
from conftest import ADA, ADA_READ
from gitclient import PROTOCOLS, wait_for
from ssh_client import Ssh, workers_of
from wire import KINDS, Wire, add, api_of, assert_error, web_of


# ---- Keys ----

@pytest.fixture
def ssh_hub(own_hub):
    """A hub for one test, with SSH."""
    own_hub.stop()
    own_hub.env["CAIRN_SSH_LISTEN"] = "127.0.0.1:0"
    return own_hub.start()


def test_host_key_is_made_once(ssh_hub):
    own_hub = ssh_hub
    nobody = Wire(own_hub.url)
    wait_for(lambda: nobody.get("/api/-/v1/ssh").ok().json["enabled"])
    [before] = nobody.get("/api/-/v1/ssh").ok().json["hostKeys"]
    assert before["type"] == "ssh-ed25519" and before["fingerprint"].startswith("SHA256:")
    own_hub.stop()
    own_hub.start()
    [after] = nobody.get("/api/-/v1/ssh").ok().json["hostKeys"]
    assert after == before


def test_maintenance_refuses_pushes_and_lets_people_fetch(ssh_hub, tmp_path):
    ada = Wire(ssh_hub.url, ADA)
    wait_for(lambda: ada.get("/api/-/v1/ssh").ok().json["enabled"])
    key = Ssh(tmp_path / "key", ada.get("/api/-/v1/ssh").ok().json)
    ada.post("/api/-/v1/ssh/keys", {"key": key.public}).ok()
    ada.create("ada/kept")
    folder = key.git.clone(key.url("ada/kept"), tmp_path / "clone", **key.env)
    (folder / "a.txt").write_text("new")
    key("add", ".", cwd=folder)
    key("commit", "-q", "-m", "New", cwd=folder)
    ssh_hub.run("admin", "maintenance", "on", "New disks; back at noon.")
    refused = key("push", "-q", "origin", "HEAD:main", cwd=folder, check=False)
    assert refused.returncode != 0 and "back at noon" in refused.stderr, refused
    assert "refs/heads/main" in key("ls-remote", key.url("ada/kept")).stdout
    ssh_hub.run("admin", "maintenance", "off")
    key("push", "-q", "origin", "HEAD:main", cwd=folder)
    assert ada.get("/ada/kept/resolve/main/a.txt").ok().text == "new"


def test_keys_are_listed_and_removed(ada, bob, new_key):
    key = new_key()
    made = ada.post("/api/-/v1/ssh/keys", {"key": key.public, "title": "laptop"})
    assert made.status == 201
    shown = subprocess.run(["ssh-keygen", "-l", "-f", key.key], capture_output=True, text=True).stdout
    assert made.json["fingerprint"] == shown.split()[1]
    assert made.json["title"] == "laptop" and "lastUsedAt" not in made.json
    assert made.json in ada.get("/api/-/v1/ssh/keys").ok().json
    assert made.json not in bob.get("/api/-/v1/ssh/keys").ok().json
    assert bob("DELETE", f"/api/-/v1/ssh/keys/{made.json['id']}").status == 404
    assert ada("DELETE", f"/api/-/v1/ssh/keys/{made.json['id']}").status == 204
    assert made.json not in ada.get("/api/-/v1/ssh/keys").ok().json


def test_keys_that_cannot_be(hub, ada, bob, nobody, new_key):
    key = new_key()
    post = lambda who, text: who.post("/api/-/v1/ssh/keys", {"key": text})  # noqa: E731
    assert_error(post(ada, "nonsense"), 422)
    assert_error(post(ada, key.key.read_text()), 422, text="private part")
    assert_error(post(ada, new_key("rsa", "-b", "1024").public), 422, text="too short")
    assert post(nobody, key.public).status == 401
    assert post(Wire(hub.url, ADA_READ), key.public).status == 403
    made = post(ada, key.public).ok().json
    assert_error(post(bob, key.public), 409)
    ada("DELETE", f"/api/-/v1/ssh/keys/{made['id']}").ok()


@pytest.mark.parametrize("kind", [("ed25519",), ("ecdsa",), ("ecdsa", "-b", "521"), ("rsa", "-b", "2048")],
                         ids="-".join)
def test_each_kind_of_key_logs_in(ada, repo, new_key, kind):
    key = new_key(*kind)
    made = ada.post("/api/-/v1/ssh/keys", {"key": key.public}).ok().json
    assert "refs/heads/main" in key("ls-remote", key.url(repo)).stdout
    [listed] = [k for k in ada.get("/api/-/v1/ssh/keys").ok().json if k["id"] == made["id"]]
    assert listed["lastUsedAt"]
    ada("DELETE", f"/api/-/v1/ssh/keys/{made['id']}").ok()
    refused = key("ls-remote", key.url(repo), check=False)
    assert refused.returncode == 128 and "Permission denied" in refused.stderr


# ---- Fetch ----

@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("kind", KINDS)
def test_clone_over_ssh(ada, repo_id, ssh, tmp_path, protocol, kind):
    ada.create(repo_id, kind, private=True)
    ada.commit(repo_id, add("a.txt", b"hello\n"), kind=kind).ok()
    folder = ssh.git.clone(ssh.url(repo_id, kind) + ".git", tmp_path / "clone", protocol=protocol, **ssh.env)
    assert (folder / "a.txt").read_text() == "hello\n"
    ada.commit(repo_id, add("b.txt", b"more\n"), kind=kind).ok()
    ssh("pull", "--quiet", cwd=folder, protocol=protocol)
    assert (folder / "b.txt").exists()
    ssh.git.fsck(folder)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_negotiation_over_ssh(ada, repo, ssh, tmp_path, protocol):
    """Many rounds: the client has a long history of its own besides the one that is shared."""
    for i in range(30):
        ada.commit(repo, add("n", f"{i}\n".encode()), add(f"f{i}", b"x" * 5000)).ok()
    folder = ssh.git.clone(ssh.url(repo), tmp_path / "clone", **ssh.env)
    for i in range(300):
        ssh("commit", "--quiet", "--allow-empty", "-m", f"mine {i}", cwd=folder)
    ada.commit(repo, add("theirs", b"x\n")).ok()
    done = ssh("fetch", "origin", cwd=folder, protocol=protocol, GIT_TRACE_PACKET="1")
    assert done.stderr.count("have ") > 100
    assert ssh.git.out("rev-list", "--count", "origin/main", cwd=folder) == "32"
    ssh.git.fsck(folder)


@pytest.mark.both_engines
def test_push_over_ssh(ada, nobody, repo, ssh, tmp_path):
    work = tmp_path / "work"
    ssh("clone", "--quiet", ssh.url(repo), work)
    (work / "a.txt").write_text("one\n")
    (work / "big.txt").write_text("".join(f"line {i}\n" for i in range(200_000)))
    ssh("add", ".", cwd=work)
    ssh("commit", "--quiet", "-m", "Over SSH", cwd=work)
    ssh("push", "--quiet", "origin", "main", cwd=work)
    assert nobody.get(f"{web_of(repo)}/resolve/main/a.txt").ok().body == b"one\n"
    # More refs at once, a tag, nothing at all, a forced one, and away again.
    ssh("branch", "dev", cwd=work)
    ssh("tag", "-a", "v1", "-m", "One", cwd=work)
    ssh("push", "--quiet", "--atomic", "origin", "dev", "v1", cwd=work)
    ssh("push", "origin", "main", cwd=work)
    (work / "a.txt").write_text("two\n")
    ssh("commit", "--quiet", "--amend", "-am", "Another", cwd=work)
    assert ssh("push", "origin", "main", cwd=work, check=False).returncode
    ssh("push", "--quiet", "--force", "origin", "main", cwd=work)
    assert nobody.get(f"{web_of(repo)}/resolve/main/a.txt").ok().body == b"two\n"
    ssh("push", "--quiet", "origin", ":dev", cwd=work)
    refs = nobody.get(f"{api_of(repo)}/refs").ok().json
    assert [b["name"] for b in refs["branches"]] == ["main"] and [t["name"] for t in refs["tags"]] == ["v1"]


def test_push_over_ssh_is_refused_with_a_reason(ada, bob, repo, new_key, ssh, tmp_path):
    work = tmp_path / "work"
    ssh("clone", "--quiet", ssh.url(repo), work)
    (work / "w.bin").write_bytes(bytes(11 << 20))
    ssh("add", ".", cwd=work)
    ssh("commit", "--quiet", "-m", "Large", cwd=work)
    done = ssh("push", "origin", "main", cwd=work, check=False)
    assert done.returncode and "git lfs track" in done.stderr and "w.bin" in done.stderr
    reader = new_key()
    bob.post("/api/-/v1/ssh/keys", {"key": reader.public}).ok()
    reader("clone", "--quiet", reader.url(repo), tmp_path / "bob")
    reader("commit", "--quiet", "--allow-empty", "-m", "Mine now", cwd=tmp_path / "bob")
    done = reader("push", "origin", "main", cwd=tmp_path / "bob", check=False)
    assert done.returncode and "You do not have the right to write" in done.stderr


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_shallow_over_ssh(ada, repo, ssh, tmp_path, protocol):
    for i in range(6):
        ada.commit(repo, add("n", f"{i}\n".encode())).ok()
    count = lambda: ssh.git.out("rev-list", "--count", "HEAD", cwd=folder)  # noqa: E731
    folder = ssh.git.clone(ssh.url(repo), tmp_path / "clone", "--depth=2", protocol=protocol, **ssh.env)
    assert count() == "2"
    ssh("fetch", "--quiet", "--deepen=2", cwd=folder, protocol=protocol)
    assert count() == "4"
    ada.commit(repo, add("later", b"x\n")).ok()
    ssh("pull", "--quiet", cwd=folder, protocol=protocol)
    ssh("fetch", "--quiet", "--unshallow", cwd=folder, protocol=protocol)
    assert count() == "8"
    ssh.git.fsck(folder)


def test_scp_like_address(ada, repo, ssh, server, tmp_path):
    host, port = urlsplit(server["url"]).hostname, urlsplit(server["url"]).port
    env = {"GIT_SSH_COMMAND": f"{ssh.env['GIT_SSH_COMMAND']} -p {port}"}
    assert "refs/heads/main" in ssh.git("ls-remote", f"git@{host}:{repo}.git", **env).stdout
    assert "refs/heads/main" in ssh.git("ls-remote", f"anybody@{host}:/{repo}", **env).stdout


def test_what_is_hidden_is_hidden_over_ssh(ada, bob, repo_id, new_key):
    ada.create(repo_id, private=True)
    key = new_key()
    bob.post("/api/-/v1/ssh/keys", {"key": key.public}).ok()
    hidden = key("ls-remote", key.url(repo_id), check=False)
    missing = key("ls-remote", key.url("ada/no-such-repository"), check=False)
    assert hidden.returncode == missing.returncode == 128
    assert hidden.stderr == missing.stderr and "not found" in hidden.stderr


def test_moved_repository_is_named(ada, repo, ssh):
    ada.post("/api/repos/move", {"fromRepo": repo, "toRepo": f"{repo}-moved", "type": "model"}).ok()
    done = ssh("ls-remote", ssh.url(repo))
    assert "refs/heads/main" in done.stdout
    assert f"is now called {repo}-moved" in done.stderr


# ---- Deploy keys ----

def test_deploy_key_opens_one_repository(ada, bob, repo_id, new_key, tmp_path):
    ada.create(repo_id, private=True)
    other = repo_id + "-other"
    ada.create(other, private=True)
    key = new_key()
    path = f"/api/-/v1/models/{repo_id}/deploy-keys"
    assert bob.post(path, {"key": key.public}).status == 404
    made = ada.post(path, {"key": key.public, "title": "CI"})
    assert made.status == 201 and made.json["write"] is False
    assert ada.get(path).ok().json == [made.json]
    key.git.clone(key.url(repo_id), tmp_path / "clone", **key.env)
    refused = key("ls-remote", key.url(other), check=False)
    assert "not found" in refused.stderr
    assert f"Hello the deploy key of {repo_id}" in key.run().stderr.decode()
    assert ada("DELETE", f"{path}/{made.json['id']}").status == 204
    assert "Permission denied" in key("ls-remote", key.url(repo_id), check=False).stderr


# ---- git-lfs ----

def test_git_lfs_goes_on_over_http(hub, ada, repo_id, ssh, tmp_path):
    ada.create(repo_id, private=True)
    big = os.urandom(300_000)
    from wire import large
    ada.commit(repo_id, large("model.bin", ada.upload_large(repo_id, big))).ok()
    answer = json.loads(ssh.run("git-lfs-authenticate", f"'{repo_id}.git'", "download").stdout)
    assert answer["href"] == f"{hub.url}/{repo_id}.git/info/lfs"
    assert answer["expires_in"] == 3600
    ticket = answer["header"]["Authorization"]
    # For large files alone.
    nobody = Wire(hub.url)
    assert nobody.get(f"/api/models/{repo_id}", Authorization=ticket).status == 401
    ssh("lfs", "install", "--skip-repo")
    folder = ssh.git.clone(ssh.url(repo_id) + ".git", tmp_path / "clone", **ssh.env)
    assert (folder / "model.bin").read_bytes() == big
    assert ticket not in hub.log_path.read_text(errors="replace")


# ---- Everything else ----

@pytest.mark.parametrize("command", [
    "", "sh", "git-shell", "git-upload-archive 'x'", "git-lfs-transfer 'x' download", "scp -t /tmp",
    "git-upload-pack", "git-upload-pack a b", "git-upload-pack '--help'", "git-upload-pack '../../etc'",
    "git-upload-pack 'a;id'", "git-upload-pack '$(id)'", "'", "git-receive-pack ''"])
def test_everything_else_is_refused_politely(ssh, command):
    done = ssh.run(*([command] if command else []))
    assert done.returncode not in (0, 255), done
    assert done.stdout == b""
    words = done.stderr.decode()
    assert "cairn: " in words or "Hello ada." in words, words
    assert "uid=" not in words


def test_no_forwarding_no_subsystems(ssh, server):
    done = ssh.run("-s", "sftp")
    assert done.returncode != 0
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    done = subprocess.run(["ssh", *ssh.options, "-o", "ExitOnForwardFailure=yes", "-N", "-R",
                           f"{port}:127.0.0.1:1", "-p", str(urlsplit(server["url"]).port),
                           f"git@{urlsplit(server['url']).hostname}"], capture_output=True, timeout=60)
    assert done.returncode != 0


def test_strangers_get_nothing(new_key, repo):
    key = new_key()
    done = key("ls-remote", key.url(repo), check=False)
    assert done.returncode == 128 and "Permission denied (publickey)" in done.stderr


def test_rubbish_and_silence_do_not_disturb_others(ssh, server, repo):
    address = (urlsplit(server["url"]).hostname, urlsplit(server["url"]).port)
    idle = [socket.create_connection(address) for _ in range(20)]
    for junk in (b"", b"GET / HTTP/1.1\r\n\r\n", b"SSH-2.0-x\r\n" + os.urandom(5000), os.urandom(100_000)):
        with socket.create_connection(address) as client:
            try:
                client.sendall(junk)
            except OSError:
                pass
    assert "refs/heads/main" in ssh("ls-remote", ssh.url(repo)).stdout
    for client in idle:
        client.close()


def test_server_comes_back_when_its_process_dies(ssh_hub):
    own_hub = ssh_hub
    nobody = Wire(own_hub.url)
    enabled = lambda: nobody.get("/api/-/v1/ssh").ok().json["enabled"]  # noqa: E731
    wait_for(enabled)

    workers = lambda: workers_of(own_hub.process.pid)  # noqa: E731
    [worker] = workers()
    os.kill(worker, 9)
    wait_for(lambda: workers() not in ([], [worker]))
    wait_for(enabled)
    [worker] = workers()
    own_hub.kill()
    deadline = time.monotonic() + 20
    while os.path.exists(f"/proc/{worker}") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not os.path.exists(f"/proc/{worker}"), "it ends with the hub"
