"""Gated repositories: asking, deciding, and what each may read meanwhile."""

import csv
import io

import pytest
from conftest import ADA, ADA_READ, BOB, CAROL, DAN
from huggingface_hub import HfApi
from huggingface_hub.errors import BadRequestError, GatedRepoError, HfHubHTTPError
from wire import PUBLIC_ID, Wire, add, api_of, assert_error, web_of

pytestmark = pytest.mark.both_engines

FORM = """---
extra_gated_heading: Who are you
extra_gated_prompt: Read this.
extra_gated_fields:
  Company: text
  Country: country
  Birthday: date_picker
  Place: ip_location
  Purpose:
    type: select
    options: [Research, {label: Something else, value: other}]
  I agree: checkbox
---
# Gated
"""
ANSWERS = {"Company": "Acme", "Country": "DE", "Birthday": "2000-01-31", "Purpose": "other",
           "I agree": True}


@pytest.fixture
def gated(ada, repo):
    ada.commit(repo, add("secret.txt", b"secret")).ok()
    ada("PUT", f"{api_of(repo)}/settings", json_body={"gated": "manual"}).ok()
    return repo


def ask(hub, token, repo, answers=None):
    return Wire(hub.url, token).post(f"/{repo}/ask-access", answers or {})


def reads(hub, token, repo):
    return Wire(hub.url, token).get(f"/{repo}/resolve/main/secret.txt").status == 200


def test_asking_accepting_rejecting_and_taking_it_back(hub, api, bob_api, gated):
    with pytest.raises(GatedRepoError):
        bob_api.auth_check(gated)
    answer = ask(hub, BOB, gated)
    assert answer.status == 303 and answer["Location"] == f"{hub.url}/{gated}"
    assert not reads(hub, BOB, gated)
    [request] = api.list_pending_access_requests(gated)
    assert (request.username, request.fullname, request.email, request.status) == (
        "bob", "Bob", "bob@hub.example", "pending")
    assert PUBLIC_ID.fullmatch(request.request_id) and request.fields is None
    api.accept_access_request(gated, "bob")
    assert reads(hub, BOB, gated)
    bob_api.auth_check(gated)
    assert list(api.list_pending_access_requests(gated)) == []
    assert [r.username for r in api.list_accepted_access_requests(gated)] == ["bob"]
    api.reject_access_request(gated, "bob", rejection_reason="No reason")
    assert not reads(hub, BOB, gated)
    assert [r.username for r in api.list_rejected_access_requests(gated)] == ["bob"]
    api.cancel_access_request(gated, "bob")
    assert [r.username for r in api.list_pending_access_requests(gated)] == ["bob"]
    api.accept_access_request(gated, request_id=request.request_id)
    assert reads(hub, BOB, gated)


def test_automatic_gating_lets_in_who_asks(hub, api, ada, gated):
    api.update_repo_settings(gated, gated="auto")
    assert not reads(hub, BOB, gated)
    ask(hub, BOB, gated)
    assert reads(hub, BOB, gated)
    [request] = api.list_accepted_access_requests(gated)
    assert request.username == "bob"
    # What was decided stays so when the gate changes.
    api.update_repo_settings(gated, gated="manual")
    assert reads(hub, BOB, gated) and not reads(hub, CAROL, gated)


def test_members_ask_too_where_the_repository_says_so(hub, ada):
    """`orgMembersGated`: who may not write in the organization asks like everybody."""
    ada.create("crew/members-ask")
    ada.commit("crew/members-ask", add("secret.txt", b"secret")).ok()
    settings = f"{api_of('crew/members-ask')}/settings"
    ada("PUT", settings, json_body={"gated": "manual"}).ok()
    members = {"bob": BOB, "carol": CAROL, "dan": DAN}

    def who_reads():
        return {name for name, token in members.items() if reads(hub, token, "crew/members-ask")}

    assert who_reads() == {"bob", "carol", "dan"}
    ada("PUT", settings, json_body={"orgMembersGated": True}).ok()
    assert who_reads() == {"dan"}  # bob reads, carol contributes, dan writes.
    ask(hub, BOB, "crew/members-ask")
    ada.post(f"{api_of('crew/members-ask')}/user-access-request/handle",
             {"user": "bob", "status": "accepted"}).ok()
    assert who_reads() == {"bob", "dan"}
    ada("PUT", settings, json_body={"orgMembersGated": False}).ok()
    assert who_reads() == {"bob", "carol", "dan"}


def test_access_given_unasked(hub, api, gated):
    assert api.grant_access(gated, "carol") == {"success": True}
    assert reads(hub, CAROL, gated)
    [request] = api.list_accepted_access_requests(gated)
    assert request.email is None
    with pytest.raises(BadRequestError):
        api.grant_access(gated, "carol")
    with pytest.raises(HfHubHTTPError, match="404"):
        api.grant_access(gated, "nobody-here")


def test_the_form_of_the_card(hub, api, ada, bob, gated):
    ada.commit(gated, add("README.md", FORM.encode())).ok()
    gate = bob.get(f"/api/-/v1/gates/models/{gated}").ok().json
    assert gate["form"]["heading"] == "Who are you"
    assert [f["label"] for f in gate["form"]["fields"]] == [
        "Company", "Country", "Birthday", "Place", "Purpose", "I agree"]
    assert gate["form"]["fields"][4]["options"] == ["Research", "other"]
    for wrong in ({}, {**ANSWERS, "Company": " "}, {**ANSWERS, "Country": "Germany"},
                  {**ANSWERS, "Birthday": "31.1.2000"}, {**ANSWERS, "Purpose": "Nothing"},
                  {**ANSWERS, "I agree": False}, {**ANSWERS, "Company": ["x"]},
                  {**ANSWERS, "Company": "x" * 2001}):
        assert_error(ask(hub, BOB, gated, wrong), 400, "InvalidAccessRequest")
    assert list(api.list_pending_access_requests(gated)) == []
    assert ask(hub, BOB, gated, {**ANSWERS, "Unasked": "dropped"}).status == 303
    [request] = api.list_pending_access_requests(gated)
    assert request.fields == ANSWERS
    gate = bob.get(f"/api/-/v1/gates/models/{gated}").ok().json
    assert gate["request"]["status"] == "pending"
    # As a browser sends it.
    form = "Company=A+%26+B&Country=FR&Birthday=1999-12-31&Purpose=Research&I+agree=on"
    sent = Wire(hub.url, CAROL)("POST", f"/{gated}/ask-access", form.encode(),
                                headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert sent.status == 303
    carols = next(r for r in api.list_pending_access_requests(gated) if r.username == "carol")
    assert carols.fields["Company"] == "A & B" and carols.fields["I agree"] is True


def test_asking_again_and_taking_back(hub, api, bob, gated):
    assert_error(bob.post(f"{api_of(gated)}/user-access-request/cancel", {}), 400,
                 "NoAccessRequest")
    ask(hub, BOB, gated)
    ask(hub, BOB, gated)
    assert len(list(api.list_pending_access_requests(gated))) == 1
    bob.post(f"{api_of(gated)}/user-access-request/cancel", {}).ok()
    assert list(api.list_pending_access_requests(gated)) == []
    ask(hub, BOB, gated)
    api.reject_access_request(gated, "bob", rejection_reason="Because")
    assert_error(ask(hub, BOB, gated), 403, "AccessRejected")
    gate = bob.get(f"/api/-/v1/gates/models/{gated}").ok().json
    assert gate["request"]["rejectionReason"] == "Because"
    api.accept_access_request(gated, "bob")
    assert_error(ask(hub, BOB, gated), 409, "AccessGranted")
    assert_error(ask(hub, ADA, gated), 409, "AccessGranted")


def test_what_cannot_be_decided(hub, ada, repo, gated):
    a = f"{api_of(gated)}/user-access-request"
    assert_error(ada.post(f"{a}/handle", {"user": "bob", "status": "accepted"}), 400,
                 "NoAccessRequest")
    assert_error(ada.post(f"{a}/handle", {"user": "nobody-here", "status": "accepted"}), 404,
                 "UserNotFound")
    assert_error(ada.post(f"{a}/handle", {"user": "bob", "status": "maybe"}), 400)
    assert_error(ada.post(f"{a}/handle", {"status": "accepted"}), 400)
    assert_error(ada.post(f"{a}/handle", {"requestId": "0" * 24, "status": "accepted"}), 400,
                 "NoAccessRequest")
    ask(hub, BOB, gated)
    assert_error(ada.post(f"{a}/handle", {"user": "bob", "status": "pending"}), 404,
                 "AccessRequestUnchanged")
    for reason in ("x" * 201,):
        assert_error(ada.post(f"{a}/handle", {"user": "bob", "status": "rejected",
                                              "rejectionReason": reason}), 400)
    assert_error(ada.post(f"{a}/handle", {"user": "bob", "status": "accepted",
                                          "rejectionReason": "x"}), 400)
    ada("PUT", f"{api_of(gated)}/settings", json_body={"gated": False}).ok()
    assert_error(ada.get(f"{a}/pending"), 400, "NotGated")
    assert_error(ada.post(f"{a}/grant", {"user": "bob"}), 400, "NotGated")
    assert_error(ask(hub, BOB, gated), 400, "NotGated")
    assert reads(hub, CAROL, gated)


def test_who_may_decide(hub, ada, gated):
    ask(hub, BOB, gated)
    a = f"{api_of(gated)}/user-access-request"
    for token, status in ((BOB, 403), (CAROL, 403), (None, 401)):
        wire = Wire(hub.url, token)
        assert_error(wire.get(f"{a}/pending"), status)
        assert_error(wire.post(f"{a}/handle", {"user": "bob", "status": "accepted"}), status)
        assert_error(wire.post(f"{a}/batch", {"status": "accepted", "requests": [{"user": "bob"}]}),
                     status)
        assert_error(wire.post(f"{a}/grant", {"user": "bob"}), status)
        assert_error(wire.get(f"/{gated}/user-access-report"), status)
    assert_error(Wire(hub.url, ADA_READ).post(f"{a}/handle", {"user": "bob", "status": "accepted"}),
                 403)
    assert_error(Wire(hub.url).post(f"/{gated}/ask-access", {}), 401)
    assert not reads(hub, BOB, gated)


def test_a_batch_answers_for_each(hub, api, ada, gated):
    for token in (BOB, CAROL):
        ask(hub, token, gated)
    ids = [r.request_id for r in api.list_pending_access_requests(gated)]
    outcomes = ada.post(f"{api_of(gated)}/user-access-request/batch", {
        "status": "accepted",
        "requests": [{"requestId": ids[0]}, {"user": "dan"}, {"user": "bob"}]}).ok().json
    assert [o["success"] for o in outcomes] == [True, False, True] and outcomes[1]["error"]
    assert {r.username for r in api.list_accepted_access_requests(gated)} == {"bob", "carol"}
    too_many = {"status": "accepted", "requests": [{"user": "bob"}] * 101}
    assert_error(ada.post(f"{api_of(gated)}/user-access-request/batch", too_many), 413)


def test_lists_page(hub, ada, gated):
    for token in (BOB, CAROL, DAN):
        ask(hub, token, gated)
    pages = ada.pages(f"{api_of(gated)}/user-access-request/pending?limit=1")
    assert [p[0]["user"]["user"] for p in pages] == ["dan", "carol", "bob"]
    assert_error(ada.get(f"{api_of(gated)}/user-access-request/maybe"), 404)


def test_the_report(hub, ada, gated):
    ask(hub, BOB, gated)
    report = ada.get(f"/{gated}/user-access-report").ok()
    assert report["Content-Disposition"].startswith("attachment")
    assert [r["user"]["user"] for r in report.json] == ["bob"]
    text = ada.get(f"/{gated}/user-access-report?format=csv").ok().text
    [row] = csv.DictReader(io.StringIO(text))
    assert row["user"] == "bob" and row["email"] == "bob@hub.example" and row["status"] == "pending"


def test_open_requests_of_all_that_one_manages(hub, ada, repo_id):
    ada.create(repo_id)
    crew = "crew/" + repo_id.split("/")[1]
    ada.create(crew, kind="dataset")
    for name, kind in ((repo_id, "model"), (crew, "dataset")):
        ada("PUT", f"{api_of(name, kind)}/settings", json_body={"gated": "manual"}).ok()
    lena = Wire(hub.url, __import__("conftest").LENA)
    for name, kind in ((repo_id, "model"), (crew, "dataset")):
        assert lena.post(f"{web_of(name, kind)}/ask-access", {}).status == 303

    def seen(token):
        pages = Wire(hub.url, token).pages("/api/-/v1/access-requests?limit=1")
        return {(r["repo"]["type"], r["repo"]["name"]) for p in pages for r in p
                if r["user"]["user"] == "lena"}

    assert {("model", repo_id), ("dataset", crew)} <= seen(ADA)
    # Dan writes in crew; bob only reads there.
    assert ("dataset", crew) in seen(DAN) and ("model", repo_id) not in seen(DAN)
    assert seen(BOB) == set()
    assert_error(Wire(hub.url).get("/api/-/v1/access-requests"), 401)


def test_every_way_to_the_bytes_asks(hub, ada, bob, gated):
    uploaded = ada.upload_large(gated, b"\0" * 5000)
    ada.commit(gated, {"key": "lfsFile", "value": {"path": "w.bin", **uploaded}}).ok()
    ways = [lambda w: w.get(f"/{gated}/resolve/main/secret.txt"),
            lambda w: w.get(f"/{gated}/raw/main/secret.txt"),
            lambda w: w.get(f"{api_of(gated)}/auth-check"),
            lambda w: w.batch(gated, [b"\0" * 5000], "download")]
    for way in ways:
        assert_error(way(bob), 403, "GatedRepo")
        assert_error(way(Wire(hub.url)), 401, "GatedRepo")
    # Names are open.
    assert "secret.txt" in bob.paths(gated)
    HfApi(endpoint=hub.url, token=ADA).grant_access(gated, "bob")
    for way in ways:
        assert way(bob).status == 200
