"""Rows b and f: small answers to 32 keep-alive connections, of a private repository of 20 files, so
that each request looks up a token and a right."""

from hub import random_files
from load import get_rate, head_rate
from measure import Measure, median

ROUNDS = 3
SMALL_BYTES = 1500
FILES = 20


def _small_repo(hub):
    repo = hub.create_repo("small")
    names = ["config.json", *(f"part-{n:02}.txt" for n in range(FILES - 2))]
    # With .gitattributes, which creating wrote, these are 20.
    hub.commit(repo, random_files(names, SMALL_BYTES))
    return repo


def _median_rates(calls):
    """Runs all in turn, ROUNDS times. @return name -> (requests/s, CPU µs, all requests/s)."""
    found = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            found[name].append(call())
    return {name: (median([r.per_second for r in rates]), median([r.cpu_us for r in rates]),
                   [r.per_second for r in rates]) for name, rates in found.items()}


def small_file(bench):
    with bench.hub() as hub, bench.nginx() as nginx:
        repo = _small_repo(hub)
        path = f"/{repo}/resolve/main/config.json"
        (nginx.www / "config.json").write_bytes(hub.request("GET", path))
        rates = _median_rates({
            "GET": lambda: get_rate(hub, path),
            "nginx GET": lambda: get_rate(nginx, "/config.json"),
            "HEAD": lambda: head_rate(hub, path),
            "nginx HEAD": lambda: head_rate(nginx, "/config.json"),
        })
    measures = []
    for method in ("GET", "HEAD"):
        ours, peer = rates[method], rates[f"nginx {method}"]
        measures += [
            Measure(f"{method} of 1.5 KB", ours[0], "req/s", "nginx", peer[0], goal=0.5,
                    spread=ours[2]),
            Measure(f"{method}: the server's CPU", ours[1], "µs/request", "nginx", peer[1]),
        ]
    return measures, []


def info_and_tree(bench):
    with bench.hub() as hub:
        repo = _small_repo(hub)
        rates = _median_rates({
            "resolve": lambda: get_rate(hub, f"/{repo}/resolve/main/config.json"),
            "info": lambda: get_rate(hub, f"/api/models/{repo}"),
            "tree": lambda: get_rate(hub, f"/api/models/{repo}/tree/main"),
        })
    measures = []
    for name in ("info", "tree"):
        measures += [
            Measure(f"{name}, 20 files", rates[name][0], "req/s", "resolve", rates["resolve"][0],
                    goal=0.3, spread=rates[name][2]),
            Measure(f"{name}: the server's CPU", rates[name][1], "µs/request", "resolve",
                    rates["resolve"][1]),
        ]
    return measures, []
