"""Load generators: wrk for GET, ab for HEAD (wrk waits for bodies of HEAD answers), and sockets for
large downloads. Loopback only, bounded in time and connections."""

import json
import re
import socket
import subprocess
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

from hub import TOKEN
from measure import MIB, cpu_seconds

CONNECTIONS = 32
SECONDS = 4
AUTHORIZATION = f"Authorization: Bearer {TOKEN}"
REPORT = Path(__file__).parent / "report.lua"


class Rate:
    """Requests per second, and what one request cost the server in CPU time."""

    def __init__(self, per_second, cpu_us):
        self.per_second, self.cpu_us = per_second, cpu_us


def get_rate(server, path):
    """Keep-alive GETs, 32 connections. `server` has a port and a pid. @raise unless all are 2xx."""
    before = cpu_seconds(server.pid)
    done = subprocess.run(
        ["wrk", "-t2", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-H", AUTHORIZATION, "-s", REPORT,
         f"http://127.0.0.1:{server.port}{path}"],
        check=True, capture_output=True, text=True)
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["failed"] == 0, f"GET {path}: {report}"
    spent = cpu_seconds(server.pid) - before
    return Rate(report["requests"] / report["seconds"], spent / report["requests"] * 1e6)


def head_rate(server, path):
    """Keep-alive HEADs, 32 connections."""
    before = cpu_seconds(server.pid)
    done = subprocess.run(
        ["ab", "-i", "-k", "-q", "-c", str(CONNECTIONS), "-t", str(SECONDS), "-n", "100000000",
         "-H", AUTHORIZATION, f"http://127.0.0.1:{server.port}{path}"],
        check=True, capture_output=True, text=True)

    def number(label):
        found = re.search(rf"^{label}:\s+([\d.]+)", done.stdout, re.M)
        return float(found[1]) if found else 0

    complete = number("Complete requests")
    assert complete and not number("Failed requests") and not number("Non-2xx responses"), done.stdout
    assert number("Keep-Alive requests") > 0.99 * complete, f"not kept alive:\n{done.stdout}"
    spent = cpu_seconds(server.pid) - before
    return Rate(number(r"Requests per second"), spent / complete * 1e6)


def download(port, path, streams):
    """Whole files at once into memory that is thrown away. @return (bytes, seconds)."""
    counts, problems = [0] * streams, []

    def one(index):
        try:
            counts[index] = _receive(port, path)
        except Exception as problem:  # Told below: a thread cannot fail the run.
            problems.append(problem)

    threads = [threading.Thread(target=one, args=(i,)) for i in range(streams)]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - start
    assert not problems, problems
    return sum(counts), seconds


def _receive(port, path, redirects_max=3):
    for _ in range(redirects_max + 1):
        with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
                               f"{AUTHORIZATION}\r\n\r\n".encode())
            start = b""
            while b"\r\n\r\n" not in start:
                more = connection.recv(65536)
                assert more, "closed before an answer"
                start += more
            head, _, body = start.partition(b"\r\n\r\n")
            head = head.decode("latin-1")
            status = int(head.split()[1])
            if status in (302, 303, 307, 308):
                target = urlsplit(re.search(r"(?im)^location:\s*(\S+)", head)[1])
                port = target.port or port
                path = target.path + (f"?{target.query}" if target.query else "")
                continue
            assert status == 200, head
            return _drain(connection, int(re.search(r"(?im)^content-length:\s*(\d+)", head)[1]),
                          len(body))
    raise AssertionError("too many redirects")


def _drain(connection, length, got):
    buffer = bytearray(MIB)
    while got < length:
        count = connection.recv_into(buffer)
        assert count, f"closed after {got} of {length} bytes"
        got += count
    return got
