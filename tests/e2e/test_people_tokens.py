"""Tokens that people make for themselves."""

import pytest
from browser import Browser, browser_of, setting
from conftest import ADA, ADA_FINE, ADA_READ, BOB
from huggingface_hub import HfApi
from wire import TIME, Wire, assert_error

TOKENS = "/api/-/v1/tokens"
WHOAMI = "/api/whoami-v2"


@pytest.mark.both_engines
def test_a_token_is_made_used_rotated_and_revoked(own_hub):
    browser = browser_of(own_hub, "ada")
    made = browser("POST", TOKENS, json_body={"name": "laptop", "role": "write"})
    assert made.status == 201
    value, ident = made.json["value"], made.json["id"]
    assert value.startswith("hf_") and len(value) == 37
    assert HfApi(endpoint=own_hub.url, token=value).whoami()["name"] == "ada"
    listed = {t["id"]: t for t in browser.get(TOKENS).ok().json}
    mine = listed[ident]
    assert (mine["name"], mine["role"]) == ("laptop", "write") and "value" not in mine
    assert mine["lastUsedFrom"] == "127.0.0.1" and "hf_hub" in mine["lastUsedBy"]
    assert TIME.fullmatch(mine["lastUsedAt"]) and value.endswith(mine["hint"][-4:])
    rotated = browser("POST", f"{TOKENS}/{ident}/rotate", json_body={}).ok().json
    assert rotated["id"] == ident and rotated["value"] != value
    assert_error(Wire(own_hub.url, value).get(WHOAMI), 401)
    assert Wire(own_hub.url, rotated["value"]).get(WHOAMI).ok()
    kept = browser("POST", f"{TOKENS}/{ident}/rotate", json_body={"keepHours": 24}).ok().json
    for works in (rotated["value"], kept["value"]):
        assert Wire(own_hub.url, works).get(WHOAMI).ok()
    old = next(t for t in browser.get(TOKENS).ok().json if t["name"] == "laptop (old value)")
    browser("DELETE", f"{TOKENS}/{old['id']}").ok()
    assert_error(Wire(own_hub.url, rotated["value"]).get(WHOAMI), 401)
    too_long = browser("POST", f"{TOKENS}/{ident}/rotate", json_body={"keepHours": 10**12})
    assert_error(too_long, 400, "InvalidToken")
    rotated = kept
    browser("DELETE", f"{TOKENS}/{ident}").ok()
    assert_error(Wire(own_hub.url, rotated["value"]).get(WHOAMI), 401)
    assert ident not in {t["id"] for t in browser.get(TOKENS).ok().json}
    for secret in (value, rotated["value"]):
        assert secret not in own_hub.log_path.read_text()


def test_a_fine_grained_token_has_the_scopes_it_was_given(hub, ada):
    scopes = {"global": ["discussion.write"], "scoped": [
        {"entity": {"type": "org", "name": "crew"}, "permissions": ["repo.content.read"]}]}
    made = ada.post(TOKENS, {"name": "fine", "role": "fineGrained", "scopes": scopes}).ok().json
    fine = Wire(hub.url, made["value"]).get(WHOAMI).ok().json["auth"]["accessToken"]["fineGrained"]
    assert fine["global"] == ["discussion.write"]
    assert fine["scoped"][0]["entity"]["name"] == "crew"
    ada("DELETE", f"{TOKENS}/{made['id']}").ok()


@pytest.mark.parametrize("body,field", [
    ({"name": "", "role": "read"}, "name"),
    ({"name": "x" * 101, "role": "read"}, "name"),
    ({"name": "x", "role": "admin"}, "role"),
    ({"name": "x", "role": "read", "expiresAt": "2020-01-01T00:00:00Z"}, "expiresAt"),
    ({"name": "x", "role": "read", "expiresAt": "soon"}, "expiresAt"),
    ({"name": "x", "role": "fineGrained", "scopes": {"scoped": [
        {"entity": {"type": "org", "name": "nobody"}, "permissions": []}]}}, "scopes"),
    ({"name": "x", "role": "fineGrained", "scopes": 7}, "scopes"),
])
def test_a_wrong_field_is_named(ada, body, field):
    assert assert_error(ada.post(TOKENS, body), 400).json["field"] == field


def test_a_token_makes_none_that_may_more(hub):
    for value in (ADA_READ, ADA_FINE):
        refused = Wire(hub.url, value).post(TOKENS, {"name": "x", "role": "write"})
        assert_error(refused, 403)
    assert_error(Wire(hub.url).post(TOKENS, {"name": "x", "role": "read"}), 401)


def test_tokens_of_others_do_not_exist(hub, ada, bob):
    made = ada.post(TOKENS, {"name": "mine", "role": "read"}).ok().json
    for method, path in (("DELETE", made["id"]), ("POST", f"{made['id']}/rotate")):
        assert_error(bob(method, f"{TOKENS}/{path}", json_body={}), 404, "TokenNotFound")
    # A token may always end itself.
    itself = Wire(hub.url, made["value"])
    itself("DELETE", f"{TOKENS}/{made['id']}").ok()
    assert_error(itself.get(WHOAMI), 401)


def test_the_hubs_rule_bounds_how_long_a_token_lives(own_hub):
    setting(own_hub, "token_days_max", "30")
    ada = Wire(own_hub.url, ADA)
    assert "expiresAt" in ada.post(TOKENS, {"name": "a", "role": "read"}).ok().json
    late = ada.post(TOKENS, {"name": "b", "role": "read", "expiresAt": "2999-01-01T00:00:00Z"})
    assert assert_error(late, 400, "InvalidExpiry").json["field"] == "expiresAt"


def test_leaked_tokens_are_revoked_by_whoever_found_them(own_hub):
    stranger = Browser(own_hub.url)
    body = {"credentials": [BOB, "hf_" + "z" * 34, "nonsense", ""]}
    assert stranger("POST", "/api/credentials/revoke", json_body=body).status == 202
    assert_error(Wire(own_hub.url, BOB).get(WHOAMI), 401)
    assert stranger("POST", "/api/credentials/revoke", json_body=body).status == 202
    assert_error(stranger("POST", "/api/credentials/revoke",
                          json_body={"credentials": ["x"] * 1001}), 413)
