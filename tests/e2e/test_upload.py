"""Uploads: what a commit does to a branch."""

import base64
import json
import random
import socket
import threading
import time

import pytest
from conftest import ADA
from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete, HfApi
from huggingface_hub.errors import BadRequestError, EntryNotFoundError, HfHubHTTPError
from test_preupload import BINARY, ask, files, preupload
from wire import (COMMIT, KINDS, NDJSON, Wire, add, api_of, assert_error, delete, large,
                  ndjson, pointer, sha256, web_of)


def read(wire, repo, path, rev="main"):
    answer = wire.get(f"{web_of(repo)}/resolve/{rev}/{path}")
    return answer.body if answer.status == 200 else None


# ---- Commits: what lines do ----------------------------------------------------------------------


@pytest.mark.both_engines
def test_a_commit_answers_with_its_id_and_page(hub, ada, repo):
    made = ada.commit(repo, add("a.txt"), summary="Title", description="Body\nof it").ok().json
    assert made["success"] is True and COMMIT.fullmatch(made["commitOid"])
    assert made["commitUrl"] == f"{hub.url}/{repo}/commit/{made['commitOid']}"
    [commit, _] = ada.get(f"{api_of(repo)}/commits/main").ok().json
    assert (commit["id"], commit["title"], commit["message"]) == (
        made["commitOid"], "Title", "Body\nof it")


@pytest.mark.both_engines
def test_files_come_in_base64_and_as_text(ada, repo):
    ada.commit(repo, add("b64", BINARY), {"key": "file", "value": {"path": "plain", "content": "é\n"}},
               {"key": "file", "value": {"path": "utf8", "content": "\u2713", "encoding": "utf-8"}},
               {"key": "file", "value": {"path": "empty", "content": ""}}).ok()
    assert [read(ada, repo, p) for p in ("b64", "plain", "utf8", "empty")] == [
        BINARY, "é\n".encode(), "✓".encode(), b""]


@pytest.mark.both_engines
def test_files_and_folders_are_deleted_in_every_spelling(ada, repo):
    names = ["one", "f1/a", "f1/b/c", "f2/a", "f2/b/c", "f3/a", "f4/a", "kept", "f5/x"]
    ada.commit(repo, *(add(n) for n in names)).ok()
    ada.commit(repo, delete("one"), delete("f1"), delete("f2/", "deletedFolder"),
               delete("f3", "deletedFolder"), delete("f4/a", "deletedEntry"),
               delete("f5", "deletedEntry")).ok()
    assert files(ada, repo) == ["kept"]


@pytest.mark.parametrize("key", ["deletedFile", "deletedFolder", "deletedEntry"])
def test_deleting_what_is_missing_says_the_phrase_clients_know(ada, repo, key):
    head = ada.info(repo)["sha"]
    for path in ("missing", "missing/deep", ".gitattributes/x"):
        refused = assert_error(ada.commit(repo, add("new"), delete(path, key)), 404, "EntryNotFound")
        assert "A file with this name doesn't exist" in refused.json["error"]
    assert ada.info(repo)["sha"] == head


@pytest.mark.both_engines
def test_deletions_apply_first_whatever_the_order_of_lines(ada, repo):
    ada.commit(repo, add("dir/a", b"old"), add("dir/b", b"old"), add("c", b"old")).ok()
    ada.commit(repo, add("dir/a", b"new"), delete("dir/a"), add("c", b"new"), delete("c")).ok()
    assert read(ada, repo, "dir/a") == b"new" and read(ada, repo, "c") == b"new"
    ada.commit(repo, add("dir/n", b"new"), delete("dir", "deletedFolder")).ok()
    assert files(ada, repo) == ["c", "dir", "dir/n"]


def test_a_file_may_become_a_folder_and_back_only_by_saying_so(ada, repo):
    ada.commit(repo, add("x", b"file")).ok()
    assert_error(ada.commit(repo, add("x/y", b"inside")), 409)
    ada.commit(repo, delete("x"), add("x/y", b"inside")).ok()
    assert_error(ada.commit(repo, add("x", b"file")), 409)
    ada.commit(repo, delete("x", "deletedFolder"), add("x", b"file")).ok()
    assert read(ada, repo, "x") == b"file"


def test_the_last_line_of_one_path_wins(ada, repo):
    ada.commit(repo, add("a", b"first"), add("a", b"second")).ok()
    assert read(ada, repo, "a") == b"second"


def test_renames(ada, repo):
    ada.commit(repo, add("old.txt", b"content"), add("d/x", b"x"), add("d/y", b"y")).ok()
    ada.commit(repo, {"key": "file", "value": {"path": "new/name.txt", "oldPath": "old.txt"}},
               {"key": "file", "value": {"path": "e", "oldPath": "d"}}).ok()
    assert files(ada, repo) == ["e", "e/x", "e/y", "new", "new/name.txt"]
    assert read(ada, repo, "new/name.txt") == b"content"
    ada.commit(repo, {"key": "file", "value": {"path": "z", "oldPath": "e/x", "content": "changed"}}).ok()
    assert read(ada, repo, "z") == b"changed" and read(ada, repo, "e/x") is None
    assert_error(ada.commit(repo, {"key": "file", "value": {"path": "q", "oldPath": "missing"}}), 404,
                 "EntryNotFound")


@pytest.mark.both_engines
def test_large_files_are_committed_by_hash_with_and_without_size(ada, repo):
    content = b"large one" * 1000
    uploaded = ada.upload_large(repo, content)
    ada.commit(repo, large("w.bin", uploaded)).ok()
    copied = {k: v for k, v in uploaded.items() if k != "size"}
    ada.commit(repo, large("copy.bin", copied)).ok()  # Copies do not say the size.
    assert read(ada, repo, "w.bin") == read(ada, repo, "copy.bin") == content
    entries = ada.get(f"{api_of(repo)}/tree/main").ok().json
    assert {e["size"] for e in entries if e["path"].endswith(".bin")} == {len(content)}


@pytest.mark.both_engines
def test_a_large_file_that_was_never_uploaded_is_refused(ada, repo):
    head = ada.info(repo)["sha"]
    absent = {"algo": "sha256", "oid": sha256(b"never uploaded"), "size": 14}
    refused = assert_error(ada.commit(repo, add("a"), large("w.bin", absent)), 422)
    assert "never uploaded" in refused.json["error"] and ada.info(repo)["sha"] == head
    there = ada.upload_large(repo, b"there")
    assert_error(ada.commit(repo, large("w.bin", {**there, "size": 6})), 422)
    assert ada.info(repo)["sha"] == head


@pytest.mark.both_engines
def test_a_large_file_gets_a_rule_of_its_own_when_none_covers_it(ada, repo):
    uploaded = ada.upload_large(repo, b"large" * 100)
    rules = read(ada, repo, ".gitattributes")
    ada.commit(repo, large("covered.bin", uploaded)).ok()
    assert read(ada, repo, ".gitattributes") == rules
    ada.commit(repo, large("data.custom", uploaded), large("d/with space.x", uploaded),
               large("d/star[1]*.x", uploaded)).ok()
    added = read(ada, repo, ".gitattributes").decode()
    assert added.startswith(rules.decode()) and len(added.splitlines()) == len(rules.splitlines()) + 3
    # A client that asks now is told so for exactly these paths.
    asked = [ask(p) for p in ("data.custom", "d/with space.x", "d/star[1]*.x", "e/data.custom",
                              "d/star1abc.x")]
    modes = [f["uploadMode"] for f in preupload(ada, repo, *asked).ok().json["files"]]
    assert modes == ["lfs", "lfs", "lfs", "regular", "regular"]


def test_the_rule_goes_into_the_attributes_of_the_same_commit(ada, repo):
    uploaded = ada.upload_large(repo, b"large" * 100)
    ada.commit(repo, large("x.own", uploaded), add(".gitattributes", b"*.txt text\n")).ok()
    assert read(ada, repo, ".gitattributes") == (
        b"*.txt text\n/x.own filter=lfs diff=lfs merge=lfs -text\n")


def test_a_large_file_replaces_a_small_one_and_back(ada, repo):
    uploaded = ada.upload_large(repo, b"large" * 100)
    ada.commit(repo, add("f.bin", b"small")).ok()
    ada.commit(repo, large("f.bin", uploaded)).ok()
    assert read(ada, repo, "f.bin") == b"large" * 100
    ada.commit(repo, add("f.bin", b"small")).ok()
    assert read(ada, repo, "f.bin") == b"small"
    [entry] = ada.post(f"{api_of(repo)}/paths-info/main", {"paths": ["f.bin"]}).ok().json
    assert "lfs" not in entry


def test_git_pointer_text_as_a_regular_file_is_a_file(ada, repo):
    """Somebody's pointer names bytes that they may not have: it must not open them."""
    ada.upload_large(repo, b"private bytes")
    ada.commit(repo, add("p.txt", pointer(b"private bytes"))).ok()
    assert read(ada, repo, "p.txt") in (pointer(b"private bytes"), b"private bytes")
    ada.commit(repo, add("q.txt", pointer(b"bytes of nobody here"))).ok()
    assert read(ada, repo, "q.txt") == pointer(b"bytes of nobody here")


def test_the_older_single_json_body(ada, repo):
    uploaded = ada.upload_large(repo, b"large" * 10)
    ada.commit(repo, add("gone"), add("dir/gone")).ok()
    body = {"summary": "Old form", "description": "",
            "files": [{"path": "a", "content": base64.b64encode(b"1").decode(), "encoding": "base64"},
                      {"path": "b", "content": "2"}],
            "lfsFiles": [{"path": "w.bin", **uploaded}],
            "deletedFiles": [{"path": "gone"}], "deletedEntries": [{"path": "dir"}]}
    ada.post(f"{api_of(repo)}/commit/main", body).ok()
    assert files(ada, repo) == ["a", "b", "w.bin"] and read(ada, repo, "b") == b"2"


def test_a_last_line_without_newline_and_crlf_and_blank_lines(ada, repo):
    for n, body in enumerate([
        ndjson({"key": "header", "value": {"summary": "s"}}, add("f", b"0"))[:-1],
        ndjson({"key": "header", "value": {"summary": "s"}}, add("f", b"1")).replace(b"\n", b"\r\n"),
        b"\n" + ndjson({"key": "header", "value": {"summary": "s"}}, add("f", b"2")) + b"\n\n",
    ]):
        ada("POST", f"{api_of(repo)}/commit/main", body, headers={"Content-Type": NDJSON}).ok()
        assert read(ada, repo, "f") == str(n).encode()


def test_a_chunked_body_without_length(ada, repo):
    lines = [ndjson({"key": "header", "value": {"summary": "s"}})]
    lines += [ndjson(add(f"f{n}", random.Random(n).randbytes(5000))) for n in range(30)]
    ada("POST", f"{api_of(repo)}/commit/main", iter(lines), headers={"Content-Type": NDJSON}).ok()
    assert len(files(ada, repo)) == 30


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_takes_commits_and_large_files(ada, repo_id, kind):
    ada.create(repo_id, kind)
    uploaded = ada.upload_large(repo_id, b"large" * 10, kind)
    ada.commit(repo_id, add("a"), large("w.bin", uploaded), kind=kind).ok()
    assert ada.get(f"{web_of(repo_id, kind)}/resolve/main/w.bin").ok().body == b"large" * 10


# ---- Commits: on top of what ---------------------------------------------------------------------


@pytest.mark.both_engines
def test_a_stale_parent_is_412_and_the_head_in_any_length_is_not(ada, repo):
    old = ada.info(repo)["sha"]
    new = ada.commit(repo, add("1"), parentCommit=old).ok().json["commitOid"]
    refused = assert_error(ada.commit(repo, add("2"), parentCommit=old), 412)
    assert refused.json["error"].startswith("The branch was updated since you opened this page.")
    assert files(ada, repo) == ["1"]
    newer = ada.commit(repo, add("2"), parentCommit=new[:8]).ok().json["commitOid"]
    assert_error(ada.commit(repo, add("3"), parentCommit="f" * 40), 412)
    for wrong in ("xyz", "", "123", newer.upper(), newer + "0", 5, None):
        refused = ada.commit(repo, add("3"), parentCommit=wrong)
        if wrong in ("", None):
            assert refused.status == 200, repr(refused)  # As if it were not there.
        else:
            assert_error(refused, (400, 412))


def test_a_stale_parent_is_refused_before_the_body_has_arrived(ada, repo):
    old = ada.info(repo)["sha"]
    ada.commit(repo, add("1")).ok()
    first = ndjson({"key": "header", "value": {"summary": "s", "parentCommit": old}}) + b'{"key":'
    with socket.create_connection(ada.address, timeout=20) as connection:
        connection.sendall(f"POST {api_of(repo)}/commit/main HTTP/1.1\r\nHost: x\r\nContent-Type: "
                           f"{NDJSON}\r\nAuthorization: Bearer {ADA}\r\nContent-Length: 90000000"
                           "\r\n\r\n".encode() + first)
        # The rest is never sent: who waits for it waits forever.
        assert connection.recv(4096).startswith(b"HTTP/1.1 412 ")


@pytest.mark.both_engines
def test_concurrent_commits_to_one_branch_all_land(hub, ada, repo):
    each, writers = 8, 6
    failed = []

    def write(number):
        wire = Wire(hub.url, ADA)
        for n in range(each):
            answer = wire.commit(repo, add(f"w{number}/{n}", f"{number} {n}".encode()))
            if answer.status != 200:
                failed.append(answer)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    wanted = {f"w{w}/{n}" for w in range(writers) for n in range(each)}
    assert wanted <= set(files(ada, repo))
    answer = ada.get(f"{api_of(repo)}/commits/main?limit=1000").ok()
    assert answer["X-Total-Count"] == str(each * writers + 1)
    assert all(read(ada, repo, f"w{w}/{n}") == f"{w} {n}".encode() for w in range(writers) for n in (0, 7))


@pytest.mark.both_engines
def test_of_concurrent_commits_on_one_parent_one_lands(hub, ada, repo):
    parent = ada.info(repo)["sha"]
    answers = []

    def write(number):
        answers.append(Wire(hub.url, ADA).commit(repo, add(f"f{number}"), parentCommit=parent))

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(a.status for a in answers) == [200] + [412] * 7
    assert len(files(ada, repo)) == 1


def test_commits_go_to_branches_only(ada, repo):
    head = ada.info(repo)["sha"]
    ada.post(f"{api_of(repo)}/tag/main", {"tag": "v1"}).ok()
    ada.post(f"{api_of(repo)}/branch/a%2Fb", {}).ok()
    for rev in ("v1", head, "refs%2Ftags%2Fv1", head[:10]):
        assert_error(ada.commit(repo, add("x"), rev=rev), 400)
    for rev in ("nowhere", "refs%2Fheads%2Fnowhere", "0" * 40, "..", "%01", "--x"):
        assert_error(ada.commit(repo, add("x"), rev=rev), 404, "RevisionNotFound")
    assert ada.info(repo)["sha"] == head
    for n, rev in enumerate(("a%2Fb", "refs%2Fheads%2Fa%2Fb", "refs/heads/main", "main")):
        ada.commit(repo, add(f"x{n}"), rev=rev).ok()
    assert files(ada, repo, "a%2Fb") == ["x0", "x1"] and files(ada, repo) == ["x2", "x3"]


@pytest.mark.both_engines
def test_a_commit_without_operations_is_400(ada, repo):
    refused = assert_error(ada.commit(repo), 400)
    for word in ("lfsFile", "file", "deletedFile"):
        assert f"`{word}`" in refused.json["error"]


def test_a_commit_that_changes_nothing_is_harmless(ada, repo):
    ada.commit(repo, add("a", b"same")).ok()
    made = ada.commit(repo, add("a", b"same")).ok().json["commitOid"]
    assert ada.info(repo)["sha"] == made and read(ada, repo, "a") == b"same"


def test_a_replayed_commit_corrupts_nothing(ada, repo):
    lines = [add("a", b"1"), add("b/c", b"2")]
    for _ in range(3):
        ada.commit(repo, *lines).ok()
    assert files(ada, repo) == ["a", "b", "b/c"]


@pytest.mark.both_engines
def test_a_broken_card_is_refused_with_its_errors_and_nothing_is_committed(ada, repo):
    head = ada.info(repo)["sha"]
    for card in (b"---\nlicense: [mit\n---\n", b"---\n- a\n---\n"):
        assert_error(ada.commit(repo, add("a"), add("README.md", card)), 400)
    assert ada.info(repo)["sha"] == head


def test_a_commit_of_a_stranger_or_nobody_is_refused(ada, bob, nobody, repo):
    assert_error(bob.commit(repo, add("x")), 403)
    assert_error(nobody.commit(repo, add("x")), 401)
    assert_error(bob("POST", f"{api_of(repo)}/preupload/main", json_body={"files": []}), 403)
    assert files(ada, repo) == []


def test_the_author_is_the_user_with_an_address_of_this_hub(hub, ada, repo):
    """Nobody's own address gets into history that others can read."""
    ada.commit(repo, add("a")).ok()
    answer = ada.get(f"{api_of(repo)}/commits/main").ok()
    assert answer.json[0]["authors"][0]["user"] == "ada" and "ada@hub.example" not in answer.text


def test_titles_of_several_lines_unicode_and_empty(ada, repo):
    ada.commit(repo, add("a", b"1"), summary="Überschrift ✓\nsecond line").ok()
    [commit, *_] = ada.get(f"{api_of(repo)}/commits/main").ok().json
    assert commit["title"] == "Überschrift ✓" and "second line" in commit["message"]
    for n, summary in enumerate(("", "   ", "x" * 5000)):
        answer = ada.commit(repo, add("a", f"s{n}".encode()), summary=summary)
        assert answer.status in (200, 400, 413), repr(answer)
        if answer.status != 200:
            assert_error(answer, answer.status)


# ---- Many and large ------------------------------------------------------------------------------


@pytest.mark.both_engines
def test_ten_thousand_small_files_in_one_commit(ada, repo):
    body = [ndjson({"key": "header", "value": {"summary": "Many"}})]
    body += [ndjson(add(f"d{n % 100:02}/f{n:05}.txt", f"{n}".encode() * 20)) for n in range(10_000)]
    started = time.monotonic()
    ada("POST", f"{api_of(repo)}/commit/main", b"".join(body), headers={"Content-Type": NDJSON}).ok()
    # Measured well below a second; a quadratic step would take minutes.
    assert time.monotonic() - started < 30
    listed = [e for p in ada.pages(f"{api_of(repo)}/tree/main?recursive=true") for e in p]
    assert len(listed) == 10_000 + 100 + 1
    assert len(ada.info(repo)["siblings"]) == 10_001
    assert read(ada, repo, "d42/f04242.txt") == b"4242" * 20
    ada.commit(repo, add("d42/f04242.txt", b"changed")).ok()
    assert read(ada, repo, "d42/f04242.txt") == b"changed"
    ada.commit(repo, delete("d00", "deletedFolder")).ok()
    assert len(ada.info(repo)["siblings"]) == 9_901


def test_a_folder_of_thousands_of_files_by_the_published_client(api, repo, tmp_path):
    for n in range(1500):
        (tmp_path / f"{n}.txt").write_text(str(n))
    api.upload_folder(repo_id=repo, folder_path=tmp_path)
    assert len(api.list_repo_files(repo)) == 1501


def test_a_regular_file_near_the_limit_and_above_it(ada, repo):
    near = random.Random(3).randbytes(9_000_000)
    ada.commit(repo, add("near", near)).ok()
    assert read(ada, repo, "near") == near
    head = ada.info(repo)["sha"]
    assert_error(ada.commit(repo, add("above", bytes(33 << 20))), 413, text="LFS")
    assert ada.info(repo)["sha"] == head


# ---- By the published client ---------------------------------------------------------------------


@pytest.mark.both_engines
def test_all_operations_of_the_published_client_in_one_commit(api, transfer, ada, repo):
    big = random.Random(9).randbytes(300_000)
    api.create_commit(repo, commit_message="First", operations=[
        CommitOperationAdd("a.txt", b"a"), CommitOperationAdd("w.bin", big),
        CommitOperationAdd("dir/x.txt", b"x"), CommitOperationAdd("dir/y.txt", b"y")])
    done = api.create_commit(repo, commit_message="Second", operations=[
        CommitOperationCopy("a.txt", "copy.txt"),
        CommitOperationDelete("dir/"), CommitOperationAdd("dir/z.txt", b"z"),
        CommitOperationDelete("a.txt")])
    assert files(ada, repo) == ["copy.txt", "dir", "dir/z.txt", "w.bin"]
    assert done.oid == ada.info(repo)["sha"] and read(ada, repo, "w.bin") == big


def test_upload_folder_with_delete_patterns(api, ada, repo, tmp_path):
    ada.commit(repo, add("old/a.txt"), add("old/b.bin"), add("keep.txt")).ok()
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "new.txt").write_text("new")
    api.upload_folder(repo_id=repo, folder_path=tmp_path, delete_patterns="old/*")
    assert files(ada, repo) == ["keep.txt", "old", "old/new.txt"]


def test_deletions_by_the_published_client(api, ada, repo):
    ada.commit(repo, add("a/1"), add("a/2"), add("b.txt"), add("c.txt"), add("d")).ok()
    api.delete_folder("a", repo)
    api.delete_files(repo, ["*.txt"])
    assert files(ada, repo) == ["d"]
    with pytest.raises(EntryNotFoundError):
        api.delete_file("missing", repo)


def test_an_upload_to_a_branch_and_back(api, ada, repo):
    api.create_branch(repo, branch="f/x")
    api.upload_file(repo_id=repo, revision="f/x", path_in_repo="x", path_or_fileobj=b"x")
    assert files(ada, repo) == [] and files(ada, repo, "f%2Fx") == ["x"]


def test_the_client_sees_a_card_it_pushed_at_once(api, repo):
    from huggingface_hub import ModelCard, metadata_update

    ModelCard("---\nlicense: mit\n---\n# Card").push_to_hub(repo, token=ADA)
    assert api.model_info(repo).card_data.license == "mit"
    metadata_update(repo, {"tags": ["later"]}, token=ADA)
    assert "later" in api.model_info(repo).tags
    with pytest.raises((BadRequestError, ValueError, HfHubHTTPError)):
        HfApi(endpoint=api.endpoint, token=ADA).upload_file(
            repo_id=repo, path_in_repo="README.md", path_or_fileobj=b"---\n: [\n---\n")


def test_many_threads_of_the_client_upload_at_once(hub, ada, repo):
    problems = []

    def upload(number):
        try:
            HfApi(endpoint=hub.url, token=ADA).upload_file(
                repo_id=repo, path_in_repo=f"t{number}.bin",
                path_or_fileobj=random.Random(number).randbytes(20_000))
        except Exception as problem:
            problems.append(problem)

    threads = [threading.Thread(target=upload, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems and len(files(ada, repo)) == 8


def test_large_bodies_are_refused_by_rights_before_they_are_sent(nobody, bob, repo):
    """A 100 MB body of somebody who may not write is not worth reading."""
    def body():
        yield ndjson({"key": "header", "value": {"summary": "s"}})
        for _ in range(100):
            yield b'{"key":"file","value":{"path":"x","content":"' + b"A" * (1 << 20) + b'"}}\n'

    for wire, status in ((nobody, 401), (bob, 403)):
        try:
            refused = wire("POST", f"{api_of(repo)}/commit/main", body(),
                           headers={"Content-Type": NDJSON})
            assert_error(refused, status)
        except (BrokenPipeError, ConnectionResetError):
            pass  # The server stopped listening, which is the point.


def test_json_in_a_card_survives_as_it_is(ada, repo):
    card = "---\nmodel-index: [{name: a, results: []}]\nempty: \nnumber: 007\nyes: no\n" \
           "date: 2020-01-01\nunicode: ünï ✓\n---\n"
    ada.commit(repo, add("README.md", card.encode())).ok()
    data = ada.info(repo)["cardData"]
    assert data["model-index"] == [{"name": "a", "results": []}]
    assert data["unicode"] == "ünï ✓" and isinstance(json.dumps(data), str)
