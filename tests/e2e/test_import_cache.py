"""`cairn admin import-cache`: what a client has in its cache becomes repositories."""

import hashlib
import json
import random
import shutil

import pytest
from cairn import Cairn
from conftest import ADA
from huggingface_hub import HfApi
from wire import Wire, add, api_of, large

WEIGHTS = random.Random(3).randbytes(300_000)


@pytest.fixture
def source(own_hub):
    """A model with two commits and a branch, and a dataset: what a client will have in its cache."""
    ada = Wire(own_hub.url, ADA)
    ada.create("ada/bert")
    ada.create("ada/words", kind="dataset")
    uploaded = ada.upload_large("ada/bert", WEIGHTS)
    ada.commit("ada/bert", add("config.json", b'{"v": 1}'), add("old.txt", b"old"),
               large("deep/model.bin", uploaded)).ok()
    ada.post(f"{api_of('ada/bert')}/branch/dev", {}).ok()
    ada.commit("ada/bert", add("config.json", b'{"v": 2}'),
               {"key": "deletedFile", "value": {"path": "old.txt"}}).ok()
    ada.commit("ada/words", add("data.csv", "wörd\næther\n".encode()), kind="dataset").ok()
    return HfApi(endpoint=own_hub.url, token=ADA)


@pytest.fixture
def cache(source, tmp_path):
    """Filled by the published client itself."""
    folder = tmp_path / "hub"
    for revision in ("dev", "main"):
        source.snapshot_download("ada/bert", revision=revision, cache_dir=folder)
    source.snapshot_download("ada/words", repo_type="dataset", cache_dir=folder)
    return folder


@pytest.fixture
def target(folder, new_database, request):
    """Another hub, which has bob and the organization crew, and no repository."""
    hub = Cairn(folder / f"target-{request.node.name[:40]}".replace("[", "-").replace("]", ""),
                database=new_database())
    hub.apply({"users": [{"name": "bob", "tokens": [{"name": "w", "value": ADA, "role": "write"}]}],
               "orgs": [{"name": "crew", "members": {"bob": "admin"}}]})
    yield hub
    hub.end()


def imported(hub, *arguments, code=0):
    """@return the report by repository."""
    done = hub.run("admin", "import-cache", *arguments, "--json", check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return {f'{e["type"]} {e["repo"]}': e for e in json.loads(done.stdout)["entries"]}


def files_in(hub, name, revision="main", kind="model"):
    tree = Wire(hub.url, ADA).get(f"{api_of(name, kind)}/tree/{revision}?recursive=1").ok().json
    return {e["path"]: e.get("lfs", {}).get("oid", e["oid"]) for e in tree if e["type"] == "file"}


@pytest.mark.both_engines
def test_a_cache_becomes_private_repositories_with_a_commit_per_snapshot(source, cache, target):
    plan = imported(target, cache, "--owner", "crew", "--dry-run")
    assert {name: e["state"] for name, e in plan.items()} == {
        "model crew/bert": "importable", "dataset crew/words": "importable"}
    assert plan["model crew/bert"]["commits"] == 2
    assert target.run("admin", "repo", "list", "--json").stdout == "[]\n", "a dry run made something"

    target.start()
    done = imported(target, cache, "--owner", "crew")
    assert [e["state"] for e in done.values()] == ["imported"] * 2, done
    api = HfApi(endpoint=target.url, token=ADA)
    info = api.model_info("crew/bert")
    assert info.private
    origin = HfApi(endpoint=source.endpoint, token=ADA)
    for revision in ("main", "dev"):
        wanted = {f.path: f.lfs.sha256 if f.lfs else f.blob_id for f in
                  origin.list_repo_tree("ada/bert", recursive=True, revision=revision) if hasattr(f, "blob_id")}
        assert files_in(target, "crew/bert", revision) == wanted
    commits = api.list_repo_commits("crew/bert")
    assert len(commits) == 3 and commits[0].authors == ["crew"]
    assert origin.model_info("ada/bert").sha in commits[0].message
    body = Wire(target.url, ADA).get("/crew/bert/resolve/main/deep/model.bin").ok().body
    assert hashlib.sha256(body).digest() == hashlib.sha256(WEIGHTS).digest()
    assert "0 errors" in target.fsck().stdout

    again = imported(target, cache, "--owner", "crew")
    assert [e["state"] for e in again.values()] == ["present"] * 2
    assert len(api.list_repo_commits("crew/bert")) == 3
    target.stop()


def test_import_takes_what_is_new_since_the_last_time(source, cache, target):
    imported(target, cache, "--owner", "bob")
    source.upload_file(path_or_fileobj=b"new", path_in_repo="new.txt", repo_id="ada/bert")
    source.snapshot_download("ada/bert", cache_dir=cache)
    done = imported(target, cache, "--owner", "bob", "--only", "ada/be*")
    assert list(done) == ["model bob/bert"]
    assert (done["model bob/bert"]["state"], done["model bob/bert"]["commits"]) == ("imported", 1)
    target.start()
    assert "new.txt" in files_in(target, "bob/bert")


def test_import_leaves_what_people_made_alone(cache, target):
    target.start()
    bob = Wire(target.url, ADA)
    bob.create("bob/bert")
    bob.commit("bob/bert", add("mine.txt", b"mine")).ok()
    done = imported(target, cache, "--owner", "bob")
    assert done["model bob/bert"]["state"] == "skipped" and done["model bob/bert"]["notes"]
    assert done["dataset bob/words"]["state"] == "imported"
    assert set(files_in(target, "bob/bert")) == {".gitattributes", "mine.txt"}


def test_import_says_what_it_cannot_take_and_why(source, cache, target, tmp_path):
    without_owner = imported(target, cache)
    assert {e["state"] for e in without_owner.values()} == {"skipped"}
    assert "--owner" in json.dumps(without_owner)

    bert = cache / "models--ada--bert"
    [blob] = [b for b in (bert / "blobs").iterdir() if b.stat().st_size == len(WEIGHTS)]
    blob.write_bytes(WEIGHTS[:-1] + b"?")
    done = imported(target, cache, "--owner", "bob", "--only", "*bert", code=1)["model bob/bert"]
    assert done["state"] == "failed" and "deep/model.bin" in json.dumps(done["notes"])
    assert "0 errors" in target.fsck().stdout

    blob.unlink()
    done = imported(target, cache, "--owner", "bob", "--only", "*bert")["model bob/bert"]
    assert done["state"] == "incomplete"
    blob.write_bytes(WEIGHTS)
    done = imported(target, cache, "--owner", "bob", "--only", "*bert")["model bob/bert"]
    assert (done["state"], done["commits"]) == ("imported", 2)

    partial = tmp_path / "partial"
    source.snapshot_download("ada/bert", cache_dir=partial, allow_patterns="*.json")
    done = imported(target, partial, "--owner", "crew")["model crew/bert"]
    assert done["state"] == "incomplete" and "deep/model.bin" in json.dumps(done["notes"])
    assert "crew/bert" not in target.run("admin", "repo", "list").stdout


def test_import_reads_nothing_outside_the_cache(cache, target, tmp_path):
    (tmp_path / "secret").write_text("secret")
    [snapshot] = (cache / "datasets--ada--words" / "snapshots").iterdir()
    (snapshot / "data.csv").unlink()
    (snapshot / "data.csv").symlink_to(tmp_path / "secret")
    done = imported(target, cache, "--owner", "bob", "--only", "*words")["dataset bob/words"]
    assert done["state"] == "incomplete" and "out of the cache" in json.dumps(done["notes"])
    for wrong in ("/", tmp_path / "missing", cache / "version.txt"):
        assert target.run("admin", "import-cache", wrong, check=False).returncode == 3
    assert target.run("admin", "import-cache", tmp_path, "--only", "x" * 300, check=False).returncode == 1


def test_import_finds_the_clients_own_cache(cache, target):
    target.env["HF_HUB_CACHE"] = str(cache)
    done = target.run("admin", "import-cache", "--owner", "bob", "--dry-run")
    assert "bob/bert: importable" in done.stdout
    del target.env["HF_HUB_CACHE"]


def test_a_cache_of_this_very_hub_brings_nothing_new(own_hub, cache):
    assert {e["state"] for e in imported(own_hub, cache).values()} == {"present"}


def test_a_client_without_links_has_a_cache_too(cache, target):
    """As on Windows: files instead of links; the client's list of the commit has the hashes."""
    for snapshot in (cache / "models--ada--bert" / "snapshots").iterdir():
        for path in [p for p in snapshot.rglob("*") if p.is_symlink()]:
            content = path.read_bytes()
            path.unlink()
            path.write_bytes(content)
    shutil.rmtree(cache / "models--ada--bert" / "blobs")
    done = imported(target, cache, "--owner", "bob", "--only", "*bert")["model bob/bert"]
    assert (done["state"], done["commits"]) == ("imported", 2)
    target.start()
    assert files_in(target, "bob/bert")["deep/model.bin"] == hashlib.sha256(WEIGHTS).hexdigest()
