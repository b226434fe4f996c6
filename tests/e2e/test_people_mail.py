"""Mail to people, through a real SMTP server."""

import email
import email.policy
import re
import time

import pytest
from aiosmtpd.controller import Controller
from browser import V1, Browser, browser_of, code_of, setting
from cairn import Cairn, free_port
from conftest import ADA, WORLD
from wire import Wire, add, api_of, assert_error

WAIT_SECONDS_MAX = 30


class Mailbox:
    """Takes every mail; may refuse the first ones."""

    def __init__(self):
        self.mails, self.refuse = [], 0

    async def handle_DATA(self, server, session, envelope):
        if self.refuse > 0:
            self.refuse -= 1
            return "451 Try again later"
        parsed = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.mails.append((envelope.rcpt_tos[0], parsed["Subject"], parsed.get_content(), parsed))
        return "250 OK"

    def wait(self, to, subject, count=1):
        """@return the text of that mail, once there are so many of them."""
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while time.monotonic() < deadline:
            found = [text for t, s, text, _ in self.mails if t == to and subject in s]
            if len(found) >= count:
                return found[count - 1]
            time.sleep(0.05)
        raise AssertionError(f"no mail {subject!r} to {to}: {[m[:2] for m in self.mails]}")


def link_in(text):
    return re.search(r"http://\S+#\S+", text)[0]


@pytest.fixture
def mailbox():
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=free_port())
    controller.start()
    box.port = controller.port
    yield box
    controller.stop()


@pytest.fixture
def mailing_hub(folder, new_database, mailbox, request):
    hub = Cairn(folder / f"mail-{request.node.name[:24]}", database=new_database(), env={
        "CAIRN_SMTP_URL": f"smtp://127.0.0.1:{mailbox.port}", "CAIRN_SMTP_TLS": "none",
        "CAIRN_MAIL_FROM": "Die Hütte <hub@hub.example>", "CAIRN_REGISTRATION": "open"})
    hub.start()
    hub.apply(WORLD)
    yield hub
    hub.end()


def verified(hub, mailbox, name, address):
    browser = Browser(hub.url)
    browser.sign_up(name, email=address).ok()
    code = code_of(link_in(mailbox.wait(address, "Verify")))
    Browser(hub.url).v1("POST", "/email/verify", {"code": code}).ok()
    return browser


def test_an_address_is_verified_by_the_link_sent_there(mailing_hub, mailbox):
    browser = Browser(mailing_hub.url)
    browser.sign_up("eve", email="eve@example.org").ok()
    text = mailbox.wait("eve@example.org", "Verify")
    [(_, _, _, parsed)] = [m for m in mailbox.mails if m[0] == "eve@example.org"]
    assert parsed["From"] == "Die Hütte <hub@hub.example>" and parsed["Message-ID"]
    assert browser.get("/api/whoami-v2").json["emailVerified"] is False
    code = code_of(link_in(text))
    stranger = Browser(mailing_hub.url)
    assert stranger.v1("POST", "/email/verify", {"code": code}).ok().json["name"] == "eve"
    assert browser.get("/api/whoami-v2").json["emailVerified"] is True
    assert_error(stranger.v1("POST", "/email/verify", {"code": code}), 404, "LinkExpired")
    assert_error(browser.v1("POST", "/me/email/verification", {}), 409, "EmailVerified")
    assert code not in mailing_hub.log_path.read_text()


@pytest.mark.both_engines
def test_a_forgotten_password_comes_by_mail(mailing_hub, mailbox):
    verified(mailing_hub, mailbox, "eve", "eve@example.org")
    stranger = Browser(mailing_hub.url)
    for name in ("eve", "nobody", "ada"):
        answer = stranger.v1("POST", "/password-reset", {"name": name})
        assert (answer.status, answer.json) == (202, {"success": True})
    code = code_of(link_in(mailbox.wait("eve@example.org", "new password")))
    stranger.v1("POST", "/password-reset/redeem",
                {"code": code, "password": "battery staple"}).ok()
    assert "changed" in mailbox.wait("eve@example.org", "password was changed")
    assert stranger.sign_in("eve", "correct horse").status == 401
    stranger.sign_in("eve@example.org", "battery staple").ok()
    # ada's address was never verified, so nothing went there.
    assert "ada@hub.example" not in {to for to, *_ in mailbox.mails}


def test_a_changed_address_is_told_to_the_old_one(mailing_hub, mailbox):
    browser = verified(mailing_hub, mailbox, "eve", "eve@example.org")
    browser("PATCH", f"{V1}/me", json_body={"email": "eve@elsewhere.example"}).ok()
    assert "elsewhere.example" in mailbox.wait("eve@example.org", "address was changed")
    mailbox.wait("eve@elsewhere.example", "Verify")
    assert browser.get("/api/whoami-v2").json["emailVerified"] is False


def test_a_token_does_not_change_the_address(mailing_hub):
    refused = Wire(mailing_hub.url, ADA)("PATCH", f"{V1}/me", json_body={"email": "eve@example.org"})
    assert_error(refused, 403, "Forbidden")


def test_a_new_token_is_told(mailing_hub, mailbox):
    browser = verified(mailing_hub, mailbox, "eve", "eve@example.org")
    made = browser.v1("POST", "/tokens", {"name": "laptop", "role": "read"}).ok().json
    text = mailbox.wait("eve@example.org", "new access token")
    assert "laptop" in text and "127.0.0.1" in text and made["value"] not in text


def test_where_a_domain_is_asked_for_the_address_is_verified_first(mailing_hub, mailbox):
    setting(mailing_hub, "allowed_email_domains", "example.org")
    browser = Browser(mailing_hub.url)
    refused = browser.sign_up("eve", email="eve@elsewhere.example")
    assert assert_error(refused, 403, "EmailNotAllowed").json["field"] == "email"
    waiting = browser.sign_up("eve", email="eve@example.org")
    assert waiting.status == 202 and not browser.cookies
    assert_error(browser.sign_in("eve", "correct horse"), 403, "EmailNotVerified")
    code = code_of(link_in(mailbox.wait("eve@example.org", "Verify")))
    browser.v1("POST", "/email/verify", {"code": code}).ok()
    browser.sign_in("eve", "correct horse").ok()


def test_an_invite_by_mail_makes_a_verified_account(mailing_hub, mailbox):
    mailing_hub.run("admin", "invite", "create", "--email", "zoe@example.org", "--org", "crew:read")
    code = code_of(link_in(mailbox.wait("zoe@example.org", "invited")))
    browser = Browser(mailing_hub.url)
    refused = browser.sign_up("zoe", email="other@example.org", invite=code)
    assert_error(refused, 403, "EmailNotAllowed")
    browser.sign_up("zoe", email="zoe@example.org", invite=code).ok()
    me = browser.get("/api/whoami-v2").json
    assert me["emailVerified"] is True and me["orgs"][0]["name"] == "crew"


def test_a_busy_mail_server_is_asked_again(mailing_hub, mailbox):
    mailbox.refuse = 1
    Browser(mailing_hub.url).sign_up("eve", email="eve@example.org").ok()
    mailbox.wait("eve@example.org", "Verify")


def test_mail_can_be_tried_out(mailing_hub, mailbox, own_hub):
    mailing_hub.run("admin", "mail", "test", "keeper@example.org")
    mailbox.wait("keeper@example.org", "test")
    mailbox.refuse = 1
    failed = mailing_hub.run("admin", "mail", "test", "keeper@example.org", check=False)
    assert failed.returncode == 1 and "mail server" in failed.stderr
    none = own_hub.run("admin", "mail", "test", "keeper@example.org", check=False)
    assert none.returncode == 1 and "smtp_url" in none.stderr
    # Without mail the way is a link of an administrator.
    refused = Browser(own_hub.url).v1("POST", "/password-reset", {"name": "ada"})
    assert_error(refused, 501, "NoMail")
    browser = browser_of(own_hub, "ada")
    assert_error(browser.v1("POST", "/me/email/verification", {}), 501, "NoMail")


@pytest.mark.both_engines
def test_requests_for_access_and_their_answers_come_by_mail(mailing_hub, mailbox):
    eve = verified(mailing_hub, mailbox, "eve", "eve@example.org")
    ada = Wire(mailing_hub.url, ADA)
    ada.create("ada/gated")
    ada.commit("ada/gated", add("a.txt")).ok()
    ada("PUT", f"{api_of('ada/gated')}/settings", json_body={
        "gated": "manual", "gatedNotificationsMode": "real-time",
        "gatedNotificationsEmail": "desk@hub.example"}).ok()
    eve.post("/ada/gated/ask-access", {})
    text = mailbox.wait("desk@hub.example", "eve asks for access to ada/gated")
    assert f"{mailing_hub.url}/ada/gated/settings" in text
    handle = f"{api_of('ada/gated')}/user-access-request/handle"
    ada.post(handle, {"user": "eve", "status": "rejected", "rejectionReason": "Say who you are"}).ok()
    assert "Say who you are" in mailbox.wait("eve@example.org", "No access to ada/gated")
    ada.post(handle, {"user": "eve", "status": "accepted"}).ok()
    assert f"{mailing_hub.url}/ada/gated" in mailbox.wait("eve@example.org", "Access to ada/gated")
