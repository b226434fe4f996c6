"""Rows xb, xc, xd, xg, xh: Xet with the published client (hf_xet) in a process of its own, as
huggingface_hub calls it. Client, program and peer share the cores."""

import hashlib
import http.client
import http.server
import json
import os
import random
import re
import socket
import struct
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from hub import TOKEN, free_port, write_random_file
from load import download
from measure import GIB, MIB, Measure, cpu_seconds, median, peak_mib, reset_peak, rss_mib, stopwatch

SIZE = int(os.environ.get("CAIRN_BENCH_XET_GIB", "2")) * GIB
ROUNDS = 3
CLIENT = """
import json, sys, hf_xet
given = json.load(sys.stdin)
about = dict(endpoint=given["endpoint"], token_info=("token" if not given["token"] else given["token"],
             given["expires"]), token_refresher=None, progress_updater=None)
if given["action"] == "upload":
    made = hf_xet.upload_files(given["paths"], _repo_type="model", **about)
    print("=> " + json.dumps([[m.hash, m.filesize] for m in made]))
else:
    files = [hf_xet.PyXetDownloadInfo(destination_path=d, hash=h, file_size=s)
             for d, h, s in given["files"]]
    hf_xet.download_files(files, **about)
"""


class Client:
    """A person's machine: what it knows lies in a folder of its own."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True)

    def _run(self, **given):
        env = {**os.environ, "HF_HOME": str(self.folder), "HF_XET_CACHE": str(self.folder / "xet"),
               "HF_HUB_DISABLE_TELEMETRY": "1", "NO_PROXY": "127.0.0.1,localhost"}
        with stopwatch() as seconds:
            done = subprocess.run([sys.executable, "-c", CLIENT], input=json.dumps(given), env=env,
                                  capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        told = [line for line in done.stdout.splitlines() if line.startswith("=> ")]
        return seconds[0], json.loads(told[-1][3:]) if told else None

    def upload(self, access, *paths):
        """@return (seconds, [[hash, size]…])"""
        return self._run(action="upload", paths=[str(p) for p in paths], **access)

    def download(self, access, *files):
        """@param files  (destination, hash, size). @return seconds"""
        return self._run(action="download", files=[[str(d), h, s] for d, h, s in files], **access)[0]


def access_to(hub, repo, right="write"):
    told = hub.request("GET", f"/api/models/{repo}/xet-{right}-token/main")
    return {"endpoint": told["casUrl"], "token": told["accessToken"], "expires": told["exp"]}


def weights(path, size):
    """Like 16-bit weights, normally distributed: any low bytes, and high bytes as often as they are."""
    seeded = random.Random(16)
    high = sorted(struct.pack("<e", seeded.gauss(0, 0.02))[1] for _ in range(256))
    with path.open("wb") as file:
        for _ in range(size // MIB):
            block = bytearray(MIB)
            block[0::2] = os.urandom(MIB // 2)
            block[1::2] = os.urandom(MIB // 2).translate(bytes(high))
            file.write(block)
    return path


class Nowhere:
    """A store that takes everything and keeps nothing: what the client itself can do."""

    def __init__(self):
        self.server = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        room = bytearray(MIB)
        with connection, connection.makefile("rb", buffering=64 << 10) as reader:
            while line := reader.readline():
                method, target, _ = line.split(b" ", 2)
                length, chunked = 0, False
                while (header := reader.readline()) not in (b"\r\n", b""):
                    name, _, value = header.lower().partition(b":")
                    length = int(value) if name == b"content-length" else length
                    chunked = chunked or (name == b"transfer-encoding" and b"chunked" in value)
                    if name == b"expect":
                        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                while chunked and (size := int(reader.readline().split(b";")[0], 16)) >= 0:
                    self._drop(reader, size, room)
                    reader.readline()
                    if size == 0:
                        break
                self._drop(reader, length, room)
                found = method == b"POST"
                body = b'{"type":"result","was_inserted":true,"result":1}\n' if found else b'{"error":"no"}'
                status = b"200 OK" if found else b"404 Not Found"
                connection.sendall(b"HTTP/1.1 %s\r\nContent-Type: application/json\r\n"
                                   b"Content-Length: %d\r\n\r\n%s" % (status, len(body), body))

    @staticmethod
    def _drop(reader, count, room):
        while count > 0:
            got = reader.readinto(memoryview(room)[:min(count, len(room))])
            if not got:
                return
            count -= got

    @property
    def access(self):
        return {"endpoint": f"http://127.0.0.1:{self.port}", "token": "none",
                "expires": int(time.time()) + 3600}


def uploads(bench):
    measures = []
    for name, make in (("random bytes", write_random_file), ("16-bit weights", weights)):
        rates, alone, cpu, memory = [], [], [], []
        for number in range(ROUNDS):
            source = make(bench.folder / "large.bin", SIZE)
            with bench.hub() as hub:
                repo, nowhere = hub.create_repo("large"), Nowhere()
                seconds, _ = Client(bench.folder / f"{name}-a-{number}").upload(nowhere.access, source)
                alone.append(SIZE / GIB / seconds)
                os.sync()
                time.sleep(1)
                idle, before = rss_mib(hub.pid), cpu_seconds(hub.pid)
                reset_peak(hub.pid)
                seconds, _ = Client(bench.folder / f"{name}-b-{number}").upload(
                    access_to(hub, repo), source)
                rates.append(SIZE / GIB / seconds)
                cpu.append((cpu_seconds(hub.pid) - before) / (SIZE / GIB))
                memory.append(peak_mib(hub.pid) - idle)
                nowhere.server.close()
            source.unlink()
        measures += [
            Measure(f"upload, {name}", median(rates), "GiB/s", "the client with uploads going nowhere",
                    median(alone), goal=0.8, spread=rates),
            Measure(f"upload, {name}: the server's CPU", median(cpu), "s/GiB", goal=2.0, least=False,
                    spread=cpu),
            Measure(f"upload, {name}: memory above idle", max(memory), "MiB", goal=256, least=False),
        ]
    return measures + [_four_clients(bench)], [f"{SIZE / GIB:g} GiB each; a new client each time."]


def _four_clients(bench):
    with bench.hub() as hub:
        repo, memory = hub.create_repo("large"), 0
        sources = [write_random_file(bench.folder / f"{n}.bin", GIB // 2) for n in range(4)]
        access, idle = access_to(hub, repo), rss_mib(hub.pid)
        reset_peak(hub.pid)
        threads = [threading.Thread(target=Client(bench.folder / f"four-{n}").upload,
                                    args=(access, sources[n])) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        memory = peak_mib(hub.pid) - idle
        for source in sources:
            source.unlink()
    return Measure("four clients at once: memory above idle", memory, "MiB", goal=256, least=False)


class Rewriting(http.server.BaseHTTPRequestHandler):
    """The hub's reconstructions, with the bytes at nginx instead."""

    protocol_version = "HTTP/1.1"
    hub_port = nginx_port = 0

    def do_GET(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.hub_port, timeout=60)
        asked = {n: v for n, v in self.headers.items() if n.lower() in ("authorization", "range")}
        connection.request("GET", "/xet" + self.path, headers=asked)
        answer = connection.getresponse()
        body = re.sub(rb'"url":"[^"]*/transfer/[^/"]*?([0-9a-f]{64})',
                      b'"url":"http://127.0.0.1:%d/\\1' % self.nginx_port, answer.read())
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextmanager
def _beside_nginx(hub, nginx):
    """The store's xorbs by name at nginx, and who sends clients there. Yields its port."""
    for stored in (hub.data / "objects" / "xorb").rglob("*.*"):
        name = stored.name.partition(".")[0]
        # The name in URLs has the bytes of each 8 in reverse (the protocol's string form).
        shown = "".join(name[i:i + 16][j:j + 2] for i in range(0, 64, 16) for j in range(14, -2, -2))
        os.link(stored, nginx.www / shown)
    Handler = type("Handler", (Rewriting,), {"hub_port": hub.port, "nginx_port": nginx.port})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", free_port()), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()


def downloads(bench):
    source = write_random_file(bench.folder / "large.bin", SIZE)
    digest = hashlib.file_digest(source.open("rb"), "sha256").hexdigest()
    with bench.hub() as hub, bench.nginx() as nginx:
        repo = hub.create_repo("large")
        access = access_to(hub, repo)
        _, [[name, size]] = Client(bench.folder / "up").upload(access, source)
        hub.commit(repo, lines=[{"key": "lfsFile", "value": {
            "path": "large.bin", "algo": "sha256", "oid": digest, "size": size}}])
        ours, theirs, cpu = [], [], []
        target = bench.folder / "got.bin"
        with _beside_nginx(hub, nginx) as port:
            for number in range(ROUNDS):
                before = cpu_seconds(hub.pid)
                ours.append(SIZE / GIB / Client(bench.folder / f"a{number}").download(
                    access, (target, name, size)))
                cpu.append((cpu_seconds(hub.pid) - before) / (SIZE / GIB))
                target.unlink()
                theirs.append(SIZE / GIB / Client(bench.folder / f"b{number}").download(
                    {**access, "endpoint": f"http://127.0.0.1:{port}"}, (target, name, size)))
                target.unlink()
        measures = [
            Measure("download by the client", median(ours), "GiB/s", "its bytes from nginx",
                    median(theirs), goal=0.9, spread=ours),
            Measure("download: the server's CPU", median(cpu), "s/GiB", goal=0.4, least=False, spread=cpu),
        ]
        os.link(source, nginx.www / "large.bin")
        path = f"/{repo}/resolve/main/large.bin"
        plain = {"cold": [], "warm": [], "nginx": []}
        for _ in range(ROUNDS):
            plain["nginx"].append(_rate(nginx.port, "/large.bin"))
            hub.stop()
            hub.start()
            plain["cold"].append(_rate(hub.port, path))
            for _ in range(3):
                _rate(hub.port, path)
            time.sleep(SIZE / GIB * 4)  # Asked for so often, a copy is made.
            plain["warm"].append(_rate(hub.port, path))
    nginx_rate = median(plain["nginx"])
    return measures + [
        Measure("plain HTTP, warm", median(plain["warm"]), "GiB/s", "nginx", nginx_rate, goal=0.95,
                spread=plain["warm"]),
        Measure("plain HTTP, put together", median(plain["cold"]), "GiB/s", "nginx", nginx_rate, goal=0.5,
                spread=plain["cold"]),
    ], [f"{SIZE / GIB:g} GiB of random bytes; the client's cache is empty each time."]


def _rate(port, path):
    count, seconds = download(port, path, 1)
    assert count == SIZE
    return count / seconds / GIB


def _received(hub):
    text = hub.request("GET", "/metrics")
    text = text.decode() if isinstance(text, bytes) else text
    return float(re.search(r"^cairn_http_received_bytes_total(?:\{\})? (\S+)", text, re.M)[1])


def versions(bench):
    size = SIZE
    seeded = random.Random(11)
    source = write_random_file(bench.folder / "large.bin", size)
    with bench.hub() as hub:
        access = access_to(hub, hub.create_repo("large"))
        client = Client(bench.folder / "home")
        client.upload(access, source)

        def cost(who):
            before = _received(hub)
            who.upload(access, source)
            return _received(hub) - before

        with source.open("r+b") as file:
            for _ in range(100):
                file.seek(seeded.randrange(size - size // 5000))
                file.write(os.urandom(size // 5000))
        changed = cost(client)
        again = cost(Client(bench.folder / "empty"))
        with source.open("rb") as file, (bench.folder / "longer.bin").open("wb") as longer:
            longer.write(file.read(size // 2) + os.urandom(MIB) + file.read())
        (bench.folder / "longer.bin").rename(source)
        inserted = cost(client)
        source.unlink()
    return [
        Measure("second version, 2 % changed in 100 places: saved", 1 - changed / size, "of it", goal=0.97),
        Measure("the same again, from an empty client: saved", 1 - again / size, "of it", goal=0.99),
        Measure("1 MiB inserted in the middle: sent", inserted / 1e6, "MB", goal=2, least=False),
    ], [f"{size / GIB:g} GiB of random bytes; bytes as the server received them, shards and headers included."]


def fragmentation(bench):
    size, count = GIB, 20
    seeded = random.Random(12)
    source = write_random_file(bench.folder / "large.bin", size)
    with bench.hub() as hub:
        repo = hub.create_repo("large")
        access = access_to(hub, repo)
        client, files = Client(bench.folder / "home"), []
        for number in range(count):
            _, [[name, length]] = client.upload(access, source)
            files.append((name, length))
            with source.open("r+b") as file:
                for _ in range(100):
                    file.seek(seeded.randrange(size - size // 5000))
                    file.write(os.urandom(size // 5000))
        source.unlink()
        before = _pieces(hub, access, files[-1][0])
        hub.stop()
        hub.start()
        with stopwatch() as seconds:
            hub.run("gc", "--repack")
        access = access_to(hub, repo, "read")
        after = _pieces(hub, access, files[-1][0])
        newest, first = [], []
        target = bench.folder / "got.bin"
        for number in range(ROUNDS):
            for rates, (name, length) in ((first, files[0]), (newest, files[-1])):
                who = Client(bench.folder / f"c{number}{name[:8]}")
                rates.append(length / GIB / who.download(access, (target, name, length)))
                target.unlink()
    gigabytes = size / 1e9
    return [
        Measure("newest of 20 versions: ranges per GB", after / gigabytes, "", goal=40, least=False),
        Measure("its download", median(newest), "GiB/s", "version 1", median(first), goal=0.8,
                spread=newest),
    ], [f"1 GiB, 2 % changed in 100 places each time. Before `cairn gc --repack` it were "
        f"{before / gigabytes:.0f} ranges per GB; it took {seconds[0]:.1f} s."]


def _pieces(hub, access, name):
    path = urlsplit(access["endpoint"]).path
    connection = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=60)
    connection.request("GET", f"{path}/v1/reconstructions/{name}",
                       headers={"Authorization": f"Bearer {access['token']}"})
    return sum(len(ranges) for ranges in json.loads(connection.getresponse().read())["fetch_info"].values())
