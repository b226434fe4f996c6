"""Repositories from elsewhere: over git from another hub or a plain server, or from a folder."""

import base64
import json
import random
import subprocess
import time
from pathlib import Path

import pytest
from conftest import ADA, ADA_READ, BOB, running
from git_server import GitServer
from git_work import Work, git_env, git_url
from wire import Wire, add, api_of, large, pointer, sha256

WEIGHTS = random.Random(5).randbytes(700_000)
MORE = random.Random(6).randbytes(900_000)
WAIT_SECONDS_MAX = 60


@pytest.fixture
def target(folder, new_database, request):
    """A hub that may ask 127.0.0.1, and nothing else of this machine."""
    name = "".join(c if c.isalnum() else "-" for c in request.node.name)[:40]
    with running(folder / f"to-{name}", database=new_database(),
                 CAIRN_OUTBOUND_ALLOWED="127.0.0.1") as server:
        yield server


@pytest.fixture
def server(tmp_path):
    with GitServer(tmp_path / "served") as serving:
        yield serving


def git(*arguments, cwd=None):
    done = subprocess.run(["git", *map(str, arguments)], cwd=cwd, env=git_env("/nonexistent"),
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def make_source(folder, files, branch="main"):
    """A bare repository with one commit of these files, a second on a branch, and tags."""
    work = folder.parent / (folder.name + ".work")
    git("init", "-q", "-b", branch, work)
    for path, content in files.items():
        (work / path).parent.mkdir(parents=True, exist_ok=True)
        (work / path).write_bytes(content)
    git("add", "-A", cwd=work)
    git("commit", "-q", "-m", "First", cwd=work)
    git("tag", "-a", "-m", "one", "v1", cwd=work)
    git("checkout", "-q", "-b", "dev", cwd=work)
    (work / "dev.txt").write_text("dev\n")
    git("add", "-A", cwd=work)
    git("commit", "-q", "-m", "Second", cwd=work)
    git("checkout", "-q", branch, cwd=work)
    git("clone", "-q", "--bare", work, folder)
    return work


def served(server, files, name="lab/bert", **more):
    folder = server.folder / f"{name}.git"
    folder.parent.mkdir(parents=True, exist_ok=True)
    make_source(folder, files, **more)
    return folder


def start(hub, who=BOB, **body):
    return Wire(hub.url, who).post("/api/-/v1/imports", body)


def look(hub, import_, token=BOB):
    return Wire(hub.url, token).get(f"/api/-/v1/imports/{import_['id']}").ok().json


def wait(hub, import_, until=("done", "failed", "cancelled"), token=BOB, when=None):
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while True:
        now = look(hub, import_, token)
        if (when(now) if when else now["state"] in until):
            return now
        assert time.monotonic() < deadline, f"{now}\n{hub.log_tail()}"
        time.sleep(0.05)


def imported(hub, who=BOB, **body):
    answer = start(hub, who, **body)
    assert answer.status == 202, repr(answer)
    done = wait(hub, answer.json, token=who)
    assert done["state"] == "done", f"{done}\n{hub.log_tail()}"
    return done


def refs_of(url):
    return dict(reversed(line.split("\t")) for line in git("ls-remote", url).splitlines()
                if "\tHEAD" not in line)


def download(hub, name, path, token=BOB):
    answer = Wire(hub.url, token).get(f"/{name}/resolve/main/{path}")
    if answer.status == 302:
        answer = Wire(hub.url).get(answer["Location"].removeprefix(hub.url))
    return answer.ok().body


@pytest.mark.both_engines
def test_a_private_repository_of_another_hub_comes_with_all_it_has(hub, ada, repo_id, target):
    ada.create(repo_id, private=True)
    uploaded = ada.upload_large(repo_id, WEIGHTS)
    ada.commit(repo_id, add("README.md", b"---\nlicense: mit\n---\n# Bert\n"),
               large("deep/model.bin", uploaded)).ok()
    ada.post(f"{api_of(repo_id)}/branch/dev", {}).ok()
    ada.commit(repo_id, add("dev.txt"), rev="dev").ok()
    ada.post(f"{api_of(repo_id)}/tag/main", {"tag": "v1", "message": "one"}).ok()
    ada.commit(repo_id, add("asked.txt"), create_pr=True, rev="main?create_pr=1")
    source = refs_of(git_url(hub, repo_id))

    refused = start(target, url=f"{hub.url}/{repo_id}", name="bob/bert")
    assert (refused.status, refused["X-Error-Code"]) == (403, "SourceNeedsToken"), repr(refused)
    done = imported(target, url=f"{hub.url}/{repo_id}", name="bob/bert", token=ADA_READ)
    assert done["largeFiles"] == {"done": 1, "total": 1, "bytesDone": len(WEIGHTS),
                                  "bytesTotal": len(WEIGHTS)}
    assert done["repo"] == {"type": "model", "name": "bob/bert"}
    assert done["objects"]["done"] == done["objects"]["total"] > 5
    assert done["bytesReceived"] > 500 and "finishedAt" in done and "error" not in done

    here = refs_of(git_url(target, "bob/bert", BOB, "bob"))
    assert here == {n: v for n, v in source.items() if not n.startswith("refs/pr/")}
    assert download(target, "bob/bert", "deep/model.bin") == WEIGHTS
    info = Wire(target.url, BOB).info("bob/bert")
    assert info["private"] and info["cardData"] == {"license": "mit"}
    log = target.log_path.read_text()
    assert ADA_READ not in log and base64.b64encode(ADA_READ.encode()).decode()[:20] not in log


def test_a_plain_server_and_its_other_default_branch(server, target):
    server.add(WEIGHTS)
    source = served(server, {"a.txt": b"a\n", "model.bin": pointer(WEIGHTS)}, branch="master")
    done = imported(target, url=f"{server.url}/lab/bert")
    assert done["repo"]["name"] == "bob/bert", "the source's own name"
    assert any("master" in note for note in done["notes"]), done
    here = refs_of(git_url(target, "bob/bert", BOB, "bob"))
    there = refs_of(source)
    assert here == {**there, "refs/heads/main": there["refs/heads/master"]}
    assert download(target, "bob/bert", "model.bin") == WEIGHTS
    assert not Wire(target.url, BOB).info("bob/bert")["private"]
    # Its clone is a whole one, and the next push goes on.
    work = Work.clone(target, "bob/bert", target.data.parent / f"clone-{time.monotonic_ns()}", BOB)
    assert "dangling" not in work("fsck", "--strict")
    work.commit({"b.txt": "b\n"})
    work.push("origin", "HEAD:main")


def test_a_password_and_a_move_within_the_source(server, target):
    served(server, {"a.txt": b"a\n"}, name="new/bert")
    server.moved["/old/bert"] = f"{server.url}/new/bert"
    server.token = "Basic " + base64.b64encode(b"ada:secret").decode()
    assert start(target, url=f"{server.url}/old/bert", token="wrong")["X-Error-Code"] == \
        "SourceNeedsToken"
    done = imported(target, url=f"{server.url}/old/bert", token="secret", username="ada")
    assert done["repo"]["name"] == "bob/bert"
    assert set(server.passwords) >= {server.token}


def test_a_token_goes_to_no_other_server(server, target, tmp_path):
    with GitServer(tmp_path / "other") as other:
        served(other, {"a.txt": b"a\n"})
        server.moved["/lab/bert"] = f"{other.url}/lab/bert"
        refused = start(target, url=f"{server.url}/lab/bert", token="secret")
        assert refused.status == 400 and other.url in refused.json["error"], repr(refused)
        assert not other.passwords
        imported(target, url=f"{server.url}/lab/bert")  # Without one it is followed.


def test_a_folder_with_its_large_files(target, tmp_path):
    source = tmp_path / "bert.git"
    make_source(source, {"model.bin": pointer(WEIGHTS), "a.txt": b"a\n"})
    digest = sha256(WEIGHTS)
    missing = target.run("admin", "repo", "import", source, "--name", "bob/bert", check=False)
    assert missing.returncode == 1 and digest in missing.stderr and "lfs fetch" in missing.stderr
    kept = source / "lfs/objects" / digest[:2] / digest[2:4] / digest
    kept.parent.mkdir(parents=True)
    kept.write_bytes(WEIGHTS)
    # The same again goes on with the repository that is there.
    done = target.run("admin", "repo", "import", source, "--name", "bob/bert")
    assert "Imported model bob/bert." in done.stdout
    assert refs_of(git_url(target, "bob/bert", BOB, "bob")) == refs_of(source)
    assert download(target, "bob/bert", "model.bin") == WEIGHTS

    # Without a running hub the command does the work itself; a working folder is as good.
    target.stop()
    work = tmp_path / "bert.git.work"
    report = json.loads(target.run("admin", "repo", "import", work, "--name", "crew/words",
                                   "--type", "dataset", "--json", check=False).stdout)
    assert report["state"] == "failed" and report["error"]["code"] == "LargeFilesMissing", report
    there = work / ".git/lfs/objects" / digest[:2] / digest[2:4] / digest
    there.parent.mkdir(parents=True)
    there.write_bytes(WEIGHTS)
    report = json.loads(target.run("admin", "repo", "import", work, "--name", "crew/words",
                                   "--type", "dataset", "--json").stdout)
    assert report["state"] == "done", report
    target.start()
    assert Wire(target.url, ADA).paths("crew/words", kind="dataset") == ["a.txt", "model.bin"]


def test_folders_are_for_the_command_line_alone(target, tmp_path):
    make_source(tmp_path / "bert.git", {"a.txt": b"a\n"})
    for url in (f"file://{tmp_path}/bert.git", str(tmp_path / "bert.git"), "ext::sh -c id",
                "ssh://git@127.0.0.1/x/y", "git://127.0.0.1/x", "http://u:p@127.0.0.1/x/y",
                "https://host", "http://127.0.0.1/a/../b", ""):
        answer = start(target, url=url, name="bob/never")
        assert (answer.status, answer["X-Error-Code"]) == (400, "InvalidSource"), f"{url}: {answer}"
    assert start(target, BOB, url="x", path=str(tmp_path / "bert.git")).status == 400
    for path in (tmp_path, tmp_path / "nothing"):
        no = target.run("admin", "repo", "import", path, "--name", "bob/never", check=False)
        assert no.returncode == 1 and "no git repository" in no.stderr, no
    shallow = tmp_path / "shallow"
    git("clone", "-q", "--depth", "1", f"file://{tmp_path}/bert.git", shallow)
    no = target.run("admin", "repo", "import", shallow, "--name", "bob/never", check=False)
    assert no.returncode == 1 and "unshallow" in no.stderr, no
    assert Wire(target.url, BOB).get("/api/models/bob/never").status == 404


@pytest.mark.parametrize("url", [
    "http://127.0.0.2:{port}/lab/bert", "https://localhost.localdomain/x/y", "https://[::1]/x/y",
    "https://10.1.2.3/x/y", "https://169.254.169.254/latest/meta-data", "https://2130706434/x/y"])
def test_no_address_of_the_inside_is_asked(server, target, url):
    served(server, {"a.txt": b"a\n"})
    answer = start(target, url=url.format(port=server.http.server_port), name="bob/never")
    if "localdomain" in url:  # Only where the machine's names know it.
        assert answer["X-Error-Code"] in ("AddressRefused", "SourceUnavailable")
    else:
        assert (answer.status, answer["X-Error-Code"]) == (403, "AddressRefused"), repr(answer)
        assert "private network" in answer.json["error"]
    assert Wire(target.url, BOB).get("/api/models/bob/never").status == 404


def test_no_address_of_the_inside_is_reached_in_a_roundabout_way(server, target):
    """By a redirect, and by where the source says that a large file is."""
    server.add(WEIGHTS)
    served(server, {"model.bin": pointer(WEIGHTS)})
    inside = f"http://127.0.0.2:{server.http.server_port}"
    server.moved["/elsewhere"] = f"{inside}/lab/bert"
    assert start(target, url=f"{server.url}/elsewhere", name="bob/never")["X-Error-Code"] == \
        "AddressRefused"
    server.lfs_href = inside
    begun = start(target, url=f"{server.url}/lab/bert").ok().json
    done = wait(target, begun)
    assert (done["state"], done["error"]["code"]) == ("failed", "AddressRefused"), done


@pytest.mark.both_engines
def test_a_kill_in_the_middle_costs_what_was_in_the_air(server, target):
    first, second = sorted([WEIGHTS, MORE], key=sha256)
    for content in (first, second):
        server.add(content)
    served(server, {"1.bin": pointer(WEIGHTS), "2.bin": pointer(MORE),
                    "noise.txt": random.Random(1).randbytes(300_000)})
    for content in (first, second):
        server.hold_at[sha256(content)] = 200_000
    begun = start(target, url=f"{server.url}/lab/bert").ok().json
    assert server.held.wait(WAIT_SECONDS_MAX)
    seen = wait(target, begun, when=lambda i: i["largeFiles"]["bytesDone"] >= 200_000)
    assert seen["state"] == "running" and seen["phase"] == "large_files", seen
    assert seen["largeFiles"]["bytesTotal"] == len(WEIGHTS) + len(MORE)
    target.kill()
    server.release.set()
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while not [a for a in server.asked if a[1].startswith("/objects/")]:
        assert time.monotonic() < deadline, "the answer that was held back never ended"
        time.sleep(0.05)
    packs = [a for a in server.asked if a[1].endswith("git-upload-pack")]
    server.asked.clear()

    target.start()
    done = wait_long(target, begun)  # PostgreSQL: other nodes may live, so the lease ends first.
    assert done["state"] == "done", f"{done}\n{target.log_tail()}"
    larges = [a for a in server.asked if a[1].startswith("/objects/")]
    assert len(larges) == 2 and [a for a in larges if a[2]], f"the beginning was sent again: {larges}"
    again = [a for a in server.asked if a[1].endswith("git-upload-pack")]
    assert len(again) < len(packs), f"the history was fetched again: {again}"
    for name, content in (("1.bin", WEIGHTS), ("2.bin", MORE)):
        assert download(target, "bob/bert", name) == content
    assert not list((target.data / "cache/imports").iterdir()), "something is left on the disk"


def wait_long(hub, import_):
    deadline = time.monotonic() + 120
    while (now := look(hub, import_))["state"] in ("waiting", "running"):
        assert time.monotonic() < deadline, f"{now}\n{hub.log_tail()}"
        time.sleep(0.2)
    return now


def held(server, target, byte=1000):
    """An import that waits in the middle of its large file, until `server.release`."""
    server.hold_at[sha256(WEIGHTS)] = byte
    begun = start(target, url=f"{server.url}/lab/bert").ok().json
    assert server.held.wait(WAIT_SECONDS_MAX)
    return begun


def test_a_restart_goes_on_at_once(server, target):
    server.add(WEIGHTS)
    served(server, {"1.bin": pointer(WEIGHTS)})
    begun = held(server, target, 100_000)
    target.stop()
    server.release.set()
    target.start()
    assert wait(target, begun)["state"] == "done"
    assert download(target, "bob/bert", "1.bin") == WEIGHTS


def test_no_secret_is_in_an_argument_vector_while_git_runs(server, target):
    served(server, {"noise.txt": random.Random(1).randbytes(300_000)})
    server.token = "Basic " + base64.b64encode(b"x-access-token:verysecret").decode()
    server.hold_at["pack"] = 1000
    begun = start(target, url=f"{server.url}/lab/bert", token="verysecret").ok().json
    assert server.held.wait(WAIT_SECONDS_MAX)
    lines = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline")
             if readable(path)]
    commands = [line for line in lines if b"fetch" in line and server.url.encode() in line]
    assert commands, "git does not run"
    encoded = server.token.split()[1].encode()
    assert not [line for line in lines if b"verysecret" in line or encoded in line]
    server.release.set()
    assert wait(target, begun)["state"] == "done"
    assert "verysecret" not in target.log_path.read_text()


def readable(path):
    try:
        return bool(path.read_bytes())
    except OSError:
        return False


def test_who_may_not_and_what_is_taken(server, target, bob):
    served(server, {"a.txt": b"a\n"})
    url = f"{server.url}/lab/bert"
    assert start(target, None, url=url).status == 401
    assert start(target, ADA_READ, url=url).status == 403
    # Bob only reads in the organization.
    assert start(target, BOB, url=url, name="crew/bert").status == 403
    begun = start(target, BOB, url=url).ok().json
    assert wait(target, begun)["state"] == "done"
    taken = start(target, BOB, url=url)
    assert (taken.status, taken["X-Error-Code"]) == (409, "RepoExists"), repr(taken)
    assert start(target, BOB, url=url, name="-x").status == 400
    assert start(target, BOB, url=url, name="x", type="kernel").status == 400
    assert start(target, BOB, url=f"{server.url}/lab/nothing")["X-Error-Code"] == "SourceNotFound"
    # Another's import does not exist.
    assert Wire(target.url, ADA).get(f"/api/-/v1/imports/{begun['id']}").status == 404
    assert Wire(target.url, ADA)("DELETE", f"/api/-/v1/imports/{begun['id']}").status == 404
    assert [i["id"] for i in Wire(target.url, BOB).get("/api/-/v1/imports").json["items"]] == \
        [begun["id"]]
    assert Wire(target.url, BOB)("DELETE", f"/api/-/v1/imports/{begun['id']}").status == 204
    assert Wire(target.url, BOB).get("/api/-/v1/imports").json["items"] == []


@pytest.mark.parametrize("setting,code,words", [
    ("CAIRN_PUSH_FILE_BYTES_MAX", "ImportRefused", "git lfs track"),
    ("CAIRN_PUSH_BYTES_MAX", "PackTooLarge", "An import brings at most"),
    ("CAIRN_LFS_OBJECT_BYTES_MAX", "FileTooLarge", "takes files up to"),
])
def test_limits_of_a_push_are_limits_of_an_import(server, target, setting, code, words):
    least = {"CAIRN_PUSH_FILE_BYTES_MAX": 100_000}.get(setting, 1 << 20)
    huge = random.Random(2).randbytes(2 << 20)
    target.stop()
    target.env[setting] = str(least)
    target.start()
    server.add(huge)
    content = pointer(huge) if "LFS" in setting else huge
    served(server, {"huge.dat": content})
    begun = start(target, url=f"{server.url}/lab/bert").ok().json
    done = wait(target, begun)
    assert (done["state"], done["error"]["code"]) == ("failed", code), done
    assert words in done["error"]["message"], done
    assert Wire(target.url, BOB).paths("bob/bert") == [".gitattributes"], "something came in"


def test_what_the_source_sends_is_what_it_says(server, target):
    digest = server.add(WEIGHTS)
    server.objects[digest] = WEIGHTS[:-1] + b"?"
    served(server, {"model.bin": pointer(WEIGHTS), "gone.bin": pointer(MORE)})
    begun = start(target, url=f"{server.url}/lab/bert").ok().json
    done = wait(target, begun)
    assert (done["state"], done["error"]["code"]) == ("failed", "SourceSentOther"), done
    server.objects[digest] = WEIGHTS
    again = start(target, url=f"{server.url}/lab/bert").ok().json
    assert again["id"] == begun["id"], "the same import goes on"
    done = wait(target, again)
    assert done["error"]["code"] == "LargeFilesMissing" and sha256(MORE) in done["error"]["message"]
    server.add(MORE)
    done = wait(target, start(target, url=f"{server.url}/lab/bert").ok().json)
    assert done["state"] == "done" and "error" not in done, done
    assert len([a for a in server.asked if digest in a[1]]) == 2, "what was here was fetched again"


def test_a_cancelled_import_ends_and_goes_on_when_asked(server, target):
    server.add(WEIGHTS)
    served(server, {"model.bin": pointer(WEIGHTS)})
    begun = held(server, target)
    second = start(target, url=f"{server.url}/lab/bert")
    assert (second.status, second["X-Error-Code"]) == (409, "ImportRunning")
    assert Wire(target.url, BOB)("DELETE", f"/api/-/v1/imports/{begun['id']}").status == 204
    assert look(target, begun)["state"] == "cancelled"
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while list((target.data / "cache/imports").iterdir()):
        assert time.monotonic() < deadline, "it goes on"
        time.sleep(0.05)
    server.release.set()
    assert imported(target, url=f"{server.url}/lab/bert")["id"] == begun["id"]


def test_nothing_that_somebody_made_meanwhile_is_replaced(server, target):
    server.add(WEIGHTS)
    served(server, {"model.bin": pointer(WEIGHTS)})
    begun = held(server, target)
    bob = Wire(target.url, BOB)
    bob.commit("bob/bert", add("mine.txt")).ok()
    server.release.set()
    done = wait(target, begun)
    assert (done["state"], done["error"]["code"]) == ("failed", "ImportConflict"), done
    assert "mine.txt" in bob.paths("bob/bert")


def test_a_repository_that_goes_takes_its_import_along(server, target):
    server.add(WEIGHTS)
    served(server, {"model.bin": pointer(WEIGHTS)})
    begun = held(server, target)
    bob = Wire(target.url, BOB)
    bob("DELETE", "/api/repos/delete", json_body={"name": "bert", "type": "model"}).ok()
    server.release.set()
    assert wait(target, begun)["state"] == "failed"


def test_an_empty_source_is_an_empty_repository(server, target):
    git("init", "-q", "--bare", server.folder / "lab/empty.git")
    done = imported(target, url=f"{server.url}/lab/empty.git")
    assert done["notes"] == ["The source is empty."]
    assert done["repo"]["name"] == "bob/empty"
