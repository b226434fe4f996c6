"""Filters, shapes and figures of lists; counts by tag, quick search, trending, tasks."""

import json
import statistics
import time

import pytest
from conftest import MILA
from huggingface_hub import HfApi
from wire import TIME, Wire, add, api_of, assert_error


def card(**fields):
    return b"---\n" + b"".join(f"{key}: {json.dumps(value)}\n".encode()
                               for key, value in fields.items()) + b"---\n# Card\n"


@pytest.fixture(scope="module")
def library(hub):
    """Models, data sets and spaces of mila's with telling cards; some private."""
    mila = Wire(hub.url, MILA)
    if mila.get(api_of("mila/lib-base")).status == 200:
        return mila

    def make(name, kind="model", private=False, **fields):
        mila.create(f"mila/{name}", kind, private=private)
        mila.commit(f"mila/{name}", add("README.md", card(**fields)), kind=kind).ok()

    make("lib-base", license="mit", language=["en"], library_name="transformers",
         pipeline_tag="text-generation", tags=["libtest"], datasets=["mila/lib-data"])
    make("lib-tuned", license="apache-2.0", language=["fr"], library_name="transformers",
         pipeline_tag="text-generation", tags=["libtest"], base_model="mila/lib-base")
    make("lib-lora", license="mit", library_name="peft", tags=["libtest", "gguf"],
         base_model="mila/lib-base", base_model_relation="adapter")
    make("lib-hidden", private=True, license="mit", language=["is"], tags=["libtest", "libsecret"],
         pipeline_tag="robotics")
    make("lib-data", "dataset", license="cc-by-4.0", language=["en"], tags=["libtest"],
         task_categories=["text-classification"], size_categories=["n<1K"])
    make("lib-data-hidden", "dataset", private=True, tags=["libtest"], language=["is"])
    make("lib-app", "space", sdk="static", title="An app", emoji="x", tags=["libtest"],
         models=["Mila/Lib-Base"], datasets=["mila/lib-data"])
    return mila


def names(answer):
    return {item["id"].removeprefix("mila/lib-") for item in answer.ok().json}


@pytest.mark.both_engines
@pytest.mark.parametrize("query, wanted", [
    ("filter=dataset:mila/lib-data", {"base"}), ("dataset=mila/lib-data", {"base"}),
    ("filter=base_model:mila/lib-base", {"tuned", "lora"}),
    ("base_model=mila/lib-base", {"tuned", "lora"}),
    ("filter=base_model:adapter:mila/lib-base", {"lora"}),
    ("filter=base_model:finetune:mila/lib-base", {"tuned"}),
    ("library=peft", {"lora"}), ("library=transformers&language=fr", {"tuned"}),
    ("license=mit", {"base", "lora"}), ("license=license:mit", {"base", "lora"}),
    ("filter=transformers,en", {"base"}), ("apps=ollama", {"lora"}), ("apps=no-such-app", set()),
    ("apps=ollama,vllm", {"base", "tuned", "lora"}), ("inference=warm", set()),
    ("inference_provider=all", set()), ("num_parameters=min:6B", set()),
    ("num_parameters=min:1K,max:128B", set()), ("pipeline_tag=text-generation", {"base", "tuned"}),
])
def test_models_by_each_filter(library, nobody, query, wanted):
    assert names(nobody.get(f"/api/models?filter=libtest&{query}")) == wanted


@pytest.mark.parametrize("query, wanted", [
    ("language=en", {"data"}), ("filter=language:en", {"data"}), ("language=is", set()),
    ("task_categories=text-classification", {"data"}), ("size_categories=n%3C1K", {"data"}),
    ("filter=task_categories:text-classification&filter=license:cc-by-4.0", {"data"}),
])
def test_datasets_by_each_filter(library, nobody, query, wanted):
    assert names(nobody.get(f"/api/datasets?filter=libtest&{query}")) == wanted


@pytest.mark.both_engines
@pytest.mark.parametrize("query, wanted", [
    ("models=mila/lib-base", {"app"}), ("models=MILA/lib-BASE", {"app"}),
    ("datasets=mila/lib-data", {"app"}), ("models=mila/lib-tuned", set()), ("linked=true", {"app"}),
    ("sdk=static", {"app"}), ("sdk=gradio", set()),
])
def test_spaces_by_what_they_use(library, nobody, query, wanted):
    answer = nobody.get(f"/api/spaces?filter=libtest&{query}")
    assert names(answer) == wanted
    assert "uses:" not in answer.text


@pytest.mark.parametrize("query", ["num_parameters=6B", "num_parameters=min:x", "num_parameters=min:-1",
                                   "num_parameters=min:1e400", "num_parameters=min:nan", "direction=2",
                                   "direction=up", "sort=beauty"])
def test_what_cannot_be_meant_is_400(nobody, query):
    assert_error(nobody.get(f"/api/models?{query}"), 400)


@pytest.mark.both_engines
def test_items_have_exactly_what_the_public_hub_gives(library, nobody):
    def keys(target):
        [item] = nobody.get(target).ok().json
        assert TIME.fullmatch(item["createdAt"])
        return set(item)

    plain = {"_id", "id", "modelId", "likes", "trendingScore", "private", "downloads", "tags",
             "pipeline_tag", "library_name", "createdAt"}
    one = "/api/models?search=mila/lib-base"
    assert keys(one) == plain
    assert keys(one + "&cardData=true") == plain | {"cardData"}
    full = plain | {"author", "lastModified", "sha", "siblings", "gated", "disabled"}
    assert keys(one + "&full=true") == full
    assert keys(one + "&full=true&cardData=1") == full | {"cardData"}
    data = {"_id", "id", "author", "disabled", "gated", "lastModified", "likes", "trendingScore",
            "private", "sha", "downloads", "tags", "createdAt"}
    one = "/api/datasets?search=mila/lib-data"
    assert keys(one) - {"description"} == data
    assert keys(one + "&full=true") - {"description", "citation"} == data | {"siblings", "cardData"}
    app = {"_id", "id", "likes", "trendingScore", "private", "sdk", "tags", "createdAt"}
    assert keys("/api/spaces?search=mila/lib-app") == app
    full = keys("/api/spaces?search=mila/lib-app&full=true")
    assert full >= app | {"author", "lastModified", "sha", "siblings", "cardData", "subdomain", "title",
                          "models", "datasets", "runtime"}


def test_the_published_client_filters_and_sorts(hub, library):
    client = HfApi(endpoint=hub.url, token=MILA)

    def found(items):
        return {item.id.removeprefix("mila/lib-") for item in items}

    assert found(client.list_models(author="mila", filter=["libtest", "license:mit"])) == \
        {"base", "lora", "hidden"}
    assert found(client.list_models(author="mila", filter="libtest",
                                    trained_dataset="mila/lib-data")) == {"base"}
    assert found(client.list_models(author="mila", num_parameters="min:1K", filter="libtest")) == set()
    assert found(client.list_models(author="mila", filter="libtest", apps=["ollama"])) == {"lora"}
    assert found(client.list_models(author="mila", filter="libtest", inference="warm")) == set()
    assert found(client.list_datasets(author="mila", language="en", filter="libtest")) == {"data"}
    assert found(client.list_datasets(author="mila",
                                      task_categories="text-classification")) >= {"data"}
    assert found(client.list_spaces(author="mila", models="mila/lib-base")) == {"app"}
    assert found(client.list_spaces(author="mila", linked=True, filter="libtest")) == {"app"}
    for sort in ("created_at", "downloads", "last_modified", "likes", "trending_score"):
        assert len(found(client.list_models(author="mila", filter="libtest", sort=sort))) == 4
    [item] = client.list_models(search="mila/lib-base", expand=["downloadsAllTime", "trendingScore"])
    assert (item.downloads_all_time, item.trending_score) == (0, 0)
    tags = client.get_model_tags()
    assert "text-generation" in {tag["id"] for tag in tags["pipeline_tag"]}
    assert "license:cc-by-4.0" in {tag["id"] for tag in client.get_dataset_tags()["license"]}


# ---- Counts by tag -------------------------------------------------------------------------------


def facets(asker, query, kind="models"):
    answer = asker.get(f"/api/-/v1/facets/{kind}?{query}").ok().json
    return answer["total"], {tag["id"]: tag["count"] for facet in answer["facets"].values()
                             for tag in facet["tags"]}


@pytest.mark.both_engines
def test_facets_count_under_filters_and_only_what_the_asker_sees(library, nobody, bob):
    for stranger in (nobody, bob):
        total, counts = facets(stranger, "filter=libtest")
        assert (total, counts["license:mit"], counts["transformers"], counts["libtest"]) == (3, 2, 2, 3)
        assert not {"is", "robotics", "libsecret"} & set(counts)
        assert facets(stranger, "filter=libtest&filter=libsecret") == (0, {})
        assert facets(stranger, "author=mila&search=lib-hidden") == (0, {})
    total, counts = facets(library, "filter=libtest")
    assert (total, counts["license:mit"], counts["is"], counts["libsecret"]) == (4, 3, 1, 1)
    assert facets(library, "filter=libtest&filter=license:mit&type=library") == \
        (3, {"transformers": 1, "peft": 1, "gguf": 1})
    answer = nobody.get("/api/-/v1/facets/models?filter=libtest&type=language,license&limit=1").ok().json
    assert set(answer["facets"]) == {"language", "license"}
    license = answer["facets"]["license"]
    assert license == {"distinct": 2, "tags": [
        {"id": "license:mit", "label": "mit", "type": "license", "count": 2}]}
    assert_error(nobody.get("/api/-/v1/facets/models?limit=0"), 400)
    assert_error(nobody.get("/api/-/v1/facets/models?sort=beauty"), 400)


def test_tags_by_type_name_what_public_repositories_have(library, nobody):
    tags = nobody.get("/api/models-tags-by-type").ok().json
    by_id = {tag["id"]: tag for tag in tags["pipeline_tag"]}
    assert by_id["text-generation"] == {"id": "text-generation", "label": "Text Generation",
                                        "type": "pipeline_tag", "subType": "nlp", "clickable": True}
    assert {"id": "fr", "label": "French", "type": "language", "clickable": True} in tags["language"]
    assert "libsecret" not in json.dumps(tags)
    only = nobody.get("/api/models-tags-by-type?type=license").ok().json
    assert set(only) == {"license"}
    tags = nobody.get("/api/datasets-tags-by-type").ok().json
    assert "language:en" in {tag["id"] for tag in tags["language"]}
    assert "language:is" not in {tag["id"] for tag in tags["language"]}


# ---- Quick search, trending, tasks ---------------------------------------------------------------


@pytest.mark.both_engines
def test_quick_search_finds_names_and_people(library, nobody, ada):
    answer = nobody.get("/api/quicksearch?q=lib-&limit=20").ok().json
    assert {m["id"] for m in answer["models"]} == {"mila/lib-base", "mila/lib-tuned", "mila/lib-lora"}
    assert (answer["modelsCount"], answer["datasetsCount"], answer["spacesCount"]) == (3, 1, 1)
    assert answer["q"] == "lib-" and answer["papers"] == [] and answer["collections"] == []
    [best, *_] = nobody.get("/api/quicksearch?q=LIB-lora&type=model").ok().json["models"]
    assert best["id"] == "mila/lib-lora"
    people = nobody.get("/api/quicksearch?q=Mi&type=user&type=org").ok().json
    assert "mila" in {user["user"] for user in people["users"]} and "models" not in people
    assert all(set(user) == {"_id", "user", "fullname", "avatarUrl"} for user in people["users"])
    assert library.get("/api/quicksearch?q=lib-hidden").ok().json["modelsCount"] == 1
    for stranger in (nobody, ada):
        answer = stranger.get("/api/quicksearch?q=lib-hidden").ok()
        assert answer.json["models"] == [] and answer.json["modelsCount"] == 0
    posted = nobody.post("/api/quicksearch", {"q": "lib-base", "limit": 1, "type": ["model"]}).ok().json
    assert [m["id"] for m in posted["models"]] == ["mila/lib-base"]
    assert nobody.get("/api/quicksearch?q=").ok().json["models"] == []
    for query in ("q=" + "x" * 300, "q=%FF", "q=a&type=beauty", "q=a&limit=0"):
        assert_error(nobody.get(f"/api/quicksearch?{query}"), 400)


def test_trending_has_each_kind_and_nothing_private(library, nobody):
    answer = nobody.get("/api/trending?limit=20").ok().json["recentlyTrending"]
    assert {item["repoType"] for item in answer} <= {"model", "dataset", "space"} and answer
    for item in answer:
        assert item["repoData"]["repoType"] == item["repoType"]
        assert item["repoData"]["private"] is False and "/" in item["repoData"]["id"]
    only = nobody.get("/api/trending?type=space&limit=1").ok().json["recentlyTrending"]
    assert [item["repoType"] for item in only] == ["space"]
    for query in ("type=kernel", "type=x", "limit=x"):
        assert_error(nobody.get(f"/api/trending?{query}"), 400)


def test_tasks_recommend_models_that_the_asker_can_reach(library, nobody):
    tasks = nobody.get("/api/tasks").ok().json
    assert {"text-generation", "robotics", "fill-mask"} <= set(tasks)
    assert all(isinstance(task["widgetModels"], list) for task in tasks.values())
    assert any(name.startswith("mila/") for name in tasks["text-generation"]["widgetModels"])
    assert "mila/lib-hidden" not in tasks["robotics"]["widgetModels"]


@pytest.mark.both_engines
def test_a_model_names_its_spaces_and_counts_its_children(library, nobody):
    target = f"{api_of('mila/lib-base')}?expand=spaces&expand=childrenModelCount"
    info = nobody.get(target).ok().json
    assert (info["spaces"], info["childrenModelCount"]) == (["mila/lib-app"], 2)
    info = nobody.get(target.replace("lib-base", "lib-lora")).ok().json
    assert (info["spaces"], info["childrenModelCount"]) == ([], 0)


# ---- Exact at once, and silent about what is private -----------------------------


@pytest.mark.both_engines
def test_lists_follow_every_change_at_once(ada, nobody, repo):
    def listed(asker, query):
        return repo in [item["id"] for item in asker.get(f"/api/models?{query}&limit=1000").ok().json]

    for n in range(5):
        ada.commit(repo, add("README.md", card(tags=[f"turn-{n}"]))).ok()
        assert listed(nobody, f"filter=turn-{n}") and not listed(nobody, f"filter=turn-{n - 1}")
    ada("PUT", f"{api_of(repo)}/settings", json_body={"private": True}).ok()
    assert not listed(nobody, "filter=turn-4") and listed(ada, "filter=turn-4")
    assert facets(nobody, "filter=turn-4") == (0, {})
    ada("PUT", f"{api_of(repo)}/settings", json_body={"private": False}).ok()
    assert listed(nobody, "filter=turn-4")
    owner, name = repo.split("/")
    ada("DELETE", "/api/repos/delete", json_body={"name": name, "organization": owner}).ok()
    assert not listed(ada, "filter=turn-4") and facets(ada, "filter=turn-4") == (0, {})


def test_a_search_takes_as_long_whether_or_not_a_private_name_fits(library, nobody):
    """The median of many, in turn: what is private is passed over before it is looked at."""
    targets = ["/api/models?search=lib-hidden", "/api/models?search=lib-nobody",
               "/api/quicksearch?q=lib-hidden&type=model", "/api/quicksearch?q=lib-nobody&type=model",
               "/api/-/v1/facets/models?filter=libsecret", "/api/-/v1/facets/models?filter=libnobody"]
    times = {target: [] for target in targets}
    for _ in range(150):
        for target in targets:
            started = time.perf_counter()
            nobody.get(target)
            times[target].append(time.perf_counter() - started)
    medians = [statistics.median(times[target]) for target in targets]
    for private, missing in zip(medians[::2], medians[1::2]):
        assert abs(private - missing) < 0.25 * max(private, missing) + 0.0005, medians
    bodies = [nobody.get(target).ok().json for target in targets]
    assert bodies[0] == bodies[1] == [] and bodies[4] == bodies[5]
    assert bodies[2]["models"] == bodies[3]["models"] and bodies[2]["modelsCount"] == 0
