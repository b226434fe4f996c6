"""Large files: the batch protocol, signed URLs, and that nothing half-made or borrowed is kept."""

import json
import math
import os
import random
import re
import socket
import subprocess
import time
from urllib.parse import urlsplit

import pytest
from conftest import ADA, ADA_READ, BOB
from huggingface_hub import HfApi
from wire import (LFS_JSON, TIME, Wire, add, api_of, assert_error, large, parse, pointer, sha256,
                  target_of, web_of)

LFS_HEADERS = {"Content-Type": LFS_JSON, "Accept": LFS_JSON}


def random_bytes(seed, size=100_000):
    return random.Random(seed).randbytes(size)


def upload_of(answer):
    """@return the upload action of the only object in a batch's answer."""
    [item] = answer.ok().json["objects"]
    return item["actions"]["upload"]


def is_there(wire, repo, content):
    """Whether the repository has the bytes: nothing to send is asked for then."""
    [item] = wire.batch(repo, [content]).ok().json["objects"]
    return "actions" not in item and "error" not in item


# ---- Batches -------------------------------------------------------------------------------------


@pytest.mark.both_engines
def test_an_upload_batch_has_signed_actions_on_this_host(hub, ada, repo):
    contents = [random_bytes(n) for n in range(3)]
    answer = ada.batch(repo, contents, transfers=["basic", "multipart"], hash_algo="sha256",
                       ref={"name": "main"}).ok()
    assert answer["Content-Type"].startswith(LFS_JSON)
    body = answer.json
    assert body.get("transfer", "basic") == "basic"
    assert [(o["oid"], o["size"]) for o in body["objects"]] == [(sha256(c), len(c)) for c in contents]
    for item in body["objects"]:
        assert "error" not in item
        for action in item["actions"].values():
            assert action["href"].startswith(hub.url + "/")
            assert action.get("header") is None or isinstance(action["header"], dict)
            assert action["expires_in"] > 60 and TIME.fullmatch(action["expires_at"])
        assert set(item["actions"]) <= {"upload", "verify"}


@pytest.mark.parametrize("more", [
    {}, {"hash_algo": "sha256"}, {"hash_algo": "sha_256"}, {"transfers": ["basic"]},
    {"ref": {"name": "refs/heads/main"}},
    {"ref": {"name": "main"}}, {"transfers": ["ssh", "basic"]}, {"unknown": [1]},
], ids=json.dumps)
def test_every_client_s_way_to_ask(ada, repo, more):
    body = ada.batch(repo, [b"asked"], **more).ok().json
    assert body.get("transfer", "basic") == "basic" and "upload" in body["objects"][0]["actions"]


def test_a_client_that_offers_xet_is_sent_to_the_store(hub, ada, repo):
    there = random_bytes(11)
    ada.upload_large(repo, there)
    body = ada.batch(repo, [there, b"new"], transfers=["basic", "multipart", "xet"],
                     ref={"name": "refs/heads/main"}).ok().json
    assert body["transfer"] == "xet"
    known, new = body["objects"]
    assert "actions" not in known and "error" not in known
    action = new["actions"]["upload"]
    assert action["href"] == f"{hub.url}{api_of(repo)}/xet-write-token/main"
    assert action["header"]["X-Xet-Cas-Url"] == f"{hub.url}/xet"
    assert int(action["header"]["X-Xet-Token-Expiration"]) > time.time() + 120
    token = ada.get(target_of(action["href"])).ok()
    assert token["X-Xet-Cas-Url"] == f"{hub.url}/xet" and action["header"]["X-Xet-Access-Token"]


@pytest.mark.both_engines
def test_what_is_stored_already_has_no_actions_at_all(ada, repo):
    content = random_bytes(10)
    ada.upload_large(repo, content)
    first, second = ada.batch(repo, [content, b"new"]).ok().json["objects"]
    assert "actions" not in first and "error" not in first  # null or {} would crash a client.
    assert "upload" in second["actions"]


@pytest.mark.parametrize("body, status", [
    (b"", 400), (b"{", 400), (b"[]", 400), (b"null", 400), (b"{}", 400),
    (b'{"operation":"upload"}', (200, 400, 422)), (b'{"operation":"steal","objects":[]}', 422),
    (b'{"operation":"upload","objects":{}}', 400), (b'{"operation":"upload","objects":[1]}', 400),
    (b'{"operation":"upload","objects":[{"oid":1,"size":1}]}', 400),
    (b'{"operation":"upload","objects":[{"oid":"' + b"a" * 64 + b'","size":"1"}]}', 400),
    (b'{"operation":"upload","objects":[{"oid":"' + b"a" * 64 + b'","size":1e400}]}', 400),
    (b'{"operation":"upload","hash_algo":"md5","objects":[]}', (409, 422)),
    (b'{"operation":"upload","objects":[]}', 200),
], ids=lambda value: value.decode()[:50] if isinstance(value, bytes) else "")
def test_a_malformed_batch_is_refused(ada, repo, body, status):
    answer = ada("POST", f"{web_of(repo)}.git/info/lfs/objects/batch", body, headers=LFS_HEADERS)
    if status == 200 or answer.status == 200:
        assert answer.ok().json["objects"] == []
        return
    assert_error(answer, status)
    assert isinstance(answer.json["message"], str)  # What git-lfs shows.


def test_a_malformed_object_is_refused_alone(ada, repo):
    objects = [{"oid": "A" * 64, "size": 1}, {"oid": "a" * 63, "size": 1}, {"oid": "a" * 64, "size": -1},
               {"oid": "g" * 64, "size": 1}, {"oid": "", "size": 0}, {"oid": "a" * 64, "size": 2 ** 60},
               {"oid": sha256(b"good"), "size": 4}]
    body = json.dumps({"operation": "upload", "objects": objects}).encode()
    answer = ada("POST", f"{web_of(repo)}.git/info/lfs/objects/batch", body, headers=LFS_HEADERS).ok()
    *bad, good = answer.json["objects"]
    for item in bad:
        assert isinstance(item["error"]["code"], int) and item["error"]["message"]
        assert "actions" not in item
    assert "upload" in good["actions"]


def test_too_many_objects_are_413(ada, repo):
    objects = [{"oid": sha256(str(n).encode()), "size": 1} for n in range(1001)]
    for count, status in ((256, 200), (1001, 413)):
        body = json.dumps({"operation": "upload", "objects": objects[:count]}).encode()
        answer = ada("POST", f"{web_of(repo)}.git/info/lfs/objects/batch", body, headers=LFS_HEADERS)
        assert answer.status == status, repr(answer)


@pytest.mark.both_engines
def test_who_may_ask_for_what(hub, ada, bob, nobody, repo):
    content = random_bytes(20)
    ada.upload_large(repo, content)
    reader = Wire(hub.url, ADA_READ)
    for wire in (ada, bob, nobody, reader):
        [item] = wire.batch(repo, [content], "download").ok().json["objects"]
        href = item["actions"]["download"]["href"]
        got = Wire(hub.url).get(target_of(href)).ok()
        assert got.body == content
    # Whoever may read may bring the files of a pull request; the commit asks for the rest.
    bob.batch(repo, [content]).ok()
    for wire, status in ((reader, 403), (nobody, 401)):
        refused = assert_error(wire.batch(repo, [content]), status)
        if status == 401:
            # git-lfs and git ask their user for a password only then.
            assert (refused["LFS-Authenticate"] or refused["WWW-Authenticate"]).startswith("Basic")
    [item] = nobody.batch(repo, [b"absent"], "download").ok().json["objects"]
    assert item["error"]["code"] == 404 and "actions" not in item


def test_a_batch_under_an_alias_or_another_case(ada, repo):
    assert ada.batch(repo.upper().replace("ADA", "Ada"), [b"x"]).status == 200
    if ada.get(api_of("ada/aliased")).status == 404:
        ada.create("ada/aliased")
    moved = ada("POST", "/gpt0.git/info/lfs/objects/batch", b'{"operation":"download","objects":[]}',
                headers=LFS_HEADERS)
    assert (moved.status, moved["Location"]) == (
        307, "/ada/aliased.git/info/lfs/objects/batch")


# ---- Basic uploads -------------------------------------------------------------------------------


@pytest.mark.both_engines
def test_a_put_without_any_header_stores_the_file(ada, repo):
    content = random_bytes(30)
    action = upload_of(ada.batch(repo, [content]))
    assert not is_there(ada, repo, content)
    ada.put(action["href"], content).ok()  # No Authorization: the URL is signed.
    assert is_there(ada, repo, content)
    ada.commit(repo, large("w.bin", {"algo": "sha256", "oid": sha256(content)})).ok()
    assert ada.get(f"{web_of(repo)}/resolve/main/w.bin").ok().body == content


def test_a_put_may_be_chunked_and_may_be_repeated(ada, repo):
    content = random_bytes(31, 700_000)
    action = upload_of(ada.batch(repo, [content]))
    pieces = (content[i:i + 9_999] for i in range(0, len(content), 9_999))
    ada.put(action["href"], pieces).ok()
    again = ada.put(action["href"], content)
    assert again.status in (200, 403, 404), repr(again)
    assert is_there(ada, repo, content)


def test_verify_says_whether_the_file_arrived(hub, ada, repo):
    content = random_bytes(32)
    [item] = ada.batch(repo, [content]).ok().json["objects"]
    verify = target_of(item["actions"]["verify"]["href"])
    body = json.dumps({"oid": sha256(content), "size": len(content)}).encode()
    assert_error(ada("POST", verify, body, headers=LFS_HEADERS), 404)
    ada.put(item["actions"]["upload"]["href"], content).ok()
    ada("POST", verify, body, headers=LFS_HEADERS).ok()
    for wrong in ({"oid": sha256(b"other"), "size": len(content)},
                  {"oid": sha256(content), "size": len(content) + 1}, {}, {"oid": 1, "size": 1}):
        assert_error(ada("POST", verify, json.dumps(wrong).encode(), headers=LFS_HEADERS),
                     (400, 404, 422))


@pytest.mark.both_engines
@pytest.mark.parametrize("sent", ["other", "shorter", "longer", "empty"])
def test_wrong_bytes_leave_nothing(ada, repo, sent):
    content = random_bytes(40)
    wrong = {"other": content[:-1] + bytes([content[-1] ^ 1]), "shorter": content[:-1],
             "longer": content + b"x", "empty": b""}[sent]
    action = upload_of(ada.batch(repo, [content]))
    assert_error(ada.put(action["href"], wrong), (400, 413, 422), text="(?i)sha-?256|bytes|size")
    assert not is_there(ada, repo, content)
    for oid in (sha256(content), sha256(wrong)):
        line = large("w.bin", {"algo": "sha256", "oid": oid})
        assert_error(ada.commit(repo, line), 422)
    # The right bytes are welcome on the same URL.
    ada.put(action["href"], content).ok()
    assert is_there(ada, repo, content)


def test_chunked_bytes_of_the_wrong_length_leave_nothing(ada, repo):
    content = random_bytes(41)
    action = upload_of(ada.batch(repo, [content]))
    for wrong in ([content, b"more"], [content[:-5]]):
        assert_error(ada.put(action["href"], iter(wrong)), (400, 413, 422))
    assert not is_there(ada, repo, content)


@pytest.mark.both_engines
def test_an_upload_that_is_cut_leaves_nothing(hub, ada, repo):
    content = random_bytes(42, 400_000)
    target = target_of(upload_of(ada.batch(repo, [content]))["href"])
    for part in (0, 1, 200_000, len(content) - 1):
        with socket.create_connection(ada.address, timeout=20) as connection:
            connection.sendall(f"PUT {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(content)}"
                               "\r\n\r\n".encode() + content[:part])
        assert not is_there(ada, repo, content)
    stored = [f for f in (hub.data).rglob("*") if f.is_file() and f.stat().st_size == len(content)]
    assert not stored, "bytes of a cut upload lie in the data folder"
    ada.put(target, content).ok()
    assert is_there(ada, repo, content)


def test_a_client_that_waits_for_100_continue(ada, repo):
    content = random_bytes(43, 50_000)
    target = target_of(upload_of(ada.batch(repo, [content]))["href"])
    with socket.create_connection(ada.address, timeout=20) as connection:
        connection.sendall(f"PUT {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(content)}\r\n"
                           "Expect: 100-continue\r\nConnection: close\r\n\r\n".encode())
        assert connection.recv(200).startswith(b"HTTP/1.1 100 ")
        connection.sendall(content)
        data = b""
        while part := connection.recv(65536):
            data += part
    assert parse(data).status == 200 and is_there(ada, repo, content)


def test_a_refused_upload_does_not_say_continue(ada, repo):
    content = random_bytes(44, 1000)
    target = target_of(upload_of(ada.batch(repo, [content]))["href"])
    with socket.create_connection(ada.address, timeout=20) as connection:
        connection.sendall(f"PUT {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n"
                           "Expect: 100-continue\r\nConnection: close\r\n\r\n".encode())
        assert re.match(rb"HTTP/1\.1 4\d\d ", connection.recv(2000))


@pytest.mark.both_engines
def test_the_empty_file(ada, repo):
    [item] = ada.batch(repo, [b""]).ok().json["objects"]
    if "actions" in item:
        ada.put(item["actions"]["upload"]["href"], b"").ok()
    ada.commit(repo, large("e.bin", {"algo": "sha256", "oid": sha256(b""), "size": 0})).ok()
    got = ada.head(f"{web_of(repo)}/resolve/main/e.bin").ok()
    assert got["Content-Length"] == "0"


def test_a_signed_url_is_good_for_one_file_and_one_use(hub, ada, repo):
    content, other = random_bytes(50), random_bytes(51)
    action = upload_of(ada.batch(repo, [content]))
    assert_error(ada.put(action["href"], other), 422)
    target = target_of(action["href"])
    for at in range(len(target) - 40, len(target), 7):
        changed = target[:at] + ("A" if target[at] != "A" else "B") + target[at + 1:]
        assert Wire(hub.url)("PUT", changed, content).status in (403, 404), changed
    # An upload's URL gives nothing to read, and a download's takes nothing.
    assert ada.get(target).status in (403, 404, 405)
    ada.put(action["href"], content).ok()
    [item] = ada.batch(repo, [content], "download").ok().json["objects"]
    assert_error(ada.put(item["actions"]["download"]["href"], content), (403, 404, 405))
    for made_up in ("x", "A" * 200, "..", "%01", "e30.e30.e30"):
        assert Wire(hub.url)("PUT", f"/api/-/v1/lfs/upload/{made_up}", b"x").status in (403, 404)


def test_a_right_that_was_lost_ends_a_signed_url(hub, ada, bob, repo_id):
    """A URL lives longer than the decision behind it."""
    ada.create(repo_id)
    content = random_bytes(52)
    ada.upload_large(repo_id, content)
    [item] = bob.batch(repo_id, [content], "download").ok().json["objects"]
    href = target_of(item["actions"]["download"]["href"])
    Wire(hub.url).get(href).ok()
    ada("PUT", f"{api_of(repo_id)}/settings", json_body={"private": True}).ok()
    refused = Wire(hub.url).get(href)
    assert refused.status in (401, 403, 404), "a stranger reads a private file by an old URL"
    upload = upload_of(ada.batch(repo_id, [b"late"]))
    ada("DELETE", "/api/repos/delete", json_body={"name": repo_id.split("/")[1]}).ok()
    assert ada.put(upload["href"], b"late").status in (401, 403, 404)


# ---- Proof of possession -------------------------------------------------------------------------


@pytest.mark.both_engines
def test_knowing_a_hash_is_no_right_to_the_bytes(hub, ada, bob, repo_id):
    secret = random_bytes(60)
    ada.create(repo_id, private=True)
    ada.upload_large(repo_id, secret)
    ada.commit(repo_id, large("s.bin", {"algo": "sha256", "oid": sha256(secret)})).ok()
    own = f"bob/{repo_id.split('/')[1]}"
    bob.create(own)
    line = large("mine.bin", {"algo": "sha256", "oid": sha256(secret), "size": len(secret)})
    assert_error(bob.commit(own, line), 422)
    [item] = bob.batch(own, [secret], "download").ok().json["objects"]
    assert item["error"]["code"] == 404
    # The hub does not say that it has the bytes: bob is asked for them like for any others.
    [known] = bob.batch(own, [secret]).ok().json["objects"]
    [unknown] = bob.batch(own, [random_bytes(61)]).ok().json["objects"]
    assert set(known) == set(unknown) and set(known["actions"]) == set(unknown["actions"])
    wrong_size = {"operation": "upload", "objects": [{"oid": sha256(secret), "size": 5}]}
    [sized] = bob("POST", f"{web_of(own)}.git/info/lfs/objects/batch",
                  json.dumps(wrong_size).encode(), headers=LFS_HEADERS).ok().json["objects"]
    assert "error" not in sized
    # Who has the bytes proves it, and then has them here as well.
    bob.put(known["actions"]["upload"]["href"], secret).ok()
    bob.commit(own, line).ok()
    assert bob.get(f"{web_of(own)}/resolve/main/mine.bin").ok().body == secret
    # Bob's going does not take ada's.
    bob("DELETE", "/api/repos/delete", json_body={"name": own.split("/")[1]}).ok()
    assert ada.get(f"{web_of(repo_id)}/resolve/main/s.bin").ok().body == secret


def test_the_same_bytes_in_two_repositories_of_one_owner_are_sent_twice_and_stored_once(
        hub, ada, repo):
    content = random_bytes(62, 300_123)
    ada.upload_large(repo, content)
    ada.create(repo + "-b")
    assert not is_there(ada, repo + "-b", content)
    ada.upload_large(repo + "-b", content)
    stored = [f for f in hub.data.rglob("*") if f.is_file() and f.stat().st_size == len(content)]
    assert len(stored) == 1


# ---- In parts ------------------------------------------------------------------------------------


def test_a_very_large_file_is_asked_for_in_parts(ada, repo):
    size = (6 << 30) + 12_345
    wanted = {"oid": "ab" * 32, "size": size}

    def asked(**more):
        body = json.dumps({"operation": "upload", "objects": [wanted], **more}).encode()
        return ada("POST", f"{web_of(repo)}.git/info/lfs/objects/batch", body,
                   headers=LFS_HEADERS).ok().json

    answer = asked(transfers=["basic", "multipart"])
    assert answer["transfer"] == "multipart"
    header = answer["objects"][0]["actions"]["upload"]["header"]
    chunk = int(header.pop("chunk_size"))
    # Exactly as many as needed, digits only, in order: an agent takes them as they come.
    assert len(header) == math.ceil(size / chunk)
    assert [int(key) for key in header] == list(range(1, len(header) + 1))
    assert all(re.fullmatch(r"\d+", key) for key in header)
    assert len(set(header.values())) == len(header)
    first = next(iter(header.values()))
    assert_error(ada.put(first, b"too short"), (400, 413, 422))
    # Without the word the whole goes in one stream.
    basic = asked(transfers=["basic"])
    assert basic["transfer"] == "basic"
    assert "chunk_size" not in (basic["objects"][0]["actions"]["upload"].get("header") or {})


@pytest.mark.slow
def test_an_upload_in_parts_by_the_published_client(api, without_xet, ada, repo, tmp_path):
    """As large as it takes for the hub to ask for parts: zeros, in a sparse file."""
    size = (5 << 30) + 1000
    path = tmp_path / "huge.bin"
    with path.open("wb") as file:
        file.truncate(size)
    api.upload_file(repo_id=repo, path_or_fileobj=path, path_in_repo="huge.bin")
    seen = ada.head(f"{web_of(repo)}/resolve/main/huge.bin").ok()
    assert seen["X-Linked-Size"] == str(size)
    tail = ada.get(f"{web_of(repo)}/resolve/main/huge.bin", Range=f"bytes={size - 10}-")
    assert (tail.status, tail.body) == (206, bytes(10))


# ---- By other clients ----------------------------------------------------------------------------


def test_large_files_by_curl(hub, ada, repo, tmp_path):
    content = random_bytes(70, 500_000)
    (tmp_path / "w.bin").write_bytes(content)

    def curl(*arguments):
        done = subprocess.run(["curl", "--silent", "--show-error", "--fail-with-body", *arguments],
                              capture_output=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    login = ["--user", f"hf_user:{ADA}"]
    body = json.dumps({"operation": "upload", "transfers": ["basic"],
                       "objects": [{"oid": sha256(content), "size": len(content)}]})
    answer = json.loads(curl(*login, "--header", f"Content-Type: {LFS_JSON}", "--header",
                             f"Accept: {LFS_JSON}", "--data", body,
                             f"{hub.url}/{repo}.git/info/lfs/objects/batch"))
    curl("--upload-file", tmp_path / "w.bin", answer["objects"][0]["actions"]["upload"]["href"])
    ada.commit(repo, large("w.bin", {"algo": "sha256", "oid": sha256(content)})).ok()
    got = curl("--location", f"{hub.url}/{repo}/resolve/main/w.bin")
    assert got == content
    part = curl("--range", "1000-1999", f"{hub.url}/{repo}/resolve/main/w.bin")
    assert part == content[1000:2000]


def test_git_lfs_itself_pushes_and_fetches(hub, ada, repo, tmp_path):
    """The git part goes to a folder until the hub speaks git; the large files go to the hub."""
    content = random_bytes(71, 300_000)
    home = tmp_path / "home"
    home.mkdir()
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "GIT_TERMINAL_PROMPT": "0",
           "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b.example",
           "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b.example"}
    lfs_url = f"http://hf_user:{ADA}@127.0.0.1:{hub.port}/{repo}.git/info/lfs"

    def git(*arguments, cwd):
        done = subprocess.run(["git", *map(str, arguments)], cwd=cwd, env=env, capture_output=True,
                              text=True, timeout=120)
        assert done.returncode == 0, f"git {arguments}:\n{done.stdout}{done.stderr}"
        return done.stdout

    git("init", "--quiet", "--bare", "--initial-branch=main", tmp_path / "remote.git", cwd=tmp_path)
    git("init", "--quiet", "--initial-branch=main", tmp_path / "work", cwd=tmp_path)
    work = tmp_path / "work"
    git("lfs", "install", "--local", cwd=work)
    git("config", "lfs.url", lfs_url, cwd=work)
    git("remote", "add", "origin", tmp_path / "remote.git", cwd=work)
    git("lfs", "track", "*.bin", cwd=work)
    (work / "w.bin").write_bytes(content)
    git("add", ".", cwd=work)
    git("commit", "--quiet", "-m", "large", cwd=work)
    git("push", "--quiet", "origin", "main", cwd=work)
    assert is_there(ada, repo, content)

    env["GIT_LFS_SKIP_SMUDGE"] = "1"
    git("clone", "--quiet", tmp_path / "remote.git", tmp_path / "copy", cwd=tmp_path)
    copy = tmp_path / "copy"
    assert (copy / "w.bin").read_bytes() == pointer(content)
    git("lfs", "install", "--local", cwd=copy)
    git("config", "lfs.url", lfs_url, cwd=copy)
    git("lfs", "pull", cwd=copy)
    assert (copy / "w.bin").read_bytes() == content


@pytest.mark.both_engines
def test_large_files_by_the_published_client_go_up_once(
        hub, api, without_xet, ada, repo, tmp_path):
    content = random_bytes(72, 3_000_000)
    (tmp_path / "w.safetensors").write_bytes(content)
    api.upload_folder(repo_id=repo, folder_path=tmp_path)
    api.upload_file(repo_id=repo, path_or_fileobj=tmp_path / "w.safetensors", path_in_repo="b.bin")
    entries = {e["path"]: e for e in ada.get(f"{api_of(repo)}/tree/main").ok().json}
    assert entries["w.safetensors"]["oid"] == entries["b.bin"]["oid"]
    assert HfApi(endpoint=hub.url, token=BOB).hf_hub_download(repo, "b.bin", cache_dir=tmp_path / "c")


def test_an_upload_to_somebody_else_s_repository_is_refused_before_bytes_move(ada, bob, repo):
    ada("PUT", f"{api_of(repo)}/settings", json_body={"gated": "manual"}).ok()
    started = time.monotonic()
    assert_error(bob.batch(repo, [b"x" * 1000]), 403)
    assert time.monotonic() - started < 10
    assert [p for p in ada.paths(repo) if p != ".gitattributes"] == []


def test_no_signed_url_gets_into_the_log(hub, ada, repo):
    content = random_bytes(73, 1000)
    href = upload_of(ada.batch(repo, [content]))["href"]
    ada.put(href, content).ok()
    ticket = urlsplit(href).path.rsplit("/", 1)[-1]
    assert len(ticket) > 20 and ticket not in hub.log_path.read_text(errors="replace")


def test_a_commit_of_many_large_files(ada, repo):
    contents = [f"file {n}".encode() * 10 for n in range(60)]
    items = ada.batch(repo, contents).ok().json["objects"]
    for item, content in zip(items, contents):
        ada.put(item["actions"]["upload"]["href"], content).ok()
    ada.commit(repo, add("README.md", b"# many"), *(
        large(f"d/{n}.bin", {"algo": "sha256", "oid": sha256(c), "size": len(c)})
        for n, c in enumerate(contents))).ok()
    assert ada.get(f"{web_of(repo)}/resolve/main/d/59.bin").ok().body == contents[59]
