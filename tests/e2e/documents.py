"""Pages as a browser and as the app ask for them, and repositories to show."""

import json
from html.parser import HTMLParser

from wire import api_of

PAGE = "application/vnd.cairn.page+json"
BROWSER = "text/html,application/xhtml+xml,*/*;q=0.8"
CARD = """---
license: mit
pipeline_tag: text-generation
---
# A small model

It answers questions about *trains* and nothing else.

<script>alert(1)</script><img src=x onerror=alert(1)>

[usage](docs/use.md) ![plot](plot.png) ![far](https://elsewhere.example/x.png)
"""


class Ids(HTMLParser):
    """The ids of a document and the text of its data."""

    def __init__(self):
        super().__init__()
        self.ids, self.data, self.inside, self.tags = [], "", False, []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append((tag, attrs))
        if "id" in attrs:
            self.ids.append(attrs["id"])
        self.inside = tag == "script" and attrs.get("id") == "cairn-page"

    def handle_endtag(self, tag):
        self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.data += data


def document(answer):
    parser = Ids()
    parser.feed(answer.text)
    return parser


def open_page(wire, target):
    """As a browser opens an address."""
    return wire("GET", target, headers={"Accept": BROWSER})


def data_of(wire, target):
    """As the app goes on to an address."""
    answer = wire("GET", target, headers={"Accept": PAGE})
    assert answer["Content-Type"] == PAGE, answer
    return answer.json


def make(wire, name, kind="model", *, private=False, files=None):
    owner, short = name.split("/")
    wire("POST", "/api/repos/create",
         json_body={"name": short, "organization": owner, "type": kind, "private": private,
                    **({"sdk": "static"} if kind == "space" else {})}).ok()
    commit(wire, name, files or {"README.md": CARD, "docs/use.md": "# Use\n", "a.txt": "one\n"}, kind)


def commit(wire, name, files, kind="model"):
    lines = [json.dumps({"key": "header", "value": {"summary": "files"}})]
    lines += [json.dumps({"key": "file", "value": {"path": path, "content": text, "encoding": "utf-8"}})
              for path, text in files.items()]
    wire("POST", f"{api_of(name, kind)}/commit/main", "\n".join(lines).encode(),
         headers={"Content-Type": "application/x-ndjson"}).ok()
