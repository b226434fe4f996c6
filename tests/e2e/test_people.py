"""Users and organizations as others see them, and what happened in their repositories."""

import pytest
from conftest import BOB, LENA
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError
from wire import PUBLIC_ID, TIME, Wire, add, api_of, assert_error

pytestmark = pytest.mark.both_engines


def test_a_users_overview(hub, api, anonymous_api, ada, repo):
    ada.create(repo + "-p", private=True)
    own, others = api.get_user_overview("ada"), anonymous_api.get_user_overview("ADA")
    assert (own.username, own.fullname, own.user_type) == ("ada", "Ada", "user")
    assert own.num_models > others.num_models > 0
    assert own.avatar_url.startswith("http") and own.is_pro is False
    assert {o.name for o in others.orgs} == {"crew", "vault"}
    assert (others.num_followers, others.num_following) == (0, 0)
    raw = Wire(hub.url).get("/api/users/ada/overview").ok().json
    assert PUBLIC_ID.fullmatch(raw["_id"]) and TIME.fullmatch(raw["createdAt"])
    assert "email" not in raw
    assert anonymous_api.get_user_overview(raw["_id"]).username == "ada"


def test_an_organizations_overview(api, anonymous_api, ada):
    def both():
        return (a.get_organization_overview("vault") for a in (api, anonymous_api))

    own_before, others_before = both()  # Other tests keep repositories there too.
    ada.create("vault/secret-1")
    own, others = both()
    assert (own.name, own.fullname, own.num_users) == ("vault", "Vault", 1)
    assert own.num_models == own_before.num_models + 1
    assert others.num_models == others_before.num_models
    assert own.avatar_url and own.num_followers == 0


def test_figures_count_what_one_may_see(hub, api, bob_api, ada, repo):
    private = repo + "-p"
    ada.create(private, private=True)
    before = bob_api.get_user_overview("ada"), api.get_user_overview("ada")
    for name in (repo, private):
        ada.post(f"{api_of(name)}/like", {}).ok()
        api.create_discussion(name, title="Talk")
    after = bob_api.get_user_overview("ada"), api.get_user_overview("ada")
    for i, more in ((0, 1), (1, 2)):
        assert after[i].num_likes == before[i].num_likes + more
        assert after[i].num_discussions == before[i].num_discussions + more


def test_members(hub, api, ada, bob):
    members = {m.username: m for m in api.list_organization_members("crew")}
    assert set(members) == {"ada", "bob", "carol", "dan"}
    assert members["ada"].role == "admin" and members["bob"].role == "read"
    pages = bob.pages("/api/organizations/crew/members?limit=1")
    assert [p[0]["user"] for p in pages] == ["ada", "bob", "carol", "dan"]
    found = bob.get("/api/organizations/crew/members?search=CAR").ok().json
    assert [m["user"] for m in found] == ["carol"]
    assert bob.get("/api/organizations/crew/members?search=%25").ok().json == []
    # Addresses are for those who manage the organization.
    assert all("email" not in m for p in pages for m in p)
    assert ada.get("/api/organizations/crew/members").ok().json[0]["email"] == "ada@hub.example"


def test_nobody_follows_yet(anonymous_api):
    assert list(anonymous_api.list_user_followers("ada")) == []
    assert list(anonymous_api.list_user_following("ada")) == []
    assert list(anonymous_api.list_organization_followers("crew")) == []


@pytest.mark.parametrize("target, word", [
    ("/api/users/nobody-here/overview", "UserNotFound"), ("/api/users/crew/overview", "UserNotFound"),
    ("/api/organizations/ada/overview", "OrganizationNotFound"),
    ("/api/organizations/nobody-here/members", "OrganizationNotFound"),
    ("/api/users/nobody-here/followers", "OwnerNotFound"), ("/api/users/crew/followers", "UserNotFound"),
    ("/api/organizations/ada/followers", "OrganizationNotFound"),
    ("/api/avatars/nobody-here", "OwnerNotFound"),
])
def test_who_is_not_there(nobody, target, word):
    assert_error(nobody.get(target), 404, word)


def test_avatars_and_socials(nobody):
    url = nobody.get("/api/avatars/ada").ok().json["avatarUrl"]
    assert url
    assert nobody.get("/api/users/ada/avatar").ok().json == {"avatarUrl": url}
    shown = nobody.get("/api/organizations/crew/avatar", Sec_Fetch_Dest="image")
    assert shown.status in (302, 303, 307) and shown["Location"]
    assert "socialHandles" in nobody.get("/api/users/ada/socials").ok().json


def test_storage_of_ones_own_and_of_an_organization(hub, api, ada, repo):
    ada.upload_large(repo, b"\1" * 70_000)
    uploaded = {"algo": "sha256", "oid": __import__("hashlib").sha256(b"\1" * 70_000).hexdigest()}
    ada.commit(repo, {"key": "lfsFile", "value": {"path": "w.bin", **uploaded}}).ok()
    items = {r.id: r for r in api.list_user_repos()}
    assert items[repo].storage >= 70_000 and items[repo].type == "model"
    assert items[repo].visibility == "public"
    assert all(r.id.startswith("crew/") for r in api.list_user_repos("crew"))
    with pytest.raises(HfHubHTTPError):
        HfApi(endpoint=hub.url, token=LENA).list_user_repos("crew").__next__()


# What happened

def feed(wire, target):
    return wire.get(f"/api/-/v1/activity/{target}").ok().json["events"]


def test_what_happened_in_a_repository(hub, api, ada, bob, nobody, repo):
    ada.commit(repo, add("x"), summary="A fine commit").ok()
    bob.commit(repo, add("y"), rev="main?create_pr=1", summary="From bob").ok()
    ada.post(f"{api_of(repo)}/discussions/1/merge", None).ok()
    bob.post(f"{api_of(repo)}/like", {}).ok()
    events = feed(nobody, f"models/{repo}")
    types = [e["type"] for e in events]
    assert types[0] == "repo.liked" and types[-1] == "repo.created"
    assert {"repo.commit", "discussion.created", "discussion.merged"} <= set(types)
    commit = [e for e in events if e["type"] == "repo.commit"][-1]
    assert commit["data"]["title"] == "A fine commit" and commit["actor"] == {"name": "ada"}
    assert commit["repo"] == {"type": "model", "name": repo} and TIME.fullmatch(commit["time"])
    paged, target = [], f"/api/-/v1/activity/models/{repo}?limit=2"
    while target:
        answer = nobody.get(target).ok()
        paged += answer.json["events"]
        target = answer.next()
    assert [e["id"] for e in paged] == [e["id"] for e in events]


def test_what_happened_privately_stays_so(hub, ada, bob, nobody, repo_id):
    ada.create(repo_id, private=True)
    ada.commit(repo_id, add("x"), summary="A secret commit").ok()
    assert_error(bob.get(f"/api/-/v1/activity/models/{repo_id}"), 404, "RepoNotFound")
    assert "secret commit" not in str(feed(bob, "owners/ada"))
    assert "secret commit" in str(feed(ada, "owners/ada?limit=100"))
    ada("PUT", f"{api_of(repo_id)}/settings", json_body={"private": False}).ok()
    ada.commit(repo_id, add("y"), summary="An open commit").ok()
    for stranger in (bob, nobody):
        seen = str(feed(stranger, f"models/{repo_id}"))
        assert "open commit" in seen and "secret commit" not in seen
    assert "secret commit" in str(feed(ada, f"models/{repo_id}"))
    ada("PUT", f"{api_of(repo_id)}/settings", json_body={"private": True}).ok()
    assert "open commit" not in str(feed(bob, "owners/ada"))


def test_what_nobody_else_should_know_is_not_told(hub, ada, bob, repo):
    ada("PUT", f"{api_of(repo)}/settings", json_body={"gated": "manual"}).ok()
    bob.post(f"/{repo}/ask-access", {})
    for wire in (ada, bob):
        assert not [e for e in feed(wire, f"models/{repo}") if e["type"].startswith("access.")]
    ada("DELETE", "/api/repos/delete", json_body={"name": repo.split("/")[1]}).ok()
    assert "repo.deleted" in str(feed(ada, "mine"))
    assert repo not in str(feed(bob, "owners/ada?limit=100"))


def test_mine_and_until_where_i_have_seen(hub, ada, nobody, repo):
    ada.commit(repo, add("x"), summary="For the feed").ok()
    mine = ada.get("/api/-/v1/activity/mine").ok().json
    newest = mine["events"][0]["id"]
    ada.post("/api/-/v1/activity/seen", {"until": newest}).ok()
    assert ada.get("/api/-/v1/activity/mine").json["seenUntil"] == newest
    ada.post("/api/-/v1/activity/seen", {"until": "1"}).ok()
    assert ada.get("/api/-/v1/activity/mine").json["seenUntil"] == newest
    assert_error(ada.post("/api/-/v1/activity/seen", {"until": "x"}), 400)
    assert_error(nobody.get("/api/-/v1/activity/mine"), 401)
    assert_error(nobody.post("/api/-/v1/activity/seen", {"until": "1"}), 401)
    # Of an organization's, every member's.
    ada.create("crew/" + repo.split("/")[1])
    assert "crew/" + repo.split("/")[1] in str(feed(Wire(hub.url, BOB), "mine"))
    assert_error(nobody.get("/api/-/v1/activity/owners/nobody-here"), 404, "OwnerNotFound")
