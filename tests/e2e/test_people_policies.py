"""What the people who run a hub decide: enforced everywhere, recorded, pinned by configuration."""

import json
import time

import pytest
from browser import V1, Browser, browser_of, setting
from cairn import Cairn
from conftest import ADA, BOB, KEEPER, WORLD
from wire import Wire, add, api_of, assert_error, web_of


def settings_of(hub):
    rows = json.loads(hub.run("admin", "setting", "list", "--json").stdout)
    return {row["key"]: row for row in rows}


@pytest.mark.both_engines
def test_a_hub_may_show_strangers_nothing(own_hub):
    ada, nobody = Wire(own_hub.url, ADA), Wire(own_hub.url)
    ada.create("ada/open")
    ada.commit("ada/open", add("a.txt", b"words")).ok()
    assert nobody.get(api_of("ada/open")).ok()
    setting(own_hub, "anonymous_read", "no")
    for target in ("/api/models", api_of("ada/open"), f"{api_of('ada/open')}/tree/main",
                   f"{web_of('ada/open')}/resolve/main/a.txt", "/api/users/ada/avatar",
                   f"{V1}/organizations/crew", api_of("ada/missing")):
        assert_error(nobody.get(target), 401)
    for target in ("/healthz", "/readyz", "/metrics", f"{V1}/session"):
        nobody.get(target).ok()
    assert ada.get(api_of("ada/open")).ok()
    assert Browser(own_hub.url).sign_in("ada", "wrong").status == 401
    browser_of(own_hub, "bob").get(api_of("ada/open")).ok()


def test_signed_urls_work_on_a_hub_that_shows_strangers_nothing(own_hub):
    setting(own_hub, "anonymous_read", "no")
    ada = Wire(own_hub.url, ADA)
    ada.create("ada/large")
    uploaded = ada.upload_large("ada/large", b"x" * 5000)
    assert uploaded["size"] == 5000


def test_new_repositories_are_private_where_the_hub_says_so(own_hub):
    ada = Wire(own_hub.url, ADA)
    setting(own_hub, "default_visibility_dataset", "private")
    ada.create("ada/model")
    ada.create("ada/data", kind="dataset")
    ada.create("ada/shown", kind="dataset", private=False)
    assert ada.info("ada/model")["private"] is False
    assert ada.info("ada/data", "dataset")["private"] is True
    assert ada.info("ada/shown", "dataset")["private"] is False
    setting(own_hub, "public_repositories", "no")
    ada.create("ada/hidden")
    assert ada.info("ada/hidden")["private"] is True
    body = {"name": "loud", "type": "model", "private": False}
    assert_error(ada.post("/api/repos/create", body), 403, "PublicNotAllowed")
    change = ada("PUT", f"{api_of('ada/hidden')}/settings", json_body={"private": False})
    assert_error(change, 403, "PublicNotAllowed")
    # What is public stays so until somebody changes it.
    assert ada.info("ada/model")["private"] is False
    ada("PUT", f"{api_of('ada/model')}/settings", json_body={"gated": "auto"}).ok()


def test_who_may_create_repositories_and_organizations(own_hub):
    ada, keeper = Wire(own_hub.url, ADA), Wire(own_hub.url, KEEPER)
    setting(own_hub, "repository_creators", "organizations")
    assert_error(ada.post("/api/repos/create", {"name": "m", "type": "model"}), 403)
    ada.create("crew/m")
    assert_error(ada.post("/api/repos/move", {"fromRepo": "crew/m", "toRepo": "ada/m",
                                              "type": "model"}), 403)
    setting(own_hub, "repository_creators", "administrators")
    assert_error(ada.post("/api/repos/create", {"name": "n", "organization": "crew", "type": "model"}), 403)
    keeper.create("keeper/m")
    setting(own_hub, "organization_creators", "administrators")
    assert_error(ada.post(f"{V1}/organizations", {"name": "guild"}), 403)
    keeper.post(f"{V1}/organizations", {"name": "guild"}).ok()


@pytest.mark.both_engines
def test_maintenance_lets_people_read_and_tells_writers(own_hub):
    ada, keeper = Wire(own_hub.url, ADA), Wire(own_hub.url, KEEPER)
    ada.create("ada/model")
    ada.commit("ada/model", add("a.txt")).ok()
    own_hub.run("admin", "maintenance", "on", "New disks; back at noon.")
    for refused in (ada.commit("ada/model", add("b.txt")),
                    ada.post("/api/repos/create", {"name": "x", "type": "model"}),
                    ada.post(f"{api_of('ada/model')}/branch/dev", {}),
                    ada("DELETE", "/api/repos/delete", json_body={"name": "model"}),
                    ada("PUT", f"{api_of('ada/model')}/settings", json_body={"private": True}),
                    ada.post(f"{V1}/tokens", {"name": "x", "role": "read"})):
        assert_error(refused, 503, "Maintenance", "New disks")
        assert int(refused["Retry-After"]) > 0
    assert ada.get(f"{web_of('ada/model')}/resolve/main/a.txt").ok()
    paths = ada("POST", f"{api_of('ada/model')}/paths-info/main", json_body={"paths": ["a.txt"]})
    assert paths.ok().json[0]["path"] == "a.txt"
    assert browser_of(own_hub, "bob").look()["hub"]["maintenance"] == "New disks; back at noon."
    # Who ended it over the network must not be locked out by it.
    keeper("PATCH", f"{V1}/admin/settings", json_body={"maintenance": None}).ok()
    ada.commit("ada/model", add("b.txt")).ok()


def test_an_announcement_is_shown_until_its_end(own_hub):
    browser = Browser(own_hub.url)
    assert browser.look()["hub"]["announcement"] is None
    own_hub.run("admin", "announce", "Party on Friday.", "--level", "warning",
                "--until", "2999-01-01T00:00:00Z")
    told = browser.look()["hub"]["announcement"]
    assert (told["text"], told["level"]) == ("Party on Friday.", "warning")
    own_hub.run("admin", "announce", "It was nice.", "--until", "2020-01-01T00:00:00Z")
    assert browser.look()["hub"]["announcement"] is None
    own_hub.run("admin", "announce", "off")
    assert settings_of(own_hub)["announcement"]["value"] == ""


def test_changes_are_recorded_and_only_administrators_make_them(own_hub):
    ada, keeper = Wire(own_hub.url, ADA), Wire(own_hub.url, KEEPER)
    assert_error(ada("PATCH", f"{V1}/admin/settings", json_body={"hub_name": "Mine"}), 403)
    assert_error(Wire(own_hub.url).get(f"{V1}/admin/settings"), 401)
    keeper("PATCH", f"{V1}/admin/settings", json_body={"hub_name": "Lab", "contact": "ada"}).ok()
    setting(own_hub, "hub_name", "The lab")
    log = json.loads(own_hub.run("admin", "setting", "log", "--json").stdout)
    changes = {(c["key"], c["from"], c["to"], c["by"]) for c in log}
    assert ("hub_name", "", "Lab", "keeper") in changes
    assert ("hub_name", "Lab", "The lab", "operator") in changes
    wrong = keeper("PATCH", f"{V1}/admin/settings",
                   json_body={"contact": "bob", "accent_color": "red"})
    assert assert_error(wrong, 400, "InvalidSetting").json["field"] == "accent_color"
    assert settings_of(own_hub)["contact"]["value"] == "ada"


def test_what_the_configuration_says_is_pinned(folder, new_database):
    hub = Cairn(folder / "pinned", database=new_database(),
                env={"CAIRN_HUB_NAME": "By file", "CAIRN_REGISTRATION": "open"})
    hub.start()
    try:
        hub.apply(WORLD)
        shown = settings_of(hub)["hub_name"]
        assert shown["pinned"] is True and shown["value"] == "By file"
        keeper = Wire(hub.url, KEEPER)
        refused = keeper("PATCH", f"{V1}/admin/settings", json_body={"hub_name": "By hand"})
        assert_error(refused, 409, "SettingPinned")
        assert Browser(hub.url).sign_up("eve").status == 201
        hub.stop()
        hub.env.pop("CAIRN_REGISTRATION")
        hub.start()
        assert Browser(hub.url).sign_up("mallory").status == 403
        hub.stop()
        hub.env["CAIRN_ACCENT_COLOR"] = "red"
        done = hub.run("config", check=False)
        assert done.returncode != 0 and "accent_color" in done.stderr
        del hub.env["CAIRN_ACCENT_COLOR"]
    finally:
        hub.end()


@pytest.fixture
def counted_hub(folder, new_database, request):
    hub = Cairn(folder / f"counted-{request.node.name[:20]}", database=new_database(), env={
        "CAIRN_RATE_LIMITS": "on", "CAIRN_RATE_LIMIT_API": "30",
        "CAIRN_RATE_LIMIT_RESOLVERS": "9"})
    hub.start()
    hub.apply(WORLD)
    yield hub
    hub.end()


def test_requests_are_counted_per_actor_and_bucket(counted_hub):
    ada, bob, nobody = (Wire(counted_hub.url, t) for t in (ADA, BOB, None))
    # Not across the end of a window.
    left_s = int(bob.get("/api/whoami-v2").ok()["RateLimit"].split("t=")[1])
    if left_s < 20:
        time.sleep(left_s + 1)
    ada.create("ada/m")
    first = ada.get(api_of("ada/m")).ok()
    assert first["RateLimit-Policy"] == '"fixed window";"api";q=30;w=300'
    name, left, wait = first["RateLimit"].split(";")
    assert name == '"api"' and left == "r=28" and 0 < int(wait[2:]) <= 300
    for _ in range(28):
        ada.get(api_of("ada/m")).ok()
    over = assert_error(ada.get(api_of("ada/m")), 429, "RateLimited")
    assert ";r=0;" in over["RateLimit"] and int(over["Retry-After"]) > 0
    # Somebody else, and another bucket, have their own.
    bob.get(api_of("ada/m")).ok()
    download = ada.get(f"{web_of('ada/m')}/resolve/main/.gitattributes").ok()
    assert download["RateLimit"].startswith('"resolvers";r=8;')
    # Strangers have a third per address.
    anonymous = [nobody.get("/api/models").status for _ in range(11)]
    assert anonymous == [200] * 10 + [429]
    assert nobody.get("/healthz")["RateLimit"] is None
    counted_hub.run("admin", "user", "list")


def test_nothing_is_counted_on_loopback_unless_asked_for(own_hub):
    assert Wire(own_hub.url).get("/api/models").ok()["RateLimit"] is None
