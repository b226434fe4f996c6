"""OpenSSH's sshd in place of the hub's own SSH server, as docs/operate.md has it."""

import getpass
import os
import subprocess

import pytest
from cairn import PROGRAM, free_port
from conftest import ADA, BOB
from gitclient import pkt, wait_for
from ssh_client import Ssh, Transfer
from wire import Wire, add, large, sha256

SSHD = "/usr/sbin/sshd"
MIB = 1 << 20


@pytest.fixture
def sshd_hub(own_hub, tmp_path):
    """A hub without an SSH server of its own, and an sshd for the user of this test that asks it."""
    own_hub.stop()
    port = free_port()
    # git-lfs that went on over HTTP would get nowhere.
    own_hub.env.update(CAIRN_SSH_URL=f"ssh://{getpass.getuser()}@127.0.0.1:{port}",
                       CAIRN_PUBLIC_URL="http://127.0.0.1:1")
    own_hub.start()
    host_key = tmp_path / "host_key"
    host_key.touch(mode=0o600)
    host_key.write_text(own_hub.run("ssh", "host-key").stdout)
    if os.geteuid() == 0:
        os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
    config = tmp_path / "sshd_config"
    # `env` is root's, as sshd wants the command to be; a program that was built here need not be.
    config.write_text(f"""
ListenAddress 127.0.0.1
Port {port}
HostKey {host_key}
PidFile none
UsePAM no
StrictModes no
Match User {getpass.getuser()}
  AuthenticationMethods publickey
  AuthorizedKeysFile none
  AuthorizedKeysCommand /usr/bin/env {PROGRAM} ssh keys --data {own_hub.data} %t %k
  AuthorizedKeysCommandUser {getpass.getuser()}
  AcceptEnv GIT_PROTOCOL
  DisableForwarding yes
  PermitTTY no
""")
    with (tmp_path / "sshd.log").open("wb") as log:
        sshd = subprocess.Popen([SSHD, "-D", "-e", "-f", config], stdin=subprocess.DEVNULL, stdout=log,
                                stderr=log)
    try:
        wait_for(lambda: "listening" in (tmp_path / "sshd.log").read_text() or sshd.poll() is not None)
        assert sshd.poll() is None, (tmp_path / "sshd.log").read_text()
        yield own_hub
    finally:
        sshd.terminate()
        sshd.wait(60)


def key_of(hub, token, folder):
    person = Wire(hub.url, token)
    key = Ssh(folder, person.get("/api/-/v1/ssh").ok().json)
    made = person.post("/api/-/v1/ssh/keys", {"key": key.public}).ok().json
    return key, made["id"]


def test_git_and_git_lfs_through_sshd(sshd_hub, tmp_path):
    ada = Wire(sshd_hub.url, ADA)
    ada.create("ada/behind", private=True)
    key, made = key_of(sshd_hub, ADA, tmp_path / "ada")
    # The host key is the hub's own, which the client was told of and holds it against.
    hello = key.run()
    assert hello.returncode == 1 and b"Hello ada." in hello.stderr, hello
    key("lfs", "install", "--skip-repo")
    key("config", "--global", "lfs.concurrenttransfers", "3")  # Each has a connection of its own.
    url = key.url("ada/behind")
    work = key.git.clone(url, tmp_path / "work", **key.env)
    key("lfs", "track", "*.bin", cwd=work)
    files = {f"w{i}.bin": os.urandom(size) for i, size in enumerate([10, 70_000, 5 * MIB, 2 * MIB])}
    for name, content in files.items():
        (work / name).write_bytes(content)
    key("add", ".", cwd=work)
    key("commit", "--quiet", "-m", "Weights", cwd=work)
    key("push", "--quiet", "origin", "main", cwd=work)
    for protocol in ("0", "2"):
        clone = key.git.clone(url, tmp_path / f"clone{protocol}", protocol=protocol, **key.env)
        assert {name: (clone / name).read_bytes() for name in files} == files
    traced = key("ls-remote", url, protocol="2", GIT_TRACE_PACKET="1")
    assert "< version 2" in traced.stderr
    key("lfs", "lock", "w0.bin", cwd=work)
    assert "w0.bin" in key("lfs", "locks", cwd=work).stdout
    # A key that is gone opens nothing.
    ada("DELETE", f"/api/-/v1/ssh/keys/{made}").ok()
    assert "Permission denied" in key("ls-remote", url, check=False).stderr


def test_rights_and_limits_are_the_hubs(sshd_hub, tmp_path):
    ada = Wire(sshd_hub.url, ADA)
    ada.create("ada/open")
    ada.create("ada/hidden", private=True)
    content = os.urandom(100_000)
    ada.commit("ada/open", large("a.bin", ada.upload_large("ada/open", content)), add("b", b"b")).ok()
    bobs, _ = key_of(sshd_hub, BOB, tmp_path / "bob")
    bobs("lfs", "install", "--skip-repo")
    bobs("config", "--global", "lfs.concurrenttransfers", "1")
    clone = bobs.git.clone(bobs.url("ada/open"), tmp_path / "clone", **bobs.env)
    bobs("commit", "--quiet", "--allow-empty", "-m", "Mine", cwd=clone)
    refused = bobs("push", "origin", "main", cwd=clone, check=False)
    assert refused.returncode and "You do not have the right to write" in refused.stderr
    for name in ("ada/hidden", "ada/no-such-repository"):
        assert "not found" in bobs("ls-remote", bobs.url(name), check=False).stderr
    # A deploy key is one here as well.
    deploy = Ssh(tmp_path / "deploy", ada.get("/api/-/v1/ssh").ok().json)
    ada.post("/api/-/v1/models/ada/hidden/deploy-keys", {"key": deploy.public}).ok()
    assert "refs/heads/main" in deploy("ls-remote", deploy.url("ada/hidden")).stdout
    assert "not found" in deploy("ls-remote", deploy.url("ada/open-not"), check=False).stderr
    # A stranger's key, a shell, a tunnel, a file.
    stranger = Ssh(tmp_path / "stranger", ada.get("/api/-/v1/ssh").ok().json)
    assert "Permission denied" in stranger("ls-remote", stranger.url("ada/open"), check=False).stderr
    for command in ("sh", "id; sh", "$(id)", "git-upload-pack 'ada/open'; id", "cairn admin user list"):
        done = bobs.run(command)
        assert done.returncode and b"uid=" not in done.stdout + done.stderr and b"cairn: " in done.stderr
    assert bobs.run("-s", "sftp").returncode
    key, _ = key_of(sshd_hub, ADA, tmp_path / "ada")
    before = {p for p in (sshd_hub.data / "objects").rglob("*") if p.is_file()}
    # The connection that is cut takes the upload with it.
    up = Transfer(key, "ada/open", "upload")
    new = os.urandom(3 * MIB)
    up.send(pkt(f"put-object {sha256(new)}\n") + pkt(f"size={len(new)}\n") + b"0001" + pkt(new[:60_000]))
    up.process.kill()
    up.process.wait(60)
    objects = lambda: {p for p in (sshd_hub.data / "objects").rglob("*") if p.is_file()}  # noqa: E731
    wait_for(lambda: objects() <= before)


def test_a_hub_that_does_not_run_lets_nobody_in(sshd_hub, tmp_path):
    key, _ = key_of(sshd_hub, ADA, tmp_path / "ada")
    sshd_hub.stop()
    done = key("ls-remote", key.url("ada/any"), check=False)
    assert done.returncode == 128 and "Permission denied" in done.stderr
    told = sshd_hub.run("ssh", "keys", *key.public.split()[:2], check=False)
    assert told.returncode == 1 and told.stdout == "" and "Nobody listens" in told.stderr
    sshd_hub.start()
    line = sshd_hub.run("ssh", "keys", *key.public.split()[:2]).stdout
    assert line.startswith('restrict,command="') and key.public.split()[1] in line
    assert sshd_hub.run("ssh", "keys", "ssh-ed25519", "AAAA").stdout == ""
    assert sshd_hub.run("ssh", "keys", "ssh-dss", "AAAA").stdout == ""
    sshd_hub.env["CAIRN_SSH_URL"] = "git@hub.example:"
    assert "ssh_url" in sshd_hub.run("config", check=False).stderr
    sshd_hub.env["CAIRN_SSH_URL"] = ""


def test_the_host_keys_of_sshd_are_told(own_hub, tmp_path):
    for kind in ("ed25519", "ecdsa"):
        subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "machine", "-f", tmp_path / kind], check=True)
    own_hub.stop()
    own_hub.env.update(CAIRN_SSH_URL="ssh://git@hub.example", CAIRN_SSH_HOST_KEYS=",".join(
        str(tmp_path / f"{kind}.pub") for kind in ("ed25519", "ecdsa")))
    own_hub.start()
    told = Wire(own_hub.url).get("/api/-/v1/ssh").ok().json
    assert (told["enabled"], told["url"]) == (True, "ssh://git@hub.example/")
    assert [key["publicKey"] for key in told["hostKeys"]] == [
        " ".join((tmp_path / f"{kind}.pub").read_text().split()[:2]) for kind in ("ed25519", "ecdsa")]
