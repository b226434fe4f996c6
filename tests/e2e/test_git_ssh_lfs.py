"""git-lfs over SSH alone: no byte of a large file and no question about one goes over HTTP."""

import json
import os
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from cairn import SANITIZED
from conftest import ADA, running
from gitclient import DELIM, FLUSH, pkt, wait_for
from ssh_client import Ssh, Transfer, workers_of
from wire import Wire, add, large, pointer, sha256
from xet_client import XetClient

MIB = 1 << 20
# Nobody listens there: whoever goes on over HTTP gets nowhere.
NOWHERE = "http://127.0.0.1:1"
MISSING = "This repository has no large file with SHA-256"


@pytest.fixture(scope="module")
def hub(folder, new_database):
    """A hub that tells everybody a URL where it is not."""
    data = Path(tempfile.mkdtemp(prefix="lfs-ssh", dir=folder)) / "data"
    with running(data, database=new_database(), CAIRN_SSH_LISTEN="127.0.0.1:0",
                 CAIRN_PUBLIC_URL=NOWHERE) as server:
        yield server


@pytest.fixture
def lfs(ssh):
    ssh("lfs", "install", "--skip-repo")
    return ssh


@pytest.fixture
def bobs(bob, new_key):
    key = new_key()
    made = bob.post("/api/-/v1/ssh/keys", {"key": key.public}).ok().json
    yield key
    bob("DELETE", f"/api/-/v1/ssh/keys/{made['id']}").ok()


def work_of(ssh, url, folder, **env):
    ssh("clone", "--quiet", url, folder, **env)
    ssh("lfs", "track", "*.bin", cwd=folder)
    return folder


def push(ssh, folder, files, check=True, **env):
    for name, content in files.items():
        (folder / name).write_bytes(content)
    ssh("add", ".", cwd=folder)
    ssh("commit", "--quiet", "-m", "Weights", cwd=folder)
    return ssh("push", "origin", "HEAD:main", cwd=folder, check=check, **env)


def memory_high_bytes(pid):
    [line] = [x for x in Path(f"/proc/{pid}/status").read_text().splitlines() if x.startswith("VmHWM")]
    return int(line.split()[1]) << 10


def stored(wire, repo, content):
    """Whether the repository has these bytes."""
    [item] = wire.batch(repo, [content], "download").ok().json["objects"]
    return "actions" in item


# ---- With git-lfs ----

@pytest.mark.both_engines
@pytest.mark.parametrize("kind", ["model", "dataset"])
def test_files_go_and_come_over_ssh(ada, repo_id, lfs, tmp_path, kind):
    ada.create(repo_id, kind, private=True)
    url = lfs.url(repo_id, kind) + ".git"
    work = work_of(lfs, url, tmp_path / "work")
    files = {f"w{i}.bin": os.urandom(size) for i, size in enumerate(
        [1, 32767, 32768, 32769, 65516, 1 * MIB, 3 * MIB + 1, 9 * MIB, 17, 100_000, 200_000, 5 * MIB])}
    push(lfs, work, files)
    assert sorted(ada.paths(repo_id, kind=kind)) == sorted([".gitattributes", *files])
    clone = lfs.git.clone(url, tmp_path / "clone", **lfs.env)
    assert {name: (clone / name).read_bytes() for name in files} == files
    files["w3.bin"] = os.urandom(2 * MIB)
    push(lfs, work, {"w3.bin": files["w3.bin"]})
    lfs("pull", "--quiet", cwd=clone)
    assert (clone / "w3.bin").read_bytes() == files["w3.bin"]
    # Without a working tree: only what is asked for.
    bare = tmp_path / "bare"
    lfs("clone", "--quiet", "--bare", url, bare)
    lfs("lfs", "fetch", "origin", "main", cwd=bare)
    assert sum(path.is_file() for path in (bare / "lfs/objects").rglob("*")) == len(files)


def test_scp_like_address(ada, repo, lfs, tmp_path):
    env = {"GIT_SSH_COMMAND": f"{lfs.env['GIT_SSH_COMMAND']} -p {lfs.port}"}
    url = f"git@{lfs.host}:{repo}.git"
    work = work_of(lfs, url, tmp_path / "work", **env)
    content = os.urandom(2 * MIB)
    push(lfs, work, {"w.bin": content}, **env)
    clone = lfs.git.clone(url, tmp_path / "clone", **env)
    assert (clone / "w.bin").read_bytes() == content


def test_many_transfers_share_one_connection(ada, repo, lfs, tmp_path):
    """As newer versions of git-lfs do by themselves: each has a channel and waits for none."""
    sock = tempfile.mkdtemp(prefix="cm", dir="/tmp") + "/s"
    control = ["-o", f"ControlPath={sock}", "-o", "ControlMaster=no"]
    master = subprocess.Popen(lfs.command(options=["-o", f"ControlPath={sock}", "-o", "ControlMaster=yes", "-N"]))
    wait_for(lambda: os.path.exists(sock))
    try:
        env = {"GIT_SSH_COMMAND": " ".join(["ssh", *control, *lfs.options])}
        work = work_of(lfs, lfs.url(repo), tmp_path / "work", **env)
        lfs("config", "lfs.concurrenttransfers", "8", cwd=work)
        files = {f"w{i}.bin": os.urandom(700_000 + i) for i in range(24)}
        push(lfs, work, files, **env)
        clone = lfs.git.clone(lfs.url(repo), tmp_path / "clone", "-c", "lfs.concurrenttransfers=8", **env)
        assert {name: (clone / name).read_bytes() for name in files} == files
    finally:
        master.terminate()
        master.wait(60)


@pytest.mark.both_engines
def test_locks(ada, bob, repo, lfs, bobs, tmp_path):
    ada.commit(repo, add("art/a.psd", b"a\n"), add("art/b.psd", b"b\n")).ok()
    lfs("clone", "--quiet", lfs.url(repo), tmp_path / "ada")
    bobs("clone", "--quiet", bobs.url(repo), tmp_path / "bob")
    mine = lambda *words, **more: lfs("lfs", *words, cwd=tmp_path / "ada", **more)  # noqa: E731
    his = lambda *words, **more: bobs("lfs", *words, cwd=tmp_path / "bob", **more)  # noqa: E731
    mine("lock", "art/a.psd")
    mine("lock", "art/b.psd")
    listed = json.loads(mine("locks", "--json").stdout)
    assert sorted((lock["path"], lock["owner"]["name"]) for lock in listed) == [
        ("art/a.psd", "ada"), ("art/b.psd", "ada")]
    again = mine("lock", "art/a.psd", check=False)
    assert again.returncode and "locked by ada already" in again.stdout + again.stderr
    # Who may read sees them, and takes and breaks none.
    assert "art/a.psd" in his("locks").stdout
    refused = his("lock", "art/b.psd", check=False)
    assert refused.returncode and "right to write" in refused.stdout + refused.stderr
    assert his("unlock", "--force", "art/a.psd", check=False).returncode
    verified = mine("locks", "--verify").stdout
    assert "O art/a.psd" in verified and "O art/b.psd" in verified
    mine("unlock", "art/a.psd")
    assert "a.psd" not in mine("locks").stdout


def test_what_is_missing_is_said_and_the_rest_comes(ada, repo, lfs, tmp_path):
    """A pointer to bytes that another repository has and this one never got."""
    here, elsewhere = os.urandom(50_000), os.urandom(60_000)
    ada.create(f"{repo}-other")
    ada.upload_large(f"{repo}-other", elsewhere)
    work = work_of(lfs, lfs.url(repo), tmp_path / "work")
    ada.commit(repo, large("here.bin", ada.upload_large(repo, here))).ok()
    lfs("pull", "--quiet", cwd=work)
    (work / "missing.bin").write_bytes(pointer(elsewhere))
    lfs("add", ".", cwd=work)
    lfs("commit", "--quiet", "-m", "Pointer", cwd=work)
    done = lfs("-c", "lfs.transfer.maxretries=1", "lfs", "fetch", "origin", "HEAD", cwd=work, check=False)
    assert done.returncode and MISSING in done.stderr, done
    assert (work / "here.bin").read_bytes() == here


@pytest.mark.parametrize("write", [False, True])
def test_deploy_keys(ada, repo_id, new_key, tmp_path, write):
    ada.create(repo_id, private=True)
    old, new = os.urandom(70_000), os.urandom(80_000)
    ada.commit(repo_id, add(".gitattributes", b"*.bin filter=lfs diff=lfs merge=lfs -text\n"),
               large("old.bin", ada.upload_large(repo_id, old))).ok()
    key = new_key()
    ada.post(f"/api/-/v1/models/{repo_id}/deploy-keys", {"key": key.public, "write": write}).ok()
    key("lfs", "install", "--skip-repo")
    work = key.git.clone(key.url(repo_id), tmp_path / "work", **key.env)
    assert (work / "old.bin").read_bytes() == old
    done = push(key, work, {"new.bin": new}, check=write)
    if not write:
        only_read = f"This key may only read {repo_id}"
        assert done.returncode and only_read in done.stderr, done
        done = key("lfs", "push", "--all", "origin", cwd=work, check=False)
        assert done.returncode and only_read in done.stderr, done
        up = Transfer(key, repo_id, "upload")
        status, _, lines = up.about("put-object", new, data=new)
        assert status == 403 and only_read in b"".join(lines).decode()
        up.end()
    assert stored(ada, repo_id, new) is write


def test_files_stored_as_xet(own_hub, tmp_path):
    """What came in chunks over HTTP goes out whole over SSH."""
    ada = Wire(own_hub.url, ADA)
    ada.create("ada/chunked")
    content = os.urandom(3 * MIB) + bytes(2 * MIB) + os.urandom(1 * MIB)
    (tmp_path / "c.bin").write_bytes(content)
    XetClient(own_hub.url, ADA, tmp_path / "home").upload("ada/chunked", {"c.bin": tmp_path / "c.bin"})
    assert ada.paths("ada/chunked")
    own_hub.stop()
    own_hub.env.update(CAIRN_PUBLIC_URL=NOWHERE, CAIRN_SSH_LISTEN="127.0.0.1:0")
    own_hub.start()
    wait_for(lambda: ada.get("/api/-/v1/ssh").ok().json["enabled"])
    key = Ssh(tmp_path / "key", ada.get("/api/-/v1/ssh").ok().json)
    ada.post("/api/-/v1/ssh/keys", {"key": key.public}).ok()
    key("lfs", "install", "--skip-repo")
    clone = key.git.clone(key.url("ada/chunked"), tmp_path / "clone", **key.env)
    assert (clone / "c.bin").read_bytes() == content


# ---- By hand ----

@pytest.mark.both_engines
def test_conversation(ada, repo, ssh):
    content, other = os.urandom(300_000), b"x"
    up = Transfer(ssh, repo, "upload")
    assert up.hello == [b"version=1\n", b"locking\n"]
    assert up.ask("version 1")[0] == 200
    assert up.ask("version 2")[0] == 400
    assert set(up.batch(content, other).values()) == {"upload"}
    for each in (content, other):
        assert up.about("verify-object", each)[0] == 404
        assert up.about("put-object", each, data=each)[0] == 200
        assert up.about("verify-object", each)[0] == 200
        assert up.ask(f"verify-object {sha256(each)} {len(each)}")[0] == 200
        assert up.ask(f"verify-object {sha256(each)} {len(each) + 1}")[0] == 422
    assert set(up.batch(content, other).values()) == {"noop"}
    assert up.ask("quit") == (200, [], [])
    assert up.end() == (0, "")
    down = Transfer(ssh, repo, "download")
    for each in (content, other):
        assert down.batch(each) == {sha256(each): "download"}
        status, arguments, data = down.about("get-object", each)
        assert (status, arguments, b"".join(data)) == (200, [f"size={len(each)}"], each)
    assert down.about("put-object", content, data=content)[0] == 400
    # Leaving between two messages is no fault.
    assert down.end() == (0, "")


@pytest.mark.both_engines
def test_wrong_bytes_are_refused_and_nothing_is_kept(ada, repo, ssh):
    content = os.urandom(2 * MIB)
    up = Transfer(ssh, repo, "upload")
    send = lambda data: up.about("put-object", content, data=data)  # noqa: E731
    for wrong, words in ((content[:-1] + b"?", "SHA-256"), (content[:-1], "bytes"),
                         (content + b"?", "bytes"), (b"", "bytes")):
        status, _, lines = send(wrong)
        assert status == 422 and words in b"".join(lines).decode(), (status, lines)
        assert not stored(ada, repo, content)
    # A size that suits the bytes does not suit the hash.
    assert up.ask(f"put-object {sha256(content)}", "size=3", data=b"abc")[0] == 422
    assert up.ask(f"put-object {sha256(content)}", data=content)[0] == 400
    assert not stored(ada, repo, content)
    assert send(content)[0] == 200
    assert stored(ada, repo, content)
    up.end()


def test_nobody_listens_far_beyond_what_was_said(ada, repo, ssh):
    content = os.urandom(1000)
    up = Transfer(ssh, repo, "upload")
    with suppress(BrokenPipeError):
        up.send(pkt(f"put-object {sha256(content)}\n") + pkt(f"size={len(content)}\n") + DELIM
                + pkt(bytes(32768)) * 2200)
    assert up.process.wait(60) == 128
    assert b"more bytes than its message said" in up.process.stderr.read()
    assert not stored(ada, repo, content)


@pytest.mark.both_engines
def test_a_transfer_that_breaks_off_leaves_nothing(hub, ada, repo, ssh):
    content = os.urandom(5 * MIB)
    objects = lambda: {p for p in (hub.data / "objects").rglob("*") if p.is_file()}  # noqa: E731
    before = objects()
    for end in ("close", "kill"):
        up = Transfer(ssh, repo, "upload")
        up.send(pkt(f"put-object {sha256(content)}\n") + pkt(f"size={len(content)}\n") + b"0001" + b"".join(pkt(content[i:i + 32768]) for i in range(0, 3 * MIB, 32768)))
        if end == "close":
            code, words = up.end()
            assert code == 128 and "left within a message" in words
        else:
            up.process.kill()
            up.process.wait(60)
        wait_for(lambda: objects() <= before)
        assert not stored(ada, repo, content)


@pytest.mark.both_engines
def test_having_the_hash_is_not_having_the_file(ada, bob, repo, bobs):
    """What a private repository of somebody else has must be sent in full, and is not given out."""
    secret = os.urandom(100_000)
    ada.create(f"{repo}-private", private=True)
    ada.upload_large(f"{repo}-private", secret)
    bob.create("bob/" + repo.split("/")[1])
    mine = "bob/" + repo.split("/")[1]
    up = Transfer(bobs, mine, "upload")
    assert up.batch(secret) == {sha256(secret): "upload"}
    up.end()
    down = Transfer(bobs, mine, "download")
    assert down.batch(secret) == {sha256(secret): "download"}
    status, _, lines = down.about("get-object", secret)
    assert status == 404 and MISSING in b"".join(lines).decode()
    down.end()


def test_bodies_pass_through_and_are_never_held(hub, ada, repo, ssh):
    content = os.urandom(200 * MIB)
    [worker] = workers_of(hub.process.pid)
    before = memory_high_bytes(worker)
    up = Transfer(ssh, repo, "upload")
    assert up.about("put-object", content, data=content)[0] == 200
    up.end()
    down = Transfer(ssh, repo, "download")
    status, _, data = down.about("get-object", content)
    assert status == 200 and sha256(b"".join(data)) == sha256(content)
    down.end()
    assert SANITIZED or memory_high_bytes(worker) - before < 32 * MIB


def test_private_repositories_do_not_exist_for_strangers(ada, repo_id, bobs):
    ada.create(repo_id, private=True)
    for operation in ("upload", "download", "lock"):
        hidden = bobs.run(f"git-lfs-transfer '{repo_id}.git' {operation}")
        missing = bobs.run(f"git-lfs-transfer 'ada/no-such-repository.git' {operation}")
        assert hidden.returncode == missing.returncode == 1
        assert hidden.stdout == missing.stdout == b""
        assert hidden.stderr == missing.stderr and b"not found" in hidden.stderr, hidden


@pytest.mark.parametrize("lines", [["nonsense"], ["a b c"], [f"{'0' * 64} -1"], ["x 1"], [f"{'A' * 64} 1"]])
def test_batches_that_are_none(repo, ssh, lines):
    up = Transfer(ssh, repo, "upload")
    status, _, words = up.ask("batch", "transfer=ssh", lines=lines)
    assert status in (400, 422) and words
    assert up.ask("batch", "hash-algo=sha512", lines=[f"{'0' * 64} 1"])[0] == 409
    assert up.ask("sing")[0] == 400
    assert up.ask("unlock nothing")[0] in (400, 404, 422)
    assert up.ask("quit")[0] == 200
    assert up.end()[0] == 0


@pytest.mark.parametrize("message", [
    b"".join([pkt("batch\n"), b"0001", *[pkt(f"{'0' * 64} 1\n")] * 1200]),
    pkt("batch\n") + pkt("x=" + "y" * 9000), b"zzzz", b"0003", FLUSH, b"0001", pkt("batch") + b"00010001",
    pkt("batch") + b"0002", pkt(" x\n") + FLUSH])
def test_messages_that_are_none_end_the_conversation(repo, ssh, message):
    up = Transfer(ssh, repo, "upload")
    up.send(message)
    status, _, words = up.answer()
    assert status == 400 and words
    assert up.end()[0] == 128


def test_a_key_that_is_removed_opens_nothing_any_more(ada, repo, new_key):
    key = new_key()
    made = ada.post("/api/-/v1/ssh/keys", {"key": key.public}).ok().json
    content = os.urandom(1000)
    up = Transfer(key, repo, "upload")
    assert up.batch(content) == {sha256(content): "upload"}
    ada("DELETE", f"/api/-/v1/ssh/keys/{made['id']}").ok()
    assert up.about("put-object", content, data=content)[0] == 401
    assert not stored(ada, repo, content)
    up.end()
