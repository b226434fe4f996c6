"""Older releases of the Python client, and other programs that load from hubs, against this one. Each
has packages of its own in build/clients, exactly those of its lock file, made when they are missing."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cairn import ROOT
from conftest import ADA

FOLDER = ROOT / "tests/clients"
MADE = ROOT / "build/clients"


def run(*command, **more):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=1200,
                          **more)
    assert done.returncode == 0, f"{command[0]} …:\n{done.stdout[-4000:]}\n{done.stderr[-6000:]}"
    return done.stdout


def made_of(name, wanted, make):
    """@return build/clients/<name>, made by `make` unless it was for just these lock files."""
    target, stamp = MADE / name, MADE / f"{name}.stamp"
    MADE.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in wanted)).hexdigest()
    with (MADE / f"{name}.lock").open("w") as lock:  # Tests run in several processes.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.is_dir() or not stamp.exists() or stamp.read_text() != digest:
            shutil.rmtree(target, ignore_errors=True)
            make(target)
            stamp.write_text(digest)
    return target


def python_of(name):
    lock = FOLDER / name / "requirements.lock"

    def make(target):
        run("/usr/bin/python3", "-m", "venv", target)
        run(target / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
            "--require-hashes", "-r", lock)

    return made_of(name, [lock], make) / "bin/python"


def environment(hub, tmp_path):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "PYTEST_"))}
    return {**env, "HF_ENDPOINT": hub.url, "HF_TOKEN": ADA, "HF_HOME": str(tmp_path / "home"),
            "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "HF_HUB_DISABLE_UPDATE_CHECK": "1", "HF_UPDATE_DOWNLOAD_COUNTS": "0",
            "DISABLE_SAFETENSORS_CONVERSION": "1", "NO_PROXY": "127.0.0.1,localhost"}


def xet_files(nobody):
    """How many files the hub took by shards so far."""
    [line] = [line for line in nobody.get("/metrics").ok().text.splitlines()
              if line.startswith("cairn_xet_files ")]
    return float(line.split()[1])


@pytest.mark.parametrize("release", [
    "hub-0.20",
    *(pytest.param(f"hub-{release}", marks=pytest.mark.slow)
      for release in ("0.30", "0.36", "1.19", "1.28", "1.29", "1.33")),
])
def test_an_older_client_does_its_main_job(hub, nobody, tmp_path, repo_id, release):
    before = xet_files(nobody)
    said = run(python_of(release), FOLDER / "main_job.py", repo_id, env=environment(hub, tmp_path))
    assert said.startswith(f"works with {release.split('-')[1]}.")
    assert (xet_files(nobody) > before) == (release != "hub-0.20"), "0.30 is the first with Xet"


@pytest.mark.parametrize("off", [{}, {"HF_HUB_DISABLE_XET": "1"}], ids=["xet", "lfs"])
def test_the_newest_client_does_the_same(hub, nobody, tmp_path, repo_id, off):
    before = xet_files(nobody)
    run(sys.executable, FOLDER / "main_job.py", repo_id, env={**environment(hub, tmp_path), **off})
    assert (xet_files(nobody) > before) == (not off)


@pytest.mark.slow
def test_datasets_pandas_duckdb_safetensors_tokenizers(hub, tmp_path, repo_id):
    said = run(python_of("data"), FOLDER / "data/tools.py", repo_id, env=environment(hub, tmp_path),
               cwd=tmp_path)
    assert said.count("works") == 5


@pytest.mark.slow
def test_the_javascript_client(hub, tmp_path, repo_id):
    source = FOLDER / "node"
    lock = source / "package-lock.json"
    node = Path(python_of("node")).parent / "node"

    def make(target):
        target.mkdir()
        for name in ("package.json", "package-lock.json"):
            shutil.copy(source / name, target)
        run(node.parent / "npm", "ci", "--no-audit", "--no-fund", cwd=target,
            env={**os.environ, "PATH": f"{node.parent}:{os.environ['PATH']}"})

    packages = made_of("node-packages", [lock, source / "package.json"], make)
    script = shutil.copy(source / "main_job.mjs", packages)
    run(node, script, repo_id, env=environment(hub, tmp_path), cwd=packages)
