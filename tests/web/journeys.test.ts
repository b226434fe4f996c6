// What people do, from beginning to end, against the real program.
import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { card, Hub, password } from "./hub.ts";

// Twice: at an address where browsers give pages everything, and over plain HTTP at a name, where they
// withhold the clipboard and cryptography.
for (const host of ["127.0.0.1", "hub.test"] as const)
  describe(`at http://${host}`, () => {
    const hub = new Hub(host);
    before(() => hub.start());
    after(() => hub.stop());
    journeys(hub);
  });

function journeys(hub: Hub) {
  test("a newcomer comes from the set-up link to a first model, whose bytes come back", async () => {
    const link = /https?:\/\/\S+\/setup#\S+/.exec(hub.admin("setup-link"))?.[0];
    assert.ok(link, "there is a set-up link");
    const { page, troubles, context } = await hub.browser(null);
    await page.goto(hub.url + link.slice(link.indexOf("/setup")));
    await page.getByLabel("Your name").fill("Kim Keeper");
    await page.getByLabel("Password", { exact: true }).fill(password);
    await page.getByLabel("Name of this hub").fill("Harbor");
    await page.getByRole("button", { name: "Set up the hub" }).click();
    await page.getByRole("heading", { name: "Nothing here yet" }).waitFor();
    assert.match(await page.title(), /Harbor/);
    await page.getByRole("link", { name: "New model" }).first().click();
    await page.getByLabel("Name", { exact: true }).fill("first");
    await page.getByText("keeper/first is free.").waitFor();
    await page.getByRole("button", { name: "Create model" }).click();
    await page.waitForURL("**/keeper/first");

    const folder = join(hub.data, "up", "model");
    mkdirSync(join(folder, "sub"), { recursive: true });
    writeFileSync(join(folder, "README.md"), card);
    const large = Buffer.alloc(2_000_000, "cairn");
    writeFileSync(join(folder, "sub/weights.bin"), large);
    writeFileSync(join(folder, ".DS_Store"), "junk");
    await page.locator("input[webkitdirectory]").setInputFiles(folder);
    await page.waitForURL("**/upload/main");
    await page.getByText("1 file left out").waitFor();
    await page.getByRole("button", { name: "Upload 2 files" }).click();
    await page.getByText("Uploaded and saved").waitFor();
    await page.getByRole("link", { name: "Go to the model" }).click();
    await page.getByRole("heading", { name: "Router" }).waitFor();
    const back = await hub.get("/keeper/first/resolve/main/sub/weights.bin");
    assert.ok(back.body.equals(large), "the bytes are those that were uploaded");
    assert.deepEqual(troubles, []);
    await context.close();
  });

  test("a file is changed, the change undone, and somebody who is slower loses nothing", async () => {
    hub.people();
    await hub.repository("model", "ada/notes", "ada", { "notes.txt": "one\n" });
    const { page, troubles, context } = await hub.browser("ada");
    const type = async (text: string) => {
      await page.locator(".editor .cm-content").click();
      await page.keyboard.press("Control+End");
      await page.keyboard.type(text);
    };
    await page.goto(hub.url + "/ada/notes/edit/main/notes.txt");
    await type("two");
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByText("Saved notes.txt").waitFor();
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByText("Undone").waitFor();
    assert.equal(await hub.text("/ada/notes/raw/main/notes.txt"), "one\n");

    await page.goto(hub.url + "/ada/notes/edit/main/notes.txt");
    await type("mine");
    await hub.commit("model", "ada/notes", "ada", { "notes.txt": "one\ntheirs\n" }, "Be faster");
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByText("Somebody saved this file before you").waitFor();
    await page.getByText("theirs").first().waitFor();
    await page.getByRole("button", { name: "Save mine on top" }).click();
    await page.getByText("Saved notes.txt").waitFor();
    assert.equal(await hub.text("/ada/notes/raw/main/notes.txt"), "one\nmine");
    // The browser notes the refused commit.
    assert.deepEqual(troubles.filter((text) => !text.includes("412")), []);
    await context.close();
  });

  test("a gated file is asked for, the owner accepts, and the download works", async () => {
    await hub.repository("model", "jun/kanji", "jun", { "README.md": "# 漢字\n\nText.\n", "w.bin": "weights" });
    await hub.api("PUT", "/api/models/jun/kanji/settings", "jun", { gated: "manual" });
    const asker = await hub.browser("grace");
    await asker.page.goto(hub.url + "/jun/kanji");
    await asker.page.getByRole("button", { name: "Ask for access" }).click();
    await asker.page.getByRole("button", { name: "Ask for access" }).click();
    await asker.page.getByText("Its owner has not decided yet").waitFor();
    const owner = await hub.browser("jun");
    await owner.page.goto(hub.url + "/jun/kanji/settings");
    await owner.page.getByRole("button", { name: "Accept", exact: true }).click();
    await owner.page.getByText("Nobody waits for an answer.").waitFor();
    assert.equal(await hub.text("/jun/kanji/resolve/main/w.bin", "grace"), "weights");
    await asker.context.close();
    await owner.context.close();
  });

  test("a token is made, shown once, works, and is revoked", async () => {
    const { page, troubles, context } = await hub.browser("ada");
    await page.goto(hub.url + "/settings/tokens");
    await page.getByRole("button", { name: "Create token" }).click();
    await page.getByLabel("Name", { exact: true }).fill("laptop");
    await page.getByText("Can read everything that you can see, until").waitFor();
    await page.getByRole("button", { name: "Create token" }).click();
    await page.getByText("laptop: copy it now").waitFor();
    const value = /hf_\w+/.exec((await page.locator("pre").first().textContent()) ?? "")?.[0] ?? "";
    const whoami = () => fetch(hub.direct + "/api/whoami-v2", { headers: { authorization: `Bearer ${value}` } });
    assert.equal((await whoami()).status, 200);
    await page.reload();
    assert.ok(!(await page.content()).includes(value), "the value is shown once");
    const row = page.locator("li", { hasText: "laptop" });
    await row.getByRole("button", { name: "Revoke" }).click();
    await page.getByRole("button", { name: "Revoke laptop" }).click();
    await page.getByText("Revoked laptop").waitFor();
    assert.equal((await whoami()).status, 401);
    assert.deepEqual(troubles, []);
    await context.close();
  });

  test("a token is rotated, and its old value works for a day, until it is revoked", async () => {
    const { page, troubles, context } = await hub.browser("grace");
    await page.goto(hub.url + "/settings/tokens");
    const row = page.locator("li", { hasText: "test" });
    await row.getByRole("button", { name: "Rotate" }).click();
    await page.getByLabel("Let the old value work for 24 more hours").check();
    await page.getByRole("button", { name: "Rotate test" }).click();
    await page.getByText("test: copy it now").waitFor();
    const old = page.locator("li", { hasText: "test (old value)" });
    await old.getByText("expires").waitFor();
    assert.equal((await hub.get("/api/whoami-v2", "grace")).status, 200);
    await old.getByRole("button", { name: "Revoke" }).click();
    await page.getByRole("button", { name: "Revoke test (old value)" }).click();
    await page.getByText("Revoked test (old value)").waitFor();
    assert.equal((await hub.get("/api/whoami-v2", "grace")).status, 401);
    assert.deepEqual(troubles, []);
    await context.close();
  });

  test("with the keyboard alone: search, open, files, back", async () => {
    const { page, context } = await hub.browser("ada");
    await page.goto(hub.url + "/", { waitUntil: "networkidle" });
    await page.keyboard.press("/");
    await page.getByRole("combobox", { name: "Search" }).waitFor();
    await page.keyboard.type("notes");
    await page.getByRole("option", { name: "ada/notes" }).waitFor();
    await page.keyboard.press("Enter");
    await page.waitForURL("**/ada/notes");
    await page.goto(hub.url + "/ada/notes/tree/main", { waitUntil: "networkidle" });
    await page.keyboard.press("t");
    await page.getByLabel("Letters of its path").waitFor();
    await page.keyboard.type("note");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/blob/main/notes.txt");
    await page.waitForLoadState("networkidle");
    await page.keyboard.press("y");
    await page.waitForURL(/blob\/[0-9a-f]{40}\/notes.txt/);
    await context.close();
  });
}
