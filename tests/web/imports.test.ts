// Bringing what one has elsewhere: another hub is the source, here a second one on this machine.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { Hub } from "./hub.ts";

const source = new Hub();
const hub = new Hub("127.0.0.1", { CAIRN_OUTBOUND_ALLOWED: "127.0.0.1" });
before(async () => {
  await Promise.all([source.start(), hub.start()]);
  for (const one of [source, hub]) one.people();
  await source.repository("model", "ada/far", "ada", { "README.md": "---\nlicense: mit\n---\n# Far away\n\nIt came from elsewhere.\n", "config.json": "{}" });
  await source.repository("dataset", "ada/closed", "ada", { "rows.csv": "a\n1\n" }, { private: true });
});
after(() => Promise.all([source.stop(), hub.stop()]));

test("who has nothing yet brings a repository of another hub, from home", async () => {
  const { page, troubles, context } = await hub.browser("grace");
  await page.goto(hub.url + "/", { waitUntil: "networkidle" }); // Nothing goes on, so nothing is asked again.
  await page.getByLabel("Address").fill(`${source.url}/ada/far`);
  await page.getByRole("button", { name: "Import it" }).click();
  const row = page.getByRole("list", { name: "Imports" }).getByRole("listitem").filter({ hasText: "grace/far" });
  await row.getByText("Done").waitFor({ timeout: 60_000 });
  await page.reload();
  await row.getByText("Done").waitFor();
  await row.getByRole("link", { name: "grace/far" }).click();
  await page.getByRole("heading", { name: "Far away" }).waitFor();
  const log = (await hub.api("GET", "/api/models/grace/far/commits/main", "grace")) as { title: string }[];
  assert.deepEqual(log.map((entry) => entry.title), ["Add files", "initial commit"]);
  assert.deepEqual(troubles, []);
  await context.close();
});

test("what is closed there asks for a token; what is wrong is said at the form", async () => {
  const { page, context } = await hub.browser("ada");
  await page.goto(hub.url + "/new-dataset?from=elsewhere");
  await page.getByLabel("Address").fill("https://10.1.2.3/ada/far");
  await page.getByRole("button", { name: "Import it" }).click();
  await page.getByRole("alert").getByText("private network").waitFor();
  await page.getByLabel("Address").fill(`${source.url}/datasets/ada/closed`);
  await page.getByRole("button", { name: "Import it" }).click();
  await page.getByLabel("Token for the source").fill("hf_" + ("ada" + "0".repeat(34)).slice(0, 34));
  await page.getByRole("button", { name: "Import it" }).click();
  await page.getByRole("listitem").filter({ hasText: "ada/closed" }).getByText("Done").waitFor({ timeout: 60_000 });
  const made = (await hub.api("GET", "/api/datasets/ada/closed", "ada")) as { private: boolean };
  assert.equal(made.private, true, "what came with a token is private");
  await page.getByRole("button", { name: "Forget it" }).click();
  await page.getByRole("listitem").filter({ hasText: "ada/closed" }).waitFor({ state: "detached" });
  await context.close();
});
