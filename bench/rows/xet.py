"""Row xa: xorbs on one core, in the library (xet.cpp). CPU time, so that a busy machine counts little."""

import json
import os
import subprocess

from measure import ROOT, Measure

PROGRAM = os.environ.get("CAIRN_BENCH_XET", ROOT / "build/release/cairn_bench_xet")
MEBIBYTES = 256
ROUNDS = 5
GB = 1e9
CONTENT = {
    "random": "random bytes (stored)",
    "float32": "float32 weights (BG4+LZ4)",
    "bfloat16": "bfloat16 weights (BG4+LZ4)",
    "text": "text (LZ4)",
}


def primitives(bench):
    done = subprocess.run([PROGRAM, str(MEBIBYTES), str(ROUNDS)], capture_output=True, text=True,
                          check=True)
    found = json.loads(done.stdout)
    measures = []
    for kind, name in CONTENT.items():
        rates = found[kind]
        measures.append(Measure(f"ingest, {name}", rates["verify"] / GB, "GB/s",
                                peer="BLAKE3 and LZ4 alone", peer_value=rates["limit"] / GB,
                                goal=0.7))
    slowest = min(found.values(), key=lambda rates: rates["verify"])
    measures.append(Measure("ingest, the slowest of them", slowest["verify"] / GB, "GB/s", goal=1))
    cut = found["random"]
    both = 1 / (1 / cut["chunk"] + 1 / cut["hash"]) / GB
    measures += [
        Measure("cutting random bytes", cut["chunk"] / GB, "GB/s"),
        Measure("cutting and hashing them", both, "GB/s", goal=1.5),
        Measure("unpacking for plain HTTP, the slowest", min(r["decode"] for r in found.values()) / GB,
                "GB/s", goal=1),
        Measure("packing, the slowest", min(r["write"] for r in found.values()) / GB, "GB/s"),
    ]
    sizes = ", ".join(f"{kind} {found[kind]['stored']:.3f}" for kind in CONTENT)
    return measures, [f"{MEBIBYTES} MiB of content each, median of {ROUNDS} rounds, one thread.",
                      f"Stored size by content: {sizes}."]
