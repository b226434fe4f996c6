"""kill -9 under every other kind of write: repositories made, renamed, deleted and restored, settings,
branches, tags, discussions, likes, requests for access, tokens. Each is there whole or not at all, and
what was acknowledged is there. Commits and large files: test_durability.py."""

import copy
import os
import random

import pytest
from conftest import ADA, BOB
from writing import WritingThread, client_of, write_until_killed

DEEP = bool(os.environ.get("CAIRN_TEST_DEEP"))
KILLS = 300 if DEEP else 30
WRITERS = 4
LOAD_SECONDS_MAX = 0.2
NAMES = 3  # Repositories per writer.


class Steward(WritingThread):
    """Changes what is its own, one request after another. `state` is what was acknowledged, `maybe`
    what it becomes if the request that got no answer was done."""

    def __init__(self, hub, number, seeded, state, count=0):
        super().__init__(hub)
        self.number, self.seeded, self.state, self.count = number, seeded, state, count
        self.maybe, self.acknowledged = None, 0

    def write_once(self, client):
        self.count += 1
        after = copy.deepcopy(self.state)
        request = self.pick(after)
        self.maybe = after
        method, target, body, token = request
        answer = client.request(method, target, json=body, headers={"Authorization": f"Bearer {token}"},
                                follow_redirects=False)
        if answer.status_code == 503:
            return
        assert answer.status_code < 400 or answer.status_code == 409, \
            f"{method} {target} {body}: {answer.status_code} {answer.text}"
        if answer.status_code != 409:  # Somebody else's change of the same row came between.
            self.state = after
            self.acknowledged += 1
        self.maybe = None

    def pick(self, after):
        """@return a request, and in `after` what it makes of the state."""
        name = f"w{self.number}-{self.seeded.randrange(NAMES)}"
        repo = after["repos"].get(name)
        if self.seeded.random() < 0.05:
            return self.token(after)
        if repo is None:
            after["repos"][name] = {"private": False, "gated": False, "branches": ["main"], "tags": [],
                                    "likes": 0, "talks": {}, "asked": []}
            return "POST", "/api/repos/create", {"name": name, "type": "model"}, ADA
        api = f"/api/models/ada/{name}"
        kinds = [self.settings, self.branch, self.tag, self.like, self.talk, self.ask]
        chance = self.seeded.random()
        if chance < 0.06:
            del after["repos"][name]
            return "DELETE", "/api/repos/delete", {"name": name, "type": "model"}, ADA
        if chance < 0.14:
            new_name = f"w{self.number}-moved-{self.count}"
            after["moved"][new_name] = after["repos"].pop(name)
            return "POST", "/api/repos/move", {
                "fromRepo": f"ada/{name}", "toRepo": f"ada/{new_name}", "type": "model"}, ADA
        return self.seeded.choice(kinds)(api, repo)

    def token(self, after):
        name = f"w{self.number}-{self.count}"
        after["tokens"].append(name)
        return "POST", "/api/-/v1/tokens", {"name": name, "role": "read"}, ADA

    def settings(self, api, repo):
        if self.seeded.random() < 0.5:
            repo["private"] = not repo["private"]
            return "PUT", f"{api}/settings", {"private": repo["private"]}, ADA
        repo["gated"] = False if repo["gated"] else "manual"
        return "PUT", f"{api}/settings", {"gated": repo["gated"]}, ADA

    def branch(self, api, repo):
        others = [b for b in repo["branches"] if b != "main"]
        if others and self.seeded.random() < 0.5:
            repo["branches"].remove(others[0])
            return "DELETE", f"{api}/branch/{others[0]}", None, ADA
        repo["branches"].append(f"b{self.count}")
        return "POST", f"{api}/branch/b{self.count}", {}, ADA

    def tag(self, api, repo):
        if repo["tags"] and self.seeded.random() < 0.5:
            gone = repo["tags"].pop()
            return "DELETE", f"{api}/tag/{gone}", None, ADA
        repo["tags"].append(f"t{self.count}")
        return "POST", f"{api}/tag/main", {"tag": f"t{self.count}"}, ADA

    def like(self, api, repo):
        if repo["private"]:
            return self.talk(api, repo)
        repo["likes"] = 1 - repo["likes"]
        return ("POST" if repo["likes"] else "DELETE"), f"{api}/like", {}, BOB

    def talk(self, api, repo):
        open_ones = [n for n, status in repo["talks"].items() if status == "open"]
        if open_ones and self.seeded.random() < 0.5:
            number = open_ones[0]
            repo["talks"][number] = "closed"
            return "POST", f"{api}/discussions/{number}/status", {"status": "closed"}, ADA
        # One sequence of numbers per repository, without gaps: what failed took none.
        repo["talks"][len(repo["talks"]) + 1] = "open"
        return "POST", f"{api}/discussions", {"title": f"Talk {self.count}", "description": "d"}, ADA

    def ask(self, api, repo):
        if repo["private"] or not repo["gated"] or repo["asked"]:
            return self.settings(api, repo)
        repo["asked"].append("bob")
        return "POST", f"{api[len('/api/models'):]}/ask-access", {}, BOB


def seen(client, names, moved, number):
    """The state as the hub shows it."""
    def get(target):
        answer = client.get(target, follow_redirects=False)
        if answer.status_code in (301, 302, 307, 308, 404):
            return None  # Renamed or gone.
        return answer.raise_for_status().json()

    def of(name):
        api = f"/api/models/ada/{name}"
        info = get(f"{api}?expand=private&expand=gated&expand=likes")
        if info is None:
            return None
        refs = get(f"{api}/refs")
        talks = get(f"{api}/discussions?status=all")["discussions"]
        asked = get(f"{api}/user-access-request/pending") if info["gated"] else None
        return {"private": info["private"], "gated": info["gated"], "likes": info["likes"],
                "branches": sorted(b["name"] for b in refs["branches"]),
                "tags": sorted(t["name"] for t in refs["tags"]),
                "talks": {t["num"]: t["status"] for t in talks},
                "asked": [] if asked is None else [r["user"]["user"] for r in asked]}

    tokens = [t["name"] for t in client.get("/api/-/v1/tokens").raise_for_status().json()]
    return {"repos": {name: there for name in names if (there := of(name))},
            "moved": {name: there for name in moved if (there := of(name))},
            "tokens": sorted(t for t in tokens if t.startswith(f"w{number}-"))}


def shown(state):
    """The state in the order and words of `seen`. Requests are not listed where the gate is open."""
    def of(repo):
        return {**repo, "branches": sorted(repo["branches"]), "tags": sorted(repo["tags"]),
                "asked": repo["asked"] if repo["gated"] else []}
    return {"repos": {n: of(r) for n, r in state["repos"].items()},
            "moved": {n: of(r) for n, r in state["moved"].items()}, "tokens": sorted(state["tokens"])}


def check(client, steward):
    """Either what was acknowledged, or that and the one request that got no answer."""
    candidates = [s for s in (steward.state, steward.maybe) if s is not None]
    names = sorted({n for s in candidates for n in s["repos"]} | {
        f"w{steward.number}-{i}" for i in range(NAMES)})
    moved = sorted({n for s in candidates for n in s["moved"]})
    there = seen(client, names, moved, steward.number)
    fitting = [s for s in candidates if shown(s) == there]
    assert fitting, f"writer {steward.number}:\nthere {there}\nacknowledged " \
                    f"{shown(candidates[0])}\nor {shown(candidates[-1])}"
    kept = fitting[-1]
    for name in list(kept["moved"])[:-3]:
        del kept["moved"][name]  # Seen once more after its kill: that is enough.
    return kept


@pytest.mark.both_engines
def test_kill_at_random_moments_leaves_every_change_whole(own_hub):
    seeded = random.Random(20260202)
    kills = KILLS if not own_hub.env.get("CAIRN_DATABASE") or DEEP else KILLS // 10
    empty = {"repos": {}, "moved": {}, "tokens": []}
    stewards = [Steward(own_hub, n, random.Random(n), copy.deepcopy(empty)) for n in range(WRITERS)]
    acknowledged = 0
    for round_number in range(1, kills + 1):
        write_until_killed(own_hub, stewards, seeded.uniform(0.02, LOAD_SECONDS_MAX))
        with client_of(own_hub) as client:
            states = [check(client, steward) for steward in stewards]
        acknowledged += sum(steward.acknowledged for steward in stewards)
        stewards = [Steward(own_hub, s.number, s.seeded, state, s.count)
                    for s, state in zip(stewards, states, strict=True)]
        if round_number % 10 == 0 or round_number == kills:
            own_hub.fsck()
    assert acknowledged > 3 * kills, "the load wrote too little"
