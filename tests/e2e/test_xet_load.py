"""Xet under clients that are slow, many or gone. The numbers in the names are those of the protocol
reference's checklist."""

import os
import random
import select
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cairn import SANITIZED
from conftest import ADA, BOB
from wire import Wire, api_of, sha256, target_of, web_of
from xet_client import XetClient

MIB = 1 << 20


def content_of(seed, size):
    """Binary from its first byte; randbytes() gives less than 256 MiB at once."""
    seeded = random.Random(seed)
    pieces = [b"\0"]
    for at in range(1, size, 64 * MIB):
        pieces.append(seeded.randbytes(min(64 * MIB, size - at)))
    return b"".join(pieces)


def descriptors(hub):
    return len(list(Path(f"/proc/{hub.process.pid}/fd").iterdir()))


def memory_bytes(hub, field="VmRSS"):
    for line in Path(f"/proc/{hub.process.pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"no {field}")


def settles(measure, bound, seconds=30):
    """Whether a number comes down to the bound in the time given."""
    end = time.monotonic() + seconds
    while measure() > bound:
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def begin(hub, head, body=b""):
    """A connection on which a request has begun."""
    connection = socket.create_connection(("127.0.0.1", urlsplit(hub.url).port))
    connection.sendall(head.replace("\n", "\r\n").encode() + body)
    return connection


def stored(hub, tmp_path, repo="ada/load", size=24 * MIB):
    """A public repository with one file. @return (its content, a signed URL, the range it is for)"""
    ada = Wire(hub.url, ADA)
    ada.create(repo)
    content = content_of(repo, size)
    path = tmp_path / "m.bin"
    path.write_bytes(content)
    XetClient(hub.url, ADA, tmp_path / "home").upload(repo, {"m.bin": path})
    token = ada.get(f"{api_of(repo)}/xet-read-token/main").ok().json["accessToken"]
    name = ada.head(f"{web_of(repo)}/resolve/main/m.bin")["X-Xet-Hash"]
    made = Wire(hub.url, token).get(f"/xet/v2/reconstructions/{name}").ok().json
    [entry] = next(iter(made["xorbs"].values()))
    [part] = entry["ranges"]
    return content, target_of(entry["url"]), (part["bytes"]["start"], part["bytes"]["end"])


def test_28_slow_and_gone_readers_cost_nothing_for_long(own_hub, tmp_path):
    hub = own_hub
    content, target, (first, last) = stored(hub, tmp_path)
    signed = f"GET {target} HTTP/1.1\nHost: x\nRange: bytes={first}-{last}\n\n"
    whole = f"GET {web_of('ada/load')}/resolve/main/m.bin HTTP/1.1\nHost: x\n\n"
    Wire(hub.url).get(f"{web_of('ada/load')}/resolve/main/m.bin").ok()
    idle = descriptors(hub)
    memory = memory_bytes(hub)
    for request in (signed, whole):
        readers = [begin(hub, request) for _ in range(40)]
        for reader in readers:
            assert reader.recv(100).startswith(b"HTTP/1.1 20")
        assert descriptors(hub) > idle
        # Nobody reads on: what the hub holds for 40 of them is bounded, and others are served.
        got = Wire(hub.url).get(f"{web_of('ada/load')}/resolve/main/m.bin").ok()
        assert sha256(got.body) == sha256(content)
        assert SANITIZED or memory_bytes(hub) - memory < 256 * MIB
        for i, reader in enumerate(readers):
            if i % 2:  # Half of them end with a reset.
                reader.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            reader.close()
        assert settles(lambda: descriptors(hub), idle + 2), "descriptors of readers that are gone"


def test_44_stalled_uploads_of_one_keep_nobody_else_waiting(own_hub, tmp_path):
    """More uploads at once than one may have: they wait without being read, and then are told to
    come back. Others go on meanwhile, and afterwards so does the one."""
    hub = own_hub
    content, _, _ = stored(hub, tmp_path, size=3 * MIB)
    ada, bob = Wire(hub.url, ADA), Wire(hub.url, BOB)
    bob.create("bob/load")
    token = ada.get(f"{api_of('ada/load')}/xet-write-token/main").ok().json["accessToken"]

    def stalled(n):
        head = (f"POST /xet/v1/xorbs/default/{n:064x} HTTP/1.1\nHost: x\n"
                f"Authorization: Bearer {token}\nContent-Length: 1000000\n\n")
        return begin(hub, head, b"x" * 1000)

    held = [stalled(n + 1) for n in range(17)]  # One more than receiving_each_max, whichever it is.
    over = threading.Event()

    def trickle():  # Slow, but not so slow that the hub ends them.
        while not over.wait(2):
            for connection in held:
                with suppress(OSError):  # The one that was refused.
                    connection.sendall(b"x" * 1000)

    trickling = threading.Thread(target=trickle)
    trickling.start()
    mine = tmp_path / "bob.bin"
    mine.write_bytes(content_of("bob", 20 * MIB))
    XetClient(hub.url, BOB, tmp_path / "bob").upload("bob/load", {"b.bin": mine})
    answered, _, _ = select.select(held, [], [], 60)
    assert len(answered) == 1
    answer = answered[0].recv(4000).decode()
    over.set()
    trickling.join()
    assert answer.startswith("HTTP/1.1 503") and "\r\nRetry-After:" in answer
    for connection in held:
        connection.close()
    again = tmp_path / "again.bin"
    again.write_bytes(content_of("again", 20 * MIB))
    XetClient(hub.url, ADA, tmp_path / "home2").upload("ada/load", {"again.bin": again})
    hub.run("fsck", "--deep")


def test_44_pending_bytes_are_bounded_and_said_so(own_hub, tmp_path):
    """Xorbs that no file names count against their uploader, before their body is read."""
    hub = own_hub
    hub.stop()
    hub.env["CAIRN_XET_PENDING_BYTES_MAX"] = str(64 * MIB)
    hub.start()
    Wire(hub.url, ADA).create("ada/load")
    path = tmp_path / "big.bin"
    path.write_bytes(content_of("big", 300 * MIB))
    client = XetClient(hub.url, ADA, tmp_path / "home", HF_XET_CLIENT_RETRY_MAX_ATTEMPTS="2")
    done = client.run("""
        api.upload_file(repo_id="ada/load", path_in_repo="big.bin", path_or_fileobj=given["path"])
        """, check=False, path=str(path))
    assert done.returncode != 0 and "429" in done.stdout + done.stderr
    assert not Wire(hub.url, ADA).get(f"{web_of('ada/load')}/resolve/main/big.bin").status == 200
    small = tmp_path / "small.bin"
    small.write_bytes(content_of("small", 3 * MIB))
    Wire(hub.url, BOB).create("bob/load")
    XetClient(hub.url, BOB, tmp_path / "bob").upload("bob/load", {"small.bin": small})


@pytest.mark.parametrize("clients, size", [
    (2, 64 * MIB), pytest.param(6, 400 * MIB, marks=pytest.mark.slow)])
def test_46_many_clients_at_once_within_the_bounds(own_hub, tmp_path, clients, size):
    hub = own_hub
    ada = Wire(hub.url, ADA)
    ada.create("ada/load")
    idle = memory_bytes(hub)
    files = []
    for n in range(clients):
        files.append(tmp_path / f"{n}.bin")
        files[-1].write_bytes(content_of(f"load-{n}", size))
    sent = []

    def upload(n):
        client = XetClient(hub.url, ADA, tmp_path / f"home{n}")
        sent.append(client.upload("ada/load", {f"{n}.bin": files[n]}))

    threads = [threading.Thread(target=upload, args=[n]) for n in range(clients)]
    for thread in threads:
        thread.start()
    token = ada.get(f"{api_of('ada/load')}/xet-write-token/main").ok().json["accessToken"]
    store, asked = Wire(hub.url, token), 0
    while any(thread.is_alive() for thread in threads):
        answer = store.get(f"/xet/v1/chunks/default-merkledb/{os.urandom(32).hex()}")
        assert answer.status == 404, answer.text
        asked += 1
    for thread in threads:
        thread.join()
    assert len(sent) == clients and asked > 10
    assert SANITIZED or memory_bytes(hub, "VmHWM") - idle < 256 * MIB
    for n in range(clients):
        head = ada.head(f"{web_of('ada/load')}/resolve/main/{n}.bin").ok()
        assert head["ETag"] == f'"{sha256(files[n].read_bytes())}"'
