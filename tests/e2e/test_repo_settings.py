"""Settings of a repository, and what it takes of the disk."""

import json

import pytest
from huggingface_hub.errors import RepositoryNotFoundError
from wire import add, api_of, assert_error, web_of


@pytest.mark.both_engines
def test_settings_change_visibility_and_gating(ada, nobody, bob, repo):
    settings = f"{api_of(repo)}/settings"
    for change in ({"private": True}, {"visibility": "private"}):
        ada("PUT", settings, json_body={"private": False}).ok()
        answer = ada("PUT", settings, json_body=change).ok().json
        assert answer["visibility"] == "private"
        assert_error(nobody.get(api_of(repo)), 401, "RepoNotFound")
    ada("PUT", settings, json_body={"visibility": "public", "gated": "manual"}).ok()
    assert nobody.get(api_of(repo)).ok().json["gated"] == "manual"
    # Gating is about bytes: what is in the repository stays public.
    assert nobody.get(f"{api_of(repo)}/tree/main").status == 200
    for target in (f"{web_of(repo)}/resolve/main/.gitattributes", f"{api_of(repo)}/auth-check"):
        assert_error(nobody.get(target), 401, "GatedRepo", "restricted")
        assert_error(bob.get(target), 403, "GatedRepo", "restricted")
        ada.get(target).ok()
    ada("PUT", settings, json_body={"gated": False}).ok()
    assert nobody.get(api_of(repo)).ok().json["gated"] is False
    nobody.get(f"{web_of(repo)}/resolve/main/.gitattributes").ok()


@pytest.mark.both_engines
def test_settings_are_read_by_those_who_may_change_them(ada, bob, nobody, repo):
    own = api_of(repo).replace("/api/", "/api/-/v1/") + "/settings"
    ada("PUT", f"{api_of(repo)}/settings", json_body={
        "gatedNotificationsEmail": "desk@hub.example", "gatedNotificationsMode": "real-time"}).ok()
    found = ada.get(own).ok().json
    assert found["gatedNotificationsEmail"] == "desk@hub.example"
    assert found["gatedNotificationsMode"] == "real-time" and found["defaultBranch"] == "main"
    assert_error(bob.get(own), 403, "Forbidden")
    assert_error(nobody.get(own), 401)


def test_settings_by_the_published_client(api, bob_api, repo_id):
    api.create_repo(repo_id)
    api.update_repo_settings(repo_id, visibility="private", gated="auto")
    info = api.model_info(repo_id)
    assert info.private and info.gated == "auto"
    with pytest.raises(RepositoryNotFoundError):
        bob_api.update_repo_settings(repo_id, visibility="public")


@pytest.mark.parametrize("body", [
    {"gated": "perhaps"}, {"gated": True}, {"gated": 1}, {"visibility": "secret"},
    {"visibility": 1}, {"private": "yes"}, {"private": True, "visibility": "private"},
    {"visibility": "protected"}, {"discussionsDisabled": "no"}, {"discussionsSorting": "worst"},
    {"gatedNotificationsMode": "never"}, [], "x", None,
], ids=json.dumps)
def test_wrong_settings_change_nothing(ada, repo, body):
    before = ada.info(repo)
    refused = ada("PUT", f"{api_of(repo)}/settings", json.dumps(body).encode(),
                  headers={"Content-Type": "application/json"})
    assert_error(refused, (400, 422))
    assert ada.info(repo) == before


def test_a_protected_space_shows_itself_and_hides_its_files(ada, bob, nobody, repo_id):
    ada.create(repo_id, "space", visibility="protected")
    for wire, status in ((bob, 403), (nobody, 401)):
        wire.get(api_of(repo_id, "space")).ok()
        assert_error(wire.get(f"{web_of(repo_id, 'space')}/resolve/main/README.md"), status)
        assert_error(wire.get(f"{api_of(repo_id, 'space')}/tree/main"), status)
    ada.get(f"{web_of(repo_id, 'space')}/resolve/main/README.md").ok()


def test_the_storage_list_names_what_is_mine_and_its_size(ada, nobody, repo):
    ada.commit(repo, add("a.bin", b"x" * 5000)).ok()
    pages = ada.pages("/api/settings/repositories?limit=50")
    items = {item["id"]: item for page in pages for item in page if item["type"] == "model"}
    assert items[repo]["storage"] >= 5000 and items[repo]["visibility"] == "public"
    assert all(i.startswith("ada/") for i in items)
    assert_error(nobody.get("/api/settings/repositories"), 401)
    org = ada.get("/api/organizations/crew/settings/repositories").ok().json
    assert all(item["id"].startswith("crew/") for item in org)


def test_the_storage_list_of_an_organization_needs_a_role_there(bob, nobody):
    assert_error(nobody.get("/api/organizations/crew/settings/repositories"), 401)
    assert_error(bob.get("/api/organizations/crew/settings/repositories"), 403)
    assert_error(bob.get("/api/organizations/no-such-org/settings/repositories"), (403, 404))
