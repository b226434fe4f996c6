"""docs/access.md says who may do what on every route. It is written from the routes' declarations and
the rules of access.py, after asking the running hub every route as every person about every object:

    CAIRN_WRITE_DOCS=1 ./test e2e -k access
"""

import os
import subprocess

import pytest
from access import (
    BROKEN, CALLS, HIDDEN, LEGEND, NAMES, OBJECTS, PEOPLE, PERSON, REFUSED, SIGN_IN, YES,
    expected,
)
from access_world import operations_of, world, World
from cairn import ROOT, Cairn
from conftest import token
from test_privacy import shape
from wire import KINDS, Wire

# What is opened to a key or a program is named as it is: by an old name it does not exist.
BY_ITS_OWN_NAME = ("deploy_key.", "publisher.")
DOCUMENT = ROOT / "docs/access.md"


@pytest.fixture(scope="module")
def hub_world(folder, new_database, tmp_path_factory):
    key = tmp_path_factory.mktemp("key") / "id"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "access", "-f", key],
                   check=True)
    ssh_key = key.with_suffix(".pub").read_text().strip()
    server = Cairn(folder / "access", database=new_database())
    server.start()
    try:
        server.apply(world(ssh_key))
        yield World(server, ssh_key)
        server.stop()
    finally:
        server.end()


@pytest.fixture(scope="module")
def operations(hub_world):
    return operations_of(Wire(hub_world.server.url).get("/api/openapi.json").ok().json)


def outcome(operation, answer):
    """What the answer comes to, in the words of the rules; None where somebody asks too often."""
    word = answer["X-Error-Code"]
    assert answer.status < 500 or answer.status == 501, repr(answer)
    if answer.status == 429:
        return None
    missing_page = operation.is_page and answer.status == 404
    if (operation.of_repo and (word == "RepoNotFound" or missing_page)) or \
            (operation.rule == "owner.invite" and word == "InviteNotFound"):
        return HIDDEN
    if answer.status == 401 and word is None and answer.json.get("error") == "invalid_token":
        return SIGN_IN  # OAuth has words of its own.
    if answer.status == 401 and word in ("Unauthenticated", "GatedRepo", "InvalidToken"):
        return SIGN_IN
    if answer.status == 403 and word != "RegistrationClosed":
        return REFUSED
    return YES


def cells(operation):
    """The objects that an operation is asked about, each with its kind."""
    if not operation.of_repo:
        yield "public", "model"
        return
    for thing in operation.call.only or OBJECTS:
        # Both would end the old name itself.
        if thing == "moved" and operation.name in ("repo.delete", "repo.move"):
            continue
        if operation.by_old_name and thing not in ("public", "private", "missing"):
            continue
        kind = operation.kind
        if thing == "protected" and "{ns}" not in operation.path:  # The body names the kind.
            kind = "space"
        if (thing, kind == "space") in (("protected", False), ("gated", True)):
            continue
        yield thing, kind


def is_asked(operation):
    """Other kinds have the same handlers: `test_kinds_are_alike`. Models and spaces are asked."""
    return operation.kind in ("model", "space") and operation.rule != "proof"


def test_every_route_declares_a_rule(operations):
    nameless = [repr(o) for o in operations if not o.rule]
    assert not nameless, "who may? Route::access is empty: " + "\n".join(nameless)
    for operation in operations:
        expected(operation.rule, PERSON["nobody"])  # Raises for a rule without a meaning.
    gone = {use for use in CALLS} - {o.name for o in operations}
    assert not gone, f"no route has these operations any more: {sorted(gone)}"


def test_kinds_are_alike(operations):
    """One operation has one rule, whatever the kind in its path."""
    rules = {}
    for operation in operations:
        rules.setdefault((operation.name, operation.by_old_name), set()).add(operation.rule)
    different = {name: found for name, found in rules.items() if len(found) > 1}
    assert not different


@pytest.mark.both_engines
@pytest.mark.xdist_group("access")
@pytest.mark.parametrize("who", [p.key for p in PEOPLE])
def test_the_hub_does_what_the_table_says(hub_world, operations, who):
    person, wrong = PERSON[who], []
    wire = hub_world.wires[who]
    for operation in filter(is_asked, operations):
        for thing, kind in cells(operation):
            rule = "repo.see" if operation.by_old_name else operation.rule
            wanted = expected(rule, person, thing)
            if thing == "moved" and operation.name.startswith(BY_ITS_OWN_NAME):
                wanted = HIDDEN
            if wanted == YES and operation.call.refused_only:
                continue
            hub_world.refresh(operation, thing, kind)
            answer = hub_world.ask(operation, wire, who, thing, kind)
            got = outcome(operation, answer)
            right = got in (wanted, None)
            if thing == "moved" and answer.status in (301, 302, 303, 307, 308):
                right = wanted != HIDDEN  # To the same route, where the rule holds.
            if operation.call.fresh == "repository":
                hub_world.refresh(operation, thing, kind)
            if wanted == HIDDEN and operation.of_repo:
                asks = who == "nobody" and not operation.is_page
                right = right and answer.status == (401 if asks else 404)
            if not right:
                wrong.append(f"{operation} of {thing}: {got}, not {wanted}: {answer.status} "
                             f"{answer['X-Error-Code']} {answer.text[:150]}")
    assert not wrong, f"{person.text}:\n" + "\n".join(wrong)


@pytest.mark.both_engines
@pytest.mark.xdist_group("access")
@pytest.mark.parametrize("who", ["nobody", "stranger", "admin_other"])
def test_hidden_is_the_same_as_missing_on_every_route(hub_world, operations, who):
    """Status, headers, body: nothing tells a private or deleted repository from none."""
    wire, different = hub_world.wires[who], []
    for operation in operations:
        if not operation.of_repo or operation.by_old_name or operation.rule == "repo.restore":
            continue
        answers = {}
        for thing in ("private", "moved", "deleted", "missing"):
            if thing == "moved" and operation.name in ("repo.delete", "repo.move"):
                continue
            kind = operation.kind
            # A number that is only in one of them would differ by itself.
            words = {**hub_world.words_of(operation, who, "missing", kind), "repo": NAMES[thing],
                     "short": NAMES[thing].split("/")[1], "number": 1}
            hub_world.words_of = lambda *_, words=words: words
            answer = hub_world.ask(operation, wire, who, thing, kind)
            del hub_world.words_of
            answers[thing] = shape(answer, NAMES[thing])
        for thing in ("private", "moved", "deleted"):
            if thing in answers and answers[thing] != answers["missing"]:
                different.append(f"{operation}, {thing}:\n  {answers[thing]}\n  {answers['missing']}")
    assert not different, "\n".join(different)


@pytest.mark.xdist_group("access")
@pytest.mark.parametrize("how", BROKEN)
def test_a_credential_that_is_not_good_is_401_everywhere(hub_world, operations, how):
    server = hub_world.server
    if how == "disabled":
        hub_world.wires["keeper"].post("/api/-/v1/admin/users/leaver/disable", {}).ok()
    wire = Wire(server.url, token({"expired": "expired", "disabled": "leaver"}.get(how, "unknown")))
    wrong = []
    for operation in operations:
        # These read other credentials than a person's.
        if operation.rule == "proof" or operation.declared["x-scope"] in ("client", "cas"):
            continue
        answer = hub_world.ask(operation, wire)
        if answer.status != 401:
            wrong.append(f"{operation}: {answer.status}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.xdist_group("access")
def test_a_cookie_without_its_proof_changes_nothing(hub_world, operations):
    """What another site can make a browser send: its cookie, and nothing that site cannot know."""
    wrong = []
    for operation in filter(is_asked, operations):
        if operation.always or operation.by_old_name:
            continue
        for_programs = any(operation.name.startswith(f) for f in ("lfs.", "git.", "xet."))
        if operation.method in ("GET", "HEAD") and not for_programs:
            continue
        answer = hub_world.ask(operation, hub_world.forged)
        if for_programs:  # Nobody's: what is public may be read.
            right = outcome(operation, answer) == expected(operation.rule, PERSON["nobody"])
        else:
            right = answer.status == 403 and "X-CSRF-Token" in (answer["X-Error-Message"] or "")
        if not right:
            wrong.append(f"{operation}: {answer.status} {answer['X-Error-Code']}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.xdist_group("access")
def test_without_a_proof_its_routes_do_nothing(hub_world, operations):
    wrong = []
    for operation in operations:
        if operation.rule != "proof":
            continue
        for who in ("nobody", "admin", "keeper"):
            answer = hub_world.ask(operation, hub_world.wires[who])
            # RFC 7009: an unknown token is revoked already.
            fine = (200, 400) if operation.name == "oauth.revoke" else (400, 401, 403, 404, 415)
            if answer.status not in fine:
                wrong.append(f"{operation} as {who}: {answer.status} {answer.text[:100]}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.xdist_group("access")
def test_a_hub_for_members_shows_strangers_nothing(hub_world, operations):
    keeper = hub_world.wires["keeper"]
    settings = "/api/-/v1/admin/settings"
    for_programs = ("oauth.discovery", "oauth.keys", "oauth.start_device")
    keeper("PATCH", settings, json_body={"anonymous_read": "no"}).ok()
    try:
        wrong = []
        for operation in filter(is_asked, operations):
            if operation.always or operation.rule == "proof" or operation.name in for_programs:
                continue
            for thing, kind in cells(operation):
                answer = hub_world.ask(operation, hub_world.wires["nobody"], "nobody", thing, kind)
                if answer.status != 401:
                    wrong.append(f"{operation} of {thing}: {answer.status}")
        assert not wrong, "\n".join(wrong)
    finally:
        keeper("PATCH", settings, json_body={"anonymous_read": "yes"}).ok()


# ---- The document ----

HEAD = """# Who may do what

Every route of the hub, the rule it declares, and what each rule means for whom. Written by
`tests/e2e/test_access.py`, which asks the running hub every route as every person about every object
and fails when it answers otherwise: `CAIRN_WRITE_DOCS=1 ./test e2e -k access` writes this page anew.

A page shows its visitor what the API gives them. Programs that ask for one get the status below; in a
browser it is a page that says so, and for nobody the way to sign in. What is hidden is 404 there for
nobody too, as every page that does not exist. *moved*: private, and asked by the name it had before; an
answer may lead to the new name, where the same rule holds.

"""
MEANINGS = {
    "everyone": "Everybody. On a hub with `anonymous_read = no` people sign in first, but for the "
                "routes marked *always*.",
    "page": "A page for everybody, with what its visitor may see. On a hub with `anonymous_read = no` "
            "people sign in first.",
    "signed_in": "Everybody with an account, with any credential; the answer holds what that "
                 "credential may see.",
    "account.read": "What is a person's alone: fine-grained tokens need `user.read`.",
    "account": "Changes one's own account: not with a read token, fine-grained ones need `user.write`.",
    "session": "A person in a browser, never a token.",
    "owner.overview": "Looks over all repositories of an owner.",
    "owner.settings": "The page from which its admins change an owner.",
    "owner.create": "Makes repositories there.",
    "owner.invite": "Withdraws an invite; to all but its admins and the hub's there is none.",
    "owner.manage": "Changes the owner itself: profile, members, deleted repositories.",
    "administrator": "Administrators of the hub. They see no private repository by it.",
    "operator": "Only at the hub's own machine: `cairn admin …`.",
    "proof": "The request carries its own proof: a signed URL, a token of the store of chunks, a "
             "program's secret. Who the person is does not count.",
    "repo.see": "That a repository exists: its page, card, discussions.",
    "repo.list_files": "Names, sizes and history of files.",
    "repo.read_content": "The files themselves.",
    "repo.discuss": "Likes, asks for access, opens discussions and comments.",
    "repo.create_pr": "Proposes a change.",
    "repo.copy": "Copies its files to where one may write.",
    "repo.author": "Changes a comment: its author only (here, an admin).",
    "repo.author_or_write": "Changes a discussion: its author, and whoever may write.",
    "repo.write": "Commits, branches, tags, large files, access requests. Contributors write what "
                  "they made themselves.",
    "repo.administer": "Settings, deleting, moving, deploy keys.",
    "repo.restore": "Brings a deleted repository back.",
}


def table(head, rows):
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows]) + "\n\n"


def render(operations):
    rules = [r for r in MEANINGS if any(o.rule == r for o in operations)]
    out = HEAD + "Words: " + "; ".join(f"**{w}**: {t}" for w, t in LEGEND.items()) + ".\n\n"
    out += ("Credentials that are not good (" + ", ".join(BROKEN.values()) + ") are 401 on every route "
            "that reads them, whatever it is about. A browser's cookie without the X-CSRF-Token is 403 "
            "on every change, and nobody's on the routes of git, LFS and Xet. Routes marked *password* "
            "ask a browser for the password again after 15 minutes.\n\n## Rules about repositories\n\n")
    for rule in (r for r in rules if r.startswith("repo.")):
        things = [t for t in OBJECTS if t != "missing"]
        if rule == "repo.restore":
            things = ["deleted"]
        rows = [[p.text, *(expected(rule, p, t) for t in things)] for p in PEOPLE]
        out += f"### {rule}\n\n{MEANINGS[rule]}\n\n" + table(["", *things], rows)
    others = [r for r in rules if not r.startswith("repo.") and r != "proof"]
    out += "## Other rules\n\n" + "".join(f"- **{r}**: {MEANINGS[r]}\n" for r in others)
    out += f"- **proof**: {MEANINGS['proof']}\n\n"
    out += table(["", *others], [[p.text, *(expected(r, p) for r in others)] for p in PEOPLE])
    out += "## Routes\n\n" + table(["route", "rule", ""], rows_of(operations))
    return out.rstrip("\n") + "\n"


def rows_of(operations):
    """One row for the kinds together."""
    kinds = {}
    for o in operations:
        path = o.path
        if o.kind != "model":
            path = path.replace(f"/{o.kind}s/", "/KIND/", 1) if path.startswith("/api/") else \
                path.replace(f"/{o.kind}s/", "/", 1)
            path = path.replace(f"/api/{o.kind}s", "/api/KIND") if path.startswith("/api/") else path
        elif path.startswith("/api/"):
            path = path.replace("/models", "/KIND", 1)
        use = o.name.partition(" ")[2]
        kinds.setdefault((path, o.method, use), []).append(o)
    rows = []
    for (path, method, use), found in sorted(kinds.items()):
        first, names = found[0], [o.kind for o in found]
        whole = set(names) == set(KINDS)
        if "KIND" in path:
            path = path.replace("KIND", "{kind}s" if whole else names[0] + "s" if len(names) == 1 else
                                "{" + "|".join(n + "s" for n in names) + "}")
        elif whole:
            path = "[/{kind}s]" + path
        elif first.kind != "model":
            path = first.path
        notes = [use] if use else []
        if first.always:
            notes.append("always")
        if first.declared["x-asks-password"]:
            notes.append("password")
        rows.append([f"`{method} {path}`", first.rule, ", ".join(notes)])
    return rows


@pytest.mark.xdist_group("access")
def test_the_document_says_what_is_declared(operations):
    text = render(operations)
    if os.environ.get("CAIRN_WRITE_DOCS"):
        DOCUMENT.write_text(text)
    there = DOCUMENT.read_text() if DOCUMENT.exists() else ""
    differs = [line for line in text.splitlines() if line not in there.splitlines()]
    assert text == there, "docs/access.md is stale; write it anew:\n" + "\n".join(differs)
