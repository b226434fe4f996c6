"""Repositories as a whole: duplicates, squashes, large files deleted and copied, restore, comparing."""

import json
import os
import struct
import subprocess
import time

import pytest
from conftest import ADA, BOB, CAROL
from wire import COMMIT, KINDS, Wire, add, api_of, assert_error, delete, large, sha256, web_of

BIG = os.urandom(100_000)


@pytest.fixture
def ada(hub):
    return Wire(hub.url, ADA)


@pytest.fixture
def bob(hub):
    return Wire(hub.url, BOB)


def until(question, what, seconds=20):
    """Waits for background work. @return the first answer that is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer := question():
            return answer
        time.sleep(0.1)
    raise AssertionError(f"did not happen in {seconds} s: {what}")


# ---- Duplicate -----------------------------------------------------------------------------------


@pytest.mark.both_engines
@pytest.mark.parametrize("kind", ["model", "dataset", "space"])
def test_a_duplicate_has_files_and_history_and_its_large_files_download(api, ada, hub, kind):
    source, copy = f"ada/dup-{kind}", f"ada/dup-{kind}-copy"
    ada.create(source, kind)
    ada.commit(source, add("README.md", b"---\nlicense: mit\n---\n"),
               large("w.bin", ada.upload_large(source, BIG, kind)), kind=kind).ok()
    url = api.duplicate_repo(source, copy, repo_type=kind)
    assert str(url) == f"{hub.url}{web_of(copy, kind)}" and not url.files_copy_pending
    assert ada.info(copy, kind)["sha"] == ada.info(source, kind)["sha"]
    assert "license:mit" in ada.info(copy, kind)["tags"]
    assert ada.get(f"{web_of(copy, kind)}/resolve/main/w.bin").ok().body == BIG
    assert len(ada.get(f"{api_of(copy, kind)}/commits/main").ok().json) == 2


@pytest.mark.both_engines
def test_duplicating_twice_answers_with_the_url_that_is_there(api, ada, hub):
    ada.create("ada/dup-twice")
    ada.post(f"{api_of('ada/dup-twice')}/duplicate", {"repository": "ada/dup-twice-2"}).ok()
    again = ada.post(f"{api_of('ada/dup-twice')}/duplicate", {"repository": "ada/dup-twice-2"})
    assert_error(again, 409)
    assert again.json["url"] == f"{hub.url}/ada/dup-twice-2"
    api.duplicate_repo("ada/dup-twice", "ada/dup-twice-2", exist_ok=True)


@pytest.mark.both_engines
def test_private_repositories_are_duplicated_by_readers_only_and_stay_private(ada, bob):
    ada.create("ada/dup-private", private=True)
    assert_error(bob.post(f"{api_of('ada/dup-private')}/duplicate", {"repository": "bob/stolen"}),
                 404, "RepoNotFound")
    assert_error(bob.get(api_of("bob/stolen")), 404)
    ada.post(f"{api_of('ada/dup-private')}/duplicate", {"repository": "ada/dup-private-2"}).ok()
    assert ada.info("ada/dup-private-2")["private"] is True


@pytest.mark.both_engines
def test_a_duplicate_lacks_what_the_source_no_longer_shows(ada, bob, hub):
    ada.create("ada/dup-forced")
    start = ada.info("ada/dup-forced")["sha"]
    hidden = ada.commit("ada/dup-forced", add("secret.txt", b"s3cret")).ok().json["commitOid"]
    ada.post(f"{api_of('ada/dup-forced')}/branch/main",
             {"startingPoint": start, "overwrite": True}).ok()
    bob.post(f"{api_of('ada/dup-forced')}/duplicate", {"repository": "bob/dup-forced"}).ok()
    assert bob.paths("bob/dup-forced") == [".gitattributes"]
    assert_error(bob.get(f"{api_of('bob/dup-forced')}/tree/{hidden}"), 404, "RevisionNotFound")


# ---- Super-squash --------------------------------------------------------------------------------


@pytest.mark.both_engines
def test_a_squashed_branch_has_one_commit_and_the_same_files(api, ada):
    name = "ada/squash"
    ada.create(name)
    for i in range(5):
        ada.commit(name, add(f"d/{i % 2}.txt", str(i).encode())).ok()
    before = ada.get(f"{api_of(name)}/tree/main?recursive=true").ok().json
    api.super_squash_history(name, commit_message="Start again")
    after = ada.get(f"{api_of(name)}/tree/main?recursive=true&expand=true").ok().json
    assert [(e["path"], e["oid"]) for e in after] == [(e["path"], e["oid"]) for e in before]
    [commit] = ada.get(f"{api_of(name)}/commits/main").ok().json
    assert commit["title"] == "Start again"
    assert {e["lastCommit"]["id"] for e in after} == {commit["id"]} == {ada.info(name)["sha"]}


@pytest.mark.both_engines
def test_only_branches_are_squashed(ada, bob):
    name = "ada/squash-what"
    ada.create(name)
    ada.post(f"{api_of(name)}/tag/main", {"tag": "v1"}).ok()
    squash = f"{api_of(name)}/super-squash"
    assert_error(ada.post(f"{squash}/v1", {}), 400)
    assert_error(ada.post(f"{squash}/nope", {}), 404, "RevisionNotFound")
    assert_error(ada.post(f"{squash}/main", {"message": "x" * 501}), 400)
    assert_error(bob.post(f"{squash}/main", {}), 403)
    answer = ada("POST", f"{squash}/refs%2Fheads%2Fmain").ok()
    assert COMMIT.fullmatch(answer.json["commitId"])


@pytest.mark.both_engines
def test_gc_gives_back_what_a_squash_left(own_hub):
    own_hub.stop()
    own_hub.env.update(CAIRN_GC_GRACE_HOURS="0", CAIRN_RESTORABLE_DAYS="0")
    own_hub.start()
    ada, name = Wire(own_hub.url, ADA), "ada/squash-gc"
    ada.create(name)
    old, new = os.urandom(300_000), os.urandom(1_000)
    ada.commit(name, large("w.bin", ada.upload_large(name, old)), add("a.txt", os.urandom(90_000))).ok()
    ada.commit(name, large("w.bin", ada.upload_large(name, new)), add("a.txt", b"small")).ok()
    before = ada.get(f"{api_of(name)}?expand=usedStorage").ok().json["usedStorage"]
    ada.post(f"{api_of(name)}/super-squash/main", {}).ok()
    time.sleep(1.1)  # The database's clock decides what is old.
    own_hub.run("gc")
    own_hub.run("gc")
    assert [f["fileOid"] for f in ada.get(f"{api_of(name)}/lfs-files").ok().json] == [sha256(new)]
    after = ada.get(f"{api_of(name)}?expand=usedStorage").ok().json["usedStorage"]
    assert before - after > 380_000
    stored = {f.stat().st_size for f in (own_hub.data / "objects").rglob("*") if f.is_file()}
    assert len(new) in stored and len(old) not in stored
    assert ada.get(f"/{name}/resolve/main/w.bin").ok().body == new
    own_hub.fsck()


# ---- Large files ---------------------------------------------------------------------------------


@pytest.mark.both_engines
def test_large_files_are_listed_and_deleted_with_their_history(api, ada):
    name = "ada/lfs-delete"
    ada.create(name)
    other = os.urandom(5_000)
    ada.commit(name, large("a/secret.bin", ada.upload_large(name, BIG)), summary="Oops").ok()
    ada.commit(name, large("fine.bin", ada.upload_large(name, other))).ok()
    listed = {f.filename: f for f in api.list_lfs_files(name)}
    assert set(listed) == {"a/secret.bin", "fine.bin"}
    secret = listed["a/secret.bin"]
    assert (secret.file_oid, secret.size, secret.ref) == (sha256(BIG), len(BIG), "refs/heads/main")
    api.permanently_delete_lfs_files(name, [secret])
    assert [f.filename for f in api.list_lfs_files(name)] == ["fine.bin"]
    assert "a/secret.bin" not in ada.paths(name) and "a" not in ada.paths(name)
    titles = [c["title"] for c in ada.get(f"{api_of(name)}/commits/main").ok().json]
    assert titles == ["A commit", "Oops", "initial commit"]
    assert ada.get(f"/{name}/resolve/main/fine.bin").ok().body == other


@pytest.mark.both_engines
def test_without_rewriting_the_pointer_dangles(ada):
    name = "ada/lfs-dangle"
    ada.create(name)
    content = os.urandom(3_000)
    ada.commit(name, large("w.bin", ada.upload_large(name, content))).ok()
    sha = ada.info(name)["sha"]
    ada("DELETE", f"{api_of(name)}/lfs-files/{sha256(content)}").ok()
    assert ada.info(name)["sha"] == sha
    assert_error(ada.get(f"/{name}/resolve/main/w.bin"), 404)
    assert ada.get(f"/{name}/raw/main/w.bin").ok().text.startswith("version https://git-lfs")
    # The same bytes may come again.
    ada.upload_large(name, content)
    assert ada.get(f"/{name}/resolve/main/w.bin").ok().body == content


@pytest.mark.both_engines
def test_large_files_belong_to_writers(ada, bob):
    name = "ada/lfs-mine"
    ada.create(name)
    assert_error(bob.get(f"{api_of(name)}/lfs-files"), 403)
    assert_error(bob.post(f"{api_of(name)}/lfs-files/batch", {"deletions": {"sha": []}}), 403)
    body = {"deletions": {"sha": ["0" * 64] * 1001}}
    assert_error(ada.post(f"{api_of(name)}/lfs-files/batch", body), 413)
    assert_error(ada.post(f"{api_of(name)}/lfs-files/batch", {"deletions": {"sha": ["x"]}}), 400)


@pytest.mark.both_engines
def test_large_files_are_given_to_another_repository_without_upload(ada, bob):
    ada.create("ada/lfs-from")
    bob.create("bob/lfs-to")
    content = os.urandom(4_000)
    ada.commit("ada/lfs-from", large("w.bin", ada.upload_large("ada/lfs-from", content))).ok()
    target = {"type": "model", "name": "bob/lfs-to"}
    file = {"sha256": sha256(content), "filename": "w.bin", "xetHash": "0" * 64}
    answer = bob.post(f"{api_of('ada/lfs-from')}/lfs-files/duplicate",
                      {"target": target, "files": [file, {**file, "sha256": "1" * 64}]}).ok().json
    assert [f["sha256"] for f in answer["success"]] == [sha256(content)]
    assert [f["sha256"] for f in answer["failed"]] == ["1" * 64] and answer["failed"][0]["error"]
    bob.commit("bob/lfs-to", large("copy.bin", {"algo": "sha256", "oid": sha256(content)})).ok()
    assert bob.get("/bob/lfs-to/resolve/main/copy.bin").ok().body == content
    assert_error(bob.post(f"{api_of('bob/lfs-to')}/lfs-files/duplicate",
                          {"target": {"type": "model", "name": "ada/lfs-from"}, "files": [file]}), 403)


# ---- What files tell -----------------------------------------------------------------------------


def safetensors(**tensors):
    header = json.dumps({"__metadata__": {"format": "pt"}, **{
        name: {"dtype": dtype, "shape": shape, "data_offsets": [0, 0]}
        for name, (dtype, shape) in tensors.items()}}).encode()
    return struct.pack("<Q", len(header)) + header


@pytest.mark.both_engines
def test_configurations_are_in_the_answer_that_follows_the_commit(api, ada):
    name = "ada/facts-config"
    ada.create(name)
    config = {"architectures": ["BertForMaskedLM"], "model_type": "bert"}
    ada.commit(name, add("config.json", json.dumps(config).encode()),
               add("tokenizer_config.json", b'{"mask_token": "[MASK]"}')).ok()
    info = api.model_info(name)
    assert (info.library_name, info.pipeline_tag, info.mask_token) == (
        "transformers", "fill-mask", "[MASK]")
    assert info.config["architectures"] == ["BertForMaskedLM"]
    assert info.transformers_info.auto_model == "AutoModelForMaskedLM"
    assert {"transformers", "bert", "fill-mask"} <= set(info.tags)
    ada.commit(name, delete("config.json")).ok()
    assert "library_name" not in ada.info(name)


@pytest.mark.both_engines
def test_parameters_are_counted_from_large_and_small_headers(api, ada):
    name = "ada/facts-weights"
    ada.create(name)
    weights = safetensors(a=("F32", [2, 3]), b=("BF16", [7]))
    ada.commit(name, large("model.safetensors", ada.upload_large(name, weights + b"\0" * 50))).ok()
    info = until(lambda: api.model_info(name).safetensors, "the header is read")
    assert info.parameters == {"F32": 6, "BF16": 7} and info.total == 13
    assert "safetensors" in api.model_info(name).tags


@pytest.mark.both_engines
def test_shards_are_counted_together_and_their_headers_answered(api, ada):
    name = "ada/facts-shards"
    ada.create(name)
    shards = {f"model-0000{i}-of-00002.safetensors": safetensors(**{f"t{i}": ("F16", [i, 10])})
              for i in (1, 2)}
    index = {"metadata": {"total_size": 60}, "weight_map": {
        f"t{i}": name for i, name in enumerate(shards, 1)}}
    lines = [large(path, ada.upload_large(name, content)) for path, content in shards.items()]
    ada.commit(name, add("model.safetensors.index.json", json.dumps(index).encode()), *lines).ok()
    info = until(lambda: api.model_info(name).safetensors, "the headers are read")
    assert info.total == 30
    found = api.get_sharded_safetensors_metadata(name)
    assert sorted(found.files_metadata) == sorted(shards)
    assert found.parameter_count == {"F16": 30}
    assert_error(ada.get(f"{api_of(name)}/safetensors-metadata/nope.json"), 404, "EntryNotFound")


@pytest.mark.both_engines
def test_gguf_headers_are_read_and_broken_ones_tell_nothing(ada):
    name = "ada/facts-gguf"
    ada.create(name)

    def text(t):
        return struct.pack("<Q", len(t)) + t.encode()

    head = (b"GGUF" + struct.pack("<IQQ", 3, 1, 2)
            + text("general.architecture") + struct.pack("<I", 8) + text("llama")
            + text("llama.context_length") + struct.pack("<II", 4, 2048)
            + text("w") + struct.pack("<IQQIQ", 2, 4, 5, 0, 0))
    ada.commit(name, large("m.gguf", ada.upload_large(name, head))).ok()
    gguf = until(lambda: ada.get(f"{api_of(name)}?expand=gguf").ok().json.get("gguf"), "gguf is read")
    assert gguf == {"total": 20, "architecture": "llama", "context_length": 2048}
    ada.commit(name, large("m.gguf", ada.upload_large(name, head[:40]))).ok()
    until(lambda: "gguf" not in ada.get(f"{api_of(name)}?expand=gguf").ok().json, "it is forgotten")


@pytest.mark.both_engines
def test_models_count_those_made_from_them_as_far_as_they_are_seen(ada, bob, nobody):
    ada.create("ada/lineage")
    for name, relation, private in (("t1", "finetune", False), ("t2", "finetune", True),
                                    ("q1", "quantized", False)):
        ada.create(f"ada/lineage-{name}", private=private)
        card = f"---\nbase_model: ada/lineage\nbase_model_relation: {relation}\n---\n"
        ada.commit(f"ada/lineage-{name}", add("README.md", card.encode())).ok()
    expand = f"{api_of('ada/lineage')}?expand=childrenModelCount"
    assert nobody.get(expand).ok().json["childrenModelCount"] == 2
    assert ada.get(expand).ok().json["childrenModelCount"] == 3
    bases = ada.get(f"{api_of('ada/lineage-q1')}?expand=baseModels").ok().json["baseModels"]
    assert bases == {"relation": "quantized", "models": [{"id": "ada/lineage"}]}


@pytest.mark.both_engines
def test_data_sets_tell_modality_description_and_size(ada):
    name = "ada/facts-data"
    ada.create(name, "dataset")
    ada.commit(name, add("README.md", b"---\nlicense: mit\n---\n# Words\n\nMany words.\n"),
               add("data/train.csv", b"a,b\n1,2\n"), kind="dataset").ok()
    info = until(lambda: (i := ada.info(name, "dataset")) and "format:csv" in i["tags"] and i,
                 "the names are read")
    assert "modality:tabular" in info["tags"] and info["description"].startswith("# Words")
    size = ada.get(f"{api_of(name, 'dataset')}?expand=mainSize").ok().json["mainSize"]
    assert size == sum(e["size"] for e in ada.get(
        f"{api_of(name, 'dataset')}/tree/main?recursive=true").ok().json)


@pytest.mark.both_engines
def test_info_of_many_files_lists_all_of_them(ada):
    name = "ada/many-siblings"
    ada.create(name)
    paths = [f"d{n % 7}/f{n:04}.txt" for n in range(2_500)]
    ada.commit(name, *[add(path, b"x") for path in paths]).ok()
    info = ada.info(name)
    assert [s["rfilename"] for s in info["siblings"]] == sorted([".gitattributes", *paths])
    assert info["id"] == name and info["sha"] and set(info["siblings"][0]) == {"rfilename"}
    blobs = ada.get(f"{api_of(name)}?blobs=true").ok().json["siblings"]
    assert len(blobs) == 2_501 and blobs[-1]["size"] == 1 and blobs[-1]["blobId"]
    only = ada.get(f"{api_of(name)}?expand=siblings").ok().json
    assert set(only) == {"_id", "id", "siblings"} and len(only["siblings"]) == 2_501


# ---- Secrets and variables -----------------------------------------------------------------------


@pytest.mark.both_engines
def test_spaces_keep_secrets_and_variables(api, ada, bob, hub):
    name = "ada/values"
    ada.create(name, "space", secrets=[{"key": "FIRST", "value": "one"}],
               variables=[{"key": "MODE", "value": "demo", "description": "how"}])
    api.add_space_secret(name, "TOKEN", "s3cret-value", description="to get in")
    secrets = ada.get(f"{api_of(name, 'space')}/secrets").ok()
    assert set(secrets.json) == {"FIRST", "TOKEN"} and "s3cret-value" not in secrets.text
    assert secrets.json["TOKEN"]["description"] == "to get in"
    api.delete_space_secret(name, "FIRST")
    assert set(api.get_space_secrets(name)) == {"TOKEN"}
    variables = api.add_space_variable(name, "OTHER", "2")
    assert {k: v.value for k, v in variables.items()} == {"MODE": "demo", "OTHER": "2"}
    assert set(api.delete_space_variable(name, "OTHER")) == {"MODE"}
    for path in ("secrets", "variables"):
        assert_error(bob.get(f"{api_of(name, 'space')}/{path}"), 403)
        assert_error(ada.post(f"{api_of(name, 'space')}/{path}", {"key": "1x", "value": "y"}), 400)
    assert "s3cret-value" not in hub.log_path.read_text(errors="replace")


# ---- Restore -------------------------------------------------------------------------------------


@pytest.mark.both_engines
def test_an_owner_restores_what_was_deleted(api, ada, bob):
    name = "ada/restored"
    ada.create(name)
    ada.commit(name, add("a.txt", b"a")).ok()
    api.delete_repo(name)
    assert_error(ada.get(api_of(name)), 404)
    listed = {r["id"]: r for r in ada.get("/api/-/v1/deleted-repositories").ok().json}
    assert listed[name]["type"] == "model" and listed[name]["restorableUntil"]
    assert_error(bob.get("/api/-/v1/deleted-repositories?owner=ada"), 403)
    restore = f"/api/-/v1/deleted-repositories/{listed[name]['_id']}/restore"
    assert_error(bob.post(restore, {}), 404)
    # The name was taken again meanwhile, by its owner.
    ada.create(name)
    assert_error(ada.post(restore, {}), 409)
    assert ada.post(restore, {"name": "restored-2"}).ok().json["id"] == "ada/restored-2"
    assert "a.txt" in ada.paths("ada/restored-2")


@pytest.mark.both_engines
def test_names_of_gone_repositories_are_for_who_manages_their_owner(ada, hub):
    carol = Wire(hub.url, CAROL)
    ada.create("crew/went")
    ada("DELETE", "/api/repos/delete", json_body={"name": "went", "organization": "crew"}).ok()
    taken = carol.post("/api/repos/create", {"name": "went", "organization": "crew"})
    assert_error(taken, 403, "NameReserved")
    ada.create("crew/went")


# ---- Comparing -----------------------------------------------------------------------------------


@pytest.mark.both_engines
@pytest.mark.parametrize("kind", KINDS)
def test_a_comparison_has_hunks_and_is_what_git_prints(ada, tmp_path, kind):
    name = f"ada/compare-{kind}"
    ada.create(name, kind)
    old = b"".join(b"line %d\n" % i for i in range(30))
    new = old.replace(b"line 7\n", b"line seven\n") + b"end"
    ada.commit(name, add("a.txt", old), add("gone.txt", b"x\n"), add("d/moves.txt", b"moves\n"),
               kind=kind).ok()
    start = ada.info(name, kind)["sha"]
    ada.commit(name, add("a.txt", new), delete("gone.txt"), delete("d/moves.txt"),
               add("e/moved.txt", b"moves\n"), add("new.bin", b"\0\1"),
               large("big.bin", ada.upload_large(name, BIG, kind)), kind=kind).ok()
    found = ada.get(f"{api_of(name, kind)}/compare/{start}..main").ok().json
    files = {f["path"]: f for f in found["files"]}
    assert {p: f["status"] for p, f in files.items()} == {
        "a.txt": "modified", "big.bin": "added", "e/moved.txt": "renamed", "gone.txt": "deleted",
        "new.bin": "added"}
    assert files["e/moved.txt"]["oldPath"] == "d/moves.txt"
    assert (files["a.txt"]["additions"], files["a.txt"]["deletions"]) == (2, 1)
    assert files["new.bin"]["omitted"] == "binary" and files["big.bin"]["omitted"] == "large file"
    text = ada.get(f"{api_of(name, kind)}/compare/{start}..main?raw=true").ok().text
    # git takes it back: the old text and the patch give the new one.
    (tmp_path / "a.txt").write_bytes(old)
    (tmp_path / "gone.txt").write_bytes(b"x\n")
    patch = text.split("diff --git ")
    only_text = "".join("diff --git " + p for p in patch if p.startswith(("a/a.txt", "a/gone.txt")))
    subprocess.run(["git", "apply", "-"], input=only_text.encode(), cwd=tmp_path, check=True)
    assert (tmp_path / "a.txt").read_bytes() == new and not (tmp_path / "gone.txt").exists()


@pytest.mark.both_engines
def test_three_dots_compare_with_where_both_began(ada, nobody):
    name = "ada/compare-dots"
    ada.create(name)
    ada.post(f"{api_of(name)}/branch/dev", {}).ok()
    ada.commit(name, add("dev.txt", b"of dev"), rev="dev").ok()
    ada.commit(name, add("main.txt", b"of main")).ok()
    paths = lambda dots: [f["path"] for f in  # noqa: E731
                          nobody.get(f"{api_of(name)}/compare/main{dots}dev").ok().json["files"]]
    assert paths("..") == ["dev.txt", "main.txt"] and paths("...") == ["dev.txt"]
    assert_error(ada.get(f"{api_of(name)}/compare/main"), 400)
    assert_error(ada.get(f"{api_of(name)}/compare/main..nope"), 404, "RevisionNotFound")
