"""What a repository says about itself, alone and in lists."""

import json
import re
import time

import pytest
from conftest import ADA, LENA
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError, RevisionNotFoundError
from wire import (COMMIT, KINDS, PUBLIC_ID, TIME, Wire, add, api_of, assert_error, blob_id, large,
                  pointer, sha256)

CARD = b"""---
license: mit
language: [en, no]
library_name: pytorch
pipeline_tag: text-generation
tags: [first, Second]
datasets: [ada/data]
base_model: ada/base
model-index:
- name: m
  results: []
---
# A card
"""
LARGE = b"\0large\1" * 300


@pytest.fixture(scope="module")
def full(hub):
    """A model with a card, a small and a large file, a branch and a tag."""
    ada, name = Wire(hub.url, ADA), "ada/full-of-info"
    ada.create(name)
    uploaded = ada.upload_large(name, LARGE)
    ada.commit(name, add("README.md", CARD), add("b/c.txt", b"c"), add("a.txt", b"a"),
               large("w.safetensors", uploaded), summary="Fill").ok()
    ada.post(f"{api_of(name)}/tag/main", {"tag": "v1"}).ok()
    ada.post(f"{api_of(name)}/branch/dev%2Fone", {}).ok()
    ada.commit(name, add("dev.txt", b"dev"), rev="dev%2Fone").ok()
    return name


# ---- One repository ------------------------------------------------------------------------------


@pytest.mark.both_engines
def test_info_has_the_fields_of_a_model(nobody, full):
    info = nobody.get(api_of(full)).ok().json
    assert PUBLIC_ID.fullmatch(info["_id"]) and COMMIT.fullmatch(info["sha"])
    assert info["id"] == info["modelId"] == full and info["author"] == "ada"
    assert TIME.fullmatch(info["lastModified"]) and TIME.fullmatch(info["createdAt"])
    assert info["private"] is False and info["gated"] is False and info["disabled"] is False
    assert isinstance(info["downloads"], int) and info["likes"] == 0
    assert (info["library_name"], info["pipeline_tag"]) == ("pytorch", "text-generation")
    assert info["cardData"]["license"] == "mit" and info["cardData"]["language"] == ["en", "no"]
    assert info["model-index"] == [{"name": "m", "results": []}]
    assert {"license:mit", "en", "no", "first", "Second", "pytorch", "text-generation",
            "dataset:ada/data", "base_model:ada/base", "region:us"} <= set(info["tags"])


def test_info_has_no_nulls_where_clients_call_methods_on_values(nobody, full):
    info = nobody.get(api_of(full)).ok().json
    nulls = {key for key, value in info.items() if value is None}
    assert nulls <= {"cardData", "resourceGroup"}
    assert "transformersInfo" not in info and "safetensors" not in info


@pytest.mark.parametrize("kind", KINDS)
def test_info_of_an_empty_repository_of_each_kind(ada, repo_id, kind):
    ada.create(repo_id, kind)
    info = ada.info(repo_id, kind)
    assert info["id"] == repo_id and COMMIT.fullmatch(info["sha"])
    assert ".gitattributes" in [s["rfilename"] for s in info["siblings"]]
    assert ("modelId" in info) == (kind == "model")
    assert ("downloads" in info) == (kind != "space")


def test_siblings_are_all_files_sorted_and_plain_unless_blobs_are_asked(nobody, full):
    siblings = nobody.get(api_of(full)).ok().json["siblings"]
    names = [".gitattributes", "README.md", "a.txt", "b/c.txt", "w.safetensors"]
    assert siblings == [{"rfilename": name} for name in names]


@pytest.mark.both_engines
def test_blobs_add_size_git_id_and_lfs_with_its_own_key_names(nobody, full):
    siblings = nobody.get(api_of(full) + "?blobs=true").ok().json["siblings"]
    by_name = {s["rfilename"]: s for s in siblings}
    assert by_name["a.txt"] == {"rfilename": "a.txt", "size": 1, "blobId": blob_id(b"a")}
    text = pointer(LARGE)
    # Here it is sha256; in the tree it is oid.
    assert by_name["w.safetensors"] == {
        "rfilename": "w.safetensors", "size": len(LARGE), "blobId": blob_id(text),
        "lfs": {"sha256": sha256(LARGE), "size": len(LARGE), "pointerSize": len(text)},
    }


def test_info_by_the_published_client(api, full):
    info = api.model_info(full, files_metadata=True, securityStatus=True)
    assert info.siblings[-1].lfs.sha256 == sha256(LARGE)
    assert info.card_data.license == "mit" and info.security_repo_status is not None
    assert api.repo_exists(full) and api.revision_exists(full, "dev/one")
    assert not api.revision_exists(full, "nowhere") and not api.repo_exists("ada/nowhere")
    assert api.file_exists(full, "b/c.txt") and not api.file_exists(full, "b")
    info = api.model_info(full, expand=["sha", "cardData", "usedStorage"])
    assert info.sha and info.card_data and info.used_storage >= len(LARGE)
    assert info.siblings is None


def test_info_at_a_revision_is_about_that_commit(ada, full):
    head = ada.info(full)["sha"]
    at = f"{api_of(full)}/revision/"
    for form in ("main", "HEAD", "v1", "refs%2Fheads%2Fmain", "refs/heads/main", "refs%2Ftags%2Fv1",
                 "refs/tags/v1", head, head[:12], head[:7]):
        # Always the commit, also for a tag or a short id.
        assert ada.get(at + form).ok().json["sha"] == head, form
    for form in ("dev%2Fone", "refs%2Fheads%2Fdev%2Fone"):
        info = ada.get(at + form).ok().json
        assert info["sha"] != head
        assert "dev.txt" in [s["rfilename"] for s in info["siblings"]]


@pytest.mark.parametrize("revision", [
    "nowhere", "0" * 40, "f" * 40, "refs%2Fheads%2Fnowhere", "refs%2Fpr%2F1", "--upload-pack=x",
    "main%40%7B0%7D", "main%5E", "main~1", "HEAD~1", "..", "main..dev", "%2F", "-", "a%20b", "main%01",
    "refs", "x" * 600, "%F0%9F%A6%99", "main:README.md", "%3A%2Fx",
])
def test_an_unknown_or_clever_revision_is_not_found(ada, api, full, revision):
    refused = ada.get(f"{api_of(full)}/revision/{revision}")
    assert_error(refused, 404, "RevisionNotFound", "Invalid rev id")


def test_the_client_names_an_unknown_revision(api, full):
    with pytest.raises(RevisionNotFoundError):
        api.model_info(full, revision="nowhere")


# ---- expand --------------------------------------------------------------------------------------

EXPANDABLE = {
    "model": "author baseModels cardData childrenModelCount config createdAt disabled downloads"
             " downloadsAllTime evalResults gated gguf inference inferenceProviderMapping"
             " lastModified library_name likes mask_token model-index pipeline_tag private"
             " resourceGroup safetensors sha siblings spaces tags transformersInfo trendingScore"
             " usedStorage widgetData gitalyUid xetEnabled",
    "dataset": "author cardData citation createdAt description disabled downloads downloadsAllTime"
               " gated lastModified likes mainSize paperswithcode_id private resourceGroup sha"
               " siblings tags trendingScore usedStorage gitalyUid xetEnabled",
    "space": "author cardData createdAt datasets disabled lastModified likes models private region"
             " resourceGroup runtime sdk sha siblings subdomain tags trendingScore usedStorage"
             " gitalyUid xetEnabled",
}


@pytest.mark.parametrize("kind", EXPANDABLE)
def test_every_property_may_be_expanded_and_nothing_else_comes(ada, repo_id, kind):
    ada.create(repo_id, kind)
    for word in EXPANDABLE[kind].split():
        for form in (f"expand={word}", f"expand[]={word}", f"expand%5B%5D={word}"):
            info = ada.get(f"{api_of(repo_id, kind)}?{form}").ok().json
            assert set(info) <= {"_id", "id", word} and {"_id", "id"} <= set(info), form
    both = ada.get(f"{api_of(repo_id, kind)}?expand=sha&expand=likes").ok().json
    assert set(both) == {"_id", "id", "sha", "likes"}


@pytest.mark.parametrize("kind", EXPANDABLE)
def test_an_unknown_property_is_answered_with_the_list_of_known_ones(ada, repo_id, kind):
    ada.create(repo_id, kind)
    for target in (f"{api_of(repo_id, kind)}?expand=wrong", f"/api/{kind}s?expand=wrong"):
        message = assert_error(ada.get(target), 400).json["error"]
        # Clients read the words in double quotes after "expected one of ".
        listed = message.split("expected one of ", 1)[1]
        assert set(re.findall(r'"([^"]+)"', listed)) == set(EXPANDABLE[kind].split())
        assert re.match(r'"[^"]+"(\|"[^"]+")+', listed)
    assert "expand[1]" in ada.get(f"{api_of(repo_id, kind)}?expand=sha&expand=x").json["error"]


def test_expand_goes_with_no_other_way_to_ask(ada, full):
    for other in ("blobs=true", "securityStatus=true"):
        assert_error(ada.get(f"{api_of(full)}?expand=sha&{other}"), 400)
    for other in ("full=true", "cardData=true", "config=true"):
        assert_error(ada.get(f"/api/models?expand=sha&{other}"), 400)


def test_a_server_with_chunk_storage_says_so_to_those_who_ask(ada, full):
    assert ada.get(f"{api_of(full)}?expand=xetEnabled").ok().json["xetEnabled"] is True


# ---- Reading what was just written ---------------------------------------------------------------


@pytest.mark.both_engines
def test_a_commit_is_seen_by_the_next_request_of_anyone(ada, nobody, repo):
    for n in range(5):
        made = ada.commit(repo, add("n.txt", str(n).encode()),
                          add("README.md", f"---\ntags: [n{n}]\n---\n".encode())).ok().json
        info = nobody.get(api_of(repo)).ok().json
        assert info["sha"] == made["commitOid"] and f"n{n}" in info["tags"]
        assert f"n{n - 1}" not in info["tags"]
        assert nobody.get(f"/{repo}/resolve/main/n.txt").ok().body == str(n).encode()
        [item] = nobody.get(f"/api/models?search={repo}&expand=sha").ok().json
        assert item["sha"] == made["commitOid"]


def test_a_download_is_counted_once_per_caller(ada, bob, nobody, repo):
    ada.commit(repo, add("config.json", b"{}"), add("a.txt", b"a"),
               add("model.safetensors", b"weights")).ok()

    def downloads():
        return nobody.get(f"{api_of(repo)}?expand=downloads").ok().json["downloads"]

    for _ in range(3):  # What people read, and what is not there.
        nobody.get(f"/{repo}/resolve/main/a.txt").ok()
        nobody.get(f"/{repo}/raw/main/config.json").ok()
        assert nobody.get(f"/{repo}/resolve/main/missing/config.json").status == 404
        assert nobody.get(f"/{repo}/resolve/nowhere/config.json").status == 404
    for _ in range(3):  # One snapshot, however many files, questions and ranges.
        nobody.head(f"/{repo}/resolve/main/config.json").ok()
        nobody.get(f"/{repo}/resolve/main/config.json").ok()
        nobody.get(f"/{repo}/resolve/main/model.safetensors", Range="bytes=0-3")
    bob.head(f"/{repo}/resolve/main/config.json").ok()
    until = time.monotonic() + 20  # Counters are written every second or so.
    while downloads() < 2 and time.monotonic() < until:
        time.sleep(0.1)
    assert downloads() == 2
    info = nobody.get(f"{api_of(repo)}?expand=downloadsAllTime").ok().json
    assert info["downloadsAllTime"] == 2
    days = nobody.get(f"/api/-/v1/models/{repo}/downloads").ok().json
    assert (days["downloads"], days["downloadsAllTime"]) == (2, 2)
    [day] = days["days"]
    assert day["downloads"] == 2 and day["day"] == days["to"]
    assert nobody.get(f"/api/-/v1/models/{repo}/downloads?from=2020-01-01&to=2020-02-01").ok().json["days"] == []
    for query in ("from=x", "to=2026-1-1", "from=2026-02-01&to=2026-01-01", "from=1970-01-01"):
        assert_error(nobody.get(f"/api/-/v1/models/{repo}/downloads?{query}"), 400)


# ---- Lists ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shelf(hub):
    """Seven models and two datasets of lena's, one of each private."""
    lena = Wire(hub.url, LENA)
    if lena.get("/api/models?author=lena").ok().json:
        return lena
    for n in range(7):
        lena.create(f"lena/shelf-{n}", private=n == 6)
        tags = ["shelf", "even" if n % 2 == 0 else "odd"]
        card = f"---\nlicense: {'mit' if n < 3 else 'apache-2.0'}\ntags: {json.dumps(tags)}\n"
        card += "pipeline_tag: text-generation\nlanguage: no\n---\n"
        lena.commit(f"lena/shelf-{n}", add("README.md", card.encode())).ok()
    for n in range(2):
        lena.create(f"lena/Data_{n}", "dataset", private=n == 1)
    return lena


def ids(answer):
    return [item["id"] for item in answer.ok().json]


def models(*numbers):
    return {f"lena/shelf-{n}" for n in numbers}


@pytest.mark.both_engines
def test_lists_by_author_hide_what_is_private_from_strangers(shelf, bob, nobody):
    assert set(ids(shelf.get("/api/models?author=lena"))) == models(*range(7))
    assert set(ids(shelf.get("/api/datasets?author=lena"))) == {"lena/Data_0", "lena/Data_1"}
    for stranger in (bob, nobody):
        assert set(ids(stranger.get("/api/models?author=lena"))) == models(*range(6))
        assert ids(stranger.get("/api/datasets?author=lena")) == ["lena/Data_0"]
        assert ids(stranger.get("/api/models?search=shelf-6")) == []
        assert "lena/shelf-6" not in ids(stranger.get("/api/models?limit=1000&full=true"))
    assert ids(nobody.get("/api/spaces?author=lena")) == []
    assert ids(nobody.get("/api/models?author=no-such-owner")) == []
    assert set(ids(nobody.get("/api/models?author=LENA"))) == models(*range(6))


@pytest.mark.both_engines
@pytest.mark.parametrize("query, wanted", [
    ("search=shelf-1", {1}), ("search=SHELF-1", {1}), ("search=lena/sh", {0, 1, 2, 3, 4, 5, 6}),
    ("search=shelf&search=-2", {2}), ("search=%25", set()), ("search=_", set()),
    ("search=shelf-1%27%20OR%201=1", set()),
    ("filter=odd", {1, 3, 5}), ("filter=shelf&filter=even", {0, 2, 4, 6}),
    ("filter=license:mit", {0, 1, 2}), ("filter=license:mit&filter=odd", {1}),
    ("filter=no", {0, 1, 2, 3, 4, 5, 6}), ("filter=nothing", set()),
    ("pipeline_tag=text-generation&filter=odd", {1, 3, 5}), ("pipeline_tag=other", set()),
    ("filter=region:us&search=shelf-3", {3}), ("gated=true", set()),
    ("gated=false&search=shelf-3", {3}), ("search=&filter=&search=shelf-0", {0}),
])
def test_filters(shelf, query, wanted):
    assert set(ids(shelf.get(f"/api/models?author=lena&{query}"))) == models(*wanted)


@pytest.mark.both_engines
@pytest.mark.parametrize("sort", [
    "createdAt", "lastModified", "downloads", "likes", "trendingScore", "id", "likes30d",
    "num_parameters",
])
def test_every_sort_pages_through_everything_once(shelf, sort):
    for direction in ("", "&direction=-1", "&direction=1"):
        target = f"/api/models?author=lena&sort={sort}&limit=2{direction}"
        listed = [item["id"] for page in shelf.pages(target) for item in page]
        assert len(listed) == 7 and set(listed) == models(*range(7)), direction


def test_sorting_by_time_and_by_name(shelf):
    by_time = [f"lena/shelf-{n}" for n in range(7)]
    listed = ids(shelf.get("/api/models?author=lena&sort=createdAt"))
    assert listed == by_time[::-1]  # Descending unless asked otherwise.
    assert ids(shelf.get("/api/models?author=lena&sort=createdAt&direction=1")) == by_time
    assert ids(shelf.get("/api/models?author=lena&sort=id&direction=1")) == by_time


@pytest.mark.both_engines
def test_a_page_links_to_the_next_with_all_filters(hub, shelf):
    first = shelf.get("/api/models?author=lena&filter=shelf&limit=3&expand=sha&expand=likes")
    assert len(first.ok().json) == 3
    link = re.fullmatch(r'<([^>]+)>;\s+rel="next"', first["Link"])[1]
    assert link.startswith(hub.url + "/api/models?")
    for part in ("author=lena", "filter=shelf", "limit=3", "expand=sha", "expand=likes", "cursor="):
        assert part in link
    pages = shelf.pages("/api/models?author=lena&filter=shelf&limit=3&expand=sha&expand=likes")
    assert [len(p) for p in pages] == [3, 3, 1]
    assert all(set(item) == {"_id", "id", "sha", "likes"} for p in pages for item in p)


def test_a_last_page_that_is_full_links_nowhere_or_to_an_empty_one(shelf):
    pages = shelf.pages("/api/models?author=lena&limit=7")
    assert [item["id"] for p in pages for item in p].__len__() == 7


@pytest.mark.both_engines
def test_a_cursor_of_another_list_is_refused(ada, shelf):
    own = shelf.get("/api/models?author=lena&limit=2").next()
    cursor = re.search(r"cursor=([^&]+)", own)[1]
    shelf.get(f"/api/models?author=lena&limit=5&cursor={cursor}").ok()  # The page size may change.
    for other in ("/api/models?author=ada", "/api/models?author=lena&filter=odd",
                  "/api/datasets?author=lena", "/api/models?author=lena&sort=id",
                  "/api/models?author=lena&direction=1", "/api/models",
                  "/api/models?author=lena&search=x"):
        glue = "&" if "?" in other else "?"
        assert_error(shelf.get(f"{other}{glue}cursor={cursor}"), 400, text="(?i)cursor")
    tree = f"{api_of('lena/shelf-0')}/tree/main"
    assert_error(shelf.get(f"{tree}?cursor={cursor}"), 400)


@pytest.mark.parametrize("cursor", ["", "x", "%00", "../..", "eyJhIjoxfQ", "A" * 5000, "%F0%9F%A6%99"])
def test_a_made_up_cursor_is_refused(shelf, cursor):
    assert_error(shelf.get(f"/api/models?author=lena&cursor={cursor}"), 400)


def test_a_changed_cursor_is_refused(shelf):
    own = shelf.get("/api/models?author=lena&limit=2").next()
    cursor = re.search(r"cursor=([^&]+)", own)[1]
    for at in (0, len(cursor) // 2, len(cursor) - 2):
        changed = cursor[:at] + ("A" if cursor[at] != "A" else "B") + cursor[at + 1:]
        assert_error(shelf.get(f"/api/models?author=lena&limit=2&cursor={changed}"), 400)


def test_access_is_checked_again_on_each_page(shelf, nobody):
    target = "/api/models?author=lena&sort=createdAt&direction=1&limit=5"
    own = shelf.get(target).next()
    assert ids(shelf.get(own)) == ["lena/shelf-5", "lena/shelf-6"]
    assert ids(nobody.get(own)) == ["lena/shelf-5"]


@pytest.mark.parametrize("limit", ["0", "-1", "x", "1.5", "99999999999999999999"])
def test_a_wrong_limit_is_400(nobody, limit):
    assert_error(nobody.get(f"/api/models?limit={limit}"), 400, text="limit")


def test_a_limit_above_the_highest_is_capped(nobody):
    nobody.get("/api/models?limit=1000000").ok()


def test_wrong_queries_are_400(nobody):
    for query in ("sort=beauty", "&".join(["search=a"] * 21), "&".join(["filter=a"] * 21),
                  "search=" + "x" * 300, "search=%FF", "filter=%00"):
        assert_error(nobody.get(f"/api/models?{query}"), 400)


def test_unknown_parameters_are_ignored(nobody):
    for query in ("whatever=1", "a=&b", "&&", "inference=", "num_parameters="):
        assert nobody.get(f"/api/models?{query}").ok().json, query


def test_list_items_have_what_was_asked(shelf):
    [item] = shelf.get("/api/models?author=lena&search=shelf-0").ok().json
    assert set(item) >= {"_id", "id", "modelId", "likes", "trendingScore", "private", "downloads",
                         "tags", "pipeline_tag", "createdAt"}
    assert "siblings" not in item and "cardData" not in item
    [item] = shelf.get("/api/models?author=lena&search=shelf-0&full=true").ok().json
    assert {"sha", "lastModified", "author", "siblings"} <= set(item)
    assert "README.md" in [s["rfilename"] for s in item["siblings"]]
    [item] = shelf.get("/api/models?author=lena&search=shelf-0&cardData=true").ok().json
    assert item["cardData"]["license"] == "mit"
    [item] = shelf.get("/api/models?author=lena&search=shelf-0&expand[]=private&expand[]=gated").ok().json
    assert set(item) == {"_id", "id", "private", "gated"}


@pytest.mark.parametrize("kind", KINDS[:3])
def test_lists_by_the_published_client(hub, shelf, kind):
    client = HfApi(endpoint=hub.url, token=LENA)
    lists = {"model": client.list_models, "dataset": client.list_datasets,
             "space": client.list_spaces}
    found = [item.id for item in lists[kind](author="lena", limit=100)]
    assert len(found) == {"model": 7, "dataset": 2, "space": 0}[kind]
    full = list(lists[kind](author="lena", full=True))
    assert len(full) == len(found)
    assert len(list(lists[kind](author="lena", sort="created_at", limit=1))) == min(1, len(found))


def test_list_models_of_the_client_with_filters_and_limit(hub, shelf):
    client = HfApi(endpoint=hub.url, token=LENA)
    assert len(list(client.list_models(author="lena", filter="odd"))) == 3
    assert len(list(client.list_models(author="lena", search="shelf", limit=4))) == 4
    assert len(list(client.list_models(author="lena", pipeline_tag="text-generation"))) == 7
    [item] = client.list_models(author="lena", search="shelf-0", cardData=True)
    assert item.card_data.license == "mit"
    with pytest.raises(HfHubHTTPError):
        list(client.list_models(author="lena", sort="beauty"))
