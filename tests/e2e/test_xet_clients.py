"""Large files through Xet, with the published Python client as it comes. The numbers in the names
are those of the protocol reference's checklist."""

import hashlib
import json
import random
import subprocess
from pathlib import Path

import pytest
from conftest import ADA, ADA_READ, BOB
from wire import Wire, api_of, assert_error, large, sha256, target_of, web_of
from xet_client import XetClient

KIB, MIB = 1 << 10, 1 << 20
# Sizes around every border of the protocol: chunk minimum and maximum, and a xorb.
SIZES = [1, 8 * KIB - 1, 8 * KIB, 8 * KIB + 1, 128 * KIB - 1, 128 * KIB, 128 * KIB + 1, 3 * MIB,
         64 * MIB - 1, 64 * MIB + 1]


def content_of(seed, size):
    """Binary from its first byte, so that every client takes it for a large file."""
    return b"\0" + random.Random(seed).randbytes(size - 1)


@pytest.fixture
def client(hub, tmp_path):
    return XetClient(hub.url, ADA, tmp_path / "home")


@pytest.fixture
def fresh(hub, tmp_path):
    """The client on another machine: nothing of the first one's caches."""
    return XetClient(hub.url, ADA, tmp_path / "elsewhere")


def write(folder, name, content):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def sums(paths):
    return [hashlib.sha256(open(p, "rb").read()).hexdigest() for p in paths]


def counted(hub, operation):
    """@return how many requests of this operation the hub has answered."""
    total = 0
    for line in Wire(hub.url).get("/metrics").ok().text.splitlines():
        if line.startswith("cairn_http_requests") and f'operation="{operation}"' in line:
            total += float(line.rsplit(" ", 1)[1])
    return total


@pytest.mark.both_engines
def test_33_files_of_every_size_come_back_as_they_went(hub, client, fresh, repo, tmp_path):
    files = {f"f{size}.bin": write(tmp_path, f"f{size}.bin", content_of(size, size))
             for size in SIZES}
    before = counted(hub, "lfs.upload"), counted(hub, "xet.xorb"), counted(hub, "xet.transfer")
    files["empty.bin"] = write(tmp_path, "empty.bin", b"")
    client.upload(repo, files)
    got = fresh.download(repo, list(files), tmp_path / "got")
    assert sums(got) == sums(files.values())
    assert counted(hub, "lfs.upload") == before[0], "a file went around Xet"
    assert counted(hub, "xet.xorb") > before[1] and counted(hub, "xet.transfer") > before[2]


def test_33_a_snapshot_needs_no_head_requests(hub, client, fresh, repo, tmp_path):
    files = {f"data/{n}.bin": write(tmp_path, f"{n}.bin", content_of(n, 300 * KIB)) for n in range(5)}
    client.upload(repo, files)
    before = counted(hub, "files.resolve")
    folder = fresh.run("""tell(snapshot_download(given["repo"], endpoint=api.endpoint, token=api.token,
                               allow_patterns=["data/*"]))""", repo=repo)
    assert sums(f"{folder}/{path}" for path in files) == sums(files.values())
    assert counted(hub, "files.resolve") == before


@pytest.mark.parametrize("kind", ["dataset", "space"])
def test_33_datasets_and_spaces_too(hub, ada, client, fresh, repo_id, tmp_path, kind):
    ada.create(repo_id, kind)
    path = write(tmp_path, "x.bin", content_of(7, 2 * MIB))
    client.upload(repo_id, {"x.bin": path}, kind=kind)
    assert sums(fresh.download(repo_id, ["x.bin"], tmp_path / "got", kind=kind)) == sums([path])


def test_33_a_folder_of_many_small_files(hub, client, fresh, repo, tmp_path):
    for n in range(300):
        write(tmp_path / "in", f"{n % 7}/{n}.bin", content_of(n, 500 + n))
    client.run("""api.upload_folder(repo_id=given["repo"], folder_path=given["folder"])""", repo=repo,
               folder=str(tmp_path / "in"))
    folder = fresh.run("""tell(snapshot_download(given["repo"], endpoint=api.endpoint,
                               token=api.token))""", repo=repo)
    for n in range(300):
        assert open(f"{folder}/{n % 7}/{n}.bin", "rb").read() == content_of(n, 500 + n)


# ---- The hub's side of it ------------------------------------------------------------------------


@pytest.fixture
def stored(client, repo, tmp_path):
    """A repository with one file of 5 MiB. @return (repository, content, commit)"""
    content = content_of(repo, 5 * MIB)
    return repo, content, client.upload(repo, {"m.bin": write(tmp_path, "m.bin", content)})


def resolve(repo, path="m.bin", revision="main"):
    return f"{web_of(repo)}/resolve/{revision}/{path}"


def test_30_resolve_has_what_every_client_reads(hub, nobody, stored):
    repo, content, commit = stored
    head = nobody.head(resolve(repo)).ok()
    xet = head["X-Xet-Hash"]
    assert len(xet) == 64 and head["X-Repo-Commit"] == commit
    assert head["ETag"] == head["X-Linked-Etag"] == f'"{sha256(content)}"'
    assert head["X-Linked-Size"] == head["Content-Length"] == str(len(content))
    tokens = f"{hub.url}/api/models/{repo}/xet-read-token/{commit}"
    assert head["Link"] == (f'<{tokens}>; rel="xet-auth", <{hub.url}/xet/v1/reconstructions/{xet}>; '
                            'rel="xet-reconstruction-info"')
    assert head["X-Xet-Refresh-Route"] == tokens
    info = nobody.get(resolve(repo), Range="bytes=0-0",
                      Accept="application/vnd.xet-fileinfo+json, */*").ok()
    assert info["Content-Type"] == "application/vnd.xet-fileinfo+json"
    assert info["X-Xet-Hash"] == xet and info["Link"] == head["Link"]
    assert info["X-Linked-Size"] == str(len(content)) and info["ETag"] == head["ETag"]
    assert info.json["hash"] == xet and info.json["size"] == len(content)


def test_30_plain_http_gets_the_whole_file_and_any_range(nobody, stored):
    repo, content, _ = stored
    assert nobody.get(resolve(repo)).ok().body == content
    size = len(content)
    chances = random.Random(5)
    spans = [(0, 0), (size - 1, size - 1), (0, size - 1), (65535, 65536)]
    spans += [sorted(chances.sample(range(size), 2)) for _ in range(20)]
    for first, last in spans:
        part = nobody.get(resolve(repo), Range=f"bytes={first}-{last}")
        assert part.status == 206 and part["Content-Range"] == f"bytes {first}-{last}/{size}"
        assert part.body == content[first:last + 1]
    assert nobody.get(resolve(repo), Range="bytes=-5").body == content[-5:]
    assert nobody.get(resolve(repo), Range=f"bytes={size}-").status == 416
    assert nobody.get(resolve(repo), If_None_Match=f'"{sha256(content)}"').status == 304


def test_31_listings_have_the_hash(ada, nobody, stored):
    repo, content, _ = stored
    xet = nobody.head(resolve(repo))["X-Xet-Hash"]
    [entry] = [e for e in nobody.get(f"{api_of(repo)}/tree/main").ok().json if e["path"] == "m.bin"]
    assert entry["xetHash"] == xet and entry["lfs"]["oid"] == sha256(content)
    [entry] = nobody.post(f"{api_of(repo)}/paths-info/main", {"paths": ["m.bin"]}).ok().json
    assert entry["xetHash"] == xet


def test_31_the_hash_of_a_gated_file_is_left_out_not_masked(ada, bob, stored):
    repo, _, _ = stored
    ada("PUT", f"{api_of(repo)}/settings", json_body={"gated": "auto"}).ok()
    [entry] = [e for e in bob.get(f"{api_of(repo)}/tree/main").ok().json if e["path"] == "m.bin"]
    assert "xetHash" not in entry and "lfs" in entry
    [entry] = [e for e in ada.get(f"{api_of(repo)}/tree/main").ok().json if e["path"] == "m.bin"]
    assert len(entry["xetHash"]) == 64
    assert bob.get(f"{api_of(repo)}/xet-read-token/main").status == 403


@pytest.mark.both_engines
def test_29_tokens_stand_in_body_and_headers_alike(hub, ada, nobody, stored):
    repo, _, commit = stored
    for who, direction, revision in ((nobody, "read", commit), (ada, "read", "main"),
                                     (ada, "write", "main")):
        answer = who.get(f"{api_of(repo)}/xet-{direction}-token/{revision}").ok()
        assert answer.json["casUrl"] == answer["X-Xet-Cas-Url"] == f"{hub.url}/xet"
        assert answer.json["accessToken"] == answer["X-Xet-Access-Token"]
        assert str(answer.json["exp"]) == answer["X-Xet-Token-Expiration"]
        assert "no-store" in answer["Cache-Control"]


def test_29_who_gets_which_token(hub, ada, bob, nobody, repo):
    path = f"{api_of(repo)}/xet-{{}}-token/main"
    reader = Wire(hub.url, ADA_READ)
    assert_error(bob.get(path.format("write")), 403)
    assert_error(reader.get(path.format("write")), 403)
    assert_error(nobody.get(path.format("write")), 401)
    assert_error(ada.get(f"{api_of(repo)}/xet-read-token/nowhere"), 404, "RevisionNotFound")
    assert_error(ada.get(f"{api_of(repo)}/xet-write-token/nowhere"), 404, "RevisionNotFound")
    bob.get(f"{api_of(repo)}/xet-write-token/None?create_pr=1").ok()
    ada("PUT", f"{api_of(repo)}/settings", json_body={"private": True}).ok()
    for direction in ("read", "write"):
        assert_error(bob.get(path.format(direction)), 404, "RepoNotFound")
        assert_error(nobody.get(path.format(direction)), 401, "RepoNotFound")


def cas(hub, wire, repo, direction="read"):
    """@return plain HTTP to the store with a token for the repository."""
    token = wire.get(f"{api_of(repo)}/xet-{direction}-token/main").ok().json["accessToken"]
    return Wire(hub.url, token)


def test_12a_what_the_store_does_not_have_is_404_for_everybody(hub, ada, repo):
    store = cas(hub, ada, repo, "write")
    for who in (store, Wire(hub.url), Wire(hub.url, "nonsense"), ada):
        for target in (f"/xet/v1/xorb-grants/default/{'a' * 64}", "/xet/v9/anything", "/xet/v1/telemetry",
                       f"/xet/v1/xorb-commits/default/{'a' * 64}/grant/7", "/xet"):
            for method in ("POST", "GET", "PUT", "DELETE", "HEAD"):
                assert who(method, target, b"{}" if method != "HEAD" else None).status == 404


def test_41_a_file_hash_known_from_elsewhere_is_unknown(hub, ada, bob, stored, repo_id):
    repo, _, _ = stored
    xet = ada.head(resolve(repo))["X-Xet-Hash"]
    assert cas(hub, ada, repo).get(f"/xet/v2/reconstructions/{xet}").status == 200
    ada("PUT", f"{api_of(repo)}/settings", json_body={"private": True}).ok()
    mine = "bob/" + repo_id.split("/")[1]
    bob.create(mine)
    store = cas(hub, bob, mine)
    foreign = store.get(f"/xet/v2/reconstructions/{xet}")
    unknown = store.get(f"/xet/v2/reconstructions/{'b' * 64}")
    assert foreign.status == unknown.status == 404
    assert foreign.json["error"] == unknown.json["error"]


def test_42_a_sha256_of_another_repository_is_not_committed(hub, ada, bob, stored, repo_id):
    _, content, _ = stored
    mine = "bob/" + repo_id.split("/")[1]
    bob.create(mine)
    refused = bob.commit(mine, {"key": "lfsFile", "value": {
        "path": "m.bin", "algo": "sha256", "oid": sha256(content), "size": len(content)}})
    assert_error(refused, 422, "LfsObjectNotFound")


def test_26_and_27_a_signed_url_gives_its_bytes_and_no_others(hub, ada, stored):
    repo, _, _ = stored
    xet = ada.head(resolve(repo))["X-Xet-Hash"]
    made = cas(hub, ada, repo).get(f"/xet/v2/reconstructions/{xet}", Range="bytes=1000000-2000000")
    [(xorb, [entry])] = made.ok().json["xorbs"].items()
    [part] = entry["ranges"]
    first, last = part["bytes"]["start"], part["bytes"]["end"]
    anybody = Wire(hub.url)
    target = target_of(entry["url"])
    got = anybody.get(target, Range=f"bytes={first}-{last}")
    assert got.status == 206 and len(got.body) == last - first + 1
    assert got["Content-Range"].startswith(f"bytes {first}-{last}/") and got["Accept-Ranges"] == "bytes"
    assert anybody.get(target).status == 403
    for other in (f"bytes={first - 1}-{last}", f"bytes={first}-{last + 1}", "bytes=0-0"):
        assert anybody.get(target, Range=other).status == 403, other
    for old, new in ((f"r={first}-", "r=0-"), ("&e=1", "&e=2"), (xorb, "c" * 64), ("&s=", "&s=A")):
        assert old in target
        forged = target.replace(old, new, 1)
        assert anybody.get(forged, Range=f"bytes={first}-{last}").status == 403, new


def test_32_an_lfs_client_gets_the_bytes_of_xet_files(hub, ada, nobody, stored):
    repo, content, _ = stored
    [item] = ada.batch(repo, [content], operation="download").ok().json["objects"]
    got = nobody.get(target_of(item["actions"]["download"]["href"])).ok()
    assert got.body == content
    [item] = ada.batch(repo, [content]).ok().json["objects"]
    assert "actions" not in item, "it is here already"


def test_35_git_lfs_pulls_what_xet_brought(hub, stored, tmp_path):
    repo, content, _ = stored
    client = Wire(hub.url, ADA)
    pointer = client.get(f"{web_of(repo)}/raw/main/m.bin").ok().text
    assert f"oid sha256:{sha256(content)}" in pointer
    # Without git over HTTP: the pointer in a local repository whose LFS server is the hub.
    clone = tmp_path / "clone"

    def git(*arguments):
        return subprocess.run(["git", *arguments], cwd=clone, check=True, capture_output=True)

    clone.mkdir()
    git("init", "-q")
    (clone / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n")
    (clone / "m.bin").write_text(pointer)
    git("lfs", "install", "--local")
    git("config", "lfs.url", f"{hub.url.replace('://', f'://ada:{ADA}@')}{web_of(repo)}.git/info/lfs")
    git("-c", "filter.lfs.clean=cat", "-c", "filter.lfs.required=false", "add", "-A")
    git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x")
    git("lfs", "pull")
    assert (clone / "m.bin").read_bytes() == content


def test_33_a_pull_request_brings_large_files(hub, ada, client, fresh, repo, tmp_path):
    content = content_of("pull request", 3 * MIB)
    commit = client.upload(repo, {"m.bin": write(tmp_path, "m.bin", content)}, create_pr=True)
    assert ada.get(resolve(repo)).status == 404
    got = fresh.download(repo, ["m.bin"], tmp_path / "got", revision="refs/pr/1")
    assert sums(got) == [sha256(content)]
    assert ada.head(resolve(repo, revision=commit)).ok()["X-Xet-Hash"]
    ada.post(f"{api_of(repo)}/discussions/1/merge", {}).ok()
    assert ada.get(resolve(repo)).ok().body == content


def test_36_large_files_given_to_another_repository(hub, ada, stored, fresh, tmp_path):
    repo, content, _ = stored
    other = repo + "-copy"
    ada.create(other)
    before = stored_bytes(hub)
    ada.post(f"{api_of(repo)}/lfs-files/duplicate",
             {"target": {"type": "model", "name": other},
              "files": [{"sha256": sha256(content), "filename": "m.bin"}]}).ok()
    ada.commit(other, large("there.bin", {"algo": "sha256", "oid": sha256(content)})).ok()
    assert stored_bytes(hub) == before
    assert ada.head(resolve(other, "there.bin"))["X-Xet-Hash"] == ada.head(resolve(repo))["X-Xet-Hash"]
    ada("DELETE", "/api/repos/delete", json_body={"name": repo.split("/")[1]}).ok()
    assert sums(fresh.download(other, ["there.bin"], tmp_path / "got")) == [sha256(content)]


# ---- Deduplication -------------------------------------------------------------------------------


def stored_bytes(hub):
    return sum(f.stat().st_size for f in (hub.data / "objects" / "xorb").rglob("*") if f.is_file())


def test_38_the_same_file_again_from_another_machine_costs_next_to_nothing(
        hub, client, fresh, repo, tmp_path):
    path = write(tmp_path, "big.bin", content_of("again", 160 * MIB))
    client.upload(repo, {"big.bin": path})
    before = stored_bytes(hub)
    fresh.upload(repo, {"copy.bin": path})
    assert stored_bytes(hub) - before < 1.7 * MIB


def test_38_a_megabyte_in_the_middle_costs_about_a_megabyte(hub, client, fresh, repo, tmp_path):
    content = content_of("middle", 160 * MIB)
    client.upload(repo, {"v1.bin": write(tmp_path, "v1.bin", content)})
    before = stored_bytes(hub)
    changed = content[:80 * MIB] + content_of("new", MIB) + content[80 * MIB:]
    fresh.upload(repo, {"v2.bin": write(tmp_path, "v2.bin", changed)})
    assert stored_bytes(hub) - before < 3 * MIB
    assert sums(fresh.download(repo, ["v2.bin"], tmp_path / "got")) == [sha256(changed)]


def test_40_a_client_s_cache_may_name_what_a_private_repository_brought(
        hub, ada, client, repo_id, tmp_path):
    # Uploaded privately at home first, then with the same caches to an organization.
    content = content_of("moved", 80 * MIB)
    path = write(tmp_path, "m.bin", content)
    ada.create(repo_id, private=True)
    client.upload(repo_id, {"m.bin": path})
    there = "vault/" + repo_id.split("/")[1]
    ada.create(there)
    before = stored_bytes(hub)
    client.upload(there, {"m.bin": path})
    assert stored_bytes(hub) - before < MIB
    assert sums(client.download(there, ["m.bin"], tmp_path / "got")) == [sha256(content)]


def test_40_a_stranger_s_query_shows_nothing_of_a_private_repository(
        hub, ada, bob, client, repo_id, tmp_path):
    content = content_of("secret", 80 * MIB)
    path = write(tmp_path, "m.bin", content)
    ada.create(repo_id, private=True)
    client.upload(repo_id, {"m.bin": path})
    mine = "bob/" + repo_id.split("/")[1]
    bob.create(mine)
    before = stored_bytes(hub)
    other = XetClient(hub.url, BOB, tmp_path / "bob")
    hits = counted(hub, "xet.chunk")
    other.upload(mine, {"m.bin": path})
    assert counted(hub, "xet.chunk") > hits, "the client asked"
    # Everything was sent: the same xorbs by their names, so none is stored twice.
    assert stored_bytes(hub) - before < MIB
    assert sums(other.download(mine, ["m.bin"], tmp_path / "got")) == [sha256(content)]


def test_repacking_changes_where_chunks_lie_and_nothing_else(own_hub, tmp_path):
    """`cairn gc --repack`: the newest of several versions lies together again; all are what they were."""
    admin = Wire(own_hub.url, ADA)
    admin.create("ada/versions")
    seeded = random.Random(7)
    content = bytearray(seeded.randbytes(40 * MIB))
    versions = []
    for number in range(4):
        path = tmp_path / f"v{number}.bin"
        path.write_bytes(content)
        client = XetClient(own_hub.url, ADA, tmp_path / f"up-{number}")
        versions.append((client.upload("ada/versions", {"w.bin": path}), bytes(content)))
        for _ in range(8):
            at = seeded.randrange(len(content) - 300_000)
            content[at:at + 300_000] = seeded.randbytes(300_000)

    def pieces():
        issued = admin.get("/api/models/ada/versions/xet-read-token/main").ok()
        head = admin.head("/ada/versions/resolve/main/w.bin")
        url = f"/xet/v1/reconstructions/{head['X-Xet-Hash']}"
        made = Wire(own_hub.url, issued["X-Xet-Access-Token"]).get(url).ok().json
        return sum(len(ranges) for ranges in made["fetch_info"].values())

    before = pieces()
    own_hub.stop()  # Whoever downloads is not disturbed; a new program knows of no reader.
    own_hub.start()
    told = own_hub.run("gc", "--repack", "--json")
    assert json.loads(told.stdout)["repacked_bytes"] > 0
    assert pieces() <= 2 < before
    for oid, expected in versions:
        fresh = XetClient(own_hub.url, ADA, tmp_path / f"down-{oid[:8]}")
        [got] = fresh.download("ada/versions", ["w.bin"], tmp_path / oid, revision=oid)
        assert Path(got).read_bytes() == expected
        plain = admin.get(f"/ada/versions/resolve/{oid}/w.bin")
        assert plain.status in (200, 302)
    own_hub.run("fsck", "--deep")
