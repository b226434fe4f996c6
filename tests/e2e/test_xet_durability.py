"""Uploads through Xet while the server is killed: what was acknowledged is there, and whole."""

import random
import subprocess
import sys
import time

import pytest
from conftest import ADA
from wire import Wire, sha256, web_of
from xet_client import PRELUDE, XetClient

MIB = 1 << 20


def content_of(seed, size=3 * MIB):
    return b"\0" + random.Random(seed).randbytes(size - 1)


@pytest.mark.both_engines
def test_12_and_21_kill_at_any_moment_loses_no_commit(own_hub, tmp_path):
    hub = own_hub
    Wire(hub.url, ADA).create("ada/killed")
    client = XetClient(hub.url, ADA, tmp_path / "home")
    code = PRELUDE + """
import random
for n in range(given["first"], 10_000):
    content = b"\\0" + random.Random(f"kill-{n}").randbytes(3 * 2**20 - 1)
    api.upload_file(repo_id="ada/killed", path_in_repo=f"{n}.bin", path_or_fileobj=content)
    print("=>", n, flush=True)
"""
    first = 0
    chances = random.Random(7)
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", code], env=client.env, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        process.stdin.write(f'{{"first": {first}}}')
        process.stdin.close()
        acknowledged = []
        while len(acknowledged) < 2:
            line = process.stdout.readline()
            assert line, "the client ended by itself"
            if line.startswith("=>"):
                acknowledged.append(int(line[2:]))
        time.sleep(chances.random() * 0.6)
        hub.kill()
        process.kill()
        process.wait()
        acknowledged += [int(line[2:]) for line in process.stdout if line.startswith("=>")]
        hub.start()
        hub.run("fsck", "--deep")
        wire = Wire(hub.url, ADA)
        for n in range(max(acknowledged) + 1):
            head = wire.head(f"{web_of('ada/killed')}/resolve/main/{n}.bin")
            assert head["X-Xet-Hash"] and head["ETag"] == f'"{sha256(content_of(f"kill-{n}"))}"'
        last = wire.get(f"{web_of('ada/killed')}/resolve/main/{max(acknowledged)}.bin").ok()
        assert last.body == content_of(f"kill-{max(acknowledged)}")
        # Tried again, also when the commit went through and only the client does not know.
        first = max(acknowledged) + 1


def test_21_a_commit_right_after_the_shard_finds_its_files(own_hub, tmp_path):
    hub = own_hub
    Wire(hub.url, ADA).create("ada/quick")
    client = XetClient(hub.url, ADA, tmp_path / "home")
    client.run("""
        import concurrent.futures, random
        def upload(n):
            content = b"\\0" + random.Random(n).randbytes(20_000)
            api.upload_file(repo_id="ada/quick", path_in_repo=f"{n}.bin", path_or_fileobj=content)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(upload, range(60)))
        """)
    assert len(Wire(hub.url, ADA).paths("ada/quick")) == 61
    hub.run("fsck", "--deep")


def test_43_what_nobody_needs_goes_and_what_somebody_needs_stays(folder, new_database, tmp_path):
    from cairn import Cairn
    from conftest import WORLD

    hub = Cairn(folder / "xet-gc" / "data", database=new_database(),
                env={"CAIRN_XET_GRACE_DAYS": "0", "CAIRN_GC_GRACE_HOURS": "0",
                     "CAIRN_RESTORABLE_DAYS": "0"})
    hub.data.parent.mkdir()
    hub.start()
    try:
        hub.apply(WORLD)
        ada = Wire(hub.url, ADA)
        client = XetClient(hub.url, ADA, tmp_path / "home")
        kept, dropped = content_of("kept", 20 * MIB), content_of("dropped", 20 * MIB)
        for name, content in (("kept", kept), ("dropped", dropped)):
            ada.create(f"ada/{name}")
            (tmp_path / name).write_bytes(content)
            client.upload(f"ada/{name}", {"m.bin": tmp_path / name})

        def stored():
            return sum(f.stat().st_size for f in (hub.data / "objects" / "xorb").rglob("*") if f.is_file())

        assert stored() > 40 * MIB
        ada("DELETE", "/api/repos/delete", json_body={"name": "dropped", "organization": "ada",
                                                      "type": "model"}).ok()
        for _ in range(3):  # Files, then xorbs, then their bytes.
            hub.run("gc")
        assert 20 * MIB < stored() < 21 * MIB
        assert ada.get(f"{web_of('ada/kept')}/resolve/main/m.bin").ok().body == kept
        hub.run("fsck", "--deep")
        hub.stop()
    finally:
        hub.end()
