"""Likes: given and taken back, counted exactly, listed for those who may see."""

import pytest
from conftest import ADA, ADA_READ, BOB, CAROL, DAN
from wire import Wire, api_of, assert_error

pytestmark = pytest.mark.both_engines


def like(hub, token, repo, kind="model"):
    return Wire(hub.url, token).post(f"{api_of(repo, kind)}/like", {})


def test_likes_count_once_each(hub, api, ada, repo):
    for _ in range(2):
        for token in (ADA, BOB, CAROL):
            like(hub, token, repo).ok()
    assert ada.info(repo)["likes"] == 3
    assert [u.username for u in api.list_repo_likers(repo)] == ["carol", "bob", "ada"]
    for _ in range(2):
        api.unlike(repo)
    assert ada.info(repo)["likes"] == 2
    [listed] = ada.get(f"/api/models?search={repo.split('/')[1]}").ok().json
    assert listed["likes"] == 2


def test_lists_sort_by_them(hub, ada, repo_id):
    base = repo_id.split("/")[1]
    for i, tokens in enumerate([(BOB,), (BOB, CAROL, DAN), (), (BOB, CAROL)]):
        ada.create(f"ada/{base}-{i}")
        for token in tokens:
            like(hub, token, f"ada/{base}-{i}").ok()
    pages = ada.pages(f"/api/models?search={base}&sort=likes&limit=1")
    assert [p[0]["id"][-1] for p in pages] == ["1", "3", "0", "2"]
    lowest = ada.get(f"/api/models?search={base}&sort=likes&direction=1").json
    assert [m["likes"] for m in lowest] == [0, 1, 2, 3]


def test_a_persons_likes(hub, api, bob_api, ada, repo):
    private = repo + "-private"
    ada.create(private, private=True)
    ada.create(repo, kind="dataset")
    before = len(list(api.list_liked_repos("carol").models))
    like(hub, CAROL, repo).ok()
    like(hub, CAROL, repo, "dataset").ok()
    like(hub, ADA, private).ok()
    carols = bob_api.list_liked_repos("carol")
    assert repo in carols.models and repo in carols.datasets
    assert len(carols.models) == before + 1
    # What may not be seen is in nobody else's list, also when it was liked.
    assert private in api.list_liked_repos("ada").models
    assert private not in bob_api.list_liked_repos("ada").models
    assert private not in Wire(hub.url).get("/api/users/ada/likes").text


def test_pages(hub, ada, repo):
    for token in (ADA, BOB, CAROL, DAN):
        like(hub, token, repo).ok()
    pages = ada.pages(f"{api_of(repo)}/likers?limit=1")
    assert [p[0]["user"] for p in pages] == ["dan", "carol", "bob", "ada"]
    assert set(pages[0][0]) >= {"user", "fullname", "avatarUrl", "type", "_id"}
    other = ada.get(f"{api_of(repo)}/likers?limit=1").next().split("cursor=")[1]
    assert_error(ada.get(f"/api/users/ada/likes?cursor={other}"), 400, "InvalidCursor")


def test_who_may(hub, ada, bob, repo):
    private = repo + "-private"
    ada.create(private, private=True)
    for method in ("POST", "DELETE"):
        assert_error(Wire(hub.url)(method, f"{api_of(repo)}/like", json_body={}), 401)
        assert_error(Wire(hub.url, ADA_READ)(method, f"{api_of(repo)}/like", json_body={}), 403)
        assert_error(bob(method, f"{api_of(private)}/like", json_body={}), 404, "RepoNotFound")
        assert_error(bob(method, f"{api_of('ada/missing')}/like", json_body={}), 404, "RepoNotFound")
    assert_error(bob.get(f"{api_of(private)}/likers"), 404, "RepoNotFound")
    assert_error(ada.get("/api/users/nobody-here/likes"), 404, "UserNotFound")


def test_concurrent_likes_are_all_counted(own_hub):
    from concurrent.futures import ThreadPoolExecutor

    Wire(own_hub.url, ADA).create("ada/m")
    tokens = [ADA, BOB, CAROL, DAN]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda t: like(own_hub, t, "ada/m").ok(), tokens * 5))
    assert Wire(own_hub.url).info("ada/m")["likes"] == 4
