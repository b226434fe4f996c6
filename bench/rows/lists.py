"""Row l: lists of 100 000 repositories, half of them private, on both engines; and of 10 000."""

import http.client
import json
import os
import random
import subprocess
import sys
import time

from hub import TOKEN, WORLD, Hub
from measure import ROOT, Measure

sys.path.insert(0, str(ROOT / "tests/e2e"))
from postgres import Postgres  # noqa: E402

SEED = ROOT / "build/release/cairn_bench_seed"
SIZES = {100_000: 50_000, 10_000: 5_000}
SEED_SECONDS_MAX = 300
ROUNDS = 5
GOAL_MS = {"sqlite": 20, "postgres": 40}
RATIO_MAX = 1.5
# The asker is in ten organizations, so that private repositories of many owners are mixed in.
TEAMS = 10

_SORTS = ["trendingScore", "downloads", "likes", "createdAt", "lastModified", "id", "likes30d"]
_FILTERS = ["filter=text-generation", "filter=robotics", "pipeline_tag=translation",
            "filter=license:mit", "filter=license:bsd-3-clause", "filter=en", "filter=mt",
            "filter=region:us", "library=peft", "filter=topic-3", "filter=topic-4321",
            "filter=base_model:user0/base-0", "filter=base_model:finetune:user1/base-1",
            "filter=dataset:user0/data-0", "filter=en&filter=license:mit&filter=transformers",
            "filter=text-generation&filter=robotics", "filter=zh,peft,gguf", "author=user0",
            "author=team0", "author=team3&filter=en", "gated=false", "gated=true",
            "num_parameters=min:1B,max:7B", "apps=ollama", "filter=bert&filter=llama"]
_WORDS = ["bert", "llama-chat", "instruct", "user0/", "team1/", "tiny", "-9", "ab", "e", "999",
          "whisper&search=base", "coder&search=math"]
# At most five results each.
_RARE = ["search=no-such-name", "search=bert-bert-4", "filter=nothing", "author=no-such-owner",
         "filter=topic-4999", "filter=topic-4998&filter=en", "search=zzz", "author=user49999",
         "filter=base_model:user499/base-999", "filter=robotics&filter=keras&filter=gpl-3.0",
         "search=user0/&filter=topic-4000", "filter=is&filter=mt", "inference=warm",
         "author=user7&search=whisper-whisper", "filter=dataset:user499/data-999",
         "filter=license:gpl-3.0&filter=mt&filter=spacy&filter=robotics", "apps=unknown",
         "num_parameters=min:900B", "search=%25", "gated=true&filter=en"]


def mix():
    """The 200 queries, always the same: (path, with a token)."""
    chosen = random.Random(4)
    queries = []
    for n, rare in enumerate(_RARE):
        queries.append(f"/api/models?{rare}&sort={_SORTS[n % len(_SORTS)]}")
    for n in range(50):  # One filter, every order.
        queries.append(f"/api/models?{_FILTERS[n % len(_FILTERS)]}&sort={_SORTS[n % len(_SORTS)]}"
                       f"&limit={chosen.choice([10, 30, 100])}")
    for n in range(40):
        queries.append(f"/api/models?search={_WORDS[n % len(_WORDS)]}"
                       f"&sort={_SORTS[n % len(_SORTS)]}&limit=30")
    for kind in ("models", "datasets", "spaces"):
        for sort in _SORTS:
            for direction in ("-1", "1"):  # 42: no filter at all.
                queries.append(f"/api/{kind}?sort={sort}&direction={direction}&limit=100")
    for n in range(20):
        queries.append(f"/api/datasets?filter=language:{['en', 'mt', 'sw'][n % 3]}"
                       f"&filter=task_categories:text-classification&limit=30&sort={_SORTS[n % 7]}")
    for n in range(8):  # As the JavaScript client asks.
        queries.append("/api/models?limit=500&expand=pipeline_tag&expand=private&expand=gated"
                       f"&expand=downloads&expand=likes&expand=lastModified&sort={_SORTS[n % 7]}")
    for n in range(10):
        queries.append(f"/api/spaces?models=user0/base-{n}&limit=30")
    for n in range(4):
        queries.append(f"/api/models?limit=20&full=true&cardData=true&sort={_SORTS[n]}")
    for n in range(6):
        queries.append(f"/api/-/v1/facets/models?{_FILTERS[n]}&limit=20")
    assert len(queries) == 200, len(queries)
    return [(query, n % 2 == 0) for n, query in enumerate(queries)]


class Asker:
    def __init__(self, hub):
        self.connection = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=60)
        self.connection.connect()

    def ask(self, path, signed_in):
        """@return (milliseconds to the last byte, items, the next page's path)."""
        headers = {"Authorization": f"Bearer {TOKEN}"} if signed_in else {}
        start = time.perf_counter()
        self.connection.request("GET", path, headers=headers)
        answer = self.connection.getresponse()
        text = answer.read()
        took = (time.perf_counter() - start) * 1000
        assert answer.status == 200, f"{path}: {answer.status} {text[:300]!r}"
        link = answer.getheader("Link") or ""
        following = link.partition(">")[0].partition("//")[2]
        body = json.loads(text)
        return took, len(body) if isinstance(body, list) else body["total"], \
            "/" + following.partition("/")[2] if following else None


def _percentile(values, part):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def _measure(hub):
    """@return (milliseconds of every request, the slowest queries)."""
    asker = Asker(hub)
    asked = []
    for path, signed_in in mix():
        took, items, following = asker.ask(path, signed_in)
        for _ in range(20 if following and len(asked) % 10 == 0 else 0):  # Deep into the list.
            _, _, deeper = asker.ask(following, signed_in)
            if not deeper:
                break
            following = deeper
        asked.append((following if following and len(asked) % 10 == 0 else path, signed_in))
    slowest, all_times = {}, []
    for _ in range(ROUNDS):
        for path, signed_in in asked:
            took, _, _ = asker.ask(path, signed_in)
            all_times.append(took)
            name = path.partition("&cursor=")[0]
            slowest[name] = max(took, slowest.get(name, 0))
    return all_times, sorted(slowest.items(), key=lambda entry: -entry[1])[:3]


def _world():
    return WORLD | {"orgs": [{"name": f"team{n}", "members": {"bench": "read"}}
                             for n in range(TEAMS)]}


def _one(bench, engine, repositories, database):
    place = bench.folder / f"lists-{engine}-{repositories}"
    place.mkdir()
    env = dict(os.environ) | ({"CAIRN_DATABASE": database} if database else {})
    start = time.monotonic()
    seeded = subprocess.run(
        [SEED, place / "data", str(repositories), str(SIZES[repositories])],
        env=env, capture_output=True, text=True, check=False)
    assert seeded.returncode == 0, seeded.stderr[-2000:]
    seconds = time.monotonic() - start
    hub = Hub(place / "data", database=database)
    try:
        hub.start()
        hub.apply(_world())
        deadline = time.monotonic() + 60
        while not hub.answers("/api/-/v1/facets/models"):  # Read into memory.
            assert time.monotonic() < deadline
            time.sleep(0.1)
        times, slowest = _measure(hub)
        hub.stop()
    finally:
        hub.end()
    return times, slowest, seconds


def lists(bench):
    measures, notes = [], []
    postgres = Postgres(bench.folder / "postgres").start()
    try:
        for engine in ("sqlite", "postgres"):
            p99 = {}
            for repositories in SIZES:
                database = postgres.new_database() if engine == "postgres" else None
                times, slowest, seconds = _one(bench, engine, repositories, database)
                p99[repositories] = _percentile(times, 0.99)
                measures += [
                    Measure(f"{engine}, {repositories} repositories: p99", p99[repositories], "ms",
                            goal=GOAL_MS[engine] if repositories == 100_000 else None,
                            least=False),
                    Measure(f"{engine}, {repositories} repositories: p50",
                            _percentile(times, 0.5), "ms"),
                    Measure(f"{engine}, {repositories} repositories: seeding", seconds, "s",
                            goal=SEED_SECONDS_MAX, least=False),
                ]
                notes.append(f"{engine}, {repositories}: slowest " + "; ".join(
                    f"{query} {took:.1f} ms" for query, took in slowest))
            measures.append(Measure(f"{engine}: p99 at 100 000 against 10 000",
                                    p99[100_000] / p99[10_000], "×", goal=RATIO_MAX,
                                    least=False))
    finally:
        postgres.stop()
    return measures, notes
