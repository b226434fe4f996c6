"""Who may do what, on every route: the rules as they are meant, and a request for each operation.

The routes declare a rule each (`x-access` of /api/openapi.json); `expected` says here, once more and
in other words than src/hub/access, what each rule means for each person and object; `CALLS` has what
an operation is asked with. test_access.py asks all of it and writes docs/access.md from the rest.
"""

import itertools
import re
from dataclasses import dataclass

from wire import LFS_JSON, NDJSON, Wire, add, ndjson

ORG = "order"  # Whose the objects are, so that every role exists.

# ---- People: what docs/access.md calls them ------------------------------------------------------


@dataclass
class Person:
    """A caller: whose credential, and how much of that person's rights it lets through."""

    key: str
    text: str
    role: str = ""            # In the organization that owns the objects.
    credential: str = "write"  # write, read, none, scoped (to these), other (elsewhere), cookie
    granted: bool = False     # Has an accepted request for the gated one.
    operator: bool = False    # Administrator of the hub.


PEOPLE = [
    Person("nobody", "nobody: no credentials", credential="none"),
    Person("stranger", "a stranger: signed in, no role here"),
    Person("stranger_read", "a stranger's read token", credential="read"),
    Person("granted", "a stranger whose request for access was accepted", granted=True),
    Person("reader", "member with role read", role="read"),
    Person("contributor", "contributor, of what others made", role="contributor"),
    Person("writer", "member with role write", role="write"),
    Person("admin", "organization admin", role="admin"),
    Person("admin_read", "an admin's read token", role="admin", credential="read"),
    Person("admin_scoped", "an admin's fine-grained token with every permission here", role="admin",
           credential="scoped"),
    Person("admin_other", "an admin's fine-grained token for another repository", role="admin",
           credential="other"),
    Person("admin_browser", "an admin in a browser, password given lately", role="admin",
           credential="cookie"),
    Person("keeper", "administrator of the hub, no role here", operator=True),
]
PERSON = {p.key: p for p in PEOPLE}

# Answered the same on every route that asks for credentials at all.
BROKEN = {
    "expired": "an expired token",
    "disabled": "a disabled person's token",
    "unknown": "a token that never was",
}

# ---- Objects -------------------------------------------------------------------------------------

# A moved one is private and asked by the name that it had before.
OBJECTS = ["public", "gated", "private", "protected", "moved", "deleted", "missing"]
NAMES = {o: f"{ORG}/{o.ljust(9, 'x')}" for o in OBJECTS}  # Of one length: no answer differs by it.
NOW = {**NAMES, "moved": f"{ORG}/moved-away"}

YES, HIDDEN, REFUSED, SIGN_IN = "yes", "hidden", "403", "401"
LEGEND = {
    YES: "allowed",
    HIDDEN: "as if it did not exist: the answer for a missing one (401 for nobody, else 404)",
    REFUSED: "403",
    SIGN_IN: "401",
}


def expected(rule, person, thing="public"):
    """What the rule promises to this person about this object (repository rules), else in general."""
    family, _, action = rule.partition(".")
    if family == "repo":
        return of_repo(action, person, thing)
    nobody = person.credential == "none"
    changes = person.credential in ("write", "scoped", "cookie")
    if rule in ("everyone", "page"):
        return YES
    if rule == "proof":
        return REFUSED
    if rule == "owner.invite":
        able = person.role == "admin" or person.operator
        return YES if able and changes else HIDDEN
    if rule == "operator":
        return REFUSED
    if nobody:
        return SIGN_IN
    if rule == "signed_in":
        return YES
    if rule == "account.read":
        return REFUSED if person.credential == "other" else YES
    if rule == "account":
        return YES if changes else REFUSED
    if rule == "session":
        return YES if person.credential == "cookie" else REFUSED
    if rule == "administrator":
        return YES if person.operator else REFUSED
    if rule == "owner.overview":
        able = person.role in ("contributor", "write", "admin") and person.credential != "other"
        return YES if able else REFUSED
    if rule == "owner.settings":
        return YES if person.role == "admin" else REFUSED
    if rule == "owner.create":
        return YES if person.role in ("contributor", "write", "admin") and changes else REFUSED
    if rule == "owner.manage":
        return YES if person.role == "admin" and changes else REFUSED
    raise AssertionError(f"a rule that nobody wrote down: {rule!r}")


def of_repo(action, person, thing):
    nobody = person.credential == "none"
    member = bool(person.role) and person.credential != "other"
    if action == "restore":
        able = thing == "deleted" and person.role == "admin"
        return YES if able and person.credential in ("write", "scoped", "cookie") else HIDDEN
    sees = thing in ("public", "gated", "protected") or (thing in ("private", "moved") and member)
    if not sees:
        return HIDDEN
    may_change = person.credential in ("write", "scoped", "cookie")
    refused = SIGN_IN if nobody else REFUSED
    if action == "see":
        return YES
    if action == "list_files":
        return YES if thing != "protected" or member else refused
    reads = member or thing == "public" or (thing == "gated" and person.granted)
    if action == "read_content":
        return YES if reads else refused
    if action == "discuss":
        return YES if may_change else refused
    if action in ("create_pr", "copy"):
        return YES if may_change and reads else refused
    if action in ("write", "author_or_write"):
        return YES if may_change and person.role in ("write", "admin") else refused
    if action in ("administer", "author"):  # All that is asked about is an admin's.
        return YES if may_change and person.role == "admin" else refused
    raise AssertionError(f"an action that nobody wrote down: {action!r}")


# ---- Requests ------------------------------------------------------------------------------------

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
LFS = {"Content-Type": LFS_JSON, "Accept": LFS_JSON}
SHA = "a" * 64
COMMIT = ndjson({"key": "header", "value": {"summary": "s"}}, add("added.txt"))
BATCH = {"objects": [{"oid": SHA, "size": 1}]}
NO_ID = "0" * 24
PUBLISHER = {"issuer": "no url", "claims": {"sub": "x"}}


@dataclass
class Call:
    """How an operation is asked: what stands in its path, and its body (JSON unless bytes)."""

    path: dict = None
    body: object = None
    query: str = ""
    headers: dict = None
    rule: str = ""          # Instead of the route's own: another use of the same route.
    only: tuple = ()        # The only objects that it can be asked about.
    fresh: str = ""         # A thing that each call uses up: test_access.World makes another.
    refused_only: str = ""  # Why it is not asked where it is allowed.


def call(**more):
    return Call(**more)


_numbers = itertools.count()
DISCUSSION = {"num": "{discussion}"}
CALLS = {
    # Everything about one repository
    "access.ask": call(body={}),
    "access.cancel": call(body={}),
    "access.decide": call(body={"user": "granted", "status": "accepted"}),
    "access.decide_all": call(body={"status": "accepted", "requests": [{"user": "granted"}]}),
    "access.grant": call(body={"user": "granted"}),
    "access.list": call(path={"state": "pending"}),
    "commit.create": call(path={"rev": "main"}, body=COMMIT, headers={"Content-Type": NDJSON}),
    "commit.create as a pull request": call(
        path={"rev": "main"}, body=COMMIT, headers={"Content-Type": NDJSON}, query="create_pr=1",
        rule="repo.create_pr"),
    "commit.preupload": call(path={"rev": "main"}, body={"files": []}),
    "commit.preupload as a pull request": call(
        path={"rev": "main"}, body={"files": []}, query="create_pr=1", rule="repo.create_pr"),
    "deploy_key.add": call(body={"key": "no key at all"}),
    "deploy_key.remove": call(path={"id": NO_ID}),
    "discussion.create": call(body={"title": "Title", "description": "text"}),
    "discussion.create of a pull request": call(
        body={"title": "Title", "description": "text", "pullRequest": True}, rule="repo.create_pr"),
    "discussion.details": call(path=DISCUSSION),
    "discussion.comment": call(path=DISCUSSION, body={"comment": "text"}),
    "discussion.rename": call(path=DISCUSSION, body={"title": "Another title"}),
    "discussion.status": call(path=DISCUSSION, body={"status": "open"}),
    "discussion.merge": call(path=DISCUSSION, body={}),
    "discussion.pin": call(path=DISCUSSION, body={"pinned": True}),
    "discussion.edit_comment": call(path={**DISCUSSION, "comment": "{comment}"},
                                    body={"content": "text"}),
    "discussion.hide_comment": call(path={**DISCUSSION, "comment": "{comment}"}, body={},
                                    fresh="discussion"),
    "discussion.delete": call(path=DISCUSSION, fresh="discussion"),
    "discussion.delete_ref": call(path=DISCUSSION),
    "files.compare": call(path={"range": "main..main"}),
    "files.commits": call(path={"rest": "main"}),
    "files.paths_info": call(path={"rev": "main"}, body=b"paths=a.txt", headers=FORM),
    "files.raw": call(path={"rest": "main/a.txt"}),
    "files.resolve": call(path={"rest": "main/a.txt"}),
    "files.resolve_cache": call(path={"rest": "main/a.txt"}),
    "files.safetensors_metadata": call(path={"path": "a.txt"}),
    "files.tree": call(path={"rest": "main"}),
    "files.treesize": call(path={"rest": "main"}),
    "git.fetch": call(body=b"0000", headers={
        "Content-Type": "application/x-git-upload-pack-request", "Git-Protocol": "version=2"}),
    "git.push": call(body=b"0000",
                     headers={"Content-Type": "application/x-git-receive-pack-request"}),
    "git.refs": call(query="service=git-upload-pack"),
    "git.refs for a push": call(query="service=git-receive-pack", rule="repo.write"),
    "lfs.batch": call(body={**BATCH, "operation": "download"}, headers=LFS),
    "lfs.batch for an upload": call(body={**BATCH, "operation": "upload"}, headers=LFS,
                                    rule="repo.create_pr"),
    "lfs.lock": call(body={"path": "a.txt"}, headers=LFS),
    "lfs.verify_locks": call(body={}, headers=LFS),
    "lfs.unlock": call(path={"id": NO_ID}, body={}, headers=LFS),
    "lfs_files.delete": call(path={"sha": SHA}),
    "lfs_files.delete_batch": call(body={"deletions": {"sha": [SHA], "rewriteHistory": False}}),
    "lfs_files.duplicate": call(body={"target": {"type": "model", "name": "{own}"}, "files": []}),
    "refs.create_branch": call(path={"branch": "made"}, body={}),
    "refs.delete_branch": call(path={"branch": "nothing"}),
    "refs.create_tag": call(path={"rev": "main"}, body={"tag": "made"}),
    "refs.delete_tag": call(path={"rev": "nothing"}),
    "repo.delete": call(body={"name": "{short}", "organization": ORG, "type": "{kind}"},
                        fresh="repository"),
    "repo.duplicate": call(body={"repository": "{me}/copy-{number}"}),
    "repo.info_at": call(path={"rev": "main"}),
    "repo.like": call(body={}),
    "repo.move": call(body={"fromRepo": "{repo}", "toRepo": "no-such-owner/moved", "type": "{kind}"}),
    "repo.set_default_branch": call(body={"branch": "main"}),
    "repo.settings": call(body={}),
    "repo.super_squash": call(path={"rev": "main"}, body={}),
    "space.secrets.put": call(body={"key": "KEY", "value": "value"}),
    "space.secrets.delete": call(body={"key": "KEY"}),
    "space.variables.put": call(body={"key": "KEY", "value": "value"}),
    "space.variables.delete": call(body={"key": "KEY"}),
    "xet.read_token": call(path={"rev": "main"}),
    "xet.write_token": call(path={"rev": "main"}),
    "xet.write_token for a pull request": call(path={"rev": "main"}, query="create_pr=1",
                                               rule="repo.create_pr"),
    "publisher.add": call(body=PUBLISHER),
    "publisher.remove": call(path={"id": NO_ID}),
    "page.account": call(path={"section": "profile"}),
    "page.admin": call(path={"section": "people"}),
    "page.blame": call(path={"rest": "main/a.txt"}),
    "page.blob": call(path={"rest": "main/a.txt"}),
    "page.commit": call(path={"rest": "main"}),
    "page.commits": call(path={"rest": "main"}),
    "page.compare": call(path={"rest": "main..main"}),
    "page.edit": call(path={"rest": "main/a.txt"}),
    "page.new_file": call(path={"rest": "main"}),
    "page.organization_settings": call(path={"section": "members"}),
    "page.tree": call(path={"rest": "main"}),
    "page.upload": call(path={"rest": "main"}),
    # Old names of one segment
    "files.resolve_alias": call(path={"rest": "main/a.txt"}),
    # Owners
    "organization.change": call(body={}),
    "organization.avatar.set": call(body=b"no picture"),
    "organization.delete": call(refused_only="ends the organization that the rest is asked about"),
    "organization.invite": call(body={"user": "no-such-user", "role": "read"}),
    "organization.member.role": call(path={"user": "no-such-user"}, body={"role": "read"}),
    "organization.member.remove": call(path={"user": "no-such-user"}),
    "invite.revoke": call(path={"id": "{invite}"}, fresh="invite"),
    "repo.create": call(body={"name": "made-{number}", "organization": ORG}),
    "repo.deleted": call(query=f"owner={ORG}"),
    "repo.restore": call(path={"id": "{deleted}"}, body={"name": NAMES["public"].split("/")[1]},
                         only=("deleted",)),
    "publisher.add.organization": call(body=PUBLISHER),
    "publisher.remove.organization": call(path={"id": NO_ID}),
    # Accounts
    "publisher.add.own": call(body=PUBLISHER),
    "publisher.remove.own": call(path={"id": NO_ID}),
    "account.avatar.set": call(body=b"no picture"),
    "account.change": call(body={}),
    "account.email.send": call(body={}),
    "account.email.verify": call(body={"code": "none"}),
    "account.password": call(body={"old": "wrong", "password": "a good long password"}),
    "account.reset.request": call(body={"name": "no-such-user"}),
    "account.reset.redeem": call(body={"code": "none", "password": "a good long password"}),
    "account.sign_up": call(body={"name": "new-person", "password": "a good long password"}),
    "activity.seen": call(body={"until": "1"}),
    "page.picture": call(path={"signature": "x"}, query="url=https%3A%2F%2Felsewhere.example%2Fx.png"),
    "page.render": call(body={"text": "# Title"}),
    "card.validate": call(body={"content": "---\n---\n", "repoType": "model"}),
    "gpg_key.add": call(body={"key": "no key at all"}),
    "gpg_key.remove": call(path={"id": NO_ID}),
    "import.start": call(body={"url": "no url"}),
    "import.look": call(path={"id": NO_ID}),
    "import.remove": call(path={"id": NO_ID}),
    "invite.accept": call(path={"id": NO_ID}, body={}),
    "invite.accept_code": call(body={"code": "none"}),
    "invite.decline": call(path={"id": NO_ID}, body={}),
    "invite.look": call(body={"code": "none"}),
    "organization.create": call(body={"name": "1"}),
    "session.confirm": call(body={"password": "wrong"}),
    "session.end": call(path={"id": NO_ID}),
    "session.end_others": call(refused_only="ends the browser that the rest is asked with"),
    "session.sign_in": call(body={"name": "no-such-user", "password": "wrong"}),
    "session.sign_out": call(refused_only="ends the browser that the rest is asked with"),
    "setup.look": call(body={"code": "none"}),
    "setup.redeem": call(body={"code": "none", "name": "x", "password": "a good long password"}),
    "ssh_key.add": call(body={"key": "{ssh_key}"}),
    "ssh_key.remove": call(path={"id": NO_ID}),
    "token.create": call(body={"name": "made-{number}", "role": "read"}),
    "token.revoke": call(path={"id": "{token}"}, fresh="token"),
    "token.revoke_leaked": call(body={"credentials": ["nothing"]}),
    "token.rotate": call(path={"id": "{token}"}, fresh="token"),
    "search.quick_post": call(body={"q": "a"}),
    "identity.avatar": call(path={"id": NO_ID}),
    "owner.picture": call(path={"id": NO_ID}),
    # OAuth
    "oauth.authorize": call(query="{oauth}"),
    "oauth.decide": call(query="{oauth}", body={"decision": "approve"}),
    "oauth.device": call(path={"code": "BCDF-BCDF"}),
    "oauth.decide_device": call(path={"code": "BCDF-BCDF"}, body={"decision": "approve"}),
    "oauth.delete_client": call(path={"client_id": NO_ID}),
    "oauth.register": call(body={}),
    "oauth.revoke_grant": call(path={"id": NO_ID}),
    "oauth.start_device": call(body=b"client_id=none", headers=FORM),
    # Administration: bodies that change nothing
    "admin.examples.add": call(refused_only="makes repositories for a while"),
    "admin.settings.change": call(body={}),
    "admin.secrets.rotate": call(body={}),
}
# Standing for parts of a path that a call does not name.
PLACES = {"owner": ORG, "org": ORG, "user": "boss"}
# Asked with a body in any case: DELETE and the like would be 400 without.
NEEDS_BODY = re.compile("post|put|patch")


def fill(value, words):
    """Puts the words of this call into a text, or into each text of a body."""
    if isinstance(value, str):
        return re.sub(r"\{(\w+)\}", lambda m: str(words[m[1]]) if m[1] in words else m[0], value)
    if isinstance(value, dict):
        return {k: fill(v, words) for k, v in value.items()}
    if isinstance(value, list):
        return [fill(v, words) for v in value]
    return value


class Browser(Wire):
    """Plain HTTP with a session's cookie; without `csrf` it proves nothing."""

    def __init__(self, url, cookie, csrf=""):
        super().__init__(url)
        self.cookie, self.csrf = cookie, csrf

    def __call__(self, method, target, body=None, *, json_body=None, headers=None):
        sent = {"Cookie": self.cookie, **({"X-CSRF-Token": self.csrf} if self.csrf else {}),
                **(headers or {})}
        return super().__call__(method, target, body, json_body=json_body, headers=sent)
