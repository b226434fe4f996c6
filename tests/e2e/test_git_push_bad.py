"""What a push may not be: broken requests and packs, forbidden objects, and more than the limits."""

import base64
import gzip
import re
import socket
import struct
import time
import zlib

import pytest
from conftest import ADA, BOB
from git_wire import (RECEIVE, ZERO, Report, commands, commit_of, entry, entry_head, name_of,
                      pack_of, packets, pkt, push_objects, send, simple, tree_of)
from git_work import Work
from wire import Wire

pytestmark = pytest.mark.both_engines

def head(ada, repo, branch="main"):
    refs = ada.get(f"/api/models/{repo}/refs").ok().json
    return next((b["targetCommit"] for b in refs["branches"] if b["name"] == branch), None)


def test_push_made_by_hand_is_taken(ada, repo):
    objects, tip = simple()
    report = push_objects(ada, repo, *objects, tip=tip)
    assert report.unpack == "ok" and report.refs == {"refs/heads/x": "ok refs/heads/x"}, report
    assert head(ada, repo, "x") == tip


def test_gzip_bodies_are_read(ada, repo):
    objects, tip = simple()
    pack = pack_of([entry(kind, content) for kind, content in objects])
    body = gzip.compress(commands((ZERO, tip, "refs/heads/x")) + pack)
    report = Report(send(ada, repo, body, **{"Content-Encoding": "gzip"}))
    assert report.unpack == "ok", report
    # A body that ends early inside its coding is an error, and nothing of it is there.
    objects, tip = simple(content=b"other")
    pack = pack_of([entry(kind, content) for kind, content in objects])
    body = gzip.compress(commands((ZERO, tip, "refs/heads/y")) + pack)
    assert send(ada, repo, body[:-20], **{"Content-Encoding": "gzip"}).status == 400
    assert head(ada, repo, "y") is None


def test_asking_with_nothing_is_how_git_tries_its_credentials(ada, bob, nobody, repo):
    assert send(ada, repo, b"0000").status == 200
    assert send(bob, repo, b"0000").status == 403
    answer = send(nobody, repo, b"0000")
    assert answer.status == 401
    assert answer["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.parametrize("body", [
    b"", b"00", b"zzzz", b"0003", b"0001", b"0005", b"fffe", b"0009hello0000",
    pkt("hello") + b"0000", pkt(f"{ZERO} {ZERO}") + b"0000",
    pkt(f"{'g' * 40} {ZERO} refs/heads/x") + b"0000",
    pkt("push-cert\0report-status"),
])
def test_what_is_no_request_is_refused(ada, repo, body):
    before = head(ada, repo)
    answer = send(ada, repo, body)
    assert answer.status == 400, answer
    assert answer["Content-Type"].startswith("text/plain") and answer.body
    assert head(ada, repo) == before


@pytest.mark.parametrize("cut", [1, 11, 12, 13, 30, -1, -20, -21, -30])
def test_pack_that_is_cut_brings_nothing(ada, repo, cut):
    objects, tip = simple(content=b"x" * 3000)
    pack = pack_of([entry(kind, content) for kind, content in objects])
    report = Report(send(ada, repo, commands((ZERO, tip, "refs/heads/x")) + pack[:cut]))
    assert report.unpack not in (None, "ok"), report
    assert "unpacker error" in report.refs["refs/heads/x"]
    assert head(ada, repo, "x") is None
    # The client may do better at once.
    report = Report(send(ada, repo, commands((ZERO, tip, "refs/heads/x")) + pack))
    assert report.unpack == "ok", report


def test_garbage_for_a_pack_is_refused(ada, repo):
    _, tip = simple()
    good = pack_of([entry("blob", b"x")])
    for pack in (b"garbage" * 100, good[:-1] + b"\0", b"PACK" + struct.pack(">II", 9, 0), b"",
                 pack_of([entry("blob", b"x")], count=2), good + b"trailing",
                 pack_of([entry_head(3, 10) + zlib.compress(b"eleven byte")]),
                 pack_of([entry_head(0, 1) + zlib.compress(b"x")])):
        report = Report(send(ada, repo, commands((ZERO, tip, "refs/heads/x")) + pack))
        assert report.unpack != "ok", (pack[:40], report)
        assert head(ada, repo, "x") is None


def test_zlib_and_delta_bombs_do_not_unpack(hub, ada, repo):
    """A few KB that say they are gigabytes: refused by size, and the hub's memory stays."""
    zeros = zlib.compressobj(9)
    bomb = b"".join(zeros.compress(b"\0" * (1 << 20)) for _ in range(64)) + zeros.flush()
    blob = name_of("blob", b"\0" * (64 << 20))
    tree = tree_of(("100644", "bomb", blob))
    commit = commit_of(name_of("tree", tree))
    tip = name_of("commit", commit)
    pack = pack_of([entry("commit", commit), entry("tree", tree),
                    entry_head(3, 64 << 20) + bomb])
    report = Report(send(ada, repo, commands((ZERO, tip, "refs/heads/x")) + pack))
    assert report.refs["refs/heads/x"].startswith("ng") and "bomb" in report.words, report
    # A delta that copies 16 MB over and over: 8 GB from 60 KB.
    base = b"\0" * ((1 << 24) - 1)
    copy = bytes([0b11110000 | 0x80, 0xFF, 0xFF, 0xFF])
    size = len(base) * 512

    def varint(n):
        out = bytearray()
        while n > 127:
            out.append(n & 127 | 128)
            n >>= 7
        out.append(n)
        return bytes(out)

    delta = varint(len(base)) + varint(size) + copy * 512
    pack = pack_of([entry("blob", base),
                    entry_head(7, len(delta)) + bytes.fromhex(name_of("blob", base))
                    + zlib.compress(delta)])
    report = Report(send(ada, repo, commands((ZERO, tip, "refs/heads/x")) + pack))
    assert report.unpack != "ok", report
    assert head(ada, repo, "x") is None
    rss = int(re.search(r"VmHWM:\s+(\d+)", open(f"/proc/{hub.process.pid}/status").read())[1])
    assert rss < 1_500_000, f"the hub itself unpacked the bomb: {rss} kB"


@pytest.mark.parametrize("name, mode", [
    (".git", "100644"), (".GIT", "100644"), ("..", "40000"), (".", "100644"), ("a/b", "100644"),
    ("git~1", "100644"), (".g\u200cit", "100644"), ("back\\slash", "100644"),
    ("x" * 300, "100644"), ("new\nline", "100644"), (".gitmodules", "120000"),
    ("file", "000000"), ("file", "150000"),
])
def test_names_and_modes_that_git_or_a_checkout_would_misread(ada, repo, name, mode):
    objects, tip = simple(name=name, mode=mode)
    if mode == "40000":
        tree = tree_of((mode, name, name_of("tree", b"")))
        commit = commit_of(name_of("tree", tree))
        objects, tip = [("commit", commit), ("tree", tree), ("tree", b"")], name_of("commit", commit)
    report = push_objects(ada, repo, *objects, tip=tip)
    assert report.unpack != "ok" and report.words.startswith("error: "), report
    assert head(ada, repo, "x") is None


def test_name_that_is_not_utf8_says_which_folder(ada, repo):
    blob = name_of("blob", b"x")
    tree = b"100644 caf\xe9\0" + bytes.fromhex(blob)
    commit = commit_of(name_of("tree", tree))
    report = push_objects(ada, repo, ("commit", commit), ("tree", tree), ("blob", b"x"),
                          tip=name_of("commit", commit))
    assert "UTF-8" in report.unpack and "git filter-repo" in report.words, report


@pytest.mark.parametrize("modules", [
    '[submodule "a"]\n\tpath = a\n\turl = --upload-pack=touch /tmp/x\n',
    '[submodule "../../x"]\n\tpath = a\n\turl = https://hub.example/a\n',
    '[submodule "a"]\n\tpath = -a\n\turl = https://hub.example/a\n',
    '[submodule "a"]\n\tpath = a\n\turl = https://hub.example/a\n\tupdate = !touch x\n',
])
def test_submodules_that_would_run_commands_are_refused(ada, repo, modules):
    objects, tip = simple(name=".gitmodules", content=modules.encode())
    report = push_objects(ada, repo, *objects, tip=tip)
    assert report.unpack != "ok" and "gitmodules" in report.unpack, report


def test_objects_that_lack_what_they_name_are_refused(ada, repo):
    objects, tip = simple()
    for missing in ("tree", "blob"):
        sent = [o for o in objects if o[0] != missing]
        report = push_objects(ada, repo, *sent, tip=tip)
        assert report.unpack != "ok", (missing, report)
    # A parent that nobody has.
    blob, tree = objects[2], objects[1]
    commit = commit_of(name_of("tree", tree[1]), "a" * 40)
    report = push_objects(ada, repo, ("commit", commit), tree, blob, tip=name_of("commit", commit))
    assert report.unpack != "ok", report
    # A tip that was not sent.
    report = push_objects(ada, repo, *objects, tip="b" * 40)
    assert "was not sent" in report.refs["refs/heads/x"], report
    # A commit by name only, which a stranger's repository has.
    assert head(ada, repo, "x") is None


def test_knowing_an_id_is_not_having_the_object(hub, ada, bob, repo, repo_id):
    """A commit of another repository, and one that was force-pushed away, are not to be named."""
    bobs = f"bob/{repo_id.split('/')[1]}"
    bob.create(bobs)
    theirs = head(ada, repo)
    report = Report(send(bob, bobs, commands((ZERO, theirs, "refs/heads/x")) + pack_of([])))
    assert report.refs["refs/heads/x"].startswith("ng"), report
    objects, gone = simple(message="gone\n")
    assert push_objects(ada, repo, *objects, tip=gone).unpack == "ok"
    report = Report(send(ada, repo, commands((gone, ZERO, "refs/heads/x"))))
    assert report.refs == {"refs/heads/x": "ok refs/heads/x"}, report
    report = Report(send(ada, repo, commands((ZERO, gone, "refs/heads/y")) + pack_of([])))
    assert "was not sent" in report.refs["refs/heads/y"], report
    # Nor by a child of it.
    child = commit_of(name_of("tree", objects[1][1]), gone, message="child\n")
    report = push_objects(ada, repo, ("commit", child), tip=name_of("commit", child),
                          ref="refs/heads/y")
    assert report.unpack != "ok" and "does not have it" in report.words, report
    # As the base of a delta neither: git fetches bases from the repository by itself.
    commit = objects[0][1]
    delta = bytes([len(commit) & 127 | 128, len(commit) >> 7,
                   len(commit) & 127 | 128, len(commit) >> 7,
                   0b10110000, len(commit) & 255, len(commit) >> 8])
    thin = pack_of([entry_head(7, len(delta)) + bytes.fromhex(gone) + zlib.compress(delta)])
    report = Report(send(ada, repo, commands((ZERO, gone, "refs/heads/y")) + thin))
    assert report.refs["refs/heads/y"].startswith("ng"), report


@pytest.mark.parametrize("old, words", [
    ("a" * 40, "moved meanwhile"), (None, "moved meanwhile"), (ZERO, "moved meanwhile"),
])
def test_wrong_old_values_are_lost_races(ada, repo, old, words):
    objects, tip = simple()
    before = head(ada, repo)
    if old is None:
        old, ref = before, "refs/heads/none"
    else:
        ref = "refs/heads/main"
    report = push_objects(ada, repo, *objects, tip=tip, ref=ref, old=old)
    assert words in report.refs[ref], report
    assert head(ada, repo) == before


@pytest.mark.parametrize("ref", [
    "refs/heads/", "refs/heads/a..b", "refs/heads/a b", "refs/heads/.a", "refs/heads/a.lock",
    "refs/heads/a~1", "refs/heads/-a", "refs/heads/a//b", "refs/heads/@{x}", "HEAD", "main",
    "refs/heads/" + "x" * 600, "refs/../heads/x", "refs/heads/\u0001", "refs/tags/",
])
def test_refs_with_bad_names_are_refused(ada, repo, ref):
    objects, tip = simple()
    report = push_objects(ada, repo, *objects, tip=tip, ref=ref)
    assert len(report.refs) == 1 and all(r.startswith("ng") for r in report.refs.values()), report


def test_same_ref_twice_in_one_push_is_refused(ada, repo):
    objects, tip = simple()
    other, other_tip = simple(content=b"other")
    pack = pack_of([entry(*o) for o in [*objects, *other]])
    report = Report(send(ada, repo, commands((ZERO, tip, "refs/heads/x"),
                                             (ZERO, other_tip, "refs/heads/x")) + pack))
    assert "twice" in report.refs["refs/heads/x"], report
    assert head(ada, repo, "x") is None


def test_too_many_refs_are_refused_and_many_are_not(ada, repo):
    objects, tip = simple()
    pack = pack_of([entry(*o) for o in objects])
    many = [(ZERO, tip, f"refs/heads/n/{n}") for n in range(100_000)]
    report = Report(send(ada, repo, commands(*many) + pack))
    assert "at most 20000 refs" in report.fatal, report
    report = Report(send(ada, repo, commands(*many[:2500]) + pack))
    assert report.unpack == "ok" and len(report.refs) == 2500, report.unpack
    assert all(line.startswith("ok ") for line in report.refs.values())
    refs = ada.get(f"/api/models/{repo}/refs").ok().json
    assert len(refs["branches"]) == 2501
    atomic = "report-status atomic side-band-64k"
    report = Report(send(ada, repo, commands(
        *[(ZERO, tip, f"refs/heads/m/{n}") for n in range(501)], capabilities=atomic) + pack))
    assert all("atomic push moves at most 500" in line for line in report.refs.values())


def test_tag_of_a_tree_is_no_tag_here(ada, repo):
    objects, tip = simple()
    tree = name_of("tree", objects[1][1])
    tag = (f"object {tree}\ntype tree\ntag t\ntagger Ada <ada@hub.example> 1767322800 +0000\n\n"
           "x\n").encode()
    report = push_objects(ada, repo, *objects[1:], ("tag", tag), tip=name_of("tag", tag),
                          ref="refs/tags/t")
    assert "lead to commits" in report.refs["refs/tags/t"], report


def test_branch_is_not_a_tag_object(ada, repo):
    objects, tip = simple()
    tag = (f"object {tip}\ntype commit\ntag t\ntagger Ada <ada@hub.example> 1767322800 +0000\n\n"
           "x\n").encode()
    report = push_objects(ada, repo, *objects, ("tag", tag), tip=name_of("tag", tag))
    assert "not to a tag object" in report.refs["refs/heads/x"], report


def test_client_without_side_band_or_report_is_served(ada, repo):
    objects, tip = simple()
    pack = pack_of([entry(*o) for o in objects])
    answer = send(ada, repo, commands((ZERO, tip, "refs/heads/x"), capabilities="report-status") + pack)
    lines = [p.decode() for p in packets(answer.ok().body)]
    assert lines == ["unpack ok\n", "ok refs/heads/x\n"]
    answer = send(ada, repo, commands((tip, ZERO, "refs/heads/x"), capabilities="") + b"")
    assert answer.ok().body == b""
    assert head(ada, repo, "x") is None


def test_client_that_goes_away_leaves_nothing(hub, ada, repo):
    objects, tip = simple(content=b"y" * 100_000)
    pack = pack_of([entry(kind, content) for kind, content in objects])
    body = commands((ZERO, tip, "refs/heads/x")) + pack
    basic = base64.b64encode(f"ada:{ADA}".encode()).decode()
    for sent in (10, 200, len(body) - 5):
        with socket.create_connection(ada.address, timeout=30) as connection:
            connection.sendall(
                f"POST /{repo}.git/git-receive-pack HTTP/1.1\r\nHost: x\r\n"
                f"Authorization: Basic {basic}\r\nContent-Type: {RECEIVE}\r\n"
                f"Content-Length: {len(body)}\r\n\r\n".encode() + body[:sent])
    incoming = hub.data / "cache" / "incoming"
    for _ in range(200):
        if not incoming.exists() or not list(incoming.iterdir()):
            break
        time.sleep(0.05)
    assert not incoming.exists() or not list(incoming.iterdir())
    assert head(ada, repo, "x") is None


def test_strangers_token_and_form_of_credentials(hub, repo):
    for user in ("ada", "x-access-token", "anything"):
        basic = base64.b64encode(f"{user}:{ADA}".encode()).decode()
        who = Wire(hub.url)
        answer = who.get(f"/{repo}.git/info/refs?service=git-receive-pack",
                         Authorization=f"Basic {basic}")
        assert answer.status == 200, answer
        assert answer["Content-Type"] == "application/x-git-receive-pack-advertisement"
        assert answer["Cache-Control"].startswith("no-cache")
    bob = Wire(hub.url, BOB).get(f"/{repo}.git/info/refs?service=git-receive-pack")
    assert bob.status == 403 and bob["Content-Type"].startswith("text/plain")


def test_real_git_shows_the_words_of_a_refusal(hub, ada, repo, tmp_path):
    work = Work.clone(hub, repo, tmp_path / "work")
    work.write("back\\slash", "x")
    work.run("add", "-A")
    work.run("commit", "-q", "-m", "bad name")
    done = work.push(check=False)
    assert done.code == 1, done
    assert "remote: error: The push has a file that this hub cannot serve" in done.err, done
