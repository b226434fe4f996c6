// The guide's search, which knows where each word stands, and the reference of the API.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { Hub } from "./hub.ts";

const hub = new Hub();
before(() => hub.start());
after(() => hub.stop());

test("a word is found in the guide, and its link leads to the section that has it", async () => {
  const { page, troubles, context } = await hub.browser(null);
  const asked: string[] = [];
  await page.goto(hub.url + "/docs", { waitUntil: "networkidle" });
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await page.getByRole("searchbox", { name: "Search the guide" }).fill("retry-after wait");
  await page.getByRole("link", { name: /When something goes wrong/ }).first().click();
  await page.waitForURL("**/docs/upload#when-something-goes-wrong");
  await page.locator("#when-something-goes-wrong").waitFor();
  assert.ok(asked.every((path) => path.startsWith("/-/") || path.startsWith("/docs")), `the search asks nobody: ${asked.join(", ")}`);
  await page.getByRole("searchbox", { name: "Search the guide" }).fill("xyzzyplugh");
  await page.getByText("Nothing in the guide has these words.").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("heading", { name: "Upload", exact: true }).waitFor();
  assert.deepEqual(troubles, []);
  await context.close();
});

test("every place that search knows is a heading of the page it leads to", async () => {
  const { guide_sections } = await import("../../web/src/lib/docs/sections.ts");
  const { readdirSync, readFileSync } = await import("node:fs");
  const { join, resolve } = await import("node:path");
  const folder = resolve(import.meta.dirname, "../../docs/guide");
  for (const file of readdirSync(folder)) {
    const html = await hub.text(`/docs/${file.slice(0, -3)}`);
    for (const { at } of guide_sections(file.slice(0, -3), readFileSync(join(folder, file), "utf8"))) {
      const id = at.split("#")[1];
      if (id) assert.ok(html.includes(`id=\\"${id}\\"`) || html.includes(`id="${id}"`), `${at} has no heading`);
    }
  }
});

test("the reference lists the API as it is, and finds an address by words", async () => {
  const { page, troubles, context } = await hub.browser(null);
  await page.goto(hub.url + "/docs");
  await page.getByRole("navigation", { name: "Chapters" }).getByRole("link", { name: "API" }).click();
  await page.getByRole("heading", { name: "Repositories", exact: true }).waitFor();
  await page.getByRole("searchbox", { name: "Filter by address or words" }).fill("its value is shown this once");
  assert.equal(await page.getByRole("heading", { level: 2 }).count(), 1);
  await page.getByText("/api/-/v1/tokens", { exact: true }).click();
  await page.getByRole("cell", { name: "expiresAt" }).waitFor();
  await page.locator("pre", { hasText: `curl -X POST ${hub.url}/api/-/v1/tokens` }).waitFor();
  assert.deepEqual(troubles, []);
  await context.close();
});
