"""Pages as browsers get them: statuses, policy, data, and what nobody else may learn."""

import base64
import gzip
import hashlib
import html
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from browser import browser_of, setting
from cairn import ROOT
from documents import BROWSER, CARD, PAGE, data_of, document, make, open_page
from wire import KINDS, PUBLIC_ID, Wire, api_of, web_of

PAGE_KINDS = [kind for kind in KINDS if kind != "kernel"]


def built_with_pages(hub):
    return "scripts/build-web" not in open_page(Wire(hub.url), "/").text


@pytest.fixture(scope="module")
def stranger(hub):
    return Wire(hub.url)


# ---- Addresses ----------------------------------------------------------------------------------

ADDRESSES = [
    ("/", "home", 200), ("/models", "list", 200), ("/datasets", "list", 200), ("/spaces", "list", 200),
    ("/models?pipeline_tag=text-generation&sort=downloads&search=x", "list", 200),
    ("/ada", "owner", 200), ("/crew", "owner", 200), ("/nobody-of-this-name", "missing", 404),
    ("/login", "login", 200), ("/login/reset", "reset", 200), ("/join", "join", 200),
    ("/setup", "setup", 200), ("/settings/verify", "verify", 200), ("/docs", "docs", 200),
    ("/docs/git", "docs", 200), ("/docs/api", "docs", 200), ("/docs/git/push", "missing", 404), ("/-/components", "components", 200),
    ("/ada/none", "missing", 404), ("/datasets/ada/none", "missing", 404), ("/a/b/c/d/e", "missing", 404),
]


@pytest.mark.parametrize("address,kind,status", ADDRESSES)
def test_an_address_is_a_page(stranger, address, kind, status):
    answer = open_page(stranger, address)
    assert answer.status == status, answer
    assert answer["Content-Type"] == "text/html; charset=utf-8"
    data = data_of(stranger, address)
    assert data["page"]["kind"] == kind and data["status"] == status
    assert data["viewer"] is None and data["hub"]["name"] == "Cairn"
    assert PUBLIC_ID.search(data["request_id"])


@pytest.mark.parametrize("kind", PAGE_KINDS)
def test_the_addresses_of_a_repository(hub, ada, stranger, kind):
    name = f"ada/page-{kind}"
    make(ada, name, kind)
    web = web_of(name, kind)
    head = ada.get(api_of(name, kind)).ok().json["sha"]
    for tail, page in [("", "repository"), ("/tree/main", "tree"), ("/tree/main/docs", "tree"),
                       ("/blob/main/a.txt", "blob"), ("/blob/main/docs/use.md", "blob"),
                       ("/blame/main/a.txt", "blame"), ("/commits/main", "commits"),
                       ("/commits/main/a.txt", "commits"), (f"/commit/{head}", "commit"),
                       (f"/tree/{head}", "tree"), ("/compare/main..main", "compare")]:
        answer = open_page(stranger, web + tail)
        assert answer.status == 200, (tail, answer)
        data = data_of(stranger, web + tail)["page"]
        assert (data["kind"], data["type"], data["id"]) == (page, kind, name), tail
    for tail in ["/tree/nowhere", "/blob/main/none.txt", "/tree/main/none", "/commits/main/none", f"/commit/{'0' * 40}"]:
        assert open_page(stranger, web + tail).status == 404, tail
    for tail in ["/settings", "/upload/main", "/new/main", "/edit/main/a.txt"]:
        answer = open_page(stranger, web + tail)
        assert (answer.status, answer["Location"].split("=")[0]) == (307, "/login?next"), tail
        assert open_page(ada, web + tail).status == 200, tail
        assert open_page(Wire(hub.url, _bob()), web + tail).status == 403, tail


def _bob():
    from conftest import BOB
    return BOB


def test_a_file_and_a_folder_find_each_other(ada, stranger):
    make(ada, "ada/page-find")
    assert open_page(stranger, "/ada/page-find/blob/main/docs")["Location"] == "/ada/page-find/tree/main/docs"
    assert open_page(stranger, "/ada/page-find/tree/main/a.txt")["Location"] == "/ada/page-find/blob/main/a.txt"


def test_moved_repositories_and_old_names_lead_on(ada, stranger):
    make(ada, "ada/page-old")
    ada("POST", "/api/repos/move",
        json_body={"fromRepo": "ada/page-old", "toRepo": "ada/page-new", "type": "model"}).ok()
    answer = open_page(stranger, "/ada/page-old/tree/main/docs?x=1")
    assert (answer.status, answer["Location"]) == (307, "/ada/page-new/tree/main/docs?x=1")
    assert open_page(stranger, "/models/ada/page-new")["Location"] == "/ada/page-new"
    assert stranger("GET", "/ada/page-old", headers={"Accept": PAGE})["Location"] == "/ada/page-new"
    if ada.get(api_of("ada/aliased")).status == 404:  # Other tests use it too.
        ada.create("ada/aliased")
    assert open_page(stranger, "/gpt0")["Location"] == "/ada/aliased"


def test_names_are_found_in_any_case_and_written_as_they_are(ada, stranger):
    make(ada, "ada/page-Case")
    data = data_of(stranger, "/ADA/PAGE-case")
    assert data["page"]["id"] == "ada/page-Case" and data["canonical"] == "/ada/page-Case"


def test_pages_of_members_ask_strangers_to_sign_in(hub, ada, stranger):
    for address in ["/new", "/new-dataset", "/new-space", "/settings", "/settings/tokens",
                    "/organizations/new", "/oauth/device?user_code=ABCD", "/admin",
                    "/organizations/crew/settings"]:
        answer = open_page(stranger, address)
        assert answer.status == 307 and answer["Location"].startswith("/login?next="), address
        assert open_page(ada, address).status == (403 if address == "/admin" else 200), address
    assert "next=%2Foauth%2Fdevice%3Fuser_code%3DABCD" in open_page(stranger, "/oauth/device?user_code=ABCD")["Location"]
    assert open_page(ada, "/settings/nonsense").status == 404
    assert open_page(ada, "/settings/account")["Location"] == "/settings/password"
    tokens = data_of(browser_of(hub, "ada"), "/settings/tokens")["answers"]["/api/-/v1/tokens"]
    assert tokens["status"] == 200 and tokens["body"]
    assert open_page(Wire(hub.url, _bob()), "/organizations/crew/settings").status == 403


def test_the_sign_in_leads_nowhere_else(stranger, hub):
    browser = browser_of(hub, "ada")
    for target in ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)"]:
        assert open_page(browser, f"/login?next={target}")["Location"] == "/", target
        assert "next" not in data_of(stranger, f"/login?next={target}")["page"]
    assert open_page(browser, "/login?next=/ada")["Location"] == "/ada"


# ---- Other protocols keep their addresses -------------------------------------------------------

def test_programs_get_what_they_always_got(ada, stranger):
    make(ada, "ada/page-programs")
    git = stranger("GET", "/ada/page-programs/info/refs?service=git-upload-pack", headers={"Accept": "*/*"})
    assert git.ok()["Content-Type"] == "application/x-git-upload-pack-advertisement"
    assert open_page(stranger, "/ada/page-programs/resolve/main/a.txt").ok().text == "one\n"
    assert open_page(stranger, "/ada/page-programs/raw/main/a.txt").ok().text == "one\n"
    assert open_page(stranger, "/api/models/ada/page-programs").ok().json["id"] == "ada/page-programs"
    nothing = stranger("GET", "/a/b/c/d/e", headers={"Accept": "*/*"})
    assert nothing.status == 404 and "error" in nothing.json
    assert "error" in open_page(stranger, "/api/nothing").json
    for address in ["/nobody-of-this-name", "/ada/nothing", "/models/ada/page-programs/resolve/main/a.txt"]:
        nothing = stranger("GET", address, headers={"Accept": "*/*"})
        assert nothing.status == 404 and "error" in nothing.json, address
    assert stranger("GET", "/settings", headers={"Accept": "*/*"}).status == 401
    token = open_page(stranger, "/oauth/token")
    assert token.status == 405 and "POST" in token["Allow"]


def test_consent_is_a_page_for_browsers_alone(stranger, ada):
    query = "/oauth/authorize?client_id=x&redirect_uri=https://a.example/&response_type=code"
    assert open_page(stranger, query)["Location"].startswith("/login?next=%2Foauth%2Fauthorize%3F")
    assert open_page(ada, query)["Content-Type"].startswith("text/html")
    assert stranger("GET", query, headers={"Accept": "application/json"})["Content-Type"].startswith("application/json")


# ---- The document -------------------------------------------------------------------------------

def test_the_policy_and_the_other_headers(hub, stranger):
    assert built_with_pages(hub), "scripts/build-web, then build the program again"
    answer = open_page(stranger, "/")
    policy = dict(part.strip().split(" ", 1) for part in answer["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'" and policy["frame-ancestors"] == "'none'"
    assert policy["base-uri"] == "'none'" and policy["form-action"] == "'self'"
    assert policy["img-src"] == "'self' data: blob:" and policy["connect-src"] == "'self'"
    assert "'unsafe-inline'" not in policy["script-src"] + policy["style-src"]
    for text in re.findall(r"<script(?:\s[^>]*)?>([\s\S]*?)</script>", answer.text):
        if not text or '"status"' in text[:20]:
            continue
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy["script-src"], text[:200]
    assert "Accept" in answer["Vary"] and answer["Cache-Control"] == "no-cache"
    assert answer["X-Content-Type-Options"] == "nosniff" and answer["X-Frame-Options"] == "DENY"


def test_pages_of_people_stay_with_them(hub):
    browser = browser_of(hub, "ada")
    assert open_page(browser, "/")["Cache-Control"] == "private, no-cache"
    viewer = data_of(browser, "/")["viewer"]
    assert viewer["name"] == "ada" and viewer["csrf"] and not viewer["admin"]
    assert {"name": "crew", "fullname": "Crew", "role": "admin"} in viewer["organizations"]


def test_the_data_of_a_page_is_in_its_document(hub, ada, stranger):
    make(ada, "ada/page-document", files={"README.md": CARD + "\n</script><!-- <script> \u2028", "a.txt": "x"})
    assert built_with_pages(hub), "scripts/build-web, then build the program again"
    answer = open_page(stranger, "/ada/page-document")
    page = document(answer)
    shown, asked = json.loads(page.data), data_of(stranger, "/ada/page-document")
    for volatile in ("request_id",):
        shown.pop(volatile), asked.pop(volatile)
    for name, answer in asked.pop("answers").items():
        other = shown["answers"].pop(name)
        other.pop("next", 0), answer.pop("next", 0)  # A cursor is sealed anew each time.
        assert other == answer, name
    assert not shown.pop("answers") and shown == asked
    assert page.ids.index("cairn-page") < page.ids.index("first")
    metas = {attrs.get("property") or attrs.get("name"): attrs.get("content")
             for tag, attrs in page.tags if tag == "meta"}
    assert metas["og:title"] == "ada/page-document · Cairn"
    assert metas["description"] == "It answers questions about trains and nothing else."
    links = {attrs["rel"]: attrs["href"] for tag, attrs in page.tags if tag == "link" and attrs.get("rel") == "canonical"}
    assert links["canonical"] == f"{hub.url}/ada/page-document"
    for address, words in {"tree/main": "It answers questions about trains and nothing else.",
                           "blob/main/a.txt": "a.txt of the model ada/page-document.",
                           "commits/main": "History of the model ada/page-document."}.items():
        told = data_of(stranger, f"/ada/page-document/{address}")["description"]
        assert told == words, address


def test_answers_are_those_of_the_api(ada, stranger):
    make(ada, "ada/page-answers")
    for address in ["/ada/page-answers", "/ada/page-answers/tree/main", "/models?author=ada", "/ada"]:
        for name, kept in data_of(stranger, address)["answers"].items():
            if name.startswith("POST"):
                _, target, body = name.split(" ", 2)
                real = stranger("POST", target, body.encode(), headers={"Content-Type": "application/json"})
            else:
                real = stranger.get(name)
            assert kept["status"] == real.status, name
            if "downloads" not in name and not kept["body"] is None:
                assert kept["body"] == real.json, name


def test_the_card_is_safe_and_its_links_lead_into_the_revision(ada, stranger):
    make(ada, "ada/page-card")
    data = data_of(stranger, "/ada/page-card")
    card = data["html"]["card"]
    assert "<script" not in card and "onerror" not in card and "license: mit" not in card
    assert 'href="/ada/page-card/blob/main/docs/use.md"' in card
    assert 'src="/ada/page-card/resolve/main/plot.png"' in card
    assert 'class="elsewhere"' in card and "<small>elsewhere.example</small>" in card
    assert data["contents"]["card"] == [{"level": 1, "id": "a-small-model", "text": "A small model"}]
    # The same file in a folder, at a commit.
    sha = ada.get("/api/models/ada/page-card").json["sha"]
    readme = data_of(stranger, f"/ada/page-card/tree/{sha}")["html"]["readme"]
    assert f'href="/ada/page-card/blob/{sha}/docs/use.md"' in readme


def test_links_to_the_public_hub_lead_to_what_is_here(hub, ada, stranger):
    far = "https://huggingface.co"
    make(ada, "ada/page-here", "dataset")
    make(ada, "ada/page-private", private=True)
    make(ada, "ada/page-links", files={"README.md": f"[a]({far}/datasets/ada/page-here/tree/main#x) "
                                       f"[b]({far}/ada/page-private) [c]({far}/ada/page-nothing)"})
    card = data_of(stranger, "/ada/page-links")["html"]["card"]
    assert f'href="/datasets/ada/page-here/tree/main#x" title="{far}/datasets/ada/page-here/tree/main#x"' in card
    assert f'href="{far}/ada/page-private"' in card and f'href="{far}/ada/page-nothing"' in card
    assert 'href="/ada/page-private"' in data_of(ada, "/ada/page-links")["html"]["card"]


def test_an_administrator_lets_browsers_load_pictures(hub, ada, stranger):
    make(ada, "ada/page-pictures")
    setting(hub, "external_images", "allow")
    try:
        assert '<img src="https://elsewhere.example/x.png"' in data_of(stranger, "/ada/page-pictures")["html"]["card"]
        assert "https:" in open_page(stranger, "/ada/page-pictures")["Content-Security-Policy"]
    finally:
        setting(hub, "external_images", "")
    assert "https:" not in open_page(stranger, "/ada/page-pictures")["Content-Security-Policy"]


# ---- Reading without a script -------------------------------------------------------------------

def first_of(answer):
    return re.search(r'<main id="first">([\s\S]*?)</main>', answer.text)[1]


def test_a_card_a_folder_a_file_and_a_list_are_readable(ada, stranger):
    make(ada, "ada/page-plain")
    assert "It answers questions about <em>trains</em>" in first_of(open_page(stranger, "/ada/page-plain"))
    folder = first_of(open_page(stranger, "/ada/page-plain/tree/main"))
    assert 'href="/ada/page-plain/tree/main/docs"' in folder and 'href="/ada/page-plain/blob/main/a.txt"' in folder
    assert "<pre>one\n</pre>" in first_of(open_page(stranger, "/ada/page-plain/blob/main/a.txt"))
    assert 'href="/ada/page-plain"' in first_of(open_page(stranger, "/models?search=page-plain"))


def test_next_leads_through_a_list(hub, stranger):
    lena = Wire(hub.url, __import__("conftest").LENA)
    names = [f"lena/page-{i:02}" for i in range(35)]
    for name in names:
        lena("POST", "/api/repos/create", json_body={"name": name.split("/")[1], "type": "model"}).ok()
    seen, address = [], "/models?author=lena&search=page-"
    while address:
        page = first_of(open_page(stranger, address))
        seen += re.findall(r'href="/(lena/page-\d\d)"', page)
        found = re.search(r'<a href="([^"]+)"[^>]*>Next</a>', page)
        address = html.unescape(found[1]) if found else None
    assert sorted(seen) == names


# ---- Who may not see it -------------------------------------------------------------------------

def without_ids(answer):
    return re.sub(r'"request_id":"[^"]*"', "", answer.text)


@pytest.mark.parametrize("kind", PAGE_KINDS)
def test_a_private_repository_and_a_missing_one_are_the_same(hub, ada, stranger, kind):
    hidden, missing = "ada/hidden-page", "ada/missing-page"
    make(ada, hidden, kind, private=True, files={"README.md": "# Secret words\n", "s.txt": "x"})
    for person in (stranger, Wire(hub.url, _bob())):
        for tail in ["", "/tree/main", "/blob/main/s.txt", "/commits/main", "/settings", "/edit/main/s.txt",
                     "/compare/main..main", "/commit/main", "/blame/main/s.txt", "/upload/main"]:
            for accept in (BROWSER, PAGE):
                there = person("GET", web_of(hidden, kind) + tail, headers={"Accept": accept})
                gone = person("GET", web_of(missing, kind) + tail, headers={"Accept": accept})
                assert there.status == gone.status == (404 if accept == BROWSER else 404), (tail, there)
                assert "Secret" not in there.text
                assert without_ids(there).replace("hidden-page", "missing-page") == without_ids(gone), tail
        for address in ["/", f"/{kind}s", f"/{kind}s?search=hidden-page", "/ada"]:
            answer = open_page(person, address)
            assert "hidden-page" not in answer.text.replace("search=hidden-page", ""), address


def test_a_gated_repository_shows_its_card_and_not_its_files(hub, ada, stranger):
    make(ada, "ada/page-gated", files={"README.md": "# Gate\n\nAsk before you read this model.\n", "secret.txt": "the secret\n"})
    ada("PUT", "/api/models/ada/page-gated/settings", json_body={"gated": "manual"}).ok()
    data = data_of(stranger, "/ada/page-gated")
    assert data["status"] == 200 and "Ask before" in data["html"]["card"]
    blob = open_page(stranger, "/ada/page-gated/blob/main/secret.txt")
    assert blob.status == 403 and "the secret" not in blob.text
    page = data_of(stranger, "/ada/page-gated/blob/main/secret.txt")["page"]
    assert page == {"kind": "forbidden", "reason": "gated", "type": "model", "id": "ada/page-gated"}
    assert open_page(ada, "/ada/page-gated/blob/main/secret.txt").status == 200


def test_a_closed_hub_shows_the_ways_in_and_nothing_else(own_hub):
    from conftest import ADA
    ada, stranger = Wire(own_hub.url, ADA), Wire(own_hub.url)
    make(ada, "ada/closed")
    setting(own_hub, "anonymous_read", "no")
    for address in ["/", "/models", "/ada", "/ada/closed", "/ada/closed/tree/main", "/ada/none"]:
        answer = open_page(stranger, address)
        assert answer.status == 307 and answer["Location"].startswith("/login"), (address, answer)
        assert "closed" not in answer.text
    for address in ["/login", "/join", "/setup", "/login/reset"]:
        assert open_page(stranger, address).status == 200, address
    assert "Disallow: /\n" in stranger.get("/robots.txt").text
    assert open_page(ada, "/ada/closed").status == 200


# ---- The preview --------------------------------------------------------------------------------

def test_the_preview_is_the_same_renderer(ada, stranger):
    body = {"text": CARD, "type": "model", "id": "ada/x", "revision": "main", "path": "docs/README.md"}
    answer = ada("POST", "/api/-/v1/render", json_body=body).ok().json
    assert 'href="/ada/x/blob/main/docs/docs/use.md"' in answer["html"] and "<script" not in answer["html"]
    assert stranger("POST", "/api/-/v1/render", json_body=body).status == 401
    assert "/api/-/v1/render" in stranger.get("/api/openapi.json").json["paths"]
    assert ada("POST", "/api/-/v1/render", json_body={"text": "x" * 2_000_000}).status == 413


def test_a_text_made_to_break_the_renderer_breaks_nothing(ada):
    for text in ["<b><i><u>" * 100_000, "[" * 300_000, "<div>" * 150_000, "|a" * 200_000 + "\n" + "|-" * 200_000,
                 "> " * 200_000, "*a_" * 200_000, "`" * 500_000]:
        answer = ada("POST", "/api/-/v1/render", json_body={"text": text})
        assert answer.status == 200, answer
    assert "<em>x</em>" in ada("POST", "/api/-/v1/render", json_body={"text": "*x*"}).json["html"]


# ---- The app's files ----------------------------------------------------------------------------

def test_the_apps_files_are_kept_for_ever_and_sent_compressed(hub, stranger):
    assert built_with_pages(hub), "scripts/build-web, then build the program again"
    files = set(re.findall(r'(?:src|href)="(/-/app/immutable/[^"]+)"', open_page(stranger, "/").text))
    assert files
    for path in files:
        plain = stranger.get(path).ok()
        assert plain["Cache-Control"] == "public, max-age=31536000, immutable", path
        brotli = stranger.get(path, Accept_Encoding="gzip, br")
        if brotli["Content-Encoding"]:
            assert brotli["Content-Encoding"] == "br" and len(brotli.body) < len(plain.body)
            zipped = stranger.get(path, Accept_Encoding="gzip")
            if zipped["Content-Encoding"]:
                assert gzip.decompress(zipped.body) == plain.body
    for path in ["/-/app/none.js", "/-/shell.html", "/-/manifest.json", "/-/../shell.html", "/shell.html"]:
        assert stranger.get(path).status == 404, path


# ---- The app's list of answers ------------------------------------------------------------------

def test_pages_carry_what_the_app_asks_for(hub, ada, stranger, tmp_path):
    """web/src/lib/needs.ts, run by Node, against the documents of the server."""
    node = Path(sys.executable).with_name("node")  # Of tests/requirements.lock.
    needs = ROOT / "web/src/lib/needs.ts"
    make(ada, "ada/page-needs")
    sha = ada.get("/api/models/ada/page-needs").json["sha"]
    addresses = ["/", "/models", "/datasets?search=%C3%BC+a&other=b%26c&sort=least_params&license=mit", "/spaces",
                 "/ada", "/crew", "/ada/page-needs", "/ada/page-needs/tree/main/docs", "/ada/page-needs/blob/main/a.txt",
                 "/ada/page-needs/commits/main", "/ada/page-needs/commits/main/docs/use.md", f"/ada/page-needs/commit/{sha}",
                 "/ada/page-needs/blame/main/a.txt", f"/ada/page-needs/compare/{sha}...main", "/ada/page-needs/compare/main"]
    script = tmp_path / "needs.mts"
    script.write_text(
        f'import {{ needs, answer_name }} from {json.dumps(str(needs))};\n'
        'const input = JSON.parse(await new Response(process.stdin as any).text());\n'
        'console.log(JSON.stringify(input.map((p: any) =>\n'
        '  needs(p.page, new URL("http://h" + p.address).searchParams, p.viewer).map(answer_name))));\n')
    for person, viewer in ((stranger, None), (ada, "ada")):
        documents = [data_of(person, address) for address in addresses]
        given = json.dumps([{"page": d["page"], "address": a, "viewer": viewer}
                            for a, d in zip(addresses, documents)])
        run = subprocess.run([node, "--experimental-strip-types", "--no-warnings", str(script)], input=given,
                             capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        for address, document, names in zip(addresses, documents, json.loads(run.stdout)):
            missing = set(names) - set(document["answers"])
            assert not missing, (address, viewer, missing)


# ---- The guide -----------------------------------------------------------------------------------


def test_the_guide_speaks_of_this_hub(hub, nobody):
    first = json.loads(nobody.get("/docs", Accept=PAGE).ok().text)
    assert first["page"]["slug"] == "start" and "<h1" in first["html"]["card"]
    chapters = first["page"]["chapters"]
    assert len(chapters) >= 9
    whole = ""
    for chapter in chapters:
        answer = nobody.get(f"/docs/{chapter['slug']}", Accept=BROWSER).ok()
        page = json.loads(document(answer).data)
        assert page["canonical"] == f"/docs/{chapter['slug']}"
        if chapter["slug"] == "api":  # The app draws it of the API's own description.
            assert "/api/openapi.json" in answer.text
            continue
        assert page["contents"]["card"]
        whole += page["html"]["card"]
    assert "localhost:2247" not in whole and f"{hub.url}/ada/bert" in whole
