"""Rows pb, pd, pe: what a browser takes. The browser is driven by bench/browser, in the app's own Node."""

import hashlib
import json
import os
import random
import subprocess

from hub import NAME, PASSWORD
from measure import MIB, ROOT, Measure, median
from rows.pages import fill

NODE = ROOT / "build/node/bin/node"
ROUNDS = 20
CLICK_MS = 100
BLOCK_MS = 200
# The whole row has 5 000 files and 10 GB; less says sooner whether something got slow.
FILES = int(os.environ.get("CAIRN_BENCH_UPLOAD_FILES", "500"))
FILE_BYTES = 2_000_000
SAMPLE = 20


def _node(script, *arguments, seconds=5 * 3600):
    """@return what the script told."""
    done = subprocess.run([NODE, script, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True,
                          timeout=seconds)
    assert done.returncode == 0, done.stderr[-1500:]
    return json.loads(done.stdout.splitlines()[-1])


def _url(hub):
    return f"http://127.0.0.1:{hub.port}"


def lighthouse(bench):
    """Pages as tests/lighthouse names them, three times each: the median, as Lighthouse advises."""
    rows = _node(ROOT / "tests/lighthouse/audit.ts", "--json", "--runs=3")
    return [Measure(f"{row['page']}: performance", row["performance"], "of 100", goal=95) for row in rows], [
        "Mobile emulation: a CPU four times slower, 1.6 Mbit/s, 150 ms."]


def click(bench):
    with bench.hub() as hub:
        repo = fill(hub, ".py", b"x = 1\n" * 200)
        found = _node(ROOT / "bench/browser/click.ts", _url(hub), repo, ROUNDS)
    measures = []
    for name, times in found.items():
        worst = sorted(times)[int(0.95 * (len(times) - 1))]
        measures.append(Measure(f"{name}, p50", median(times), "ms", goal=CLICK_MS, least=False))
        measures.append(Measure(f"{name}, p95", worst, "ms"))
    return measures, [f"{ROUNDS} rounds after one that loads the app's parts."]


def _folder(path):
    """Random bytes, so that nothing is stored once for two. @return path -> SHA-256 of some."""
    seeded, sums = random.Random(), {}
    for n in range(FILES):
        name = f"data/{n % 50:02}/part-{n:05}.bin"
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        content = os.urandom(FILE_BYTES)
        file.write_bytes(content)
        if n in (0, FILES - 1) or seeded.random() < SAMPLE / FILES:
            sums[name] = hashlib.sha256(content).hexdigest()
    return sums


def upload(bench):
    folder = bench.folder / "chosen"
    sums = _folder(folder)
    with bench.hub() as hub:
        repo = hub.create_repo("upload")
        found = _node(ROOT / "bench/browser/upload.ts", _url(hub), repo, folder, NAME, PASSWORD)
        arrived = [entry["rfilename"] for entry in hub.request("GET", f"/api/models/{repo}")["siblings"]]
        assert len([name for name in arrived if name.startswith("data/")]) == FILES, "files are missing"
        for name, digest in sums.items():
            content = hub.request("GET", f"/{repo}/resolve/main/{name}")
            assert hashlib.sha256(content).hexdigest() == digest, f"{name} is another file"
    blocks = found["before"] + found["after"]
    size_mb = FILES * FILE_BYTES / 1e6
    return [
        Measure("longest block of the main thread", max(blocks, default=0), "ms", goal=BLOCK_MS, least=False),
        Measure("blocks of 50 ms and more", len(blocks), ""),
        Measure("pieces sent twice for the reload", found["sent_again"], "", goal=0, least=False),
        Measure("whole upload, the reload included", size_mb / found["seconds"], "MB/s"),
    ], [f"{FILES} files of {FILE_BYTES / MIB:.1f} MiB; {found['sent_before']} of {found['xorbs']} pieces had gone "
        f"when the page was loaded again; {len(sums)} files were read back and are what they were."]
