"""The hub that test_access.py asks: one of each object, everybody who asks, and every operation that the
program declares."""

import itertools

from access import CALLS, NAMES, NEEDS_BODY, NOW, ORG, PLACES, Browser, Call, fill
from conftest import person as account
from conftest import token, written
from wire import KINDS, Wire, add, api_of

EVERYTHING = ["repo.content.read", "repo.access.read", "repo.content.write", "repo.write",
              "discussion.write", "org.write", "user.write"]
PASSWORD = "a very good password"


def world(ssh_key):
    def scoped(*entities):
        return {"global": [], "scoped": [
            {"entity": {"type": kind, "name": name}, "permissions": EVERYTHING}
            for kind, name in entities]}

    def plain(name, **more):
        return account(name, written(token(name)), **more)

    users = [plain(name) for name in ("granted", "reader", "contributor", "writer")]
    users.append(account("stranger", written(token("stranger")),
                         written(token("strangerRead"), "read", "read")))
    users.append(account(
        "boss", written(token("admin")), written(token("adminRead"), "read", "read"),
        written(token("adminScoped"), "fineGrained", "scoped",
                scopes=scoped(("org", ORG), ("user", "boss"))),
        written(token("adminOther"), "fineGrained", "other",
                scopes=scoped(("model", "boss/elsewhere"))),
        written(token("expired"), name="expired", expires_at="2020-01-01T00:00:00Z"),
        password=PASSWORD))
    users.append(plain("keeper", admin=True))
    users.append(plain("leaver"))
    members = {"reader": "read", "contributor": "contributor", "writer": "write", "boss": "admin"}
    return {"users": users, "orgs": [{"name": ORG, "fullname": "Order", "members": members}]}


TOKENS = {
    "stranger": "stranger", "stranger_read": "strangerRead", "granted": "granted", "reader": "reader",
    "contributor": "contributor", "writer": "writer", "admin": "admin", "admin_read": "adminRead",
    "admin_scoped": "adminScoped", "admin_other": "adminOther", "keeper": "keeper",
}


class Operation:
    """One use of one route: what CALLS says of it, and what the program declares."""

    def __init__(self, name, method, path, declared, kind, call):
        self.name, self.method, self.path, self.kind = name, method, path, kind
        self.rule = call.rule or declared["x-access"]
        self.call, self.declared = call, declared

    @property
    def of_repo(self):
        return self.rule.startswith("repo.")

    @property
    def is_page(self):
        return self.name.startswith("page.") and not self.path.startswith("/api/")

    @property
    def always(self):
        """Also of a hub that shows strangers nothing. A page says itself that one must sign in."""
        return self.declared["x-open-to-strangers"] and (self.rule == "everyone" or not self.is_page)

    @property
    def by_old_name(self):
        return self.of_repo and "{name}" in self.path and "{ns}" not in self.path

    def __repr__(self):
        return f"{self.name} ({self.method} {self.path}: {self.rule})"


def plain_name(name):
    """The operation's name without the kind that some carry."""
    front, _, last = name.rpartition(".")
    return front if last in KINDS else name


def kind_of(path):
    for kind in KINDS[1:]:
        if f"/{kind}s/" in path or path.endswith(f"/{kind}s"):
            return kind
    return "model"


def operations_of(described):
    out = []
    for path, methods in [*described["paths"].items(), *described["x-pages"].items()]:
        for method, declared in methods.items():
            name = plain_name(declared["operationId"])
            uses = [use for use in CALLS if use.split(" ")[0] == name] or [name]
            for use in uses:
                out.append(Operation(use, method.upper(), path, declared, kind_of(path),
                                     CALLS.get(use, Call())))
    # Who has opened a pull request pushes to it, so what opens some comes last.
    return sorted(out, key=lambda o: "pull request" in o.name)


class World:
    """A hub with one of each object, and everybody who asks."""

    def __init__(self, server, ssh_key):
        self.server, self.ssh_key = server, ssh_key
        self.wires = {key: Wire(server.url, token(name)) for key, name in TOKENS.items()}
        self.wires["nobody"] = Wire(server.url)
        self.admin = self.wires["admin"]
        self.numbers = itertools.count()
        self.words = {}
        self.make_objects()
        self.sign_in()
        self.make_client()

    @staticmethod
    def name_of(who):
        front = who.split("_")[0]
        return {"admin": "boss", "nobody": "stranger"}.get(front, front)

    def make_objects(self):
        for kind in ("model", "space"):
            for thing in ("public", "gated", "private", "protected", "moved", "deleted"):
                if (thing == "gated") == (kind == "space") and thing in ("gated", "protected"):
                    continue
                self.make(thing, kind)
        self.admin.create("boss/elsewhere")
        for key, name in TOKENS.items():
            if key == name:
                self.wires[key].create(f"{self.name_of(key)}/own")
        aliases = [{"type": kind, "from": f"old-{thing}", "to": NAMES[thing]}
                   for thing in ("public", "private") for kind in ("model", "space")]
        self.server.apply({"aliases": aliases})

    def make(self, thing, kind):
        name = NAMES[thing]
        visibility = {"private": "private", "protected": "protected", "moved": "private"}.get(
            thing, "public")
        self.admin.create(name, kind, visibility=visibility)
        self.admin.commit(name, add("a.txt"), kind=kind).ok()
        api = api_of(name, kind)
        if thing == "gated":
            self.admin("PUT", f"{api}/settings", json_body={"gated": "manual"}).ok()
            self.admin.post(f"{api}/user-access-request/grant", {"user": "granted"}).ok()
        if thing == "deleted":
            self.admin("DELETE", "/api/repos/delete", json_body={
                "name": name.split("/")[1], "organization": ORG, "type": kind}).ok()
            return
        if thing == "moved":
            self.admin.post("/api/repos/move", {
                "fromRepo": name, "toRepo": NOW[thing], "type": kind}).ok()
        self.new_discussion(thing, kind)

    def new_discussion(self, thing, kind):
        api = api_of(NOW[thing], kind)
        made = self.admin.post(f"{api}/discussions", {"title": "Title", "description": "d"}).ok().json
        details = self.admin.get(f"{api}/discussions/{made['num']}").ok().json
        self.words[thing, kind] = {"discussion": made["num"], "comment": details["events"][0]["id"]}

    def sign_in(self):
        answer = self.wires["nobody"].post("/api/-/v1/session",
                                           {"name": "boss", "password": PASSWORD}).ok()
        cookie = next(v for n, v in answer.headers
                      if n.lower() == "set-cookie" and v.startswith("cairn_session=")).split(";")[0]
        csrf = answer.json["csrfToken"]
        self.wires["admin_browser"] = Browser(self.server.url, cookie, csrf)
        self.forged = Browser(self.server.url, cookie)

    def make_client(self):
        made = self.admin.post("/oauth/register", {
            "client_name": "App", "redirect_uris": ["https://app.example/back"],
            "token_endpoint_auth_method": "none", "scope": "openid"}).ok().json
        challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        self.oauth = (f"client_id={made['client_id']}&redirect_uri=https%3A%2F%2Fapp.example%2Fback"
                      f"&response_type=code&scope=openid&code_challenge={challenge}"
                      "&code_challenge_method=S256")

    def refresh(self, operation, thing, kind):
        """Makes again what the last call may have used up."""
        fresh = operation.call.fresh
        if fresh == "discussion" and thing not in ("deleted", "missing"):
            self.new_discussion(thing, kind)
        if fresh == "repository" and self.admin.get(api_of(NAMES[thing], kind)).status == 404 \
                and thing not in ("deleted", "missing"):
            gone = self.admin.get(f"/api/-/v1/deleted-repositories?owner={ORG}").ok().json
            newest = next(r for r in gone if r["id"] == NAMES[thing] and r["type"] == kind)
            self.admin.post(f"/api/-/v1/deleted-repositories/{newest['_id']}/restore", {}).ok()
        if thing == "gated":
            self.admin.post(f"{api_of(NAMES[thing])}/user-access-request/grant", {"user": "granted"})

    def words_of(self, operation, who, thing, kind):
        words = {"repo": NAMES.get(thing, ""), "short": NAMES.get(thing, "/").split("/")[1],
                 "kind": kind, "number": next(self.numbers), "ssh_key": self.ssh_key,
                 "oauth": self.oauth, "me": self.name_of(who), "own": f"{self.name_of(who)}/own",
                 **self.words.get((thing, kind), {"discussion": 1, "comment": "0" * 24})}
        if operation.call.fresh == "invite":
            words["invite"] = self.admin.post(f"/api/-/v1/organizations/{ORG}/invites",
                                              {"role": "read"}).ok().json["id"]
        if operation.call.fresh == "token":
            wire = self.wires[who if who in ("stranger", "granted", "reader", "contributor", "writer",
                                             "keeper") else
                              "stranger" if who.startswith("stranger") else "admin"]
            words["token"] = wire.post("/api/-/v1/tokens", {
                "name": f"victim-{words['number']}", "role": "read"}).ok().json["id"]
        if thing == "deleted":
            gone = self.admin.get(f"/api/-/v1/deleted-repositories?owner={ORG}").ok().json
            words["deleted"] = next(r["_id"] for r in gone
                                    if r["id"] == NAMES["deleted"] and r["type"] == kind)
        return words

    def target(self, operation, words, thing):
        path = operation.path
        places = {**PLACES, "name": ORG, **(operation.call.path or {})}
        if operation.of_repo:
            owner, _, short = NAMES[thing].partition("/")
            if operation.by_old_name:
                places["name"] = f"old-{thing}"
            else:
                places.update(ns=owner, name=short)
        elif "/users/{name}" in path:
            places["name"] = "boss"
        path = fill(fill(path, places), words)
        path = fill(path, {"ticket": "none", "file": "0" * 64, "hash": "0" * 64, "prefix": "default",
                           "rest": "", "id": "0" * 24})
        query = fill(operation.call.query, words)
        return path + (f"?{query}" if query else "")

    def ask(self, operation, wire, who="admin", thing="public", kind="model"):
        words = self.words_of(operation, who, thing, kind)
        target = self.target(operation, words, thing)
        body, headers = operation.call.body, operation.call.headers
        if isinstance(body, bytes):
            return wire(operation.method, target, body, headers=headers)
        if body is None and NEEDS_BODY.fullmatch(operation.method.lower()):
            body = {}
        if body is not None:
            headers = {"Content-Type": "application/json", **(headers or {})}
        return wire(operation.method, target, json_body=fill(body, words) if body is not None else None,
                    headers=headers)
