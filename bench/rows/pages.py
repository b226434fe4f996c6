"""Row p: a page of the web hub, held against the same answers asked of the API one by one."""

import http.client
import json
import time

from hub import TOKEN
from measure import Measure, median

PAGE = "application/vnd.cairn.page+json"
ROUNDS = 200
GOAL_MS = 2.0
CARD = ("---\nlicense: mit\npipeline_tag: text-generation\n---\n# A model\n\n"
        + "".join(f"## Part {n}\n\nSome *words*, `code`, a [link](x.md) and $x^2$.\n\n"
                  "| a | b |\n|---|---|\n| 1 | 2 |\n\n" for n in range(100)))


class Asker:
    """One connection, so that neither side pays for others."""

    def __init__(self, hub):
        self.connection = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=60)
        self.connection.connect()

    def ask(self, name, accept="application/json"):
        """@return (milliseconds, bytes of the answer)."""
        method, path, body = "GET", name, None
        headers = {"Authorization": f"Bearer {TOKEN}", "Accept": accept, "Accept-Encoding": "identity"}
        if name.startswith("POST "):
            method, path, body = name.split(" ", 2)
            headers["Content-Type"] = "application/json"
        begun = time.perf_counter()
        self.connection.request(method, path, body, headers)
        text = self.connection.getresponse().read()
        return (time.perf_counter() - begun) * 1000, text


def fill(hub, suffix, content):
    """A model with a card and 50 such files, and 40 others. @return its name."""
    repo = hub.create_repo("page", private=False)
    hub.commit(repo, {"README.md": CARD.encode(), **{f"part-{n:02}{suffix}": content for n in range(50)}})
    for n in range(40):
        hub.create_repo(f"other-{n}", private=False)
    return repo


def pages(bench):
    with bench.hub() as hub:
        repo = fill(hub, ".txt", b"x" * 1000)
        asker, measures = Asker(hub), []
        for title, path in [("model page, a card of 10 KB", f"/{repo}"), ("files", f"/{repo}/tree/main"),
                            ("list", "/models"), ("home", "/")]:
            names = list(json.loads(asker.ask(path, PAGE)[1])["answers"])
            whole, alone = [], []
            for _ in range(ROUNDS):
                whole.append(asker.ask(path, "text/html")[0])
                alone.append(sum(asker.ask(name)[0] for name in names))
            measures.append(Measure(f"{title}: beyond its {len(names)} answers", median(whole) - median(alone),
                                    "ms", goal=GOAL_MS, least=False))
            measures.append(Measure(f"{title}: the document", median(whole), "ms"))
    return measures, []
