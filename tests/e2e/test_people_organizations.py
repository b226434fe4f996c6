"""Organizations that people make, fill, leave and delete; profiles and pictures."""

import struct
import zlib

import pytest
from browser import V1, Browser, browser_of, code_of
from conftest import ADA, BOB, CAROL
from wire import Wire, add, api_of, assert_error


def png(width, height, text=b""):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes((x * y) % 256 for x in range(width) for _ in range(3))
                    for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    comment = chunk(b"tEXt", b"Comment\0" + text) if text else b""
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + comment
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def role_of(wire, org):
    orgs = wire.get("/api/whoami-v2").ok().json["orgs"]
    return next((o["roleInOrg"] for o in orgs if o["name"] == org), None)


@pytest.mark.both_engines
def test_an_organization_from_its_making_to_its_end(own_hub):
    ada, bob, carol = (Wire(own_hub.url, t) for t in (ADA, BOB, CAROL))
    made = ada.post(f"{V1}/organizations", {"name": "guild", "fullname": "The guild"})
    assert made.status == 201 and role_of(ada, "guild") == "admin"
    taken = ada.post(f"{V1}/organizations", {"name": "Guild"})
    assert assert_error(taken, 409, "NameTaken").json["field"] == "name"

    # By name: the person answers.
    invite = ada.post(f"{V1}/organizations/guild/invites", {"user": "bob", "role": "read"}).ok().json
    assert "link" not in invite
    assert role_of(bob, "guild") is None
    [mine] = bob.get(f"{V1}/me/invites").ok().json
    assert (mine["organization"], mine["invitedBy"], mine["role"]) == ("guild", "ada", "read")
    assert_error(carol.post(f"{V1}/me/invites/{mine['id']}/accept", {}), 404)
    bob.post(f"{V1}/me/invites/{mine['id']}/accept", {}).ok()
    assert role_of(bob, "guild") == "read"
    # By link.
    link = ada.post(f"{V1}/organizations/guild/invites", {"role": "write"}).ok().json["link"]
    carol.post(f"{V1}/invites/accept", {"code": code_of(link)}).ok()
    assert role_of(carol, "guild") == "write"
    # Declined.
    ada.post(f"{V1}/organizations/guild/invites", {"user": "dan"}).ok()
    dan = browser_of(own_hub, "dan")
    [his] = dan.v1("GET", "/me/invites").ok().json
    dan.v1("POST", f"/me/invites/{his['id']}/decline", {}).ok()
    assert dan.v1("GET", "/me/invites").ok().json == []

    path = "/api/organizations/guild/members/{}/role"
    set_role = lambda who, whom, role: who("PUT", path.format(whom), json_body={"role": role})  # noqa: E731
    assert set_role(ada, "bob", "contributor").ok().json == {"success": True}
    assert role_of(bob, "guild") == "contributor"
    assert_error(set_role(bob, "bob", "admin"), 403)
    assert_error(set_role(ada, "lena", "read"), 404, "MemberNotFound")
    assert assert_error(set_role(ada, "bob", "king"), 400).json["field"] == "role"
    assert_error(set_role(ada, "ada", "read"), 409, "LastAdmin")
    assert_error(ada("DELETE", f"{V1}/organizations/guild/members/ada"), 409, "LastAdmin")
    set_role(ada, "carol", "no_access").ok()
    assert role_of(carol, "guild") is None
    bob("DELETE", f"{V1}/organizations/guild/members/bob").ok()
    assert role_of(bob, "guild") is None

    ada.create("guild/model")
    assert_error(bob("DELETE", f"{V1}/organizations/guild"), 403)
    ada("DELETE", f"{V1}/organizations/guild").ok()
    assert_error(bob.get(api_of("guild/model")), {401, 404})
    assert_error(ada.get(api_of("guild/model")), {401, 404})
    assert role_of(ada, "guild") is None


def test_only_admins_invite_and_see_invites(hub, ada, bob):
    for method, path in (("POST", "/organizations/crew/invites"), ("GET", "/organizations/crew/invites")):
        assert_error(bob(method, V1 + path, json_body={"role": "read"}), 403)
    made = ada.post(f"{V1}/organizations/crew/invites", {"role": "read"}).ok().json
    assert made["id"] in {i["id"] for i in ada.get(f"{V1}/organizations/crew/invites").ok().json}
    assert_error(bob("DELETE", f"{V1}/invites/{made['id']}"), 404)
    ada("DELETE", f"{V1}/invites/{made['id']}").ok()
    assert_error(bob.post(f"{V1}/invites/accept", {"code": code_of(made["link"])}), 404,
                 "InviteNotFound")
    for body, field in (({"role": "king"}, "role"), ({"role": "read", "uses": 0}, "uses"),
                        ({"role": "read", "days": 0}, "expires")):
        wrong = ada.post(f"{V1}/organizations/crew/invites", body)
        assert assert_error(wrong, 400).json["field"] == field


def test_an_admins_invite_does_not_open_a_closed_hub(own_hub):
    ada = Wire(own_hub.url, ADA)
    link = ada.post(f"{V1}/organizations/crew/invites", {"role": "read"}).ok().json["link"]
    refused = Browser(own_hub.url).sign_up("mallory", invite=code_of(link))
    assert_error(refused, 403, "RegistrationClosed")


def test_a_profile_is_changed_and_read(hub, ada, bob, nobody):
    change = {"fullname": "Ada L.", "details": "Engines.\nAnalytical.",
              "homepage": "https://ada.example", "socials": {"github": "ada"}}
    changed = ada("PATCH", f"{V1}/me", json_body=change).ok().json
    assert changed["details"] == change["details"]
    assert nobody.get("/api/users/ada/socials").ok().json["socialHandles"] == {"github": "ada"}
    mine = ada.get(f"{V1}/me").ok().json
    assert mine["fullname"] == "Ada L." and mine["email"] == "ada@hub.example"
    ada("PATCH", f"{V1}/me", json_body={"fullname": "Ada"}).ok()
    assert ada.get(f"{V1}/me").ok().json["details"] == change["details"]
    for body, field in (({"homepage": "javascript:alert(1)"}, "homepage"),
                        ({"socials": {"myspace": "x"}}, "socials"),
                        ({"details": "x" * 2001}, "details"),
                        ({"fullname": "a\nb"}, "fullname"),
                        ({"defaultVisibility": "protected"}, "defaultVisibility")):
        assert assert_error(ada("PATCH", f"{V1}/me", json_body=body), 400).json["field"] == field
    ada("PATCH", f"{V1}/organizations/crew", json_body={"details": "We"}).ok()
    assert nobody.get(f"{V1}/organizations/crew").ok().json["details"] == "We"
    assert_error(bob("PATCH", f"{V1}/organizations/crew", json_body={"details": "I"}), 403)
    assert_error(nobody("PATCH", f"{V1}/me", json_body={"details": "I"}), 401)


def test_a_picture_is_made_anew(hub, ada, nobody):
    drawn = nobody.get("/api/users/ada/avatar").ok().json["avatarUrl"]
    assert drawn.endswith(".svg") and drawn.startswith(hub.url)
    sent = png(700, 300, b"where I live")
    set_to = ada("PUT", f"{V1}/me/avatar", sent).ok().json["avatarUrl"]
    assert nobody.get("/api/avatars/ada").ok().json["avatarUrl"] == set_to
    assert ada.get("/api/whoami-v2").ok().json["avatarUrl"] == set_to
    picture = nobody.get(set_to.removeprefix(hub.url)).ok()
    assert picture["Content-Type"] == "image/png" and "immutable" in picture["Cache-Control"]
    assert struct.unpack(">II", picture.body[16:24]) == (256, 110)
    assert b"where I live" not in picture.body
    there = nobody.get("/api/users/ada/avatar?redirect=true")
    assert (there.status, there["Location"]) == (307, set_to)
    assert nobody.get("/api/users/ada/avatar", Sec_Fetch_Dest="image").status == 307
    ident = ada.get("/api/whoami-v2").json["id"]
    assert nobody.get(f"/api/users/{ident}/avatar").ok().json["avatarUrl"] == set_to
    assert_error(nobody.get("/api/organizations/ada/avatar"), 404)
    assert_error(nobody.get("/api/avatars/nobody-here"), 404)
    for wrong in (b"", b"nonsense", b"<svg xmlns='http://www.w3.org/2000/svg'/>", sent[:50],
                  b"\xff\xd8\xff\xe0broken", png(1, 1)[:-20]):
        assert_error(ada("PUT", f"{V1}/me/avatar", wrong), 422, "InvalidImage")
    assert_error(ada("PUT", f"{V1}/me/avatar", b"\x89PNG\r\n\x1a\n" + b"x" * (6 << 20)), 413)
    assert nobody.get("/api/avatars/ada").ok().json["avatarUrl"] == set_to
    ada("DELETE", f"{V1}/me/avatar").ok()
    assert nobody.get("/api/avatars/ada").ok().json["avatarUrl"] == drawn


def test_a_picture_that_unpacks_to_gigabytes_is_refused(ada):
    # 60 000 × 60 000 pixels of one color, a few kilobytes in the file.
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer = zlib.compressobj(9)
    row = b"\0" * (60_000 // 8 + 1)
    data = b"".join(packer.compress(row) for _ in range(60_000)) + packer.flush()
    bomb = (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 1, 0, 0, 0, 0))
            + chunk(b"IDAT", data) + chunk(b"IEND", b""))
    assert_error(ada("PUT", f"{V1}/me/avatar", bomb), 422, "InvalidImage")


def test_an_organization_has_a_picture_of_its_own(hub, ada, bob):
    assert_error(bob("PUT", f"{V1}/organizations/crew/avatar", png(20, 20)), 403)
    url = ada("PUT", f"{V1}/organizations/crew/avatar", png(20, 20)).ok().json["avatarUrl"]
    crew = next(o for o in bob.get("/api/whoami-v2").ok().json["orgs"] if o["name"] == "crew")
    assert crew["avatarUrl"] == url
    ada("DELETE", f"{V1}/organizations/crew/avatar").ok()


def test_commits_still_work_beside_all_that(ada, repo):
    ada.commit(repo, add("a.txt")).ok()
