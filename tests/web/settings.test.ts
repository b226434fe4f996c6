// Settings of a repository: what is stored and what deleting saves, what is asked of who wants access,
// the environment of a space.
import { test } from "node:test";
import assert from "node:assert/strict";
import { hub_with_people } from "./hub.ts";

const hub = hub_with_people();

/** A commit of one large file, as git-lfs makes it. */
async function large(id: string, path: string, bytes: Buffer) {
  const { createHash } = await import("node:crypto");
  const oid = createHash("sha256").update(bytes).digest("hex");
  const batch = (await hub.api("POST", `/${id}.git/info/lfs/objects/batch`, "ada", { operation: "upload", transfers: ["basic"], hash_algo: "sha256", objects: [{ oid, size: bytes.length }] })) as { objects: { actions?: { upload: { href: string } } }[] };
  const href = batch.objects[0]!.actions?.upload.href;
  if (href) {
    const put = await fetch(new URL(new URL(href).pathname, hub.direct), { method: "PUT", body: new Uint8Array(bytes) });
    assert.ok(put.ok, `upload: ${put.status}`);
  }
  await hub.api("POST", `/api/models/${id}/commit/main`, "ada", [{ key: "header", value: { summary: `Add ${path}`, description: "" } }, { key: "lfsFile", value: { path, algo: "sha256", oid, size: bytes.length } }]);
  return oid;
}

test("an old version is found, what deleting saves is said, and it is gone for good", async () => {
  await hub.api("POST", "/api/repos/create", "ada", { type: "model", name: "heavy" });
  const old = await large("ada/heavy", "w.bin", Buffer.alloc(1_500_000, "old"));
  await large("ada/heavy", "w.bin", Buffer.alloc(2_000_000, "new"));
  const { page, troubles, context } = await hub.browser("ada");
  await page.goto(hub.url + "/ada/heavy/settings");
  await page.getByText("1 version of 1.5 MB is in no branch and no tag any more.").waitFor();
  // What main uses cannot be chosen.
  const in_use = page.locator("label", { hasText: "main" }).filter({ hasText: "2 MB" }).getByRole("checkbox");
  assert.ok(await in_use.isDisabled());
  await page.getByRole("button", { name: "Choose the old versions" }).click();
  await page.getByText("1 version: deleting saves up to 1.5 MB").waitFor();
  await page.getByRole("button", { name: "Delete 1 version" }).first().click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete 1 version" }).click();
  await page.getByText("2 MB in 1 version of 1 large file.").waitFor();
  const files = (await hub.api("GET", "/api/models/ada/heavy/lfs-files", "ada")) as { fileOid: string }[];
  assert.ok(files.every((file) => file.fileOid !== old));
  assert.equal((await hub.get("/ada/heavy/resolve/main/w.bin")).status, 200);
  assert.deepEqual(troubles, []);
  await context.close();
});

test("what is asked of who wants access is made here, kept in the card, and asked", async () => {
  const card = "---\nlicense: mit # ours\n---\n# Kanji\n\nText.\n";
  await hub.repository("model", "jun/kanji", "jun", { "README.md": card, "w.txt": "x" });
  const owner = await hub.browser("jun");
  await owner.page.goto(hub.url + "/jun/kanji/settings");
  await owner.page.getByText("On request, by your decision").click();
  await owner.page.getByRole("button", { name: "Add a field" }).click();
  await owner.page.getByLabel("Field 1", { exact: true }).fill("Company");
  await owner.page.getByRole("button", { name: "Add a field" }).click();
  await owner.page.getByLabel("Field 2", { exact: true }).fill("For");
  await owner.page.getByLabel("Kind").nth(1).selectOption("select");
  await owner.page.getByRole("button", { name: "Save the form" }).click();
  await owner.page.getByText("needs options to choose from").waitFor();
  await owner.page.getByLabel("Options").fill("Research\nTeaching");
  await owner.page.getByRole("button", { name: "Save the form" }).click();
  await owner.page.getByText("Saved").last().waitFor();
  const text = await hub.text("/jun/kanji/raw/main/README.md", "jun");
  assert.ok(text.startsWith("---\nlicense: mit # ours\nextra_gated_fields:\n") && text.endsWith("---\n# Kanji\n\nText.\n"), text);
  const asker = await hub.browser("grace");
  await asker.page.goto(hub.url + "/jun/kanji");
  await asker.page.getByRole("button", { name: "Ask for access" }).click();
  await asker.page.getByLabel("Company").fill("Navy");
  await asker.page.getByLabel("For").selectOption("Teaching");
  await asker.page.getByRole("button", { name: "Ask for access" }).click();
  await asker.page.getByText("Its owner has not decided yet").waitFor();
  await owner.page.reload();
  await owner.page.getByText("Navy").waitFor();
  assert.deepEqual([...owner.troubles, ...asker.troubles], []);
  await owner.context.close();
  await asker.context.close();
});

test("another default branch is what the page and its lines show; main stays", async () => {
  await hub.repository("model", "ada/forks", "ada", { "README.md": "# Old words", "w.txt": "x" });
  await hub.api("POST", "/api/models/ada/forks/branch/dev%2Fnext", "ada", {});
  await hub.api("POST", "/api/models/ada/forks/commit/dev%2Fnext", "ada", [{ key: "header", value: { summary: "New card", description: "" } }, { key: "file", value: { path: "README.md", content: "# New words", encoding: "utf-8" } }]);
  const { page, troubles, context } = await hub.browser("ada");
  await page.goto(hub.url + "/ada/forks/settings");
  const row = (name: string) => page.locator("li", { has: page.getByRole("link", { name, exact: true }) });
  await row("dev/next").getByRole("button", { name: "Make it the default" }).click();
  await row("dev/next").getByText("default", { exact: true }).waitFor();
  await page.getByText("Programs that name no branch go on fetching main").waitFor();
  assert.equal(await row("main").getByRole("button", { name: "Delete" }).count(), 0);
  await page.getByRole("link", { name: "Card", exact: true }).click();
  await page.getByRole("heading", { name: "New words" }).waitFor();
  await page.getByRole("button", { name: "Use this model" }).click();
  await page.getByRole("tab", { name: "Command line" }).click();
  await page.getByText('--revision "dev/next"').waitFor();
  await page.keyboard.press("Escape");
  assert.match((await page.getByRole("link", { name: /^Files/ }).getAttribute("href"))!, /\/tree\/dev%2Fnext$/);
  assert.deepEqual(troubles, []);
  await context.close();
});

test("who gets the mail about requests, and how often, is set beside what people are asked", async () => {
  await hub.repository("model", "jun/mail", "jun", { "w.txt": "x" });
  await hub.api("PUT", "/api/models/jun/mail/settings", "jun", { gated: "manual" });
  const { page, troubles, context } = await hub.browser("jun");
  await page.goto(hub.url + "/jun/mail/settings");
  await page.getByLabel("When").selectOption("At once, one for each");
  await page.getByLabel("To", { exact: false }).last().fill("desk@hub.example");
  await page.getByRole("button", { name: "Save mail settings" }).click();
  await page.getByText("Saved").last().waitFor();
  const kept = (await hub.api("GET", "/api/-/v1/models/jun/mail/settings", "jun")) as Record<string, unknown>;
  assert.deepEqual([kept.gatedNotificationsMode, kept.gatedNotificationsEmail], ["real-time", "desk@hub.example"]);
  await page.reload();
  await page.waitForFunction(() => [...document.querySelectorAll("input")].some((input) => input.value === "desk@hub.example"));
  assert.deepEqual(troubles, []);
  await context.close();
});

test("a space's variables are read and changed, its secrets only set", async () => {
  await hub.api("POST", "/api/repos/create", "ada", { type: "space", name: "app", sdk: "static" });
  const { page, troubles, context } = await hub.browser("ada");
  await page.goto(hub.url + "/spaces/ada/app/settings");
  const variables = page.locator("#variables");
  await variables.getByLabel("Name").fill("MODEL_ID");
  await variables.getByLabel("Value").fill("ada/bert");
  await variables.getByRole("button", { name: "Set variable" }).click();
  await variables.getByText("ada/bert").waitFor();
  const secrets = page.locator("#secrets");
  await secrets.getByLabel("Name").fill("API_TOKEN");
  await secrets.getByLabel("Value").fill("not to be seen");
  await secrets.getByRole("button", { name: "Set secret" }).click();
  await secrets.getByText("API_TOKEN").waitFor();
  assert.ok(!(await page.content()).includes("not to be seen"));
  await page.reload();
  await secrets.getByText("API_TOKEN").waitFor();
  await variables.getByRole("button", { name: "Change" }).click();
  assert.equal(await variables.getByLabel("Value").inputValue(), "ada/bert");
  await secrets.getByRole("button", { name: "Delete" }).click();
  await page.getByText("API_TOKEN is gone").waitFor();
  assert.deepEqual(troubles, []);
  await context.close();
});
