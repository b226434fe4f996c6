// Files as people look at them: each kind that is not plain text, and what a broken one says.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { parquet, pdf, safetensors, xlsx } from "./files.ts";
import { Hub } from "./hub.ts";

const hub = new Hub();
const notebook = {
  cells: [
    { cell_type: "markdown", source: ["# Training\n", "\n", "We use **two** layers."] },
    { cell_type: "code", execution_count: 1, source: "print(1)", outputs: [{ output_type: "stream", text: ["1\n"] }] },
    { cell_type: "markdown", source: "<img src=x onerror=\"document.title='hurt'\">[site](javascript:alert(1))" },
  ],
};
const layer = { dtype: "F16", shape: [4, 4], bytes: 32 };
before(async () => {
  await hub.start();
  hub.people();
  await hub.repository("dataset", "ada/files", "ada", {
    "README.md": "---\nlicense: mit\n---\n# Files\n\n```mermaid\ngraph TD\n  Raw --> Clean\n```\n\n```mermaid\nno such diagram here\n```\n",
    "rows.parquet": await parquet([1, 2, 3], ["one", "two", "こんにちは"]),
    "broken.parquet": Buffer.concat([Buffer.from("PAR1"), Buffer.alloc(100), Buffer.from("PAR1")]),
    "prices.xlsx": xlsx({ Prices: [["name", "price"], ["tea", 2.5]], Notes: [["written by hand"]] }),
    "broken.xlsx": Buffer.from("this is no zip file"),
    "paper.pdf": pdf(["Hello from page one", "And from page two"]),
    "broken.pdf": Buffer.from("%PDF-1.4\nnothing else"),
    "work.ipynb": JSON.stringify(notebook),
    "broken.ipynb": "{",
    "model.safetensors.index.json": JSON.stringify({ metadata: { total_size: 64 }, weight_map: { "encoder.a": "model-1.safetensors", "encoder.b": "model-2.safetensors" } }),
    "model-1.safetensors": safetensors({ "encoder.a": layer }),
    "model-2.safetensors": safetensors({ "encoder.b": layer }),
  });
});
after(() => hub.stop());
const address = (file: string) => `${hub.url}/datasets/ada/files/blob/main/${file}`;

async function visit(file: string) {
  const { page, troubles, context } = await hub.browser(null);
  await page.goto(address(file), { waitUntil: "networkidle" });
  return { page, troubles, done: async () => (assert.deepEqual(troubles, []), await context.close()) };
}

test("Parquet shows rows, schema and how it is stored", async () => {
  const { page, done } = await visit("rows.parquet");
  await page.getByRole("cell", { name: "こんにちは" }).waitFor();
  assert.equal(await page.getByRole("columnheader", { name: /text/ }).first().innerText(), "text\nstring");
  assert.match(await page.locator("dl").first().innerText(), /Rows\s+3/);
  await page.getByText("Schema").click();
  await page.getByRole("cell", { name: "int32" }).waitFor();
  await done();
});
test("a workbook shows its sheets, one at a time", async () => {
  const { page, done } = await visit("prices.xlsx");
  await page.getByRole("cell", { name: "2.5" }).waitFor();
  await page.getByRole("tab", { name: "Prices" }).press("ArrowRight");
  await page.getByRole("cell", { name: "written by hand" }).waitFor();
  assert.equal(await page.getByRole("cell", { name: "2.5" }).count(), 0);
  await done();
});
test("a PDF is drawn, and its words can be found", async () => {
  const { page, done } = await visit("paper.pdf");
  await page.getByText("Hello from page one").waitFor();
  await page.getByText("And from page two").waitFor();
  const dark = await page.locator("canvas").first().evaluate((canvas: HTMLCanvasElement) => {
    const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
    return data.reduce((sum, value, at) => sum + (at % 4 === 0 && value < 128 ? 1 : 0), 0);
  });
  assert.ok(dark > 100, `letters are drawn: ${dark} dark points`);
  await done();
});
test("weights in several files are shown as one", async () => {
  const { page, done } = await visit("model.safetensors.index.json");
  await page.getByText("encoder.a").or(page.getByText("a", { exact: true })).first().waitFor();
  const facts = (await page.locator("dl").first().innerText()).replace(/\s+/g, " ");
  assert.match(facts, /Files 2/);
  assert.match(facts, /Tensors 2/);
  assert.match(facts, /Parameters 32/);
  await page.getByRole("button", { name: "Source" }).click();
  await page.getByText('"weight_map"').waitFor();
  await done();
});
test("the words of a notebook are rendered, and do nothing else", async () => {
  const { page, done } = await visit("work.ipynb");
  await page.getByRole("heading", { name: "Training" }).waitFor();
  assert.equal(await page.locator(".notebook strong").innerText(), "two");
  assert.equal(await page.locator(".notebook a[href^=javascript]").count(), 0);
  assert.doesNotMatch(await page.title(), /hurt/);
  await done();
});
test("a diagram is drawn in a frame of its own; a wrong one stays code", async () => {
  const { page, troubles, context } = await hub.browser(null);
  await page.goto(`${hub.url}/datasets/ada/files`, { waitUntil: "networkidle" });
  // The wrong one's frame goes once it has said so.
  await page.waitForFunction(() => document.querySelectorAll(".code-frame.drawn").length === 1 && document.querySelectorAll("iframe.diagram").length === 1);
  await page.frameLocator("iframe.diagram").getByText("Clean").waitFor();
  const about = await page.locator("iframe.diagram").evaluate((element: HTMLIFrameElement) => ({ sandbox: element.getAttribute("sandbox"), height: element.clientHeight, reached: element.contentDocument !== null }));
  assert.deepEqual({ ...about, height: about.height > 40 }, { sandbox: "allow-scripts", height: true, reached: false });
  await page.getByRole("button", { name: "Source" }).click();
  await page.getByText("Raw --> Clean").waitFor();
  await page.getByText("no such diagram here").waitFor();
  assert.equal(await page.locator("iframe.diagram").count(), 1);
  assert.deepEqual(troubles, []);
  await context.close();
});
for (const [file, words] of [
  ["broken.parquet", "cannot be read"], ["broken.xlsx", "This workbook cannot be shown"], ["broken.pdf", "This PDF cannot be shown"], ["broken.ipynb", "This is no notebook"],
] as const)
  test(`${file} says that it is broken`, async () => {
    const { page, done } = await visit(file);
    await page.getByText(words).waitFor();
    await page.getByRole("link", { name: "Download" }).waitFor();
    await done();
  });
