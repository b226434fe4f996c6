"""The program around the hub: settings, first start, the data folder, its commands, its log."""

import json
import os
import re
import socket
import sqlite3
import stat
import subprocess
import threading
import time

import pytest
from cairn import PROGRAM, Cairn, free_port
from conftest import ADA, KEEPER, WORLD, written
from wire import Wire, add, api_of


def cairn(*arguments, env=None, cwd=None, stdin="", timeout=60):
    return subprocess.run([PROGRAM, *map(str, arguments)], env={"PATH": os.environ["PATH"], **(env or {})},
                          cwd=cwd, input=stdin, capture_output=True, text=True, timeout=timeout)


def events(hub):
    """@return the lines of its log."""
    return [json.loads(line) for line in hub.log_path.read_text().splitlines() if line.startswith("{")]


# ---- Settings ------------------------------------------------------------------------------------


def test_settings_come_from_file_then_environment_then_flags_and_say_so(tmp_path):
    (tmp_path / "cairn.toml").write_text('listen = "127.0.0.1:1"\nrestorable_days = 3\n'
                                         'log_level = "debug"\n')
    done = cairn("config", "--json", "--listen", "127.0.0.1:3", cwd=tmp_path,
                 env={"CAIRN_LISTEN": "127.0.0.1:2", "CAIRN_LOG_LEVEL": "error"})
    assert done.returncode == 0, done.stderr
    settings = json.loads(done.stdout)
    assert settings["listen"]["value"] == "127.0.0.1:3"
    assert "--listen" in settings["listen"]["source"]
    assert settings["log_level"]["value"] == "error"
    assert "CAIRN_LOG_LEVEL" in settings["log_level"]["source"]
    assert settings["restorable_days"]["value"] == "3"
    assert "cairn.toml" in settings["restorable_days"]["source"]
    assert settings["registration"]["source"] == "default"


def test_secrets_are_hidden_in_what_config_prints(tmp_path):
    secret, password = "ab" * 32, "pass-of-the-database"
    env = {"CAIRN_ROOT_KEY": secret, "CAIRN_DATABASE": f"postgres://cairn:{password}@db.example/cairn",
           "CAIRN_SMTP_URL": f"smtp://cairn:{password}@mail.example:587"}
    for form in ((), ("--json",)):
        printed = cairn("config", *form, env=env, cwd=tmp_path).stdout
        assert "root_key" in printed and secret not in printed and password not in printed


@pytest.mark.parametrize("arguments, env, toml, named", [
    (("--lissten", "x"), {}, "", "--listen"),
    ((), {"CAIRN_LISTN": "x"}, "", "listen"),
    ((), {}, 'regstration = "open"\n', "registration"),
    ((), {"CAIRN_REGISTRATION": "sometimes"}, "", "open, invite, closed"),
    ((), {"CAIRN_RESTORABLE_DAYS": "soon"}, "", "restorable_days"),
    ((), {"CAIRN_LOG_LEVEL": "loud"}, "", "debug"),
    ((), {}, "listen = [\n", "cairn.toml"),
    ((), {}, "listen = 5\n", "listen"),
], ids=str)
def test_a_wrong_setting_stops_the_program_and_is_named(tmp_path, arguments, env, toml, named):
    if toml:
        (tmp_path / "cairn.toml").write_text(toml)
    done = cairn("serve", "--data", tmp_path / "data", *arguments, env=env, cwd=tmp_path)
    assert done.returncode in (1, 2) and named in done.stderr, done.stderr
    assert not (tmp_path / "data").exists()


def test_wrong_commands_end_with_2_and_help_with_0(tmp_path):
    for wrong in (("srve",), ("admin", "usr"), ("admin", "user", "token"), ("serve", "extra"),
                  ("admin", "user", "token", "a", "b"), ()):
        done = cairn(*wrong, cwd=tmp_path)
        assert done.returncode == 2 and done.stderr, wrong
    for command in ((), ("serve",), ("admin",), ("admin", "user"), ("gc",), ("fsck",)):
        done = cairn(*command, "--help", cwd=tmp_path)
        assert done.returncode == 0 and "examples:" in done.stdout, command
        # It ends in two examples.
        tail = done.stdout.rstrip().rsplit("examples:", 1)[1].strip().splitlines()
        assert len(tail) == 2, command
    assert re.fullmatch(r"cairn \d+\.\d+\.\d+\n", cairn("version").stdout)


# ---- First start ---------------------------------------------------------------------------------


def test_a_first_start_without_a_terminal_writes_a_file_for_its_owner_alone(folder, new_database):
    hub = Cairn(folder / "first" / "data", database=new_database())
    hub.data.parent.mkdir()
    hub.start()
    try:
        for name in ("first-run.txt", "root.key"):
            assert stat.S_IMODE((hub.data / name).stat().st_mode) == 0o600, name
        assert stat.S_IMODE(hub.data.stat().st_mode) == 0o700
        text = (hub.data / "first-run.txt").read_text()
        token = re.search(r"export HF_TOKEN=(hf_[A-Za-z0-9]{34})", text)[1]
        assert f"export HF_ENDPOINT={hub.url}" in text and "hf upload" in text
        me = Wire(hub.url, token).get("/api/whoami-v2").ok().json
        assert me["name"] == "keeper"
        Wire(hub.url, token).get("/api/-/v1/admin/stats").ok()
        log = hub.log_path.read_text()
        assert token not in log and "first-run.txt" in log
        (hub.data / "first-run.txt").unlink()
        hub.stop()
        hub.start()  # A second start makes no second administrator.
        assert not (hub.data / "first-run.txt").exists()
        hub.stop()
    finally:
        hub.end()


@pytest.mark.parametrize("env, wanted", [
    ({"CAIRN_ADMIN": "maria"}, "maria"), ({"USER": "root", "LOGNAME": "root"}, "keeper"),
])
def test_the_first_account_is_named_by_setting_or_keeper(folder, env, wanted):
    hub = Cairn(folder / f"named-{wanted}")
    del hub.env["CAIRN_ADMIN"]
    hub.env.update(env)
    if wanted == "keeper" and os.geteuid() != 0:
        pytest.skip("only root has a name that is not allowed")
    hub.start()
    try:
        text = (hub.data / "first-run.txt").read_text()
        assert f'account "{wanted}"' in text
        hub.stop()
    finally:
        hub.end()


def test_a_second_server_on_one_data_folder_refuses_and_says_why(own_hub):
    if own_hub.env.get("CAIRN_DATABASE"):
        pytest.skip("one owner is a promise about SQLite")
    done = cairn("serve", "--data", own_hub.data, "--listen", f"127.0.0.1:{free_port()}")
    assert done.returncode == 1 and str(own_hub.process.pid) in done.stderr, done.stderr
    assert own_hub.answers("/healthz")


def test_a_taken_port_is_named_with_its_owner_and_another_offered(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = cairn("serve", "--data", tmp_path / "data", "--listen", f"127.0.0.1:{port}", cwd=tmp_path)
    assert done.returncode == 1
    assert f"Port {port} is in use by" in done.stderr and f"pid {os.getpid()}" in done.stderr
    assert re.search(r"--listen 127\.0\.0\.1:\d+", done.stderr)


def test_an_open_address_without_tls_is_warned_about_once(folder):
    hub = Cairn(folder / "open-address")
    with hub.log_path.open("ab") as log:
        process = subprocess.Popen([PROGRAM, "serve", "--data", hub.data, "--listen", f"0.0.0.0:{hub.port}"],
                                   env=hub.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        until = time.monotonic() + 20
        while not hub.answers("/healthz") and time.monotonic() < until:
            time.sleep(0.02)
        warnings = [e for e in events(hub) if e["level"] == "warning"]
        assert len(warnings) == 1 and re.search("(?i)tls|encrypt", json.dumps(warnings[0]))
    finally:
        process.kill()
        process.wait()


def test_a_database_of_a_newer_program_is_refused(folder):
    hub = Cairn(folder / "newer").start()
    hub.stop()
    with sqlite3.connect(hub.data / "cairn.db") as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        [table] = [t for t in tables if "migration" in t]
        columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
        [row] = db.execute(f"SELECT {', '.join(columns)} FROM {table} LIMIT 1").fetchall()
        newer = ["29990101T0000_from_the_future" if i == 0 else v for i, v in enumerate(row)]
        db.execute(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})",
                   newer)
    db.close()
    done = cairn("serve", "--data", hub.data, "--listen", f"127.0.0.1:{hub.port}", env=hub.env)
    assert done.returncode == 1 and re.search("(?i)newer", done.stderr), done.stderr
    assert re.search(r"\d+\.\d+", done.stderr), "the version that can open it is not named"


def test_migrations_are_logged_with_their_duration(hub):
    migrations = [e for e in events(hub) if e["event"] == "db.migrated"]
    assert migrations and all("duration_ms" in e for e in migrations)


# ---- The world from a file -----------------------------------------------------------------------


def test_apply_twice_changes_nothing_the_second_time(own_hub):
    done = own_hub.run("admin", "apply", "-", "--json", stdin=json.dumps(WORLD))
    summary = json.loads(done.stdout)
    assert (summary["created"], summary["changed"]) == (0, 0)


@pytest.mark.parametrize("change, where", [
    ({"usrs": []}, "usrs"),
    ({"users": [{"name": "newcomer"}, {"name": "-x"}]}, "users[1].name"),
    ({"users": [{"name": "newcomer", "tokens": [{"name": "t", "value": "hf_x", "role": "owner"}]}]},
     "users[0].tokens[0].role"),
    ({"users": [{"name": "newcomer", "tokens": [{"name": "t", "value": ADA, "role": "read"}]}]}, "users[0]"),
    ({"users": [{"name": "newcomer"}], "orgs": [{"name": "o1", "members": {"ghost": "admin"}}]}, "ghost"),
    ({"users": [{"name": "newcomer", "email": 5}]}, "users[0].email"),
    ({"users": [{"name": "newcomer"}], "orgs": [{"name": "ada"}]}, "orgs[0]"),
    ({"users": [{"name": "newcomer"}], "aliases": [{"type": "model", "from": "a/b/c", "to": "a/b"}]},
     "aliases[0].from"),
], ids=json.dumps)
def test_a_wrong_file_changes_nothing_and_says_where(own_hub, change, where):
    done = own_hub.run("admin", "apply", "-", stdin=json.dumps(change), check=False)
    assert done.returncode in (1, 3) and where in done.stderr, done.stderr
    assert ADA not in done.stderr
    names = [u["name"] for u in json.loads(own_hub.run("admin", "user", "list", "--json").stdout)]
    assert "newcomer" not in names


def test_apply_works_while_no_server_runs(own_hub):
    own_hub.stop()
    value = "hf_" + "offline".ljust(34, "9")
    own_hub.apply({"users": [{"name": "ada", "tokens": [written(value, name="offline")]}]})
    own_hub.start()
    assert Wire(own_hub.url, value).get("/api/whoami-v2").ok().json["name"] == "ada"


def test_commands_of_another_user_of_the_machine_are_refused(own_hub):
    """The socket is for the hub's own user."""
    if os.geteuid() != 0:
        pytest.skip("needs root to become somebody else")
    done = subprocess.run(["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", PROGRAM, "admin",
                           "user", "list", "--data", own_hub.data], capture_output=True, text=True, cwd="/")
    assert done.returncode != 0 and "ada" not in done.stdout


def test_users_organizations_and_repositories_by_command(own_hub):
    run = own_hub.run
    run("admin", "user", "create", "zoe")
    token = run("admin", "user", "token", "zoe").stdout.strip()
    run("admin", "org", "create", "band")
    run("admin", "org", "member", "band", "zoe", "admin")
    zoe = Wire(own_hub.url, token)
    assert zoe.get("/api/whoami-v2").ok().json["orgs"][0]["roleInOrg"] == "admin"
    zoe.create("band/song", private=True)
    assert "band/song" in run("admin", "repo", "list").stdout
    listed = json.loads(run("admin", "repo", "list", "--json").stdout)
    assert [r["visibility"] for r in listed if r["name"] == "band/song"] == ["private"]
    run("admin", "org", "member", "band", "zoe", "none")
    assert zoe.get(api_of("band/song")).status == 404
    run("admin", "user", "password", "zoe", stdin="a-long-enough-password\n")
    run("admin", "user", "disable", "zoe")
    assert zoe.get("/api/whoami-v2").status == 401
    run("admin", "user", "enable", "zoe")
    assert zoe.get("/api/whoami-v2").status == 200
    run("admin", "repo", "delete", "band/song", "--yes")
    assert run("admin", "user", "token", "nobody-here", check=False).returncode == 3
    stats = json.loads(run("admin", "stats", "--json").stdout)
    assert stats["users"] >= 7 and stats["organizations"] >= 3
    assert run("admin", "work", "list", "--json").returncode == 0
    run("admin", "user", "delete", "zoe", "--yes")
    assert zoe.get("/api/whoami-v2").status == 401


# ---- Upkeep --------------------------------------------------------------------------------------


def test_gc_takes_what_nothing_leads_to_once_its_grace_is_over(own_hub):
    own_hub.stop()
    own_hub.env.update(CAIRN_GC_GRACE_HOURS="0", CAIRN_RESTORABLE_DAYS="0")
    own_hub.start()
    ada = Wire(own_hub.url, ADA)
    kept, gone = os.urandom(50_001), os.urandom(60_001)
    for name, content in (("ada/kept", kept), ("ada/gone", gone)):
        ada.create(name)
        uploaded = ada.upload_large(name, content)
        ada.commit(name, {"key": "lfsFile", "value": {"path": "w.bin", **uploaded}}).ok()

    def stored(size):
        return [f for f in own_hub.data.rglob("*") if f.is_file() and f.stat().st_size == size]

    ada("DELETE", "/api/repos/delete", json_body={"name": "gone"}).ok()
    own_hub.run("gc", "--dry-run")
    assert stored(60_001), "a dry run deleted something"
    # Purging, condemning and deleting are steps of their own.
    for _ in range(5):
        own_hub.run("gc")
        if not stored(60_001):
            break
    assert not stored(60_001) and stored(50_001)
    assert ada.get("/ada/kept/resolve/main/w.bin").ok().body == kept
    own_hub.fsck()


def test_fsck_finds_bytes_that_changed_on_disk(own_hub):
    ada = Wire(own_hub.url, ADA)
    ada.create("ada/rotten")
    content = os.urandom(70_001)
    uploaded = ada.upload_large("ada/rotten", content)
    ada.commit("ada/rotten", {"key": "lfsFile", "value": {"path": "w.bin", **uploaded}}).ok()
    own_hub.fsck()
    [path] = [f for f in own_hub.data.rglob("*") if f.is_file() and f.stat().st_size == 70_001]
    mode = path.stat().st_mode
    path.chmod(0o600)
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    path.chmod(mode)
    done = own_hub.run("fsck", check=False)
    assert done.returncode == 1 and uploaded["oid"] in done.stdout + done.stderr
    path.unlink()
    done = own_hub.run("fsck", check=False)
    assert done.returncode == 1
    missing = ada.get("/ada/rotten/resolve/main/w.bin")
    assert missing.status == 500 and "error" in missing.json


def test_a_backup_of_a_running_hub_is_restored_with_its_objects(own_hub, folder):
    if own_hub.env.get("CAIRN_DATABASE"):
        pytest.skip("pg_dump does this for PostgreSQL")
    ada = Wire(own_hub.url, ADA)
    ada.create("ada/saved")
    content = os.urandom(40_000)
    uploaded = ada.upload_large("ada/saved", content)
    ada.commit("ada/saved", add("a", b"1"), {"key": "lfsFile", "value": {"path": "w.bin", **uploaded}}).ok()
    target = folder / "restored"
    target.mkdir(mode=0o700)
    own_hub.run("admin", "backup", target / "cairn.db")
    subprocess.run(["cp", "-a", own_hub.data / "objects", own_hub.data / "root.key", target], check=True)
    ada.commit("ada/saved", add("later", b"2")).ok()
    copy = Cairn(target).start()
    try:
        there = Wire(copy.url, ADA)
        assert there.get("/ada/saved/resolve/main/w.bin").ok().body == content
        assert there.get("/ada/saved/resolve/main/later").status == 404
        copy.fsck()
        copy.stop()
    finally:
        copy.end()


# ---- What it tells -------------------------------------------------------------------------------


def test_health_readiness_and_metrics(hub, ada):
    assert ada.get("/healthz").ok().status == 200 and ada.get("/readyz").ok().status == 200
    ada.get("/api/models").ok()
    text = ada.get("/metrics").ok().text
    for name in ("cairn_http_requests_total", "cairn_http_request_duration_seconds_bucket", "cairn_db_write_queue"):
        assert name in text, name
    assert re.search(r'cairn_http_requests_total\{operation="repo.list",class="2xx"\} [1-9]', text)
    for word in ("connections", "bytes", "work", "storage|object", "git|pack"):
        assert re.search(rf"^cairn_\w*({word})\w*[ {{]", text, re.M), f"no metric of {word}"


def test_a_line_per_request_with_id_actor_route_status_bytes_and_time(hub, ada, repo):
    ada.get(api_of(repo), X_Request_Id="find-me-in-the-log").ok()
    until = time.monotonic() + 10
    while True:
        lines = [e for e in events(hub) if e.get("request") == "find-me-in-the-log"]
        if lines or time.monotonic() > until:
            break
    [line] = lines
    assert line["event"] == "http.request" and line["actor"] == "user:ada"
    assert line["operation"] == "repo.info" and line["status"] == 200
    assert line["bytes"] > 100 and line["time_ms"] >= 0


def test_the_api_describes_itself(nobody):
    document = nobody.get("/api/openapi.json").ok().json
    assert document["openapi"].startswith("3.1")
    assert "/api/models/{ns}/{name}/tree/{rest}" in document["paths"]
    create = document["paths"]["/api/repos/create"]["post"]
    assert create["requestBody"]["content"]["application/json"]["schema"]


def test_json_is_compressed_for_those_who_take_it(ada, repo):
    import gzip

    ada.commit(repo, *(add(f"f{n}") for n in range(60))).ok()
    plain = ada.get(f"{api_of(repo)}/tree/main").ok()
    packed = ada.get(f"{api_of(repo)}/tree/main", Accept_Encoding="gzip").ok()
    assert packed["Content-Encoding"] == "gzip" and "Accept-Encoding" in packed["Vary"]
    assert gzip.decompress(packed.body) == plain.body and len(packed.body) < len(plain.body) / 3


@pytest.mark.both_engines
def test_sigterm_lets_running_requests_finish(own_hub):
    ada = Wire(own_hub.url, ADA)
    ada.create("ada/draining")
    # Half of it is more than both sockets hold, so the hub reads when that has been sent.
    half = 24_000_000
    content = os.urandom(2 * half)
    [item] = ada.batch("ada/draining", [content]).ok().json["objects"]
    halfway, answer = threading.Event(), []

    def body():
        yield content[:half]
        halfway.set()
        time.sleep(0.5)  # The signal comes here; a slow client, not a wait for an event.
        yield content[half:]

    sender = threading.Thread(
        target=lambda: answer.append(ada.put(item["actions"]["upload"]["href"], body())))
    sender.start()
    assert halfway.wait(20)
    own_hub.stop()
    sender.join(20)
    assert answer and answer[0].status == 200
    own_hub.start()
    [again] = ada.batch("ada/draining", [content]).ok().json["objects"]
    assert "actions" not in again


def test_an_administrator_is_no_reader_of_private_things(hub, ada, repo_id):
    """The operator's rights are about accounts, not about what is in repositories."""
    ada.create(repo_id, private=True)
    assert Wire(hub.url, KEEPER).get(api_of(repo_id)).status == 404
