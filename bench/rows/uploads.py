"""Rows c and d: what goes up. The body lies ready, so that the client costs little, and time counts
from the first byte sent to the answer."""

import hashlib
import os
import subprocess
import time

from hub import commit_body, random_files, write_random_file
from measure import (GIB, BackedMemory, Measure, cpu_seconds, median, peak_mib, reset_peak, rss_mib,
                     sha256_bytes_per_second, stopwatch)

ROUNDS = 3
LARGE_BYTES = 4 * GIB
MANY_FOLDERS, FOLDER_FILES, FILE_BYTES = 100, 100, 1024


def large_file(bench):
    source = write_random_file(bench.folder / "large.bin", LARGE_BYTES)
    ours, disk, hashing, cpu, rss = [], [], [], [], []
    for number in range(ROUNDS):
        # Other content each time: nothing is known from before.
        with source.open("r+b") as file:
            file.write(os.urandom(4096))
        disk.append(_dd(source, bench.folder / "copy.bin"))
        hashing.append(sha256_bytes_per_second() / GIB)
        with bench.hub() as hub, source.open("rb") as file:
            repo = hub.create_repo("large")
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            target, headers = hub.lfs_upload_target(repo, digest, LARGE_BYTES)
            os.sync()
            idle = _settled_rss(hub)
            with BackedMemory(LARGE_BYTES + GIB // 2):
                reset_peak(hub.pid)
                before = cpu_seconds(hub.pid)
                ours.append(LARGE_BYTES / GIB / hub.put_file(target, headers, file))
                cpu.append((cpu_seconds(hub.pid) - before) / (LARGE_BYTES / GIB))
            rss.append(peak_mib(hub.pid) - idle)
    source.unlink()
    peers = {"dd conv=fsync": median(disk), "SHA-256": median(hashing)}
    slower = min(peers, key=peers.get)
    return [
        Measure("4 GiB, one PUT", median(ours), "GiB/s", slower, peers[slower], goal=0.8,
                spread=ours),
        Measure("the server's CPU", median(cpu), "s/GiB", goal=1.2, least=False, spread=cpu),
        Measure("memory above idle, peak", max(rss), "MiB", goal=64, least=False, spread=rss),
    ], [f"dd conv=fsync {peers['dd conv=fsync']:.2f} GiB/s; one core's SHA-256 "
        f"{peers['SHA-256']:.2f} GiB/s. The slower is the peer."]


def _dd(source, target):
    """@return GiB/s with the fsync at the end."""
    os.sync()
    with BackedMemory(LARGE_BYTES + GIB // 2), stopwatch() as seconds:
        subprocess.run(["dd", f"if={source}", f"of={target}", "bs=1M", "conv=fsync", "status=none"],
                       check=True)
    target.unlink()
    return LARGE_BYTES / GIB / seconds[0]


def _settled_rss(hub):
    time.sleep(1)
    return rss_mib(hub.pid)


def many_files(bench):
    names = [f"folder-{d:02}/file-{f:02}.bin" for d in range(MANY_FOLDERS)
             for f in range(FOLDER_FILES)]
    took, rss = [], []
    for number in range(ROUNDS):
        body = commit_body(random_files(names, FILE_BYTES, seed=number))
        with bench.hub() as hub:
            repo = hub.create_repo("many")
            os.sync()
            idle = _settled_rss(hub)
            reset_peak(hub.pid)
            with stopwatch() as seconds:
                commit = hub.commit_body(repo, body)
            rss.append(peak_mib(hub.pid) - idle)
            took.append(seconds[0])
            last = hub.request("GET", f"/{repo}/resolve/{commit}/{names[-1]}")
            assert len(last) == FILE_BYTES
    return [
        Measure("10 000 files of 1 KB in 100 folders", median(took), "s", goal=1.0, least=False,
                spread=took),
        Measure("memory above idle, peak", max(rss), "MiB", goal=256, least=False, spread=rss),
    ], [f"The body is {len(body) / 1e6:.1f} MB of NDJSON."]
