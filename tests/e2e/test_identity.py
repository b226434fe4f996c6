"""Who is asking: tokens, what they may, and what a wrong one is told."""

import base64
import re

import pytest
from conftest import ADA, ADA_EXPIRED, ADA_FINE, ADA_READ, BOB, CAROL, DAN, KEEPER
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError
from wire import PUBLIC_ID, TIME, Wire, add, api_of, assert_error, web_of

WHOAMI = "/api/whoami-v2"
# Clients read "repository not found" unless the text is exactly this.
BAD_TOKEN = "Invalid credentials in Authorization header"


@pytest.mark.both_engines
def test_whoami_has_every_member_that_clients_read(ada):
    me = ada.get(WHOAMI).ok().json
    assert (me["type"], me["name"], me["fullname"]) == ("user", "ada", "Ada")
    assert PUBLIC_ID.fullmatch(me["id"]) and me["email"] == "ada@hub.example"
    assert isinstance(me["emailVerified"], bool) and isinstance(me["isPro"], bool)
    assert isinstance(me["canPay"], bool) and me["billingMode"] in ("postpaid", "prepaid")
    assert me["avatarUrl"].startswith(("http", "/"))
    crew = next(o for o in me["orgs"] if o["name"] == "crew")
    assert (crew["type"], crew["fullname"], crew["roleInOrg"]) == ("org", "Crew", "admin")
    assert PUBLIC_ID.fullmatch(crew["id"]) and crew["isEnterprise"] is False
    token = me["auth"]["accessToken"]
    assert me["auth"]["type"] == "access_token"
    assert (token["displayName"], token["role"]) == ("write", "write")
    assert TIME.fullmatch(token["createdAt"])


def test_whoami_says_the_role_in_each_organization(hub):
    roles = {}
    for name, token in (("ada", ADA), ("bob", BOB), ("carol", CAROL), ("dan", DAN)):
        orgs = HfApi(endpoint=hub.url, token=token).whoami()["orgs"]
        roles[name] = next(o["roleInOrg"] for o in orgs if o["name"] == "crew")
    assert roles == {"ada": "admin", "bob": "read", "carol": "contributor", "dan": "write"}
    assert HfApi(endpoint=hub.url, token=KEEPER).whoami()["orgs"] == []


def test_whoami_shows_the_scopes_of_a_fine_grained_token(hub):
    token = Wire(hub.url, ADA_FINE).get(WHOAMI).ok().json["auth"]["accessToken"]
    assert token["role"] == "fineGrained" and token["fineGrained"]["global"] == []
    by_name = {s["entity"]["name"]: s["permissions"] for s in token["fineGrained"]["scoped"]}
    assert by_name == {"ada": ["repo.content.read"], "ada/fine": ["repo.write"]}


def test_whoami_without_a_token_is_401_with_a_challenge(nobody):
    refused = assert_error(nobody.get(WHOAMI), 401)
    assert refused["WWW-Authenticate"]


@pytest.mark.parametrize("value", [
    "hf_" + "x" * 34, "hf_", "not-a-token", "api_org_" + "x" * 34, "x" * 3000, ADA + "x", ADA[:-1],
], ids=["unknown", "prefix", "shapeless", "organization", "long", "longer", "shorter"])
def test_a_wrong_token_is_named_in_the_words_clients_know(hub, value):
    refused = assert_error(Wire(hub.url, value).get(WHOAMI), 401)
    assert refused["X-Error-Message"] == BAD_TOKEN
    # With RepoNotFound a client would say that the repository is missing.
    assert refused["X-Error-Code"] is None


@pytest.mark.parametrize("header", [
    "Bearer", "Bearer ", "Digest abc", "Basic !!!", "Basic " + base64.b64encode(b"x").decode(),
    "Negotiate YII=", f"Bearer {ADA} {ADA}",
])
def test_a_malformed_authorization_header_is_401(nobody, header):
    refused = assert_error(nobody.get(WHOAMI, Authorization=header), 401)
    assert refused["X-Error-Message"] == BAD_TOKEN


def test_a_wrong_token_is_401_on_public_things_too(hub, repo):
    # Refused everywhere, so that no proxy caches two answers for one public URL.
    for target in (api_of(repo), f"{web_of(repo)}/resolve/main/.gitattributes", "/api/models",
                   f"{api_of(repo)}/tree/main"):
        refused = Wire(hub.url, "hf_" + "y" * 34).get(target)
        assert (refused.status, refused["X-Error-Message"]) == (401, BAD_TOKEN), target


@pytest.mark.both_engines
def test_an_expired_token_is_a_wrong_one(hub, repo):
    expired = Wire(hub.url, ADA_EXPIRED)
    for target in (WHOAMI, api_of(repo)):
        assert assert_error(expired.get(target), 401)["X-Error-Message"] == BAD_TOKEN


@pytest.mark.both_engines
def test_a_revoked_token_is_a_wrong_one_at_once(hub, repo_id):
    value = "hf_" + "revoked".ljust(34, "1")
    replaced = "hf_" + "replaced".ljust(34, "1")

    def bob_has(token):
        hub.apply({"users": [{"name": "bob", "tokens": [
            {"name": "to revoke", "value": token, "role": "write"}]}]})

    bob_has(value)
    holder = Wire(hub.url, value)
    assert holder.get(WHOAMI).ok().json["name"] == "bob"
    bob_has(replaced)  # A token of the same name takes its place.
    assert assert_error(holder.get(WHOAMI), 401)["X-Error-Message"] == BAD_TOKEN
    assert Wire(hub.url, replaced).get(WHOAMI).ok().json["name"] == "bob"
    assert Wire(hub.url, BOB).get(WHOAMI).ok().json["name"] == "bob"


def test_a_disabled_user_is_nobody_until_enabled_again(hub, nobody):
    hub.apply({"users": [{"name": "eve", "tokens": [
        {"name": "write", "value": "hf_" + "eve".ljust(34, "2"), "role": "write"}]}]})
    eve, keeper = Wire(hub.url, "hf_" + "eve".ljust(34, "2")), Wire(hub.url, KEEPER)
    assert eve.get(WHOAMI).ok().json["name"] == "eve"
    keeper.post("/api/-/v1/admin/users/eve/disable", {}).ok()
    assert assert_error(eve.get(WHOAMI), 401)["X-Error-Message"] == BAD_TOKEN
    keeper.post("/api/-/v1/admin/users/eve/enable", {}).ok()
    eve.get(WHOAMI).ok()
    for stranger in (eve, nobody):
        assert_error(stranger.post("/api/-/v1/admin/users/eve/disable", {}), (401, 403, 404))


def test_tokens_made_by_command_work_with_their_role(hub, ada, repo):
    def made(*options, **more):
        return hub.run("admin", "user", "token", "ada", *options, **more).stdout.strip()

    value = made("--name", "by command")
    assert re.fullmatch(r"hf_[A-Za-z0-9]{34}", value)
    assert Wire(hub.url, value).commit(repo, add("by-command")).status == 200
    reader = Wire(hub.url, made("--role", "read", "--name", "reader"))
    reader.get(WHOAMI).ok()
    assert_error(reader.commit(repo, add("never")), 403)
    dated = Wire(hub.url, made("--expires", "2100-01-01T00:00:00Z", "--name", "dated"))
    token = dated.get(WHOAMI).ok().json["auth"]["accessToken"]
    assert token["expiration"].startswith("2100-01-01T00:00:00")
    past = hub.run("admin", "user", "token", "ada", "--expires", "2020-01-01T00:00:00Z", check=False)
    assert past.returncode != 0 and "past" in past.stderr
    given = "hf_" + "given".ljust(34, "3")
    made("--value-stdin", "--name", "given", stdin=given + "\n")
    assert Wire(hub.url, given).get(WHOAMI).ok().json["name"] == "ada"
    # The value is shown once, in no list.
    assert value not in hub.run("admin", "user", "list", "--json").stdout


def test_the_scheme_is_case_insensitive_and_basic_carries_the_token_as_password(nobody):
    for scheme in ("bearer", "BEARER", "Bearer"):
        assert nobody.get(WHOAMI, Authorization=f"{scheme} {ADA}").ok().json["name"] == "ada"
    basic = base64.b64encode(f"hf_user:{ADA}".encode()).decode()
    assert nobody.get(WHOAMI, Authorization=f"Basic {basic}").ok().json["name"] == "ada"


@pytest.mark.parametrize("kind", ["model", "dataset", "space"])
def test_auth_check_tells_reading_from_writing(hub, ada, bob, nobody, repo_id, kind):
    ada.create(repo_id, kind)
    read, write = f"{api_of(repo_id, kind)}/auth-check", f"{api_of(repo_id, kind)}/auth-check/write"
    for wire in (ada, bob, nobody, Wire(hub.url, ADA_READ)):
        wire.get(read).ok()
    ada.get(write).ok()
    assert_error(bob.get(write), 403)
    assert_error(nobody.get(write), 401)
    assert_error(Wire(hub.url, ADA_READ).get(write), 403)
    assert_error(ada.get(f"{api_of('ada/missing', kind)}/auth-check"), 404, "RepoNotFound")


def test_auth_check_by_the_published_client(api_clients, repo_id):
    ada, bob = api_clients
    ada.create_repo(repo_id, private=True)
    ada.auth_check(repo_id)
    ada.auth_check(repo_id, write=True)
    with pytest.raises(RepositoryNotFoundError):
        bob.auth_check(repo_id)


@pytest.fixture
def api_clients(hub):
    return HfApi(endpoint=hub.url, token=ADA), HfApi(endpoint=hub.url, token=BOB)


@pytest.mark.both_engines
def test_a_read_token_reads_private_things_and_changes_nothing(hub, ada, repo_id):
    ada.create(repo_id, private=True)
    ada.commit(repo_id, add("a.txt", b"secret")).ok()
    reader = Wire(hub.url, ADA_READ)
    assert reader.get(f"{web_of(repo_id)}/resolve/main/a.txt").ok().body == b"secret"
    before = ada.info(repo_id)
    for refused in (
        reader.commit(repo_id, add("b.txt")),
        reader.post(f"{api_of(repo_id)}/preupload/main", {"files": []}),
        reader.post(f"{api_of(repo_id)}/branch/dev", {}),
        reader.post(f"{api_of(repo_id)}/tag/main", {"tag": "v1"}),
        reader("PUT", f"{api_of(repo_id)}/settings", json_body={"private": False}),
        reader("DELETE", "/api/repos/delete", json_body={"name": repo_id.split("/")[1]}),
        reader.post("/api/repos/move", {"fromRepo": repo_id, "toRepo": repo_id + "x"}),
        reader.post("/api/repos/create", {"name": "never"}),
        reader.batch(repo_id, [b"large"]),
    ):
        assert_error(refused, 403)
    assert ada.info(repo_id) == before


def test_a_fine_grained_token_does_what_its_scopes_say_and_no_more(hub, ada):
    fine = Wire(hub.url, ADA_FINE)
    if ada.get(api_of("ada/fine")).status == 404:
        ada.create("ada/fine", private=True)
        ada.create("ada/not-fine", private=True)
    for name in ("ada/fine", "ada/not-fine"):
        fine.get(api_of(name)).ok()
        fine.get(f"{web_of(name)}/resolve/main/.gitattributes").ok()
    fine.commit("ada/fine", add("a.txt")).ok()
    assert_error(fine.commit("ada/not-fine", add("a.txt")), 403)
    assert_error(fine.post("/api/repos/create", {"name": "fine-made"}), 403)
    assert "a.txt" not in ada.paths("ada/not-fine")
    # Nothing in its scopes is about the organization: its private repositories do not exist.
    if ada.get(api_of("crew/secret")).status == 404:
        ada.create("crew/secret", private=True)
    assert_error(fine.get(api_of("crew/secret")), 404, "RepoNotFound")
    listed = [r["id"] for r in fine.get("/api/models?author=crew").ok().json]
    assert "crew/secret" not in listed


def test_roles_in_an_organization(hub, ada, nobody):
    bob, carol, dan = (Wire(hub.url, t) for t in (BOB, CAROL, DAN))
    name = "crew/by-ada"
    ada.create(name, private=True)
    for member in (ada, bob, carol, dan):
        member.get(api_of(name)).ok()
    assert_error(nobody.get(api_of(name)), 401, "RepoNotFound")
    assert_error(bob.commit(name, add("b.txt")), 403)
    assert_error(carol.commit(name, add("c.txt")), 403)
    dan.commit(name, add("d.txt")).ok()
    assert_error(bob.post("/api/repos/create", {"name": "by-bob", "organization": "crew"}), 403)
    # A contributor writes to what they made, not to what others made.
    carol.create("crew/by-carol")
    carol.commit("crew/by-carol", add("c.txt")).ok()
    dan.commit("crew/by-carol", add("d.txt")).ok()
    for member, status in ((bob, 403), (carol, 403), (dan, 403)):
        assert_error(member("PUT", f"{api_of(name)}/settings", json_body={"private": False}), status)
    ada("PUT", f"{api_of(name)}/settings", json_body={"private": False}).ok()
    nobody.get(api_of(name)).ok()


def test_a_stranger_may_not_create_for_others(bob):
    for owner in ("ada", "vault", "no-such-owner"):
        refused = bob.post("/api/repos/create", {"name": "x", "organization": owner})
        assert refused.status in (400, 401, 403, 404), repr(refused)
        assert_error(refused, refused.status)


def test_the_client_maps_a_wrong_token_to_its_own_error(hub):
    with pytest.raises(HfHubHTTPError) as refused:
        HfApi(endpoint=hub.url, token="hf_" + "z" * 34).model_info("ada/whatever")
    assert not isinstance(refused.value, RepositoryNotFoundError)
    assert refused.value.response.status_code == 401
