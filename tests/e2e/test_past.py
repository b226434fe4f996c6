"""What happened to files: the changes of a commit, the versions of a file, who wrote which line."""

import json

import pytest
from conftest import BOB
from wire import KINDS, Wire, api_of


def own(name, kind="model"):
    return f"/api/-/v1/{kind}s/{name}"


def commit(wire, name, files, message, kind="model", deleted=()):
    lines = [json.dumps({"key": "header", "value": {"summary": message}})]
    lines += [json.dumps({"key": "file", "value": {"path": path, "content": text, "encoding": "utf-8"}})
              for path, text in files.items()]
    lines += [json.dumps({"key": "deletedFile", "value": {"path": path}}) for path in deleted]
    return wire("POST", f"{api_of(name, kind)}/commit/main", "\n".join(lines).encode(),
                headers={"Content-Type": "application/x-ndjson"}).ok().json["commitOid"]


def make(wire, name, kind="model", private=False):
    wire("POST", "/api/repos/create",
         json_body={"name": name.split("/")[1], "type": kind, "private": private,
                    **({"sdk": "static"} if kind == "space" else {})}).ok()


@pytest.fixture(scope="module")
def story(hub):
    from conftest import ADA
    ada = Wire(hub.url, ADA)
    make(ada, "ada/past")
    first = commit(ada, "ada/past", {"a.txt": "one\ntwo\nthree\n", "other": "x\n"}, "first")
    second = commit(ada, "ada/past", {"a.txt": "one\nTWO\nthree\nfour\n"}, "second")
    third = commit(ada, "ada/past", {"other": "y\n"}, "third")
    return first, second, third


def test_a_commit_tells_what_it_changed(ada, story):
    first, second, third = story
    found = ada.get(f"{own('ada/past')}/commit/{second}").ok().json
    assert found["commit"]["title"] == "second" and found["commit"]["parents"] == [first]
    assert (found["base"], found["head"], found["truncated"]) == (first, second, False)
    (file,) = found["files"]
    assert (file["path"], file["status"], file["additions"], file["deletions"]) == ("a.txt", "modified", 2, 1)
    assert [line["type"] for line in file["hunks"][0]["lines"]] == ["context", "delete", "add", "context", "add"]
    assert ada.get(f"{own('ada/past')}/commit/main").json["head"] == third


def test_the_first_commit_of_all_brought_everything(ada, story):
    log = ada.get("/api/models/ada/past/commits/main").json
    found = ada.get(f"{own('ada/past')}/commit/{log[-1]['id']}").ok().json
    assert found["base"] is None and found["commit"]["parents"] == []
    assert {file["status"] for file in found["files"]} <= {"added"}


def test_long_changes_are_folded_and_come_on_asking(ada):
    make(ada, "ada/past-long")
    text = "".join(f"{i}\n" for i in range(500))
    sha = commit(ada, "ada/past-long", {"a.txt": text, "b.txt": text, "package-lock.json": text}, "long")
    at = f"{own('ada/past-long')}/commit/{sha}"
    files = {f["path"]: f for f in ada.get(f"{at}?files=1&lines=300").ok().json["files"]}
    assert files["a.txt"]["folded"] == 200 and len(files["a.txt"]["hunks"][0]["lines"]) == 300
    assert files["b.txt"]["folded"] == 500 and files["b.txt"]["hunks"] == []
    assert files["package-lock.json"]["generated"] and files["package-lock.json"]["folded"] == 500
    (whole,) = ada.get(f"{at}?path=b.txt").ok().json["files"]
    assert "folded" not in whole and whole["additions"] == 500
    (lock,) = ada.get(f"{at}?path=package-lock.json&lines=1000").ok().json["files"]
    assert "folded" not in lock
    for wrong in ["lines=-1", "files=x", "context=1001"]:
        assert ada.get(f"{at}?{wrong}").status == 400


def test_whitespace_and_context_are_switches(ada):
    make(ada, "ada/past-space")
    before = "".join(f"{i}\n" for i in range(20))
    commit(ada, "ada/past-space", {"a": before}, "a")
    commit(ada, "ada/past-space", {"a": before.replace("10\n", "  10\n").replace("19\n", "x\n")}, "b")
    at = f"{own('ada/past-space')}/commit/main"
    assert ada.get(at).json["files"][0]["additions"] == 2
    assert ada.get(f"{at}?ignoreWhitespace=1").json["files"][0]["additions"] == 1
    (file,) = ada.get(f"{at}?context=0").json["files"]
    assert all(line["type"] != "context" for hunk in file["hunks"] for line in hunk["lines"])
    assert ada.get("/api/models/ada/past-space/compare/main..main?lines=5").ok().json["files"] == []


def test_commits_that_one_side_has_and_the_other_has_not(ada, story):
    first, second, third = story
    at = "/api/models/ada/past/compare"
    found = ada.get(f"{at}/{first}..main?commits=50").ok().json
    assert [c["id"] for c in found["commits"]] == [third, second] and found["moreCommits"] is False
    found = ada.get(f"{at}/{first}..main?commits=1").ok().json
    assert [c["id"] for c in found["commits"]] == [third] and found["moreCommits"] is True
    assert ada.get(f"{at}/main..{first}?commits=5").ok().json["commits"] == []
    assert "commits" not in ada.get(f"{at}/{first}..main").ok().json
    assert ada.get(f"{at}/{first}..main?commits=101").status == 400


def test_commits_of_a_branch_end_where_it_began(ada):
    make(ada, "ada/past-branch")
    begin = commit(ada, "ada/past-branch", {"a": "1\n"}, "begin")
    ada("POST", "/api/models/ada/past-branch/branch/dev", json_body={"startingPoint": begin}).ok()
    on_main = commit(ada, "ada/past-branch", {"a": "2\n"}, "on main")
    line = "\n".join([json.dumps({"key": "header", "value": {"summary": "on dev"}}),
                      json.dumps({"key": "file", "value": {"path": "b", "content": "x", "encoding": "utf-8"}})])
    on_dev = ada("POST", "/api/models/ada/past-branch/commit/dev", line.encode(),
                 headers={"Content-Type": "application/x-ndjson"}).ok().json["commitOid"]
    for dots in ("..", "..."):
        at = "/api/models/ada/past-branch/compare"
        assert [c["id"] for c in ada.get(f"{at}/main{dots}dev?commits=9").json["commits"]] == [on_dev]
        assert [c["id"] for c in ada.get(f"{at}/dev{dots}main?commits=9").json["commits"]] == [on_main]


def test_the_versions_of_a_file(ada, story):
    first, second, _ = story
    versions = ada.get(f"{own('ada/past')}/history/main/a.txt").ok().json
    assert [v["id"] for v in versions] == [second, first]
    assert versions[1]["file"]["size"] == len("one\ntwo\nthree\n")
    page = ada.get(f"{own('ada/past')}/history/main/a.txt?limit=1").ok()
    assert [v["id"] for v in page.json] == [second]
    assert [v["id"] for v in ada.get(page.next()).ok().json] == [first]
    assert ada.get(f"{own('ada/past')}/history/main/none").status == 404
    assert ada.get(f"{own('ada/past')}/history/nowhere/a.txt").status == 404


def test_a_file_that_went_and_came_back_begins_where_it_came(ada):
    make(ada, "ada/past-back")
    commit(ada, "ada/past-back", {"a": "1\n"}, "made")
    commit(ada, "ada/past-back", {}, "gone", deleted=["a"])
    again = commit(ada, "ada/past-back", {"a": "1\n"}, "again")
    assert [v["id"] for v in ada.get(f"{own('ada/past-back')}/history/main/a").json] == [again]


def test_who_wrote_which_line(ada, story):
    first, second, _ = story
    found = ada.get(f"{own('ada/past')}/blame/main/a.txt").ok().json
    lines = [(r["start"], r["lines"], r["commit"]) for r in found["ranges"]]
    assert lines == [(1, 1, first), (2, 1, second), (3, 1, first), (4, 1, second)]
    assert found["commits"][second]["title"] == "second" and found["complete"]
    assert ada.get(f"{own('ada/past')}/blame/{first}/a.txt").json["ranges"] == [
        {"start": 1, "lines": 3, "commit": first}]
    make(ada, "ada/past-binary")
    commit(ada, "ada/past-binary", {"a.bin": "\0\1"}, "binary")
    answer = ada.get(f"{own('ada/past-binary')}/blame/main/a.bin")
    assert (answer.status, answer["X-Error-Code"]) == (422, "NotText")


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_learns_of_a_private_past(hub, ada, kind):
    make(ada, "ada/past-hidden", kind, private=True)
    commit(ada, "ada/past-hidden", {"a": "1\n"}, "hidden", kind)
    for person in (Wire(hub.url), Wire(hub.url, BOB)):
        for tail in ["commit/main", "history/main/a", "blame/main/a"]:
            there = person.get(f"{own('ada/past-hidden', kind)}/{tail}")
            gone = person.get(f"{own('ada/past-gone', kind)}/{tail}")
            assert (there.status, there.body) == (gone.status, gone.body)
            assert there.status in (401, 404)
