// What changed, as people look at it: versions compared, lines traced, files shown by what they are.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { png, safetensors } from "./files.ts";
import { Hub } from "./hub.ts";

const hub = new Hub();
const long = (mark: string) => Array.from({ length: 80 }, (_, at) => `line ${at + 1}${at === 39 ? mark : ""}`).join("\n") + "\n";
const tensor = (dtype: string, ...shape: number[]) => ({ dtype, shape, bytes: 8 });
const card = (license: string, words: string) => `---\nlicense: ${license}\ntags: [a, b]\n---\n# Data\n\n${words}\n`;
const repo = "/datasets/ada/mix";
let first = "";
let second = "";
before(async () => {
  await hub.start();
  hub.people();
  await hub.repository("dataset", "ada/mix", "ada", {
    "README.md": card("mit", "Old words."), "labels.csv": "id,label,note\n1,cat,x\n2,dog,x\n3,cow,x\n", "config.json": '{"model": {"layers": 2, "size": 64}}',
    "logo.png": png(40, 20, [200, 30, 30]), "model.safetensors": safetensors({ a: tensor("F32", 2), gone: tensor("F32", 1) }), "long.txt": long(""), "spaces.py": "def f():\n  return 1\n", "bad.json": '{"a": 1}',
  });
  await hub.commit("dataset", "ada/mix", "ada", {
    "README.md": card("apache-2.0", "New words."), "labels.csv": "id,label,note\n1,cat,x\n2,wolf,x\n4,owl,x\n", "config.json": '{"model": {"size": 64, "layers": 4}}',
    "logo.png": png(40, 20, [30, 120, 60]), "model.safetensors": safetensors({ a: tensor("F16", 4), fresh: tensor("I8", 8) }), "long.txt": long(", changed"), "spaces.py": "def f():\n    return 1\n", "bad.json": '{"a": 2',
  }, "Mend the labels");
  const log = (await hub.api("GET", "/api/datasets/ada/mix/commits/main", "ada")) as { id: string }[];
  [second = "", first = ""] = log.map((entry) => entry.id);
  await hub.api("POST", "/api/datasets/ada/mix/branch/dev", "ada", { startingPoint: first });
});
after(() => hub.stop());

async function visit(address: string, as: string | null = null) {
  const { page, troubles, context } = await hub.browser(as);
  await page.goto(hub.url + address, { waitUntil: "networkidle" });
  const file = (path: string) => page.locator("section.box", { has: page.getByRole("link", { name: path, exact: true }) });
  /** A file in view: what shows its changes is read then. */
  const seen = async (path: string) => {
    await file(path).scrollIntoViewIfNeeded();
    return file(path);
  };
  return { page, file, seen, done: async () => (assert.deepEqual(troubles, []), await context.close()) };
}
const words = async (text: Promise<string>) => (await text).replace(/\s+/g, " ").trim();

test("a table shows the cells that changed, by a key that can be chosen", async () => {
  const { seen, done } = await visit(`${repo}/commit/${second}`);
  const table = await seen("labels.csv");
  await table.getByText("wolf").waitFor();
  assert.equal(await table.locator("del").allInnerTexts().then((all) => all.join()), "dog");
  assert.match(await words(table.innerText()), /1 changed 1 added 1 removed 1 row as it was/);
  assert.equal(await table.getByRole("combobox").inputValue(), "id");
  await table.getByRole("combobox").selectOption({ label: "what they say, then their place" });
  await table.getByText("2 changed").waitFor();
  await table.getByRole("button", { name: "Text" }).click();
  await table.getByText("2,wolf,x").waitFor();
  await done();
});
test("JSON is compared by path, whatever the order of its keys", async () => {
  const { seen, done } = await visit(`${repo}/commit/${second}`);
  const values = await seen("config.json");
  await values.getByRole("rowheader", { name: "model.layers" }).waitFor();
  assert.equal(await values.locator("tbody tr").count(), 1);
  await done();
});
test("a card shows its metadata as old and new, and its words as lines", async () => {
  const { file, done } = await visit(`${repo}/commit/${second}`);
  const shown = file("README.md");
  await shown.getByRole("rowheader", { name: "license" }).waitFor();
  assert.equal(await words(shown.locator("tbody tr").first().innerText()), "license mit apache-2.0");
  await shown.getByText("New words.").waitFor();
  assert.equal(await shown.getByText("license: mit").count(), 0);
  await done();
});
test("weights are compared by tensor", async () => {
  const { seen, done } = await visit(`${repo}/commit/${second}`);
  const shown = await seen("model.safetensors");
  await shown.getByText("1 changed, 1 added, 1 removed").waitFor();
  assert.equal(await words(shown.getByRole("row", { name: /^a / }).innerText()), "a F32 2 F16 4");
  await done();
});
test("pictures stand side by side, or one is drawn over the other", async () => {
  const { page, seen, done } = await visit(`${repo}/commit/${second}`);
  const shown = await seen("logo.png");
  await shown.getByText("40 × 20").first().waitFor();
  assert.equal(await shown.locator("img").count(), 2);
  await shown.getByRole("button", { name: "Swipe" }).click();
  const slider = shown.getByRole("slider");
  await slider.focus();
  await page.keyboard.press("Home");
  assert.match(await shown.locator("img.over").evaluate((image) => getComputedStyle(image).clipPath), /100%/);
  await done();
});
test("lines around a change come on asking, to the ends of the file", async () => {
  const { seen, done } = await visit(`${repo}/commit/${second}`);
  const shown = await seen("long.txt");
  await shown.getByText("line 40, changed").waitFor();
  assert.equal(await shown.getByText("line 20", { exact: true }).count(), 0);
  await shown.getByRole("button", { name: "More lines" }).first().click();
  await shown.getByText("line 20", { exact: true }).first().waitFor();
  await shown.getByRole("button", { name: "More lines" }).first().click();
  await shown.getByText("line 1", { exact: true }).first().waitFor();
  for (let press = 0; press < 2; press++) await shown.getByRole("button", { name: "More lines" }).last().click();
  await shown.getByText("line 80", { exact: true }).first().waitFor();
  assert.equal(await shown.getByRole("button", { name: "More lines" }).count(), 0);
  await done();
});
test("changes of spaces alone can be left out", async () => {
  const { page, file, done } = await visit(`${repo}/commit/${second}`);
  await file("spaces.py").getByText("return 1").first().waitFor();
  await page.getByLabel("Ignore spaces").check();
  await file("spaces.py").getByText("Its lines did not change.").waitFor();
  await page.getByLabel("Ignore spaces").uncheck();
  await file("spaces.py").getByText("return 1").first().waitFor();
  await done();
});
test("what cannot be read in its own way is shown as text, and says why", async () => {
  const { file, done } = await visit(`${repo}/commit/${second}`);
  await file("bad.json").scrollIntoViewIfNeeded();
  await file("bad.json").getByText("Shown as text.").waitFor();
  await file("bad.json").getByText('{"a": 2').waitFor();
  await done();
});
test("the first version shows what it brought", async () => {
  const { page, done } = await visit(`${repo}/commit/${first}`);
  await page.getByText("line 80").first().waitFor();
  await done();
});
test("each line leads to the version it is from, and to the lines before", async () => {
  const { page, done } = await visit(`${repo}/blob/main/labels.csv`);
  await page.keyboard.press("b");
  await page.waitForURL("**/blame/main/labels.csv");
  const from = page.getByRole("link", { name: "Mend the labels" });
  await from.waitFor();
  assert.match(await words(page.locator(".facts").innerText()), /^4 lines from 2 versions/);
  await page.getByRole("button", { name: /Lines 3 to 4 before/ }).click();
  await page.waitForURL(`**/blame/${first}/labels.csv`);
  await page.getByText("2,dog,x").waitFor();
  await done();
});
test("a file without lines says so in place of its lines", async () => {
  const { page, context } = await hub.browser(null);
  await page.goto(`${hub.url}${repo}/blame/main/logo.png`, { waitUntil: "networkidle" });
  await page.getByText("Its lines cannot be traced").waitFor();
  await context.close();
});
test("two versions are chosen, compared and swapped", async () => {
  const { page, file, done } = await visit(`${repo}/commits/main`);
  await page.getByRole("link", { name: "Compare" }).click();
  await page.getByText("Choose two versions").waitFor();
  await page.getByRole("button", { name: "From: choose" }).click();
  await page.getByRole("link", { name: "dev" }).click();
  await page.waitForURL("**/compare/dev...main");
  await page.getByText("1 version of main that dev has not").waitFor();
  await page.getByRole("link", { name: "Mend the labels" }).waitFor();
  await file("labels.csv").getByText("wolf").waitFor();
  await page.getByRole("link", { name: "Swap the two versions" }).click();
  await page.waitForURL("**/compare/main...dev");
  await page.getByText("dev has nothing that main has not.").waitFor();
  await page.getByRole("checkbox", { name: /Only what/ }).uncheck();
  await page.waitForURL("**/compare/main..dev");
  await file("labels.csv").getByText("dog").waitFor();
  await page.getByRole("button", { name: "From: main" }).click();
  await page.getByLabel("Branch, tag or id of a version").fill(first);
  await page.keyboard.press("Enter");
  await page.waitForURL(`**/compare/${first}..dev`);
  await page.getByText("The two have the same files.").waitFor();
  await done();
});
test("a revision that is not there is said, and others can be chosen", async () => {
  const { page, context } = await hub.browser(null);
  await page.goto(`${hub.url}${repo}/compare/main...nowhere`, { waitUntil: "networkidle" });
  await page.getByText("These two cannot be compared").waitFor();
  await page.getByRole("button", { name: "To: nowhere" }).click();
  await page.getByRole("link", { name: "dev" }).waitFor();
  await context.close();
});
test("a version is taken back by a new one, after its dialog says what that does", async () => {
  const { page, done } = await visit(`${repo}/commit/${second}`, "ada");
  await page.getByRole("button", { name: "Revert", exact: true }).click();
  await page.getByText("Nothing disappears from the history.").waitFor();
  await page.getByRole("button", { name: "Revert on main" }).click();
  await page.getByText("Reverted").waitFor();
  assert.match(await page.getByRole("heading", { level: 1 }).innerText(), /^Revert “Mend the labels”/);
  const labels = await (await page.context().request.get(`${hub.url}${repo}/raw/main/labels.csv`)).text();
  assert.equal(labels, "id,label,note\n1,cat,x\n2,dog,x\n3,cow,x\n");
  await done();
});
