"""Programs of a CI get tokens of this hub for their platform's (HF_OIDC_*): the published client
exchanges one that a real issuer signed, and nothing else opens anything."""

import json
import os
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
import pytest
from conftest import ADA_READ, BOB, CAROL, DAN, WORLD, running
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from wire import Wire, add, assert_error

GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"


class Issuer:
    """A CI platform's signer on loopback, as much of it as others ask."""

    def __init__(self):
        self.keys = {}
        self.asked = []
        self.answer = {}  # Instead of the true ones, by path.
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                if self.path.startswith("/mint"):  # What a job asks for its token.
                    body = json.dumps({"value": outer.minted}).encode()
                else:
                    outer.asked.append(self.path)
                    body = outer.document(self.path)
                self.send_response(200 if body is not None else 404)
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.new_key("one")

    def new_key(self, name, kind="RSA"):
        key = (rsa.generate_private_key(public_exponent=65537, key_size=2048) if kind == "RSA"
               else ec.generate_private_key(ec.SECP256R1()))
        self.keys[name] = key
        return key

    def document(self, path):
        if path in self.answer:
            return self.answer[path]
        if path == "/.well-known/openid-configuration":
            return json.dumps({"issuer": self.url, "jwks_uri": self.url + "/keys"}).encode()
        if path == "/keys":
            keys = []
            for name, key in self.keys.items():
                algorithm = jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else \
                    jwt.algorithms.ECAlgorithm
                keys.append({**json.loads(algorithm.to_jwk(key.public_key())), "kid": name, "use": "sig"})
            return json.dumps({"keys": keys}).encode()
        return None

    def token(self, audience, key="one", signed_with=None, headers=None, **claims):
        now = int(time.time())
        body = {"iss": self.url, "aud": audience, "iat": now, "nbf": now, "exp": now + 300,
                "sub": "repo:acme/train:ref:refs/heads/main", "repository": "acme/train",
                "workflow_ref": "acme/train/.github/workflows/release.yml@refs/heads/main",
                "repository_id": 42, **claims}
        body = {k: v for k, v in body.items() if v is not None}
        signer = signed_with or self.keys[key]
        algorithm = "RS256" if isinstance(signer, rsa.RSAPrivateKey) else "ES256"
        return jwt.encode(body, signer, algorithm, headers={"kid": key, **(headers or {})})


@pytest.fixture(scope="module")
def issuer():
    made = Issuer()
    yield made
    made.server.shutdown()


@pytest.fixture(scope="module")
def hub(folder, new_database, issuer):
    with running(folder / "publishers", database=new_database(),
                 CAIRN_OUTBOUND_ALLOWED="127.0.0.1") as server:
        yield server


def of_repo(repo, kind="model"):
    return f"/api/-/v1/{kind}s/{repo}/trusted-publishers"


def trust(wire, where, issuer, **claims):
    made = wire.post(where, {"issuer": issuer.url, "claims": claims or {"repository": "acme/train"}})
    assert made.status == 201, made
    return made.json


def exchange(hub, token, resource):
    return Wire(hub.url).post("/oauth/token", {
        "grant_type": GRANT, "subject_token_type": ID_TOKEN, "subject_token": token,
        "resource": resource})


@pytest.fixture
def repo(ada, repo_id):
    ada.create(repo_id, private=True)
    return repo_id


@pytest.mark.both_engines
def test_the_published_client_uploads_from_a_ci_without_a_secret(hub, ada, issuer, repo, tmp_path):
    trust(ada, of_repo(repo), issuer, repository="acme/train",
          workflow_ref="acme/train/.github/workflows/release.yml@*")
    issuer.minted = issuer.token(hub.url)
    env = {k: v for k, v in os.environ.items() if not k.startswith("HF_")}
    env.update(HF_ENDPOINT=hub.url, HF_HOME=str(tmp_path), HF_HUB_DISABLE_TELEMETRY="1",
               HF_OIDC_RESOURCE=repo, GITHUB_ACTIONS="true",
               ACTIONS_ID_TOKEN_REQUEST_URL=issuer.url + "/mint",
               ACTIONS_ID_TOKEN_REQUEST_TOKEN="of the runner", HF_HUB_DISABLE_PROGRESS_BARS="1")
    script = ("import sys; from huggingface_hub import HfApi; api = HfApi()\n"
              "api.upload_file(path_or_fileobj=b'weights', path_in_repo='w.txt', repo_id=sys.argv[1])\n"
              "print(api.whoami()['name'], api.list_repo_files(sys.argv[1]))")
    done = subprocess.run([sys.executable, "-c", script, repo], env=env, capture_output=True, text=True,
                          timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("ada ") and "w.txt" in done.stdout
    assert ada.get(f"/{repo}/resolve/main/w.txt").ok().text == "weights"
    [listed] = ada.get(of_repo(repo)).ok().json
    assert listed["lastUsedAt"] and listed["addedBy"] == "ada"


@pytest.mark.both_engines
def test_the_token_is_for_one_repository_its_files_and_an_hour(hub, ada, issuer, repo, repo_id):
    trust(ada, of_repo(repo), issuer)
    made = exchange(hub, issuer.token(hub.url), repo).ok()
    assert made["Cache-Control"] == "no-store"
    body = made.json
    assert body["access_token"].startswith("hf_jwt_") and body["token_type"] == "bearer"
    assert body["expires_in"] == 3600 and body["scope"] == "write-repos"
    ci = Wire(hub.url, body["access_token"])
    ci.commit(repo, add("from-ci.txt")).ok()
    ci.post(f"/api/models/{repo}/branch/ci", {}).ok()
    ci.post(f"/api/models/{repo}/tag/main", {"tag": "v1"}).ok()
    other = repo_id + "-other"
    ada.create(other, private=True)
    assert_error(ci.get(f"/api/models/{other}"), 404, "RepoNotFound")
    assert_error(ci("PUT", f"/api/models/{repo}/settings", json_body={"private": False}), 403)
    assert_error(ci("DELETE", "/api/repos/delete", json_body={"name": repo.split("/")[1],
                                                            "organization": "ada"}), 403)
    assert_error(ci.post(of_repo(repo), {"issuer": issuer.url, "claims": {"sub": "x"}}), 403)
    assert_error(ci.post("/api/repos/create", {"name": "made-by-ci"}), 403)
    for private in ("/api/-/v1/tokens", "/api/-/v1/sessions", "/api/-/v1/me"):
        assert_error(ci.get(private), 403)
    assert body["access_token"] not in str(ada.get("/api/-/v1/tokens").ok().json)


def test_taking_the_trust_away_ends_its_tokens(hub, ada, issuer, repo):
    made = trust(ada, of_repo(repo), issuer)
    ci = Wire(hub.url, exchange(hub, issuer.token(hub.url), repo).ok().json["access_token"])
    ci.get(f"/api/models/{repo}").ok()
    assert ada("DELETE", f"{of_repo(repo)}/{made['id']}").status == 204
    assert_error(ci.get(f"/api/models/{repo}"), 401)
    assert exchange(hub, issuer.token(hub.url), repo).status == 400
    assert_error(ada("DELETE", f"{of_repo(repo)}/{made['id']}"), 404, "PublisherNotFound")


def test_what_the_token_must_say(hub, ada, issuer, repo):
    trust(ada, of_repo(repo), issuer, repository="acme/train",
          workflow_ref="acme/train/.github/workflows/release.yml@*", repository_id="42")
    now = int(time.time())
    exchange(hub, issuer.token(hub.url), repo).ok()
    exchange(hub, issuer.token([hub.url + "/", "other"]), repo).ok()
    for wrong in (
        {"repository": "evil/train"}, {"repository": None}, {"repository_id": 43},
        {"workflow_ref": "acme/train/.github/workflows/test.yml@refs/heads/main"},
        {"exp": now - 120}, {"exp": None}, {"nbf": now + 600}, {"iat": now + 600},
        {"iss": issuer.url + "/"}, {"iss": "https://nobody.example"}, {"iss": None},
        {"repository": ["acme/train"]},
    ):
        refused = exchange(hub, issuer.token(hub.url, **wrong), repo)
        assert (refused.status, refused.json["error"]) == (400, "invalid_grant"), wrong
    for audience in ("https://huggingface.co", hub.url + "/x", None, []):
        assert exchange(hub, issuer.token(audience), repo).json["error"] == "invalid_grant"


def test_only_the_issuers_own_signature_counts(hub, ada, issuer, repo):
    trust(ada, of_repo(repo), issuer)
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    good = issuer.token(hub.url)
    head, body, signature = good.split(".")
    none = jwt.encode({"iss": issuer.url, "aud": hub.url, "exp": time.time() + 60,
                       "repository": "acme/train"}, None, "none")
    shared = jwt.encode({"iss": issuer.url, "aud": hub.url, "exp": time.time() + 60,
                         "repository": "acme/train"}, "a secret of at least thirty-two bytes", "HS256",
                        headers={"kid": "one"})
    for wrong in (issuer.token(hub.url, signed_with=stranger), none, shared, f"{head}.{body}.",
                  f"{head}.{body}.{signature[:-4]}AAAA", "nonsense", "a.b.c", "x" * 20_000,
                  issuer.token(hub.url, headers={"kid": "two"})):
        refused = exchange(hub, wrong, repo)
        assert (refused.status, refused.json["error"]) == (400, "invalid_grant"), wrong[:60]
        assert refused["X-Error-Message"]


def test_missing_private_and_untrusting_repositories_are_the_same(hub, ada, issuer, repo):
    trust(ada, of_repo(repo), issuer, repository="somebody/else")
    other = repo[:-1] + ("x" if repo[-1] != "x" else "y")
    token, answers = issuer.token(hub.url), []
    for name in (repo, other):
        refused = exchange(hub, token, name)
        headers = sorted((n.lower(), v.replace(name, "NAME")) for n, v in refused.headers
                         if n.lower() not in ("date", "x-request-id", "ratelimit"))
        answers.append((refused.status, headers, refused.text.replace(name, "NAME")))
    assert answers[0] == answers[1]


def test_nobody_is_asked_but_issuers_that_somebody_trusts(hub, issuer, ada, repo):
    unknown = Issuer()
    try:
        refused = exchange(hub, unknown.token(hub.url), repo)
        assert refused.json["error"] == "invalid_grant" and unknown.asked == []
        trust(ada, of_repo(repo), unknown)
        exchange(hub, unknown.token(hub.url), repo).ok()
        for _ in range(5):
            exchange(hub, unknown.token(hub.url), repo).ok()
            exchange(hub, unknown.token(hub.url, repository="evil/x"), repo)
        assert unknown.asked == ["/.well-known/openid-configuration", "/keys"]
    finally:
        unknown.server.shutdown()


def test_an_issuer_that_lies_or_fails_opens_nothing(hub, ada, repo):
    other = Issuer()
    discovery = "/.well-known/openid-configuration"
    try:
        trust(ada, of_repo(repo), other)
        other.answer[discovery] = json.dumps(
            {"issuer": "https://elsewhere.example", "jwks_uri": other.url + "/keys"}).encode()
        assert exchange(hub, other.token(hub.url), repo).status == 503
    finally:
        other.server.shutdown()
    private = Issuer()
    try:
        trust(ada, of_repo(repo), private)
        # A key set in a network that is not the hub's to look into.
        private.answer[discovery] = json.dumps(
            {"issuer": private.url, "jwks_uri": "http://10.0.0.1/keys"}).encode()
        assert exchange(hub, private.token(hub.url), repo).status == 503
    finally:
        private.server.shutdown()


def test_a_new_key_of_the_issuer_is_found(hub, ada, repo):
    other = Issuer()
    try:
        other.keys = {"p": other.new_key("p", "EC")}
        trust(ada, of_repo(repo), other)
        exchange(hub, other.token(hub.url, key="p"), repo).ok()
    finally:
        other.server.shutdown()


def test_who_may_say_whom_to_trust(hub, ada, issuer, repo_id):
    name = repo_id.replace("ada/", "crew/")
    ada.create(name)
    body = {"issuer": issuer.url, "claims": {"repository": "acme/train"}}
    for token, status in ((None, 401), (BOB, 403), (CAROL, 403), (DAN, 403), (ADA_READ, 403)):
        assert_error(Wire(hub.url, token).post(of_repo(name), body), status)
        assert_error(Wire(hub.url, token).get(of_repo(name)), status)
        assert_error(Wire(hub.url, token).get("/api/-/v1/organizations/crew/trusted-publishers"), status)
    for wrong in (
        {"issuer": "no url", "claims": {"sub": "x"}}, {"issuer": issuer.url, "claims": {}},
        {"issuer": "ftp://x.example", "claims": {"sub": "x"}},
        {"issuer": "https://u:p@x.example", "claims": {"sub": "x"}},
        {"issuer": issuer.url, "claims": {"aud": "x"}}, {"issuer": issuer.url, "claims": {"sub": ""}},
        {"issuer": issuer.url, "claims": {"sub": "*"}}, {"issuer": issuer.url, "claims": {"sub": "acme*"}},
        {"issuer": issuer.url, "claims": {"sub": "x" * 501}},
        {"issuer": issuer.url, "claims": {f"c{i}": "x" for i in range(21)}},
        {"issuer": "https://token.actions.githubusercontent.com", "claims": {"ref": "refs/heads/main"}},
    ):
        assert_error(ada.post(of_repo(name), wrong), 400, "InvalidPublisher")
    for i in range(50):
        trust(ada, of_repo(name), issuer, sub=f"program {i}")
    assert_error(ada.post(of_repo(name), body), 409, "TooManyPublishers")


@pytest.mark.both_engines
def test_of_an_organization_and_of_a_person(hub, ada, issuer, repo_id):
    name = repo_id.replace("ada/", "crew/")
    ada.create(name, "dataset", private=True)
    where = "/api/-/v1/organizations/crew/trusted-publishers"
    made = trust(ada, where, issuer, repository="acme/all", sub="repo:acme/train:ref:refs/heads/main")
    token = issuer.token(hub.url, repository="acme/all")
    ci = Wire(hub.url, exchange(hub, token, f"datasets/{name}").ok().json["access_token"])
    ci.commit(name, add("x"), kind="dataset").ok()
    assert exchange(hub, token, name).status == 400  # There is no model of that name.
    assert exchange(hub, token, "crew").status == 400  # Only people have what is gated to them.
    assert ada("DELETE", f"{where}/{made['id']}").status == 204

    own = trust(ada, "/api/-/v1/me/trusted-publishers", issuer, repository="acme/read")
    token = issuer.token(hub.url, repository="acme/read")
    answer = exchange(hub, token, "ada").ok().json
    assert answer["scope"] == "gated-repos"
    reader = Wire(hub.url, answer["access_token"])
    assert reader.get("/api/whoami-v2").ok().json["name"] == "ada"
    bob = Wire(hub.url, BOB)
    gated = repo_id.replace("ada/", "bob/")
    bob.create(gated)
    bob("PUT", f"/api/models/{gated}/settings", json_body={"gated": "manual"}).ok()
    assert_error(reader.get(f"/{gated}/resolve/main/.gitattributes"), 403, "GatedRepo")
    bob.post(f"/api/models/{gated}/user-access-request/grant", {"user": "ada"}).ok()
    reader.get(f"/{gated}/resolve/main/.gitattributes").ok()
    private = repo_id + "-private"
    ada.create(private, private=True)
    assert_error(reader.get(f"/api/models/{private}"), 404, "RepoNotFound")
    ada("DELETE", f"/api/-/v1/me/trusted-publishers/{own['id']}")
    assert_error(reader.get("/api/whoami-v2"), 401)


def test_the_token_ends_with_the_rights_of_who_trusted(hub, ada, issuer, repo_id):
    name = repo_id.replace("ada/", "crew/")
    ada.create(name, private=True)
    keeper = Wire(hub.url, next(t["value"] for u in WORLD["users"] if u["name"] == "keeper"
                                for t in u["tokens"]))
    role = "/api/organizations/crew/members/dan/role"
    ada("PUT", role, json_body={"role": "admin"}).ok()
    trust(Wire(hub.url, DAN), of_repo(name), issuer, repository="dan/ci")
    token = issuer.token(hub.url, repository="dan/ci")
    ci = Wire(hub.url, exchange(hub, token, name).ok().json["access_token"])
    ci.commit(name, add("x")).ok()
    ada("PUT", role, json_body={"role": "read"}).ok()
    assert_error(ci.commit(name, add("y")), 403)
    assert exchange(hub, token, name).status == 400
    ada("PUT", role, json_body={"role": "write"}).ok()
    exchange(hub, token, name).ok()
    assert keeper.get("/api/whoami-v2").ok().json["name"] == "keeper"


def test_fields_that_are_missing(hub, issuer, repo):
    token = issuer.token(hub.url)
    whole = {"grant_type": GRANT, "subject_token_type": ID_TOKEN, "subject_token": token,
             "resource": repo}
    for name in ("subject_token_type", "subject_token", "resource"):
        body = {k: v for k, v in whole.items() if k != name}
        answer = Wire(hub.url).post("/oauth/token", body)
        assert (answer.status, answer.json["error"]) == (400, "invalid_request"), name
    described = Wire(hub.url).get("/.well-known/openid-configuration").ok().json
    assert GRANT in described["grant_types_supported"]
