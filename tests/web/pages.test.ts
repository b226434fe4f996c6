// Every kind of page, in both sizes and themes: no error in the console, no request to another
// origin, nothing wider than the window, no violation that axe knows. `./test web --screenshots`
// keeps a picture of each in build/screenshots.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { parquet, pdf, xlsx } from "./files.ts";
import { card, Hub, weights } from "./hub.ts";
import { look_at, type Shown } from "./look.ts";

const hub = new Hub();
before(async () => {
  await hub.start();
  hub.people();
  await hub.repository("model", "northwind/router", "ada", { "README.md": card, "config.json": '{"a": [1, {"b": null}]}', "model.safetensors": weights(), "eval/run.py": "def run(n: int):\n    return n\n" });
  await hub.commit("model", "northwind/router", "grace", { "eval/run.py": "def run(n: int):\n    return n + 1\n" }, "Count from one");
  await hub.repository("dataset", "ada/tickets", "ada", { "README.md": "---\nlicense: cc0-1.0\n---\n# Tickets\n\nTexts.\n", "data/rows.csv": 'id,text\n1,"a, b"\n2,こんにちは\n' });
  await hub.repository("dataset", "ada/kinds", "ada", {
    "rows.parquet": await parquet([1, 2], ["one", "two"]), "prices.xlsx": xlsx({ Prices: [["tea", 2.5]], Notes: [["by hand"]] }), "paper.pdf": pdf(["A page", "Another"]),
    "work.ipynb": JSON.stringify({ cells: [{ cell_type: "markdown", source: "# Work" }, { cell_type: "code", source: "print(1)", outputs: [] }] }), "labels.csv": "id,label\n1,cat\n2,dog\n", "config.json": '{"a": 1}',
  });
  await hub.api("POST", "/api/datasets/ada/kinds/tag/main", "ada", { tag: "v1" });
  await hub.commit("dataset", "ada/kinds", "ada", { "labels.csv": "id,label\n1,cat\n2,wolf\n3,owl\n", "config.json": '{"a": 2}' }, "Mend a label");
  await hub.repository("model", "jun/kanji", "jun", { "README.md": "---\nlanguage: ja\n---\n# 漢字\n\n手書きの漢字を読みます。\n" });
  await hub.api("PUT", "/api/models/jun/kanji/settings", "jun", { gated: "manual" });
  await hub.repository("model", "ada/secret", "ada", { "a.txt": "x" }, { private: true });
  await hub.api("POST", "/api/repos/create", "ada", { type: "model", name: "empty" });
  await hub.api("POST", "/api/repos/create", "ada", { type: "space", name: "app", sdk: "static" });
});
after(() => hub.stop());

const model = "/northwind/router";
const pages: Shown[] = [
  ["components", null, "/-/components"], ["login", null, "/login"], ["reset", null, "/login/reset"],
  ["home-signed-out", null, "/"], ["home", "ada", "/"],
  ["models", null, "/models"], ["models-none", null, "/models?library=nothing&search=zzz"], ["datasets", null, "/datasets"], ["spaces-empty", null, "/spaces"],
  ["repository", "ada", model], ["repository-gated", "grace", "/jun/kanji"], ["repository-empty", "ada", "/ada/empty"], ["dataset", null, "/datasets/ada/tickets"],
  ["missing", null, "/ada/secret"], ["tree", "ada", `${model}/tree/main`], ["tree-folder", null, `${model}/tree/main/eval`],
  ["blob-code", null, `${model}/blob/main/eval/run.py`], ["blob-json", null, `${model}/blob/main/config.json`], ["blob-tensors", null, `${model}/blob/main/model.safetensors`],
  ["blob-table", null, "/datasets/ada/tickets/blob/main/data/rows.csv"], ["blob-markdown", "ada", `${model}/blob/main/README.md`],
  ["blame", null, `${model}/blame/main/eval/run.py`], ["compare", null, "/datasets/ada/kinds/compare/v1...main"], ["compare-choose", null, `${model}/compare/main`],
  ["commit", "ada", "/datasets/ada/kinds/commit/main"], ["blob-parquet", null, "/datasets/ada/kinds/blob/main/rows.parquet"], ["blob-xlsx", null, "/datasets/ada/kinds/blob/main/prices.xlsx"],
  ["blob-pdf", null, "/datasets/ada/kinds/blob/main/paper.pdf"], ["blob-notebook", null, "/datasets/ada/kinds/blob/main/work.ipynb"],
  ["edit", "ada", `${model}/edit/main/eval/run.py`], ["card-questions", "ada", `${model}/edit/main/README.md?questions`], ["settings-space", "ada", "/spaces/ada/app/settings"],
  ["docs", null, "/docs/upload"], ["docs-api", null, "/docs/api"], ["home-begin", "grace", "/"], ["new-file", "ada", `${model}/new/main`], ["upload", "ada", `${model}/upload/main`],
  ["history", "ada", `${model}/commits/main`], ["history-file", "ada", `${model}/commits/main/eval/run.py`], ["settings", "ada", `${model}/settings`],
  ["owner", null, "/ada"], ["organization", "ada", "/northwind"], ["new", "ada", "/new"],
  ...["profile", "password", "sessions", "tokens", "keys", "organizations", "applications", "storage", "deleted"].map((section): Shown => [`account-${section}`, "ada", `/settings/${section}`]),
  ["organization-new", "ada", "/organizations/new"], ["organization-members", "ada", "/organizations/northwind/settings/members"], ["device", "ada", "/oauth/device"],
  ...["overview", "people", "organizations", "repositories", "invites", "policies", "announcement", "storage", "work", "health", "configuration", "record"].map((section): Shown => [`admin-${section}`, "ada", `/admin/${section}`]),
];

look_at(hub, pages, [[1440, "light"], [390, "light"], [1440, "dark"], [390, "dark"]]);

test("a private name is in no page of strangers", async () => {
  const { context } = await hub.browser(null);
  for (const address of ["/", "/models", "/ada", "/models?search=secret"])
    assert.ok(!(await (await context.request.get(hub.url + address)).text()).replaceAll("search=secret", "").includes("ada/secret"), address);
  const missing = await context.request.get(hub.url + "/ada/secret");
  assert.equal(missing.status(), 404);
  await context.close();
});
