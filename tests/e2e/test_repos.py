"""The life of a repository: created, configured, moved, deleted, restored."""

import base64
import json

import pytest
from conftest import ADA, KEEPER
from huggingface_hub import HfApi
from huggingface_hub.errors import BadRequestError, HfHubHTTPError, RepositoryNotFoundError
from wire import KINDS, LFS_JSON, PUBLIC_ID, Wire, add, api_of, assert_error, web_of

# ---- Creation ------------------------------------------------------------------------------------


@pytest.mark.both_engines
@pytest.mark.parametrize("kind", KINDS)
def test_create_answers_with_the_absolute_url_of_the_configured_host(hub, ada, repo_id, kind):
    made = ada.create(repo_id, kind)
    # Two segments and nothing after them: clients parse this URL.
    assert made["url"] == hub.url + web_of(repo_id, kind)
    assert made["name"] == repo_id and PUBLIC_ID.fullmatch(made["id"])
    info = ada.info(repo_id, kind)
    assert info["_id"] == made["id"] and info["private"] is False


def test_create_by_the_published_client(hub, api, repo_id):
    url = api.create_repo(repo_id)
    assert (url.repo_id, url.repo_type, url.endpoint) == (repo_id, "model", hub.url)
    assert api.create_repo(repo_id, exist_ok=True).repo_id == repo_id
    with pytest.raises(HfHubHTTPError) as refused:
        api.create_repo(repo_id)
    assert refused.value.response.status_code == 409


def test_a_single_name_belongs_to_the_caller(api, repo_id):
    assert api.create_repo(repo_id.split("/")[1]).repo_id == repo_id


def test_missing_type_is_a_model_and_null_organization_the_caller(ada, repo_id):
    body = {"name": repo_id.split("/")[1], "organization": None, "type": None}
    assert ada.post("/api/repos/create", body).ok().json["name"] == repo_id


@pytest.mark.both_engines
def test_a_taken_name_is_409_with_the_url_of_what_is_there(hub, ada, repo):
    body = {"name": repo.split("/")[1].upper(), "organization": "ada"}
    refused = assert_error(ada.post("/api/repos/create", body), 409, text="already created this model")
    assert refused.json["url"] == f"{hub.url}/{repo}"
    # The one text that sends clients into an endless loop.
    assert "another conflicting operation" not in refused.text


def test_the_same_name_may_be_of_each_kind(ada, repo_id):
    for kind in KINDS:
        ada.create(repo_id, kind)
    ids = {ada.info(repo_id, kind)["_id"] for kind in KINDS}
    assert len(ids) == len(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_repository_has_main_with_one_commit_and_gitattributes(ada, repo_id, kind):
    ada.create(repo_id, kind)
    [commit] = ada.get(f"{api_of(repo_id, kind)}/commits/main").ok().json
    assert commit["title"] == "initial commit" and commit["authors"][0]["user"] == "ada"
    assert ".gitattributes" in ada.paths(repo_id, kind=kind)
    rules = ada.get(f"{web_of(repo_id, kind)}/raw/main/.gitattributes").ok().text
    for suffix in ("safetensors", "bin", "parquet", "onnx", "gguf"):
        assert f"*.{suffix} filter=lfs diff=lfs merge=lfs -text\n" in rules


def test_initial_files_and_license_are_in_the_first_commit(ada, repo_id):
    ada.create(repo_id, license="apache-2.0", files=[
        {"path": "a.txt", "content": "plain"},
        {"path": "deep/b.bin", "content": base64.b64encode(b"\0\1").decode(), "encoding": "base64"},
    ])
    assert {"a.txt", "deep/b.bin", "README.md"} <= set(ada.paths(repo_id))
    assert ada.get(f"{web_of(repo_id)}/resolve/main/a.txt").ok().body == b"plain"
    assert ada.get(f"{web_of(repo_id)}/resolve/main/deep/b.bin").ok().body == b"\0\1"
    assert "license:apache-2.0" in ada.info(repo_id)["tags"]
    assert len(ada.get(f"{api_of(repo_id)}/commits/main").ok().json) == 1


@pytest.mark.parametrize("sdk", ["gradio", "docker", "static", "streamlit"])
def test_a_space_has_its_sdk_in_its_card_and_says_honestly_that_it_does_not_run(ada, repo_id, sdk):
    ada.create(repo_id, "space", sdk=sdk)
    info = ada.info(repo_id, "space")
    assert info["sdk"] == sdk and info["cardData"]["sdk"] == sdk
    assert info["runtime"]["stage"] != "RUNNING"
    assert "README.md" in ada.paths(repo_id, kind="space")


@pytest.mark.both_engines
def test_visibility_in_both_spellings(ada, nobody, repo_id):
    for spelling, name in (({"private": True}, "a"), ({"visibility": "private"}, "b")):
        ada.create(repo_id + name, **spelling)
        assert ada.info(repo_id + name)["private"] is True
        assert_error(nobody.get(api_of(repo_id + name)), 401, "RepoNotFound")
    for spelling, name in (({"private": False}, "c"), ({"visibility": "public"}, "d")):
        ada.create(repo_id + name, **spelling)
        nobody.get(api_of(repo_id + name)).ok()
    both = {"name": "never", "private": True, "visibility": "private"}
    assert_error(ada.post("/api/repos/create", both), 400)


def test_an_organization_decides_what_visibility_is_when_none_is_sent(ada, nobody):
    ada.create("vault/by-default")
    assert ada.info("vault/by-default")["private"] is True
    ada.create("vault/in-public", visibility="public")
    assert nobody.get(api_of("vault/in-public")).ok().json["private"] is False


@pytest.mark.parametrize("body, text", [
    ({}, "name"),
    ({"name": 3}, "name"),
    ({"name": "x", "type": "modell"}, "type"),
    ({"name": "x", "visibility": "secret"}, "visibility"),
    ({"name": "x", "visibility": "protected"}, "(?i)protected"),
    ({"name": "x", "private": "yes"}, "private"),
    ({"name": "x", "type": "space"}, "sdk"),
    ({"name": "x", "type": "space", "sdk": "cobol"}, "sdk"),
    ({"name": "x", "organization": "no-such-owner"}, "no-such-owner"),
    ({"name": "x", "files": [{"path": "../x", "content": ""}]}, r"\.\."),
    ({"name": "x", "files": [{"path": "x", "content": "!", "encoding": "base64"}]}, "(?i)base64"),
], ids=lambda value: json.dumps(value)[:60] if isinstance(value, dict) else "")
def test_a_wrong_creation_is_refused_and_makes_nothing(ada, body, text):
    assert_error(ada.post("/api/repos/create", body), (400, 422), text=text)
    assert_error(ada.get(api_of("ada/x")), 404, "RepoNotFound")


BAD_NAMES = [
    "", ".", "..", "-x", "x-", ".x", "x.", "a--b", "a..b", "x.git", "x.GIT", "x.lock", "a b", "a/b/c",
    "ä", "a\\b", "a%2Fb", "x" * 97, "a\nb", "a\u202eb", "a\0b", "<script>",
]


@pytest.mark.parametrize("name", BAD_NAMES, ids=ascii)
def test_a_bad_repository_name_is_400(ada, name):
    refused = ada.post("/api/repos/create", {"name": name, "organization": "ada"})
    assert_error(refused, 400, text="(?i)name")


def test_the_longest_name_and_unusual_but_good_ones(ada, repo_id):
    for name in ("n" * 96, "A_b.C-d", "_x_", "name.v1", "0"):
        made = ada.create(f"ada/{name}")
        assert made["name"] == f"ada/{name}"
        assert ada.info(f"ada/{name}")["id"] == f"ada/{name}"


def test_page_segments_are_no_owner_names(hub):
    """Every first segment of a page, and shapes that programs take for something else."""
    reserved = """admin api blog buckets collections compute datasets docs endpoints enterprise
        explore health jobs join kernels learn login logout metrics models new notifications oauth
        organizations papers pricing raw search settings setup spaces static support tasks team
        trending uploads users xet""".split()
    shapes = ["-x", ".x", "_x", "x-", "12345", "a" * 24, "x.git", "a--b", "x", "y" * 43]
    keeper = Wire(hub.url, KEEPER)
    for name in [*reserved, *shapes, "Datasets", "API"]:
        for path in ("users", "organizations"):
            assert_error(keeper.post(f"/api/-/v1/admin/{path}", {"name": name}), 400)


# ---- Names in URLs -------------------------------------------------------------------------------


def test_names_are_found_in_any_case_and_shown_as_made(ada, repo_id):
    name = repo_id + "-MixedCase"
    ada.create(name)
    found = ada.get(api_of(name.upper().replace("ADA/", "Ada/"))).ok().json
    assert found["id"] == name
    ada.get(f"{web_of(name.lower())}/resolve/main/.gitattributes").ok()


def test_a_name_with_dots_is_not_cut(ada, repo_id):
    name = repo_id + ".v1.0"
    ada.create(name)
    assert ada.info(name)["id"] == name
    assert ada.batch(name, [b"x" * 10]).status == 200


@pytest.mark.parametrize("kind, name", [("model", "gpt0"), ("dataset", "squid")])
def test_a_single_segment_name_leads_to_its_repository(ada, nobody, kind, name):
    if ada.get(api_of("ada/aliased", kind)).status == 404:
        ada.create("ada/aliased", kind)
    prefix = "" if kind == "model" else f"/{kind}s"
    for method in ("GET", "HEAD"):
        for target, wanted in (
            (f"/api/{kind}s/{name}", api_of("ada/aliased", kind)),
            (f"/api/{kind}s/{name}?expand=sha", api_of("ada/aliased", kind) + "?expand=sha"),
            (f"/api/{kind}s/{name}/revision/main", api_of("ada/aliased", kind) + "/revision/main"),
            (f"{prefix}/{name}/resolve/main/a%20b.txt?download=true",
             f"{web_of('ada/aliased', kind)}/resolve/main/a%20b.txt?download=true"),
        ):
            moved = nobody(method, target)
            assert (moved.status, moved["Location"]) == (307, wanted), target


@pytest.mark.both_engines
@pytest.mark.parametrize("kind, alias", [("model", "gpt0"), ("dataset", "squid")])
def test_a_single_segment_name_redirects_on_every_route(ada, kind, alias):
    if ada.get(api_of("ada/aliased", kind)).status == 404:
        ada.create("ada/aliased", kind)
    for old, new in zip(routes(alias, kind), routes("ada/aliased", kind)):
        if "resolve-cache" in old[1]:
            continue  # An address that the hub gives out, with the name as it is now.
        headers = {"Content-Type": LFS_JSON} if "/lfs/" in old[1] else {}
        moved = ada(*old, headers=headers)
        assert (moved.status, moved["Location"]) == (307, new[1]), f"{old[0]} {old[1]}"


@pytest.mark.parametrize("word", ["resolve", "raw", "tree", "revision", "refs", "commits", "settings",
                                  "auth-check", "branch", "tag", "commit", "preupload"])
def test_a_repository_may_be_called_like_a_part_of_a_path(ada, nobody, word):
    name = f"ada/{word}"
    for kind in ("model", "dataset"):
        ada.create(name, kind)
        ada.commit(name, add("f.txt", word.encode()), kind=kind).ok()
        ada.post(f"{api_of(name, kind)}/branch/{word}", {}).ok()
        for rev in ("main", word):
            for route in ("resolve", "raw"):
                got = nobody.get(f"{web_of(name, kind)}/{route}/{rev}/f.txt").ok()
                assert got.body == word.encode()
            assert "f.txt" in nobody.paths(name, rev, kind)
            assert nobody.get(f"{api_of(name, kind)}/revision/{rev}").ok().json["id"] == name
            nobody.get(f"{api_of(name, kind)}/commits/{rev}").ok()
        assert nobody.info(name, kind)["id"] == name
        nobody.get(f"{api_of(name, kind)}/refs").ok()


def test_the_client_follows_a_single_segment_name(api, ada):
    if ada.get(api_of("ada/aliased")).status == 404:
        ada.create("ada/aliased")
    assert api.model_info("gpt0").id == "ada/aliased"
    assert ".gitattributes" in api.list_repo_files("gpt0")
    api.hf_hub_download("gpt0", ".gitattributes")


# ---- Deletion and restoration --------------------------------------------------------------------


@pytest.mark.both_engines
@pytest.mark.parametrize("kind", KINDS)
def test_delete_takes_a_body_and_hides_the_repository_at_once(ada, nobody, repo_id, kind):
    ada.create(repo_id, kind)
    ada.get(f"{web_of(repo_id, kind)}/resolve/main/.gitattributes").ok()
    body = {"name": repo_id.split("/")[1], "organization": "ada", "type": kind}
    ada("DELETE", "/api/repos/delete", json_body=body).ok()
    assert_error(ada.get(api_of(repo_id, kind)), 404, "RepoNotFound")
    assert_error(nobody.get(api_of(repo_id, kind)), 401, "RepoNotFound")
    gone = ada.head(f"{web_of(repo_id, kind)}/resolve/main/.gitattributes")
    assert (gone.status, gone["X-Error-Code"]) == (404, "RepoNotFound")
    assert_error(ada("DELETE", "/api/repos/delete", json_body=body), 404, "RepoNotFound")
    # The name is free for its owner.
    ada.create(repo_id, kind)


def test_delete_by_the_published_client(api, bob_api, repo_id):
    api.create_repo(repo_id)
    with pytest.raises(HfHubHTTPError) as refused:
        bob_api.delete_repo(repo_id)
    assert refused.value.response.status_code == 403
    api.delete_repo(repo_id)
    with pytest.raises(RepositoryNotFoundError):
        api.delete_repo(repo_id)
    api.delete_repo(repo_id, missing_ok=True)


@pytest.mark.both_engines
def test_a_deleted_repository_comes_back_with_everything(hub, ada, repo):
    ada.commit(repo, add("kept.txt", b"kept")).ok()
    uploaded = ada.upload_large(repo, b"large bytes" * 100)
    ada.commit(repo, {"key": "lfsFile", "value": {"path": "w.bin", **uploaded}}).ok()
    ada.post(f"{api_of(repo)}/tag/main", {"tag": "v1"}).ok()
    before = ada.info(repo)
    body = {"name": repo.split("/")[1]}
    ada("DELETE", "/api/repos/delete", json_body=body).ok()

    listed = json.loads(hub.run("admin", "repo", "list", "--deleted", "--json").stdout)
    [entry] = [r for r in listed if r["id"] == before["_id"]]
    assert entry["restorable_until"] > entry["deleted"]
    ada.create(repo)  # Meanwhile somebody takes the name.
    taken = hub.run("admin", "repo", "restore", before["_id"], check=False)
    assert taken.returncode != 0 and "already exists" in taken.stderr
    back = "back-" + body["name"]
    hub.run("admin", "repo", "restore", before["_id"], "--as", back)
    after = ada.info(f"ada/{back}")
    assert (after["_id"], after["sha"]) == (before["_id"], before["sha"])
    assert ada.get(f"/ada/{back}/resolve/v1/w.bin").ok().body == b"large bytes" * 100
    again = hub.run("admin", "repo", "restore", before["_id"], check=False)
    assert again.returncode == 3  # Nothing of that id is deleted any more.


def test_restore_by_command(hub, ada, repo):
    wanted = ada.info(repo)["_id"]
    ada("DELETE", "/api/repos/delete", json_body={"name": repo.split("/")[1]}).ok()
    assert wanted in hub.run("admin", "repo", "list", "--deleted", "--json").stdout
    hub.run("admin", "repo", "restore", repo)
    assert ada.info(repo)["_id"] == wanted


# ---- Moving --------------------------------------------------------------------------------------


def routes(name, kind):
    """A request per route that names a repository: method, target, body."""
    a, w = api_of(name, kind), web_of(name, kind)
    return [
        ("GET", a, None),
        ("GET", f"{a}?blobs=true", None),
        ("GET", f"{a}/revision/main", None),
        ("GET", f"{a}/revision/refs%2Fheads%2Fmain?expand=sha", None),
        ("GET", f"{a}/tree/main", None),
        ("GET", f"{a}/tree/main/a%2Fb?recursive=true&expand=false", None),
        ("POST", f"{a}/paths-info/main", b"paths=a"),
        ("GET", f"{a}/refs", None),
        ("GET", f"{a}/commits/main", None),
        ("GET", f"{a}/auth-check", None),
        ("POST", f"{a}/preupload/main", b'{"files":[]}'),
        ("POST", f"{a}/commit/main", b'{"key":"header","value":{"summary":"x"}}\n'),
        ("POST", f"{a}/branch/feature%2Fx", b"{}"),
        ("DELETE", f"{a}/branch/feature%2Fx", None),
        ("POST", f"{a}/tag/main", b'{"tag":"v9"}'),
        ("DELETE", f"{a}/tag/v9", None),
        ("PUT", f"{a}/settings", b"{}"),
        ("GET", f"{w}/resolve/main/a%20b/c.txt", None),
        ("HEAD", f"{w}/resolve/main/a%20b/c.txt", None),
        ("GET", f"{w}/raw/main/.gitattributes", None),
        ("HEAD", f"{w}/raw/main/.gitattributes", None),
        ("POST", f"{w}.git/info/lfs/objects/batch", b'{"operation":"download","objects":[]}'),
        ("GET", f"{a}/xet-read-token/main", None),
        ("GET", f"/api/resolve-cache/{kind}s/{name}/main/a.txt", None),
    ]


@pytest.mark.both_engines
@pytest.mark.parametrize("kind", KINDS)
def test_a_moved_repository_redirects_with_a_relative_307_on_every_route(ada, repo_id, kind):
    new = repo_id.replace("ada/", "crew/") + "-new"
    ada.create(repo_id, kind)
    ada.post("/api/repos/move", {"fromRepo": repo_id, "toRepo": new, "type": kind}).ok()
    wanted = dict(zip([r[:2] for r in routes(repo_id, kind)], routes(new, kind)))
    for (method, target), (_, location, _) in wanted.items():
        body = next(r[2] for r in routes(repo_id, kind) if r[:2] == (method, target))
        headers = {"Content-Type": LFS_JSON} if "/lfs/" in target else {}
        moved = ada(method, target, body, headers=headers)
        # 307: 301 and 302 would turn a POST into a GET. Relative: old clients follow nothing else.
        assert (moved.status, moved["Location"]) == (307, location), f"{method} {target}"
    assert ada.info(new, kind)["id"] == new


def test_a_move_as_the_published_client_does_it_and_reads_it(api, ada, repo_id, tmp_path):
    new = f"crew/moved-{repo_id.split('/')[1]}"[:96]
    api.create_repo(repo_id)
    api.upload_file(repo_id=repo_id, path_or_fileobj=b"1", path_in_repo="a.txt")
    api.move_repo(repo_id, new)
    assert api.model_info(repo_id).id == new
    # GET, HEAD and POST all reach the repository under its old name.
    path = api.hf_hub_download(repo_id, "a.txt", cache_dir=tmp_path)
    assert open(path, "rb").read() == b"1"
    api.upload_file(repo_id=repo_id, path_or_fileobj=b"2", path_in_repo="b.txt")
    assert "b.txt" in ada.paths(new)
    api.snapshot_download(repo_id, local_dir=tmp_path / "copy")


def test_an_old_name_leads_on_until_somebody_takes_it(ada, repo):
    second, third = repo + "2", repo + "3"
    ada.post("/api/repos/move", {"fromRepo": repo, "toRepo": second}).ok()
    ada.post("/api/repos/move", {"fromRepo": second, "toRepo": third}).ok()
    for old in (repo, second):
        assert ada.get(api_of(old))["Location"] == api_of(third)
    ada.create(repo)
    assert ada.info(repo)["id"] == repo
    ada.post("/api/repos/move", {"fromRepo": third, "toRepo": second}).ok()
    assert ada.info(second)["id"] == second  # Its own name again: no redirect to itself.
    assert ada.get(api_of(third))["Location"] == api_of(second)


def test_a_move_may_change_only_the_case(ada, repo):
    upper = "ada/" + repo.split("/")[1].upper()
    ada.post("/api/repos/move", {"fromRepo": repo, "toRepo": upper}).ok()
    assert ada.info(repo)["id"] == upper


def test_a_move_to_a_taken_or_bad_name_or_without_rights_is_refused(ada, bob, repo):
    ada.create(repo + "-taken")

    def move(wire, to, source=repo):
        return wire.post("/api/repos/move", {"fromRepo": source, "toRepo": to, "type": "model"})

    assert_error(move(ada, repo + "-taken"), (400, 409), text="already exists")
    for wrong in ("nowhere/x", "ada/x..y", "ada", "", "ada/a/b", "/x"):
        assert_error(move(ada, wrong), 400)
    assert_error(move(ada, "bob/x"), 403)
    assert_error(move(bob, "bob/x"), 403)
    assert_error(move(ada, "ada/y", "ada/missing"), 404, "RepoNotFound")
    assert ada.info(repo)["id"] == repo


def test_redirects_of_private_repositories_are_hidden(ada, bob, nobody, repo_id):
    ada.create(repo_id, private=True)
    ada.post("/api/repos/move", {"fromRepo": repo_id, "toRepo": repo_id + "-new"}).ok()
    assert ada.get(api_of(repo_id)).status == 307
    assert_error(bob.get(api_of(repo_id)), 404, "RepoNotFound")
    assert_error(nobody.get(api_of(repo_id)), 401, "RepoNotFound")
    assert bob.get(api_of(repo_id))["Location"] is None


# ---- What is not there ---------------------------------------------------------------------------


def test_what_later_issues_bring_answers_as_json(ada, repo):
    for method, target, statuses in (
        ("GET", "/api/collections", (404, 501)),
        ("GET", f"{api_of(repo)}/nothing-like-this", (404,)),
        ("GET", "/api/nothing", (404,)),
    ):
        refused = assert_error(ada(method, target, b"{}" if method == "POST" else None), statuses)
        # A code would make clients say that the repository or the file is missing.
        assert refused.status == 501 or refused["X-Error-Code"] is None, target


def test_bad_names_are_refused_by_the_client_and_reserved_ones_by_the_hub(hub):
    client = HfApi(endpoint=hub.url, token=ADA)
    with pytest.raises(BadRequestError):
        client.create_repo("nobody-here/x")
