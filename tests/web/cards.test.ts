// The card as six questions: from nothing, over a card that was written elsewhere, and beside the
// text editor.
import { test } from "node:test";
import assert from "node:assert/strict";
import { hub_with_people } from "./hub.ts";

const hub = hub_with_people();
const raw = async (id: string) => (await fetch(`${hub.url}/${id}/raw/main/README.md`)).text();

test("somebody without YAML answers the questions of an empty repository", async () => {
  await hub.api("POST", "/api/repos/create", "ada", { type: "model", name: "quiet" });
  const { page, troubles, context } = await hub.browser("ada");
  await page.goto(hub.url + "/ada/quiet");
  await page.getByText("Card: 0 of 6 answered; license missing").waitFor();
  await page.getByRole("link", { name: "Write the card" }).click();
  await page.getByLabel("What does it do?").fill("Sorts letters.");
  await page.getByLabel("Known limits").fill("- short ones\n- rude ones");
  await page.getByLabel("License").selectOption("mit");
  const languages = page.getByLabel("Languages");
  await languages.fill("Norwegian");
  await languages.press("Enter");
  await page.getByRole("button", { name: "Take Norwegian away" }).waitFor();
  await page.getByText("2 of 6 answered").waitFor();
  await page.getByRole("button", { name: "Preview" }).click();
  await page.getByRole("heading", { name: "Known limits" }).waitFor();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("Added README.md").waitFor();
  assert.equal(await raw("ada/quiet"), '---\nlicense: mit\nlanguage:\n- "no"\n---\n# quiet\n\n## What does it do?\n\nSorts letters.\n\n## Known limits\n\n- short ones\n- rude ones\n');
  await page.goto(hub.url + "/ada/quiet");
  await page.getByRole("link", { name: "Norwegian" }).waitFor();
  await page.getByText("Card: 2 of 6 answered").waitFor();
  assert.deepEqual(troubles, []);
  await context.close();
});

test("a card with comments, unknown keys and sections keeps them", async () => {
  const card = "---\n# ours\nlicense:  mit # agreed\nx-own: {a:   [1,2]}\n---\n# Loud\n\nShouts.\n\n## Uses\n\nIn halls.\n\n## Strange\n\n| a |\n|---|\n";
  await hub.repository("model", "ada/loud", "ada", { "README.md": card });
  const { page, troubles, context } = await hub.browser("ada");
  await page.goto(hub.url + "/ada/loud");
  await page.getByText("Card: 2 of 6 answered").waitFor();
  await page.getByRole("link", { name: "Answer the rest" }).click();
  assert.equal(await page.getByLabel("Who should use it, who should not?").inputValue(), "In halls.");
  await page.getByLabel("Whom to ask").fill("ada");
  await page.getByLabel("License").selectOption("apache-2.0");
  // To the text and back: both show the same.
  await page.getByRole("button", { name: "Text" }).click();
  await page.locator(".editor .cm-content", { hasText: "Whom to ask" }).waitFor();
  await page.getByRole("button", { name: "Questions" }).click();
  assert.equal(await page.getByLabel("Whom to ask").inputValue(), "ada");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("Saved README.md").waitFor();
  assert.equal(await raw("ada/loud"), card.replace("mit #", "apache-2.0 #").replace("## Strange", "## Whom to ask\n\nada\n\n## Strange"));
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText("Undone").waitFor();
  assert.equal(await raw("ada/loud"), card);
  assert.deepEqual(troubles, []);
  await context.close();
});

test("a card with broken YAML says where, and its answers can be changed all the same", async () => {
  await hub.repository("model", "ada/torn", "ada", { "notes.txt": "x" });
  const { page, context } = await hub.browser("ada");
  await page.goto(hub.url + "/ada/torn/new/main?name=README.md");
  await page.getByRole("button", { name: "Text" }).click();
  await page.locator(".editor .cm-content").click();
  await page.keyboard.insertText("---\nlicense: mit\ntags: [a\n---\n# Torn\n\nText.\n");
  await page.getByRole("button", { name: "Questions" }).click();
  await page.getByText("is no valid YAML").waitFor();
  assert.equal(await page.getByLabel("What does it do?").inputValue(), "Text.");
  assert.equal(await page.getByLabel("License").count(), 0);
  await context.close();
});

test("who may only read is not asked to write the card", async () => {
  const { page, context } = await hub.browser("jun");
  await page.goto(hub.url + "/ada/loud", { waitUntil: "networkidle" });
  assert.equal(await page.getByText("Card:").count(), 0);
  await context.close();
});
