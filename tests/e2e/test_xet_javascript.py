"""The published JavaScript client, which always takes Xet when it is offered."""

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ADA
from wire import web_of
from xet_client import XetClient

MIB = 1 << 20
BIN = Path(sys.executable).parent  # node and npm come with the tests' Python packages.


@pytest.fixture(scope="module")
def scripts(tmp_path_factory):
    """The client, installed by its lock file."""
    folder = tmp_path_factory.mktemp("js") / "js"
    shutil.copytree(Path(__file__).parent / "js", folder)
    env = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
    subprocess.run([BIN / "npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=folder, env=env,
                   check=True, timeout=300)
    return folder


@pytest.fixture
def javascript(hub, scripts, repo):
    def run(*arguments):
        done = subprocess.run(
            [BIN / "node", "client.mjs", *map(str, arguments)], cwd=scripts, text=True,
            env={**os.environ, "HUB_URL": hub.url, "HUB_TOKEN": ADA, "HUB_REPO": repo},
            capture_output=True, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    return run


def file_of(folder, seed, size):
    path = folder / f"{seed}.bin"
    path.write_bytes(b"\0" + random.Random(seed).randbytes(size - 1))
    return path


def sha256(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


# Its chunker makes other chunks of random data than Python's (section 3.4), so 70 MiB is also a xorb
# that is full by its serialized size.
@pytest.mark.parametrize("size", [1, 100_000, 20 * MIB, 70 * MIB])
def test_34_a_round_trip_with_slices(nobody, javascript, repo, tmp_path, size):
    path = file_of(tmp_path, "js", size)
    javascript("upload", "m.bin", path)
    head = nobody.head(f"{web_of(repo)}/resolve/main/m.bin").ok()
    assert head["ETag"] == f'"{sha256(path)}"' and head["X-Xet-Hash"]
    told = javascript("download", "m.bin", tmp_path / "got")
    assert told == {"xet": True, "size": size, "part": True}
    assert sha256(tmp_path / "got") == sha256(path)


def test_35_what_python_brings_javascript_gets_and_the_other_way_round(hub, javascript, repo, tmp_path):
    python = XetClient(hub.url, ADA, tmp_path / "home")
    path = file_of(tmp_path, "py", 12 * MIB)
    python.upload(repo, {"py.bin": path})
    assert javascript("download", "py.bin", tmp_path / "got")["xet"]
    assert sha256(tmp_path / "got") == sha256(path)
    path = file_of(tmp_path, "js", 12 * MIB)
    javascript("upload", "js.bin", path)
    [got] = python.download(repo, ["js.bin"], tmp_path / "py")
    assert sha256(got) == sha256(path)


def test_19_both_clients_may_bring_the_same_bytes(hub, nobody, javascript, repo, tmp_path):
    path = file_of(tmp_path, "same", 50 * MIB)
    XetClient(hub.url, ADA, tmp_path / "home").upload(repo, {"py.bin": path})
    javascript("upload", "js.bin", path)
    for name in ("py.bin", "js.bin"):
        javascript("download", name, tmp_path / name)
        assert sha256(tmp_path / name) == sha256(path)
        assert nobody.head(f"{web_of(repo)}/resolve/main/{name}")["ETag"] == f'"{sha256(path)}"'
