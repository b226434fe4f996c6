"""The hub as an OAuth server: the published client signs in through a browser, other programs sign
people in and act for them."""

import base64
import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
from browser import Browser, browser_of
from conftest import ADA, ADA_READ, BOB
from huggingface_hub import HfApi
from wire import Wire, assert_error

CLI = "26be6b09-91c5-47da-9861-d2d2bb7a7e36"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
CALLBACK = "https://app.example/callback"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


def api_of(hub, token):
    return HfApi(hub.url, token=token)


def form(wire, path, headers=None, **fields):
    return wire("POST", path, urlencode(fields).encode(),
                headers={"Content-Type": "application/x-www-form-urlencoded", **(headers or {})})


def basic(name, secret):
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


@pytest.fixture(scope="module")
def ada(hub):
    return browser_of(hub, "ada")


@pytest.fixture
def program(hub):
    """Another program, that nobody has signed in to."""
    return Wire(hub.url)


def register(wire, **more):
    body = {"client_name": "Notebook", "redirect_uris": [CALLBACK, "http://localhost/back"],
            "scope": "openid profile email read-repos write-repos",
            "token_endpoint_auth_method": "none", **more}
    answer = wire("POST", "/oauth/register", json_body=body)
    assert answer.status == 201, answer.body
    return answer.json


def authorize_path(client, **more):
    return "/oauth/authorize?" + urlencode({
        "client_id": client["client_id"], "redirect_uri": CALLBACK, "response_type": "code",
        "scope": "openid profile", "state": '{"a": "b"}', "code_challenge": CHALLENGE,
        "code_challenge_method": "S256", **more})


def approve(browser, path, decision="approve", **more):
    answer = browser("POST", path, json_body={"decision": decision, **more}).ok()
    return parse_qs(urlsplit(answer.json["redirect"]).query)


def token_of(browser, program, client, **more):
    code = approve(browser, authorize_path(client, **more))["code"][0]
    return form(program, "/oauth/token", grant_type="authorization_code", code=code,
                redirect_uri=CALLBACK, code_verifier=VERIFIER).ok().json


@pytest.mark.both_engines
def test_hf_auth_login_finishes_in_the_browser(hub, ada, tmp_path):
    """The real command: it has no terminal here, so it goes the browser's way by itself."""
    hf = Path(sys.executable).parent / "hf"
    env = {**os.environ, "HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path), "HF_HUB_DISABLE_XET": "1",
           "PYTHONUNBUFFERED": "1"}
    login = subprocess.Popen([hf, "auth", "login"], env=env, stdin=subprocess.DEVNULL, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said, code = "", None
    try:
        while code is None:
            line = login.stdout.readline()
            assert line, f"hf auth login ended: {said}"
            said += line
            found = re.search(r"\b([BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4})\b", line)
            code = found and found.group(1)
        waiting = ada.v1("GET", f"/oauth/devices/{code}").ok().json
        assert waiting["client"]["clientId"] == CLI and waiting["wholeAccount"]
        assert waiting["userCode"] == code and waiting["userAgent"]
        ada.v1("POST", f"/oauth/devices/{code}", {"decision": "approve"}).ok()
        said += login.communicate(timeout=60)[0]
    finally:
        login.kill()
    assert login.returncode == 0, said
    who = subprocess.run([hf, "auth", "whoami"], env=env, capture_output=True, text=True, timeout=60)
    assert who.returncode == 0 and "ada" in who.stdout, who.stderr
    stored = (tmp_path / "token").read_text()
    assert stored.startswith("hf_oauth_")
    # It does what ada may do, and ends when ada ends it.
    api = api_of(hub, stored)
    api.create_repo("ada/by-login")
    api.delete_repo("ada/by-login")
    grant = next(g for g in ada.v1("GET", "/oauth/grants").ok().json["grants"]
                 if g["client"]["clientId"] == CLI)
    ada.v1("DELETE", f"/oauth/grants/{grant['id']}").ok()
    assert_error(Wire(hub.url, stored).get("/api/whoami-v2"), 401)


def test_a_device_is_told_to_wait_and_that_it_was_refused(hub, ada, program):
    started = form(program, "/oauth/device", client_id=CLI).ok().json
    assert started["verification_uri"].startswith(hub.url) and started["interval"] == 5

    def poll():
        return form(program, "/oauth/token", grant_type=DEVICE_GRANT, client_id=CLI,
                    device_code=started["device_code"])

    first = poll()
    assert first.status == 400 and first.json["error"] == "authorization_pending"
    assert poll().json["error"] == "slow_down"
    ada.v1("POST", f"/oauth/devices/{started['user_code']}", {"decision": "deny"}).ok()
    assert poll().json["error"] == "access_denied"
    assert_error(ada.v1("GET", f"/oauth/devices/{started['user_code']}"), 404)
    assert form(program, "/oauth/device", client_id="nobody").json["error"] == "invalid_client"


def test_only_a_signed_in_person_decides(hub, ada, program):
    started = form(program, "/oauth/device", client_id=CLI).ok().json
    path = f"/oauth/devices/{started['user_code']}"
    stranger = Browser(hub.url)
    assert_error(stranger.v1("POST", path, {"decision": "approve"}), 401)
    assert_error(Wire(hub.url, ADA)("POST", "/api/-/v1" + path, json_body={"decision": "approve"}),
                 403)
    assert_error(ada.v1("POST", path, {"decision": "approve"}, csrf=False), 403)
    client = register(program)
    assert program.get(authorize_path(client)).status == 401
    assert Wire(hub.url, ADA).get(authorize_path(client)).status == 403


@pytest.mark.both_engines
def test_a_program_signs_a_person_in(hub, ada, program):
    client = register(program)
    consent = ada.get(authorize_path(client, scope="openid profile read-repos jobs")).ok().json
    assert consent["client"]["name"] == "Notebook" and consent["redirectHost"] == "app.example"
    assert [s["scope"] for s in consent["scopes"]] == ["openid", "profile", "read-repos"]
    assert {o["name"] for o in consent["organizations"]} >= {"crew", "vault"}
    answer = approve(ada, authorize_path(client, nonce="n1"))
    assert answer["state"] == ['{"a": "b"}'] and answer["iss"] == [hub.url]
    tokens = form(program, "/oauth/token", grant_type="authorization_code", code=answer["code"][0],
                  redirect_uri=CALLBACK, code_verifier=VERIFIER).ok()
    assert tokens["Cache-Control"] == "no-store"
    assert tokens.json["token_type"] == "bearer" and tokens.json["expires_in"] == 8 * 3600
    me = Wire(hub.url, tokens.json["access_token"]).get("/oauth/userinfo").ok().json
    assert me["preferred_username"] == "ada" and "email" not in me
    assert me["profile"] == f"{hub.url}/ada"
    known = Wire(hub.url, tokens.json["access_token"]).get("/api/whoami-v2").ok().json
    assert known["name"] == "ada" and known["email"] is None  # Not without the scope.
    again = form(program, "/oauth/token", grant_type="authorization_code", code=answer["code"][0],
                 redirect_uri=CALLBACK, code_verifier=VERIFIER)
    assert again.status == 400 and again.json["error"] == "invalid_grant"
    assert_error(Wire(hub.url, tokens.json["access_token"]).get("/api/whoami-v2"), 401)


def test_the_id_token_verifies_with_the_discovered_keys(hub, ada, program):
    found = program.get("/.well-known/openid-configuration").ok().json
    assert found["issuer"] == hub.url
    for name in ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"):
        assert found[name].startswith(hub.url + "/oauth/")
    client = register(program)
    tokens = token_of(ada, program, client, nonce="n2")
    key = jwt.PyJWKClient(found["jwks_uri"]).get_signing_key_from_jwt(tokens["id_token"])
    claims = jwt.decode(tokens["id_token"], key.key, algorithms=["RS256"],
                        audience=client["client_id"], issuer=hub.url)
    assert claims["nonce"] == "n2" and claims["preferred_username"] == "ada"
    with pytest.raises(jwt.InvalidAudienceError):
        jwt.decode(tokens["id_token"], key.key, algorithms=["RS256"], audience="other")


def test_a_token_does_what_was_consented_to_and_no_more(hub, ada, program, repo_id):
    own = api_of(hub, ADA)
    private = repo_id
    own.create_repo(private, private=True)
    own.create_repo("crew/oauth-private", private=True, exist_ok=True)
    client = register(program)
    may = token_of(ada, program, client, scope="read-repos")["access_token"]
    reader = Wire(hub.url, may)
    reader.get(f"/api/models/{private}").ok()
    # The organization was not included.
    assert_error(reader.get("/api/models/crew/oauth-private"), 404)
    assert_error(reader("POST", "/api/repos/create", json_body={"name": "x-by-oauth"}), 403)
    crew = next(o["id"] for o in ada.get(authorize_path(client)).json["organizations"]
                if o["name"] == "crew")
    code = approve(ada, authorize_path(client, scope="write-repos"), organizations=[crew])["code"]
    writer = form(program, "/oauth/token", grant_type="authorization_code", code=code[0],
                  redirect_uri=CALLBACK, code_verifier=VERIFIER).ok().json["access_token"]
    api = api_of(hub, writer)
    api.upload_file(repo_id="crew/oauth-private", path_or_fileobj=b"x", path_in_repo="x.txt")
    # Changing files is not changing the repository.
    assert_error(Wire(hub.url, writer)("PUT", f"/api/models/{private}/settings",
                                       json_body={"private": False}), 403)
    assert_error(Wire(hub.url, writer)("DELETE", "/api/repos/delete",
                                       json_body={"name": private.split("/")[1]}), 403)
    nothing = token_of(ada, program, client, scope="openid")["access_token"]
    assert_error(Wire(hub.url, nothing).get(f"/api/models/{private}"), 404)


def test_refresh_tokens_are_replaced(hub, ada, program):
    tokens = token_of(ada, program, register(program))
    fresh = form(program, "/oauth/token", grant_type="refresh_token",
                 refresh_token=tokens["refresh_token"]).ok().json
    assert fresh["access_token"] != tokens["access_token"]
    assert fresh["refresh_token"] != tokens["refresh_token"]
    Wire(hub.url, fresh["access_token"]).get("/oauth/userinfo").ok()
    form(program, "/oauth/revoke", token=fresh["refresh_token"]).ok()
    assert_error(Wire(hub.url, fresh["access_token"]).get("/api/whoami-v2"), 401)
    gone = form(program, "/oauth/token", grant_type="refresh_token",
                refresh_token=fresh["refresh_token"])
    assert gone.status == 400 and gone.json["error"] == "invalid_grant"


def test_a_confidential_application_proves_itself(hub, ada, program):
    assert program("POST", "/oauth/register", json_body={"redirect_uris": [CALLBACK]}).status == 401
    made = register(Wire(hub.url, ADA), token_endpoint_auth_method="client_secret_basic")
    assert made["client_secret"]

    def exchange(headers):
        path = authorize_path(made, code_challenge="", code_challenge_method="")
        code = approve(ada, path)["code"][0]
        return form(program, "/oauth/token", headers, grant_type="authorization_code", code=code,
                    redirect_uri=CALLBACK)

    refused = exchange(basic(made["client_id"], "wrong"))
    assert refused.status == 401 and refused.json["error"] == "invalid_client"
    assert refused["WWW-Authenticate"].startswith("Basic")
    assert exchange({}).json["error"] == "invalid_client"
    exchange(basic(made["client_id"], made["client_secret"])).ok()
    mine = ada.v1("GET", "/oauth/clients").ok().json["clients"]
    assert made["client_id"] in [c["clientId"] for c in mine]
    assert made["client_secret"] not in str(mine)
    assert_error(Wire(hub.url, BOB)("DELETE", f"/api/-/v1/oauth/clients/{made['client_id']}"), 404)
    ada.v1("DELETE", f"/oauth/clients/{made['client_id']}").ok()
    assert exchange_error(ada, made) == "invalid_client"


def exchange_error(browser, client):
    return browser.get(authorize_path(client)).json["error"]


@pytest.mark.parametrize("change, error", [
    ({"client_id": "nobody"}, "invalid_client"),
    ({"redirect_uri": "https://evil.example/callback"}, "invalid_redirect_uri"),
    ({"redirect_uri": CALLBACK + "/"}, "invalid_redirect_uri"),
])
def test_the_browser_goes_nowhere_for_a_wrong_client(ada, program, change, error):
    answer = ada.get(authorize_path(register(program), **change))
    assert answer.status == 400 and answer.json["error"] == error
    assert not answer["Location"]


@pytest.mark.parametrize("change, error", [
    ({"response_type": "token"}, "unsupported_response_type"),
    ({"code_challenge": ""}, "invalid_request"),
    ({"code_challenge_method": "plain"}, "invalid_request"),
])
def test_the_client_is_told_of_its_own_mistakes(ada, program, change, error):
    answer = ada.get(authorize_path(register(program), **change))
    assert answer.status == 302
    url = urlsplit(answer["Location"])
    query = parse_qs(url.query)
    assert url.netloc == "app.example" and query["error"] == [error]
    assert query["state"] == ['{"a": "b"}']


def test_declining_is_told_to_the_client(ada, program):
    answer = approve(ada, authorize_path(register(program)), "deny")
    assert answer["error"] == ["access_denied"] and "code" not in answer


@pytest.mark.parametrize("fields, error", [
    ({}, "invalid_request"),
    ({"grant_type": "password", "username": "ada", "password": "x"}, "unsupported_grant_type"),
    ({"grant_type": "authorization_code"}, "invalid_request"),
    ({"grant_type": "authorization_code", "code": "nonsense"}, "invalid_grant"),
    ({"grant_type": "refresh_token", "refresh_token": "nonsense"}, "invalid_grant"),
    ({"grant_type": DEVICE_GRANT, "device_code": "nonsense"}, "expired_token"),
])
def test_wrong_token_requests_are_told_in_the_protocol_s_words(program, fields, error):
    answer = form(program, "/oauth/token", **fields)
    assert answer.status == 400 and answer.json["error"] == error
    assert answer.json["error_description"]


def test_an_application_is_registered_with_care(hub, program):
    for body in ({}, {"redirect_uris": []}, {"redirect_uris": ["http://a.example/cb"]},
                 {"redirect_uris": ["javascript:alert(1)"]},
                 {"redirect_uris": [CALLBACK], "client_name": "a\nb"}):
        answer = program("POST", "/oauth/register",
                         json_body={"token_endpoint_auth_method": "none", **body})
        assert answer.status == 400 and answer.json["error_description"]
    refused = Wire(hub.url, ADA_READ)("POST", "/oauth/register",
                                      json_body={"redirect_uris": [CALLBACK]})
    assert refused.status == 403 and refused.json["error"] == "access_denied"
