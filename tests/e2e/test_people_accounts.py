"""Accounts for people: coming in, staying in, and what a browser must prove."""

import pytest
from browser import Browser, browser_of, code_of, setting
from conftest import ADA
from wire import TIME, Wire, add, api_of, assert_error

WHOAMI = "/api/whoami-v2"


@pytest.fixture
def browser(hub):
    return Browser(hub.url)


@pytest.fixture(scope="module")
def people(hub):
    """Passwords for two people of the shared hub."""
    for name in ("ada", "bob"):
        hub.run("admin", "user", "password", name, stdin="correct horse")


@pytest.mark.both_engines
def test_signing_in_gives_a_session_and_signing_out_ends_it(hub, people, browser):
    assert browser.look()["user"] is None
    answer = browser.sign_in("ada", "correct horse").ok()
    cookies = [v for n, v in answer.headers if n.lower() == "set-cookie"]
    session = next(c for c in cookies if c.startswith("cairn_session="))
    assert "HttpOnly" in session and "SameSite=Lax" in session and "Secure" not in session
    assert "HttpOnly" not in next(c for c in cookies if c.startswith("cairn_csrf="))
    assert browser.get(WHOAMI).ok().json["name"] == "ada"
    me = browser.look()
    assert me["user"]["name"] == "ada" and TIME.fullmatch(me["passwordGoodUntil"])
    kept = dict(browser.cookies)
    browser.v1("DELETE", "/session").ok()
    assert not browser.cookies
    again = Browser(hub.url)
    again.cookies = kept
    assert again.look()["user"] is None
    assert_error(again.get(WHOAMI), 401)


def test_a_wrong_password_and_an_unknown_name_answer_alike(people, browser):
    answers = [assert_error(browser.sign_in(name, "wrong password"), 401)
               for name in ("ada", "nobody-at-all")]
    assert answers[0].json == answers[1].json
    assert not browser.cookies


def test_a_form_of_another_site_signs_nobody_in(hub, people, browser):
    body = b'{"name": "ada", "password": "correct horse", "x": "="}'
    refused = browser("POST", "/api/-/v1/session", body, headers={"Content-Type": "text/plain"})
    assert_error(refused, 415)
    assert not browser.cookies


def test_guessing_is_slowed_down(own_hub):
    browser = Browser(own_hub.url)
    for _ in range(10):
        assert browser.sign_in("ada", "guess").status == 401
    slowed = assert_error(browser.sign_in("ada", "guess"), 429, "TooManyAttempts")
    assert int(slowed["Retry-After"]) > 60


def test_a_write_with_a_cookie_needs_the_pages_token(hub, people, repo_id):
    browser = Browser(hub.url)
    browser.sign_in("ada", "correct horse").ok()
    body = {"name": repo_id.split("/")[1], "type": "model"}
    refused = browser("POST", "/api/repos/create", json_body=body, csrf=False)
    assert_error(refused, 403, "CsrfTokenMissing")
    stranger = Browser(hub.url)
    stranger.sign_in("bob", "correct horse").ok()
    for wrong in ("x", stranger.csrf, browser.csrf[:-1]):
        refused = browser("POST", "/api/repos/create", json_body=body, csrf=False,
                          headers={"X-CSRF-Token": wrong})
        assert_error(refused, 403, "CsrfTokenMissing")
    browser("POST", "/api/repos/create", json_body=body).ok()
    # Reading needs no proof, so that links and pictures work; a token needs none at all.
    assert browser("GET", api_of(repo_id), csrf=False).ok().json["id"] == repo_id
    Wire(hub.url, ADA).commit(repo_id, add("a.txt")).ok()


def test_a_cookie_opens_no_route_of_programs_by_itself(hub, people, ada, repo_id):
    ada.create(repo_id, private=True)
    browser = Browser(hub.url)
    browser.sign_in("ada", "correct horse").ok()
    assert browser.get(api_of(repo_id)).ok()
    target = f"/{repo_id}.git/info/lfs/objects/batch"
    body = {"operation": "download", "objects": [{"oid": "0" * 64, "size": 1}]}
    assert browser("POST", target, json_body=body, csrf=False).status in (401, 404)
    assert browser("POST", target, json_body=body).status == 200


def test_dangerous_things_ask_for_the_password_again(own_hub):
    # The clock cannot be moved from outside, so the session is one that never gave a password.
    own_hub.apply({"users": [{"name": "ada", "session_cookies": ["cookie-of-ada-123"]}]})
    browser = Browser(own_hub.url)
    browser.cookies = {"cairn_session": "cookie-of-ada-123"}
    browser.look()
    made = browser("POST", "/api/repos/create", json_body={"name": "m", "type": "model"})
    assert made.ok()
    for method, path, body in (
        ("POST", "/api/-/v1/tokens", {"name": "x", "role": "read"}),
        ("DELETE", "/api/repos/delete", {"name": "m", "type": "model"}),
        ("DELETE", "/api/-/v1/organizations/crew", {}),
    ):
        assert_error(browser(method, path, json_body=body), 403, "PasswordNeeded")
    own_hub.run("admin", "user", "password", "ada", stdin="correct horse")
    # Which ended the session.
    assert browser.look()["user"] is None
    browser.sign_in("ada", "correct horse").ok()
    old = dict(browser.cookies)
    assert_error(browser.v1("POST", "/session/confirm", {"password": "wrong"}), 401)
    browser.v1("POST", "/session/confirm", {"password": "correct horse"}).ok()
    assert browser.cookies["cairn_session"] != old["cairn_session"]
    browser("DELETE", "/api/repos/delete", json_body={"name": "m", "type": "model"}).ok()


def test_an_administrator_in_a_browser_gives_the_password_too(own_hub):
    own_hub.apply({"users": [{"name": "keeper", "session_cookies": ["cookie-of-keeper"]}]})
    browser = Browser(own_hub.url)
    browser.cookies = {"cairn_session": "cookie-of-keeper"}
    assert_error(browser.v1("GET", "/admin/users"), 403, "PasswordNeeded")
    browser = browser_of(own_hub, "keeper")
    assert browser.v1("GET", "/admin/users").ok().json["items"]
    other = browser_of(own_hub, "ada")
    assert_error(other.v1("GET", "/admin/users"), 403, "Forbidden")


def test_sessions_are_listed_and_ended(own_hub):
    here, there = browser_of(own_hub, "ada"), Browser(own_hub.url)
    there.sign_in("ada", "correct horse").ok()
    listed = here.v1("GET", "/sessions").ok().json
    assert len(listed) == 2 and [s["current"] for s in listed].count(True) == 1
    assert all(s["address"] == "127.0.0.1" for s in listed)
    other = next(s for s in listed if not s["current"])
    assert_error(Wire(own_hub.url, ADA)("DELETE", "/api/-/v1/sessions/" + "0" * 24), 404)
    bob = browser_of(own_hub, "bob")
    assert_error(bob.v1("DELETE", f"/sessions/{other['id']}"), 404, "SessionNotFound")
    here.v1("DELETE", f"/sessions/{other['id']}").ok()
    assert there.look()["user"] is None and here.look()["user"]["name"] == "ada"
    there.sign_in("ada", "correct horse").ok()
    here.v1("DELETE", "/sessions").ok()
    assert there.look()["user"] is None and here.look()["user"]["name"] == "ada"


def test_a_new_password_signs_other_browsers_out(own_hub):
    here, there = browser_of(own_hub, "ada"), Browser(own_hub.url)
    there.sign_in("ada", "correct horse").ok()
    wrong = here.v1("PUT", "/me/password", {"old": "wrong", "password": "battery staple"})
    assert assert_error(wrong, 401).json["field"] == "old"
    short = here.v1("PUT", "/me/password", {"old": "correct horse", "password": "short"})
    assert assert_error(short, 400, "InvalidPassword").json["field"] == "password"
    here.v1("PUT", "/me/password", {"old": "correct horse", "password": "battery staple"}).ok()
    assert here.look()["user"]["name"] == "ada" and there.look()["user"] is None
    assert there.sign_in("ada", "correct horse").status == 401
    there.sign_in("ada", "battery staple").ok()
    # Not with a token: who found one must not lock its user out.
    refused = Wire(own_hub.url, ADA)("PUT", "/api/-/v1/me/password", json_body={
        "old": "battery staple", "password": "correct horse"})
    assert_error(refused, 403)


def test_disabling_ends_sessions_and_tokens_at_once(own_hub):
    browser = browser_of(own_hub, "ada")
    own_hub.run("admin", "user", "disable", "ada")
    assert browser.look()["user"] is None
    assert_error(Wire(own_hub.url, ADA).get(WHOAMI), 401)
    assert browser.sign_in("ada", "correct horse").status == 401


@pytest.mark.both_engines
def test_who_may_sign_up_is_the_hubs_rule(own_hub):
    browser = Browser(own_hub.url)
    assert browser.look()["hub"]["registration"] == "closed"
    assert_error(browser.sign_up("eve"), 403, "RegistrationClosed")
    setting(own_hub, "registration", "invite")
    assert_error(browser.sign_up("eve"), 403, "InviteNeeded")
    setting(own_hub, "registration", "open")
    made = browser.sign_up("eve", fullname="Eve", email="eve@example.org")
    assert made.status == 201 and made.json["user"]["name"] == "eve"
    assert browser.get(WHOAMI).ok().json["emailVerified"] is False
    for body, field in (({"name": "EVE"}, "name"), ({"name": "api"}, "name"),
                        ({"name": "new1", "email": "nonsense"}, "email"),
                        ({"name": "new1", "password": "short"}, "password")):
        refused = Browser(own_hub.url).sign_up(**body)
        assert refused.status in (400, 409) and refused.json["field"] == field, refused


def test_an_invite_opens_a_closed_hub(own_hub):
    link = own_hub.run("admin", "invite", "create", "--org", "crew:write", "--uses", "2",
                       "--expires", "2d").stdout.strip()
    assert link.startswith(own_hub.url + "/join#")
    browser = Browser(own_hub.url)
    seen = browser.v1("POST", "/invites/look", {"code": code_of(link)}).ok().json
    assert (seen["organization"], seen["role"]) == ("crew", "write")
    browser.sign_up("eve", invite=code_of(link)).ok()
    crew = next(o for o in browser.get(WHOAMI).ok().json["orgs"] if o["name"] == "crew")
    assert crew["roleInOrg"] == "write"
    # The second use, by somebody who is here already.
    lena = browser_of(own_hub, "lena")
    lena.v1("POST", "/invites/accept", {"code": code_of(link)}).ok()
    assert_error(Browser(own_hub.url).sign_up("mallory", invite=code_of(link)), 404,
                 "InviteNotFound")
    link = own_hub.run("admin", "invite", "create").stdout.strip()
    listed = own_hub.run("admin", "invite", "list").stdout
    own_hub.run("admin", "invite", "revoke", listed.splitlines()[1].split()[0])
    assert_error(Browser(own_hub.url).sign_up("mallory", invite=code_of(link)), 404)


def test_the_first_start_leaves_a_set_up_link_that_works_once(own_hub):
    text = (own_hub.data / "first-run.txt").read_text()
    assert own_hub.url + "/setup#" in text
    link = own_hub.run("admin", "setup-link").stdout.strip()
    assert link.startswith(own_hub.url + "/setup#")
    browser = Browser(own_hub.url)
    first = next(line.strip() for line in text.splitlines() if "/setup#" in line)
    # A new one ends those before it.
    assert_error(browser.v1("POST", "/setup/look", {"code": code_of(first)}), 404, "LinkExpired")
    code = code_of(link)
    seen = browser.v1("POST", "/setup/look", {"code": code}).ok().json
    assert seen["name"] == "keeper" and seen["anonymousRead"] is True
    bad = browser.v1("POST", "/setup", {"code": code, "name": "ada", "password": "battery staple"})
    assert assert_error(bad, 409, "NameTaken").json["field"] == "name"
    body = {"code": code, "name": "grace", "fullname": "Grace", "password": "battery staple",
            "hubName": "The lab", "anonymousRead": False}
    made = browser.v1("POST", "/setup", body).ok().json
    assert made["user"]["name"] == "grace" and made["user"]["isAdmin"] is True
    look = browser.look()
    assert look["hub"]["name"] == "The lab" and look["hub"]["anonymousRead"] is False
    assert browser.v1("GET", "/admin/users").ok()
    assert_error(Browser(own_hub.url).v1("POST", "/setup", body), 404, "LinkExpired")
    assert code not in own_hub.log_path.read_text()


def test_a_password_link_of_the_operator_works_once(own_hub):
    link = own_hub.run("admin", "user", "password-link", "ada").stdout.strip()
    body = {"code": code_of(link), "password": "battery staple"}
    browser = Browser(own_hub.url)
    browser.v1("POST", "/password-reset/redeem", body).ok()
    assert_error(browser.v1("POST", "/password-reset/redeem", body), 404, "LinkExpired")
    browser.sign_in("ada", "battery staple").ok()
