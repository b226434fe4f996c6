"""Rows xe, xf: the store's answers when it knows much, and when files are large."""

import http.client
import json
import os
import random
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from load import TOKEN
from measure import GIB, ROOT, Measure, median, stopwatch
from hub import write_random_file
from rows.xet_clients import Client, access_to

PROGRAM = os.environ.get("CAIRN_BENCH_SHARDS", ROOT / "build/release/cairn_bench_shards")
KEY_CHUNKS = 10_000_000
XORBS = int(os.environ.get("CAIRN_BENCH_XET_XORBS", "128"))
UPLOADS = 64
# A process of its own: what sends does not hold up what measures.
SENDER = """
import json, os, socket, sys, threading
given = json.load(sys.stdin)
names, lock, problems = list(given["names"]), threading.Lock(), []

def send():
    while True:
        with lock:
            if not names:
                return
            name = names.pop()
        with open(os.path.join(given["folder"], name), "rb") as body, \\
                socket.create_connection(("127.0.0.1", given["port"])) as to:
            size = os.fstat(body.fileno()).st_size
            to.sendall(f"POST {given['path']}/v1/xorbs/default/{name} HTTP/1.1\\r\\nHost: x\\r\\n"
                       f"Authorization: Bearer {given['token']}\\r\\nContent-Length: {size}\\r\\n\\r\\n".encode())
            to.sendfile(body)
            answer = to.recv(4096)
        status = int(answer.split()[1])
        if status == 503:
            with lock:
                names.append(name)
        elif status != 200:
            problems.append(answer.decode("latin-1"))

threads = [threading.Thread(target=send) for _ in range(given["at_once"])]
[t.start() for t in threads]
[t.join() for t in threads]
sys.exit(problems[0] if problems else 0)
"""


class Store:
    """One connection to the store, as a client holds it."""

    def __init__(self, hub, access):
        self.path = urlsplit(access["endpoint"]).path
        self.headers = {"Authorization": f"Bearer {access['token']}"}
        self.connection = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=600)

    def ask(self, method, target, body=None):
        """@return (status, body, milliseconds)"""
        start = time.perf_counter()
        self.connection.request(method, self.path + target, body, self.headers)
        answer = self.connection.getresponse()
        text = answer.read()
        return answer.status, text, (time.perf_counter() - start) * 1e3

    def must(self, method, target, body=None):
        status, text, ms = self.ask(method, target, body)
        assert status == 200, f"{method} {target[:80]}: {status} {text[:300]!r}"
        return text, ms


def _p99(values):
    return sorted(values)[min(len(values) - 1, int(len(values) * 0.99))]


def _made(bench, xorbs):
    folder = bench.folder / "made"
    folder.mkdir()
    done = subprocess.run([PROGRAM, folder, str(xorbs)], capture_output=True, text=True, check=True)
    return folder, json.loads(done.stdout)


def _register(store, folder, name, about):
    store.must("POST", f"/v1/xorbs/default/{about['xorb']}", (folder / f"{name}.xorb").read_bytes())
    return store.must("POST", "/v1/shards", (folder / f"{name}.shard").read_bytes())[1]


def _know(hub, count):
    """Puts key chunks beside those there are, as of hundreds of TB: through SQL, for want of them."""
    seeded = random.Random(5)
    with sqlite3.connect(hub.data / "cairn.db") as database:
        xorb = database.execute("SELECT MIN(object_id) FROM xet_xorbs").fetchone()[0]
        database.executemany("INSERT OR IGNORE INTO xet_key_chunks (chunk, xorb_id) VALUES (?, ?)",
                             ((seeded.getrandbits(63), xorb) for _ in range(count)))
    database.close()


def chunk_queries(bench):
    folder, made = _made(bench, XORBS)
    known = made["known"]
    with bench.hub() as hub:
        repo = hub.create_repo("large")
        _register(Store(hub, access_to(hub, repo)), folder, "known", known)
        hub.stop()
        _know(hub, KEY_CHUNKS)
        hub.start()
        access = access_to(hub, repo)
        store, seeded = Store(hub, access), random.Random(6)
        targets = [f"/v1/chunks/default-merkledb/{key}" for key in known["keys"]]

        def round_of(count):
            found, missed = [], []
            for i in range(count):
                if i % 8 == 0:
                    found.append(store.must("GET", targets[i // 8 % len(targets)])[1])
                    continue
                status, _, ms = store.ask("GET", f"/v1/chunks/default-merkledb/{seeded.randbytes(32).hex()}")
                assert status == 404, status
                missed.append(ms)
            return found, missed

        round_of(200)
        alone = sum(round_of(2000), [])
        sender = subprocess.Popen([sys.executable, "-c", SENDER], stdin=subprocess.PIPE, text=True)
        sender.stdin.write(json.dumps({
            "names": made["xorbs"], "folder": str(folder), "port": hub.port, "at_once": UPLOADS,
            "path": store.path, "token": access["token"]}))
        with stopwatch() as seconds:
            sender.stdin.close()
            hits, misses = [], []
            while sender.poll() is None:
                found, missed = round_of(16)
                hits += found
                misses += missed
        assert sender.returncode == 0
    sent = XORBS * 16 / 1024
    beside = hits + misses
    return [
        Measure("p99 of a question, nothing else going on", _p99(alone), "ms"),
        Measure(f"p99 beside {UPLOADS} uploads at once", _p99(beside), "ms", goal=5, least=False),
        Measure("median beside them", median(beside), "ms"),
        Measure("p99 of those answered with chunks", _p99(hits), "ms"),
        Measure("p99 of those not known", _p99(misses), "ms"),
        Measure("xorbs received meanwhile", sent / seconds[0], "GiB/s"),
    ], [f"{KEY_CHUNKS} key chunks, each eighth question is answered with a xorb's chunks; "
        f"{XORBS} xorbs of 16 MiB, {len(beside)} questions beside them. Client and program share the cores."]


def large_descriptions(bench):
    size = 10 * 10**9 // (1 << 20) * (1 << 20)
    source = write_random_file(bench.folder / "large.bin", size)
    folder, made = _made(bench, 0)
    with bench.hub() as hub:
        repo = hub.create_repo("large")
        access = access_to(hub, repo)
        _, [[name, _]] = Client(bench.folder / "home").upload(access, source)
        source.unlink()
        store = Store(hub, access_to(hub, repo, "read"))
        store.must("GET", f"/v1/reconstructions/{name}")
        times, partial = [], []
        for number in range(500):
            text, ms = store.must("GET", f"/v1/reconstructions/{name}")
            times.append(ms)
        answer_bytes = len(text)
        for number in range(3):
            long = _made_again(bench, made, folder, number)
            ms = _register(Store(hub, access_to(hub, repo)), *long)
            partial.append(ms / 1e3)
    return [
        Measure("p99 of a reconstruction of 10 GB", _p99(times), "ms", goal=10, least=False),
        Measure("its answer", answer_bytes / 1e3, "kB"),
        Measure(f"a shard of {made['long']['records']} records", median(partial), "s", goal=2,
                least=False, spread=partial),
    ], [f"The shard: one file of {made['long']['terms']} terms of 1 KiB each, with their proofs, at random places; "
        "its SHA-256 is computed before the answer."]


def _made_again(bench, made, folder, number):
    """The same kind of file anew: what is known already would be answered at once."""
    if number == 0:
        return folder, "long", made["long"]
    folder = bench.folder / f"made-{number}"
    folder.mkdir()
    done = subprocess.run([PROGRAM, folder, "0"], capture_output=True, text=True, check=True)
    return folder, "long", json.loads(done.stdout)["long"]
