"""The operator's commands: while the hub runs and while it does not, and what they bring in."""

import fcntl
import json
import os
import pty
import re
import subprocess
import time

import pytest
from cairn import PROGRAM, SANITIZED, Cairn
from conftest import ADA, KEEPER
from huggingface_hub import HfApi
from wire import Wire, add, api_of, raw


def command(*arguments, stdin="", env=None, cwd="/"):
    return subprocess.run([PROGRAM, *map(str, arguments)], env={"PATH": os.environ["PATH"], **(env or {})},
                          cwd=cwd, input=stdin, capture_output=True, text=True, timeout=120)


@pytest.fixture(params=["running", "stopped"])
def either_hub(own_hub, request):
    """The same commands must do the same through the socket and without a server."""
    if request.param == "stopped":
        own_hub.stop()
    return own_hub


# ---- People --------------------------------------------------------------------------------------


@pytest.mark.both_engines
def test_users_and_organizations_are_made_listed_and_stopped(either_hub):
    run = either_hub.run
    made = json.loads(run("admin", "user", "create", "zoe", "--email", "zoe@hub.example", "--json").stdout)
    assert made["name"] == "zoe" and re.fullmatch("[0-9a-f]{24}", made["id"])
    run("admin", "org", "create", "band", "--first-member", "zoe", "--fullname", "The Band")
    table = run("admin", "user", "list").stdout.splitlines()
    assert table[0].split()[:2] == ["NAME", "STATE"]
    [row] = [line for line in table if line.startswith("zoe ")]
    assert "active" in row and "zoe@hub.example" in row
    run("admin", "user", "disable", "zoe")
    users = json.loads(run("admin", "user", "list", "--json").stdout)
    assert {u["name"]: u["state"] for u in users}["zoe"] == "disabled"
    run("admin", "user", "enable", "zoe")
    run("admin", "user", "delete", "zoe", "--yes")
    assert "zoe" not in run("admin", "user", "list").stdout
    run("admin", "user", "restore", "zoe")
    assert "zoe" in run("admin", "user", "list").stdout
    assert "band" in run("admin", "org", "list").stdout
    assert json.loads(run("admin", "stats", "--json").stdout)["organizations"] >= 2


@pytest.mark.both_engines
def test_a_token_stands_alone_on_standard_output_and_works(either_hub):
    done = either_hub.run("admin", "user", "token", "bob", "--name", "laptop", "--role", "read")
    assert re.fullmatch(r"hf_[A-Za-z0-9]{34}\n", done.stdout)
    assert "laptop" in done.stderr and done.stdout.strip() not in done.stderr
    given = "hf_" + "given".ljust(34, "7")
    again = either_hub.run("admin", "user", "token", "bob", "--value-stdin", stdin=given + "\n")
    assert again.stdout == given + "\n"
    if either_hub.process is None:
        either_hub.start()
    for value, role in ((done.stdout.strip(), "read"), (given, "write")):
        me = Wire(either_hub.url, value).get("/api/whoami-v2").ok().json
        assert (me["name"], me["auth"]["accessToken"]["role"]) == ("bob", role)


def test_secrets_come_by_standard_input_and_never_reach_the_log(own_hub):
    secret = "correct horse battery staple"
    own_hub.run("admin", "user", "create", "eve", "--password-stdin", stdin=secret + "\n")
    own_hub.run("admin", "user", "password", "ada", stdin=secret + "\n")
    users = {u["name"]: u for u in json.loads(own_hub.run("admin", "user", "list", "--json").stdout)}
    assert users["eve"]["password"] and users["ada"]["password"] and not users["bob"]["password"]
    assert secret not in own_hub.log_path.read_text()
    assert own_hub.run("admin", "user", "password", "ada", check=False).returncode == 2
    short = own_hub.run("admin", "user", "password", "ada", stdin="x\n", check=False)
    assert short.returncode == 1 and short.stderr.startswith("cairn: ")


def test_exit_codes_tell_failed_from_wrong_usage_not_found_and_refused(own_hub):
    def code(*arguments, **more):
        done = own_hub.run(*arguments, check=False, **more)
        assert done.returncode == 0 or done.stderr
        return done.returncode

    assert code("admin", "user", "list") == 0
    assert code("admin", "user", "create", "ada") == 1
    assert code("admin", "user", "create", "-x") == 2
    assert code("admin", "user", "token", "ghost") == 3
    assert code("admin", "repo", "delete", "ada/ghost", "--yes") == 3
    assert code("admin", "repo", "delete", "ghost", "--yes") == 2
    assert code("admin", "work", "retry") == 2
    assert code("admin", "work", "retry", "123456") == 3
    assert code("admin", "user", "delete", "ada") == 2, "without a terminal it needs --yes"
    assert "ada" in own_hub.run("admin", "user", "list").stdout


def test_without_a_hub_in_the_folder_there_is_nothing_to_ask(tmp_path):
    done = command("admin", "user", "list", "--data", tmp_path / "nothing")
    assert done.returncode == 3 and "--data" in done.stderr
    assert not (tmp_path / "nothing").exists()


def test_apply_makes_the_world_before_the_first_start(folder):
    hub = Cairn(folder / "applied-first")
    value = "hf_" + "first".ljust(34, "5")
    hub.apply({"users": [{"name": "ann", "admin": True,
                          "tokens": [{"name": "t", "value": value, "role": "write"}]}]})
    hub.start()
    try:
        assert Wire(hub.url, value).get("/api/whoami-v2").ok().json["name"] == "ann"
        assert not (hub.data / "first-run.txt").exists()
        hub.stop()
    finally:
        hub.end()


@pytest.mark.slow
def test_a_process_that_has_the_folder_and_does_not_answer_is_named(own_hub):
    own_hub.stop()
    with (own_hub.data / "lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = own_hub.run("admin", "user", "list", check=False)
    assert done.returncode == 1 and "admin.sock" in done.stderr


def test_a_command_waits_for_a_hub_that_is_starting(own_hub):
    own_hub.stop()
    with (own_hub.data / "lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        asked = subprocess.Popen([PROGRAM, "admin", "user", "list", "--data", own_hub.data], env=own_hub.env,
                                 stdout=subprocess.PIPE, text=True)
        time.sleep(0.3)  # Long enough for its first look at the lock; a later first look passes too.
        assert asked.poll() is None
    assert "ada" in asked.communicate(timeout=30)[0] and asked.returncode == 0


# ---- Repositories --------------------------------------------------------------------------------


@pytest.mark.both_engines
def test_a_deleted_repository_comes_back_by_its_name(own_hub):
    ada = Wire(own_hub.url, ADA)
    ada.create("ada/bert")
    ada.create("ada/words", kind="dataset")
    own_hub.run("admin", "repo", "delete", "ada/bert", "--yes")
    own_hub.run("admin", "repo", "delete", "ada/words", "--type", "dataset", "--yes")
    assert ada.get(api_of("ada/bert")).status == 404
    assert own_hub.run("admin", "repo", "list", "--json").stdout == "[]\n"
    gone = json.loads(own_hub.run("admin", "repo", "list", "--deleted", "--json").stdout)
    assert {(r["type"], r["name"]) for r in gone} == {("model", "ada/bert"), ("dataset", "ada/words")}
    own_hub.run("admin", "repo", "restore", "ada/bert")
    [words] = [r["id"] for r in gone if r["type"] == "dataset"]
    own_hub.run("admin", "repo", "restore", words, "--as", "words-2")
    assert ada.get(api_of("ada/bert")).status == 200
    assert ada.get(api_of("ada/words-2", "dataset")).status == 200
    assert own_hub.run("admin", "repo", "restore", "ada/ghost", check=False).returncode == 3


def test_lists_longer_than_a_page_are_whole(own_hub):
    users = [{"name": f"user{n:04}"} for n in range(1100)]
    # In one transaction, which has 250 ms; several where all is slow.
    step = 100 if SANITIZED else len(users)
    for at in range(0, len(users), step):
        own_hub.apply({"users": users[at:at + step]})
    listed = json.loads(own_hub.run("admin", "user", "list", "--json").stdout)
    names = [u["name"] for u in listed]
    assert len(names) == len(set(names)) and {u["name"] for u in users} <= set(names)


@pytest.mark.both_engines
def test_example_repositories_come_and_go(either_hub):
    first = json.loads(either_hub.run("admin", "examples", "add", "--json").stdout)["repositories"]
    assert [r["state"] for r in first] == ["added"] * 3
    again = json.loads(either_hub.run("admin", "examples", "add", "--json").stdout)["repositories"]
    assert [r["state"] for r in again] == ["present"] * 3
    assert "fsck: 3 repositories, 0 errors" in either_hub.run("fsck").stdout
    removed = either_hub.run("admin", "examples", "remove").stdout
    assert removed.count(": removed") == 3
    assert either_hub.run("admin", "examples", "remove").stdout.count(": missing") == 3
    either_hub.run("admin", "examples", "add")


def test_the_examples_are_what_their_cards_say(own_hub, tmp_path):
    own_hub.run("admin", "examples", "add")
    api = HfApi(endpoint=own_hub.url, token=False)
    model = api.model_info("examples/celsius-to-fahrenheit")
    assert model.library_name == "numpy" and model.pipeline_tag == "tabular-regression"
    assert "license:apache-2.0" in model.tags and "dataset:examples/greetings" in model.tags
    raw = open(api.hf_hub_download("examples/celsius-to-fahrenheit", "model.safetensors", revision="v1",
                                   cache_dir=tmp_path), "rb").read()
    length = int.from_bytes(raw[:8], "little")
    assert set(json.loads(raw[8:8 + length])) == {"__metadata__", "linear.weight", "linear.bias"}
    rows = open(api.hf_hub_download("examples/greetings", "data/greetings.jsonl", repo_type="dataset",
                                    cache_dir=tmp_path), encoding="utf-8").read().splitlines()
    assert {json.loads(row)["script"] for row in rows} >= {"Arab", "Hebr", "Jpan", "Thai"}
    page = Wire(own_hub.url).get("/spaces/examples/thermometer/resolve/main/index.html").ok()
    assert b"Thermometer" in page.body
    assert api.space_info("examples/thermometer").sdk == "static"


# ---- Over the network ----------------------------------------------------------------------------


def test_over_the_network_administrators_do_what_does_not_touch_the_machine(hub, ada, nobody):
    at = "/api/-/v1/admin"
    keeper = Wire(hub.url, KEEPER)
    listed = keeper.get(f"{at}/users").ok().json["items"]
    assert "ada" in [u["name"] for u in listed]
    assert "kind" in keeper.get(f"{at}/work").ok().json["items"][0]
    for who, status in ((ada, 403), (nobody, 401)):
        for path in ("users", "organizations", "repos", "stats", "work"):
            assert who.get(f"{at}/{path}").status == status, path
        for path in ("users", "examples/add", "examples/remove", "work/retry"):
            assert who.post(f"{at}/{path}", {"name": "mallory"}).status == status, path
    for path, body in (("import-cache", {"path": "/etc"}), ("backup?path=/tmp/x", {}), ("fsck", {}),
                       ("gc", {}), ("apply", {"users": []})):
        assert keeper.post(f"{at}/{path}", body).status == 403, path
    given = {"name": "t", "value": "hf_" + "x" * 34}
    assert keeper.post(f"{at}/users/ada/tokens", given).status == 403


def test_an_administrator_deletes_and_restores_everybodys_repositories(hub, ada):
    keeper, at = Wire(hub.url, KEEPER), "/api/-/v1/admin"
    ada.post("/api/repos/create", {"name": "back-again", "private": True}).ok()
    assert keeper.get("/api/models/ada/back-again").status == 404  # Not by browsing.
    keeper("DELETE", f"{at}/repos/model/ada/back-again").ok()
    assert ada.get("/api/models/ada/back-again").status == 404
    gone = keeper.get(f"{at}/repos?deleted=1").ok().json["items"]
    there = next(r for r in gone if r["name"] == "ada/back-again")
    keeper.post(f"{at}/repos/restore", {"id": there["id"]}).ok()
    assert ada.get("/api/models/ada/back-again").ok().json["private"] is True


def test_an_exported_repository_is_what_git_clones(hub, ada, folder):
    ada.create("ada/exported")
    for i in range(30):  # More than one merge of packs.
        ada.commit("ada/exported", add(f"dir/{i}.txt", b"%d" % i), add("same.txt", b"%d" % i))
    ada.post("/api/models/ada/exported/branch/dev%2Fx", {}).ok()
    ada.post("/api/models/ada/exported/tag/main", {"tag": "v1", "message": "first"}).ok()
    bare = folder / "exported.git"
    hub.run("admin", "repo", "export", "ada/exported", str(bare))
    git = ["git", "-c", "safe.directory=*"]
    subprocess.run([*git, "-C", bare, "fsck", "--strict", "--full"], check=True)
    subprocess.run([*git, "clone", "-q", f"file://{bare}", folder / "clone"], check=True)
    assert (folder / "clone/dir/29.txt").read_bytes() == b"29"
    head = subprocess.run([*git, "-C", folder / "clone", "rev-parse", "HEAD"], check=True,
                          capture_output=True, text=True).stdout.strip()
    assert head == ada.info("ada/exported")["sha"]
    refs = subprocess.run([*git, "ls-remote", f"file://{bare}"], check=True, capture_output=True,
                          text=True).stdout
    assert "refs/heads/dev/x" in refs and "refs/tags/v1^{}" in refs
    assert hub.run("admin", "repo", "export", "ada/exported", str(bare), check=False).returncode != 0


def test_the_socket_is_no_right_without_the_secret_beside_it(own_hub):
    done = subprocess.run(
        ["curl", "-s", "-o", "-", "-w", "%{http_code}", "--unix-socket", own_hub.data / "admin.sock",
         "-H", "Authorization: Local wrong", "http://hub/api/-/v1/admin/users"],
        capture_output=True, text=True, check=True)
    assert done.stdout.endswith("401")


# ---- At a terminal -------------------------------------------------------------------------------


def at_terminal(arguments, env, typed=b""):
    """@return exit code and what the terminal showed."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(PROGRAM, [str(PROGRAM), *map(str, arguments)], env)
    shown = b""
    if typed:
        while b"[y/N]" not in shown:
            shown += os.read(terminal, 4096)
        os.write(terminal, typed)
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # EIO: the other end is closed.
            break
        if not piece:
            break
        shown += piece
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode()


def test_a_terminal_shows_colors_unless_no_color_is_set(own_hub):
    env = {**own_hub.env, "TERM": "xterm"}
    arguments = ["admin", "user", "list", "--data", own_hub.data]
    assert "\x1b[1m" in at_terminal(arguments, env)[1]
    assert "\x1b" not in at_terminal(arguments, {**env, "NO_COLOR": "1"})[1]
    assert "\x1b" not in own_hub.run("admin", "user", "list").stdout


def test_a_dangerous_command_asks_and_takes_no_for_an_answer(own_hub):
    env = {**own_hub.env, "NO_COLOR": "1"}
    arguments = ["admin", "user", "delete", "bob", "--data", own_hub.data]
    code, shown = at_terminal(arguments, env, typed=b"n\n")
    assert code == 4 and "Delete bob?" in shown and "30 days" in shown
    assert "bob" in own_hub.run("admin", "user", "list").stdout
    assert at_terminal(arguments, env, typed=b"y\n")[0] == 0
    assert "bob" not in own_hub.run("admin", "user", "list").stdout


@pytest.mark.parametrize("words, offered", [
    (["cairn", ""], "serve admin config fsck gc ssh version completion"),
    (["cairn", "admin", "us"], "user"),
    (["cairn", "--data", "/x", "admin", "user", "to"], "token"),
    (["cairn", "admin", "user", "token", "--ro"], "--role"),
    (["cairn", "gc", "--d"], "--dry-run --data"),
], ids=str)
def test_bash_completes(words, offered, tmp_path):
    script = tmp_path / "completion.bash"
    script.write_text(command("completion", "bash").stdout)
    done = subprocess.run(
        ["bash", "-c", 'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _cairn; '
         'printf "%s\\n" "${COMPREPLY[@]}"', script, *words],
        capture_output=True, text=True, check=True)
    assert set(offered.split()) <= set(done.stdout.split()), done.stdout + done.stderr


def test_zsh_and_fish_have_their_scripts():
    assert command("completion", "zsh").stdout.startswith("#compdef cairn\n")
    fish = command("completion", "fish").stdout
    assert "-a serve" in fish and "-l dry-run" in fish
    assert command("completion", "tcsh").returncode == 2


# ---- What is recorded and shown --------------------------------------------------------------------


@pytest.mark.both_engines
def test_what_administrators_do_is_recorded(own_hub):
    keeper = Wire(own_hub.url, KEEPER)
    own_hub.run("admin", "user", "create", "zoe")
    keeper.post("/api/-/v1/admin/users/zoe/disable", {}).ok()
    # What was refused or only looked at is no act.
    assert keeper.post("/api/-/v1/admin/users/nobody/disable", {}).status == 404
    keeper.get("/api/-/v1/admin/users").ok()
    acts = keeper.get("/api/-/v1/admin/acts").ok().json["items"]
    assert [(a["by"], a["operation"], a["target"]) for a in acts[:2]] == [
        ("keeper", "admin.users.disable", "/users/zoe/disable"), ("operator", "admin.users.create", "/users")]
    assert acts[0]["address"] == "127.0.0.1" and acts[1]["address"] == ""
    own_hub.stop()
    own_hub.start()
    assert keeper.get("/api/-/v1/admin/acts").ok().json["items"] == acts


def test_the_record_goes_on_page_by_page(own_hub):
    keeper = Wire(own_hub.url, KEEPER)
    for _ in range(101):
        keeper.post("/api/-/v1/admin/work/retry", {}).ok()
    first = keeper.get("/api/-/v1/admin/acts").ok().json
    assert len(first["items"]) == 100
    rest = keeper.get(f"/api/-/v1/admin/acts?after={first['next']}").ok().json
    assert rest["items"][0]["id"] < first["items"][-1]["id"]


def test_the_configuration_is_shown_without_its_secrets(own_hub, pytestconfig):
    lines = {line["key"]: line for line in Wire(own_hub.url, KEEPER).get("/api/-/v1/admin/configuration").ok().json["items"]}
    assert lines["public_url"]["value"] == own_hub.url and lines["public_url"]["help"]
    assert lines["gc_grace_hours"]["source"] == "default"
    key = (own_hub.data / "root.key").read_text().strip()
    assert all(key not in line["value"] for line in lines.values())
    health = Wire(own_hub.url, KEEPER).get("/api/-/v1/admin/health").ok().json
    engine = {"sqlite": "SQLite", "postgres": "PostgreSQL"}[pytestconfig.getoption("--database")]
    assert health["database"] == engine and health["failedWork"] == 0 and not health["sendsMail"]
    assert 0 < health["diskFreeBytes"] <= health["diskBytes"]
