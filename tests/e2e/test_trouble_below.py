"""A database that is locked or gone, and a disk that is full: 503 or 507 with what to do, nothing lost,
and all is well again without a restart."""

import os
import sqlite3
import subprocess
import time

import pytest
from cairn import Cairn
from conftest import ADA, WORLD
from wire import Wire, add, api_of, assert_error


@pytest.mark.only_on("sqlite")
def test_a_locked_database_is_503_with_retry_after_and_then_all_is_well(own_hub):
    ada = Wire(own_hub.url, ADA)
    ada.create("ada/locked")
    lock = sqlite3.connect(own_hub.data / "cairn.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    try:
        ada.get(api_of("ada/locked")).ok()  # Readers do not wait for a writer.
        refused = assert_error(ada.commit("ada/locked", add("x")), 503)
        assert int(refused["Retry-After"]) >= 1
    finally:
        lock.execute("ROLLBACK")
        lock.close()
    ada.commit("ada/locked", add("x", b"after")).ok()
    assert ada.get("/ada/locked/resolve/main/x").ok().body == b"after"
    own_hub.fsck()


# SQLite's database is a file of the hub's own.
@pytest.mark.both_engines
@pytest.mark.only_on("postgres")
def test_a_database_that_is_gone_is_503_and_comes_back_without_a_restart(own_hub, postgres):
    ada = Wire(own_hub.url, ADA)
    ada.create("ada/steady")
    ada.commit("ada/steady", add("before")).ok()
    postgres.stop()
    try:
        for refused in (ada.commit("ada/steady", add("during")), ada.get(api_of("ada/never-read")),
                        ada.get("/api/models?author=ada"), ada.post("/api/repos/create", {"name": "x"})):
            assert_error(refused, 503)
            assert int(refused["Retry-After"]) >= 1
        assert ada.get("/healthz").status == 200  # The process is well; it is not ready.
        assert ada.get("/readyz").status == 503
    finally:
        postgres.resume()
    until = time.monotonic() + 30
    while ada.get("/readyz").status != 200 and time.monotonic() < until:
        time.sleep(0.1)
    ada.commit("ada/steady", add("after")).ok()
    assert {"before", "after"} <= set(ada.paths("ada/steady"))
    assert "during" not in ada.paths("ada/steady")
    own_hub.fsck()


@pytest.fixture
def small_disk(folder):
    """@return a folder on a file system of 24 MiB."""
    path = folder / "small-disk"
    path.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", path], capture_output=True)
    if done.returncode != 0:
        pytest.skip("needs the right to mount a small file system")
    yield path
    subprocess.run(["umount", "--lazy", path], check=True)


def test_a_full_disk_is_507_keeps_nothing_and_recovers(small_disk):

    hub = Cairn(small_disk / "data").start()
    try:
        hub.apply(WORLD)
        ada = Wire(hub.url, ADA)
        ada.create("ada/full")
        before = ada.info("ada/full")
        content = os.urandom(30 << 20)
        [item] = ada.batch("ada/full", [content]).ok().json["objects"]
        assert_error(ada.put(item["actions"]["upload"]["href"], content), 507)
        filler = small_disk / "filler"
        with filler.open("wb") as file:
            try:
                while True:
                    file.write(bytes(1 << 16))
                    file.flush()
            except OSError:
                pass
        small = os.urandom(400_000)
        [item] = ada.batch("ada/full", [small]).json.get("objects", [{}])
        if "actions" in item:
            assert_error(ada.put(item["actions"]["upload"]["href"], small), 507)
        refused = ada.commit("ada/full", add("x", os.urandom(3_000_000)))
        assert refused.status in (503, 507), repr(refused)
        assert ada.get(api_of("ada/full")).ok().json["sha"] == before["sha"]
        filler.unlink()
        ada.commit("ada/full", add("x", b"room again")).ok()
        ada.upload_large("ada/full", small)
        hub.fsck()
        hub.stop()
    finally:
        hub.end()
