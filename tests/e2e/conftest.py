"""Fixtures for tests of the whole server from outside.

`hub` is one server for all tests of a process, with the people of WORLD: tests share it, so they
name their own repositories (`repo_id`). `own_hub` is a server for one test that kills or
configures it. Both run on the engine of `--database`.
"""

import itertools
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from cairn import PROGRAM, Cairn, free_port  # noqa: E402
from gitclient import wait_for  # noqa: E402
from postgres import Postgres  # noqa: E402
from ssh_client import Ssh  # noqa: E402
from wire import Wire, api_of  # noqa: E402

# The client reads these when it is imported, so they are set before any test imports it.
_port = free_port()
_home = tempfile.TemporaryDirectory(prefix="cairn-hf-home-")
os.environ.update(
    HF_ENDPOINT=f"http://127.0.0.1:{_port}",
    HF_HOME=_home.name,
    HF_HUB_DISABLE_TELEMETRY="1",
    HF_HUB_DISABLE_PROGRESS_BARS="1",
    HF_HUB_DISABLE_UPDATE_CHECK="1",
    NO_PROXY="127.0.0.1,localhost",
)
os.environ.pop("HF_TOKEN", None)


def token(name):
    """An access token by its holder's name: "hf_" and 34 letters and digits."""
    return "hf_" + (name + "0" * 34)[:34]


# A name per role, so that a test reads as who does what.
ADA, ADA_READ, ADA_EXPIRED, ADA_FINE = (
    token("adaWrite"), token("adaRead"), token("adaExpired"), token("adaFine"))
BOB, CAROL, DAN, KEEPER, LENA, MILA = (
    token("bobWrite"), token("carolWrite"), token("danWrite"), token("keeper"), token("lena"),
    token("mila"))


def person(name, *tokens, **more):
    return {"name": name, "fullname": name.capitalize(), "email": f"{name}@hub.example",
            "tokens": list(tokens), **more}


def written(value, role="write", name="write", **more):
    return {"name": name, "value": value, "role": role, **more}


WORLD = {
    "users": [
        person(
            "ada",
            written(ADA),
            written(ADA_READ, "read", "read"),
            written(ADA_EXPIRED, "write", "expired", expires_at="2020-01-01T00:00:00Z"),
            # May read everything of ada's and write to one repository of hers.
            written(ADA_FINE, "fineGrained", "fine", scopes={
                "global": [],
                "scoped": [
                    {"entity": {"type": "user", "name": "ada"},
                     "permissions": ["repo.content.read"]},
                    {"entity": {"type": "model", "name": "ada/fine"},
                     "permissions": ["repo.write"]},
                ],
            }),
        ),
        person("bob", written(BOB)),
        person("carol", written(CAROL)),
        person("dan", written(DAN)),
        person("keeper", written(KEEPER), admin=True),
        # Have no repositories but those of tests of lists, one file's each.
        person("lena", written(LENA)),
        person("mila", written(MILA)),
    ],
    "orgs": [
        {"name": "crew", "fullname": "Crew",
         "members": {"ada": "admin", "bob": "read", "carol": "contributor", "dan": "write"}},
        # Whose new repositories are private.
        {"name": "vault", "fullname": "Vault", "default_visibility": "private",
         "members": {"ada": "admin"}},
    ],
    "aliases": [
        {"type": "model", "from": "gpt0", "to": "ada/aliased"},
        {"type": "dataset", "from": "squid", "to": "ada/aliased"},
    ],
}
TOKENS = [t["value"] for user in WORLD["users"] for t in user["tokens"]]


def pytest_addoption(parser):
    parser.addoption("--database", choices=["sqlite", "postgres"], default="sqlite",
                     help="the engine that the servers of this run use")


def pytest_collection_modifyitems(config, items):
    engine = config.getoption("--database")
    others = [i for i in items if (only := i.get_closest_marker("only_on")) and only.args[0] != engine]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if item not in others]
    if os.environ.get("CAIRN_TEST_DEEP"):
        return
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(pytest.mark.skip(reason="runs in ./test deep"))


@pytest.fixture(scope="session")
def folder():
    """Short, so that a Unix socket in it fits; open to the database's user."""
    with tempfile.TemporaryDirectory(prefix="cairn-", dir="/tmp") as path:
        yield Path(path)


@pytest.fixture(scope="session")
def postgres(request, folder):
    """The database server of this run; None with SQLite."""
    if request.config.getoption("--database") == "sqlite":
        yield None
        return
    server = Postgres(folder / "postgres").start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def new_database(postgres):
    """@return a function that gives the CAIRN_DATABASE of a new server, None for the default."""
    return postgres.new_database if postgres else lambda: None


@contextmanager
def running(data, *, check=True, port=None, database=None, **env):
    """A hub of its own with the people of WORLD. @param check  whether all must be sound at its end."""
    server = Cairn(data, port=port, database=database, env=env).start()
    try:
        server.apply(WORLD)
        yield server
        if check:
            server.fsck()
        server.stop()
    finally:
        server.end()


@pytest.fixture(scope="session")
def hub(folder, new_database):
    assert PROGRAM.is_file(), f"{PROGRAM} is missing: ./run setup builds it"
    with running(folder / "hub", port=_port, database=new_database(),
                 CAIRN_SSH_LISTEN="127.0.0.1:0") as server:
        yield server
    log = server.log_path.read_text(errors="replace")
    assert not [t for t in TOKENS if t in log], "a token is in the log"


@pytest.fixture
def own_hub(folder, new_database, request):
    """Not started twice: a test may stop, kill and start it. Extra environment: `own_hub.env`."""
    name = "".join(c if c.isalnum() else "-" for c in request.node.name)[:40]
    data = Path(tempfile.mkdtemp(prefix=name, dir=folder)) / "data"
    with running(data, check=False, database=new_database()) as server:
        yield server


@pytest.fixture
def api(hub):
    """The published client as ada, who may write."""
    from huggingface_hub import HfApi

    return HfApi(endpoint=hub.url, token=ADA)


@pytest.fixture
def bob_api(hub):
    from huggingface_hub import HfApi

    return HfApi(endpoint=hub.url, token=BOB)


@pytest.fixture
def anonymous_api(hub):
    from huggingface_hub import HfApi

    return HfApi(endpoint=hub.url, token=False)


@pytest.fixture
def ada(hub):
    """Plain HTTP as ada."""
    return Wire(hub.url, ADA)


@pytest.fixture
def bob(hub):
    """Plain HTTP as bob, a stranger to what is ada's."""
    return Wire(hub.url, BOB)


@pytest.fixture
def nobody(hub):
    """Plain HTTP without a token."""
    return Wire(hub.url)


@pytest.fixture(scope="module")
def server(hub):
    """What the hub says of its SSH."""
    nobody = Wire(hub.url)
    wait_for(lambda: nobody.get("/api/-/v1/ssh").ok().json["enabled"])
    return nobody.get("/api/-/v1/ssh").ok().json


@pytest.fixture
def new_key(tmp_path, server):
    """@return a function that makes a key, of nobody yet."""
    count = iter(range(100))
    return lambda *more: Ssh(tmp_path / f"key{next(count)}", server, *more)


@pytest.fixture
def ssh(ada, new_key):
    """ada's key."""
    key = new_key()
    added = ada.post("/api/-/v1/ssh/keys", {"key": key.public}).ok().json
    yield key
    ada("DELETE", f"/api/-/v1/ssh/keys/{added['id']}")


_names = itertools.count()


@pytest.fixture
def repo_id(request):
    """A repository name of ada's that no other test has, with the name of the test in it."""
    name = "".join(c if c.isalnum() or c == "_" else "-" for c in request.node.name)
    while "--" in name:
        name = name.replace("--", "-")
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    return f"ada/{name[:70].strip('-_')}-{next(_names)}-{worker}"


@pytest.fixture
def repo(ada, repo_id):
    """@return the name of a new public model of ada's."""
    ada.create(repo_id)
    return repo_id


@pytest.fixture
def unchanged(ada, repo):
    """@return the name of a repository that is the same after the test as before."""
    before = (ada.info(repo), ada.get(f"{api_of(repo)}/refs").json, ada.paths(repo))
    yield repo
    assert (ada.info(repo), ada.get(f"{api_of(repo)}/refs").json, ada.paths(repo)) == before


@pytest.fixture
def without_xet(monkeypatch):
    """The published client as people have it who turned Xet off, or have no hf_xet."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")


@pytest.fixture(params=["xet", "lfs"])
def transfer(request):
    """Both ways of the published client to move large files."""
    if request.param == "lfs":
        request.getfixturevalue("without_xet")
    return request.param


@pytest.fixture
def hf(hub, tmp_path):
    """@return a function that runs the `hf` command as a person would, in a home of its own."""

    def run(*arguments, token=ADA, check=True, stdin=""):
        env = {**os.environ, "HF_HOME": str(tmp_path / "hf-home"), "NO_COLOR": "1"}
        if token:
            env["HF_TOKEN"] = token
        done = subprocess.run(
            [Path(sys.executable).parent / "hf", *map(str, arguments)], env=env, cwd=tmp_path,
            input=stdin, capture_output=True, text=True, timeout=120,
        )
        if check:
            assert done.returncode == 0, f"hf {arguments}:\n{done.stdout}{done.stderr}"
        return done

    return run
