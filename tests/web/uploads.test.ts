// Uploads that meet what happens to uploads: a reload, a lost connection, the end of a session, a second
// version of the same file.
import { test } from "node:test";
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { hub_with_people, password, type Context, type Page } from "./hub.ts";

const hub = hub_with_people();

function folder(name: string, files: Record<string, string | Buffer>): string {
  const root = join(hub.data, "up", name);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return root;
}
const choose = (page: Page, root: string) => page.locator("input[webkitdirectory]").setInputFiles(root);
async function new_model(name: string) {
  await hub.api("POST", "/api/repos/create", "ada", { type: "model", name });
  return `/ada/${name}/upload/main`;
}
/** A new model's page of uploads, with these files chosen. */
async function chosen(name: string, files: Record<string, string | Buffer>) {
  const address = await new_model(name);
  const { page, context } = await hub.browser("ada");
  await page.goto(hub.url + address);
  await choose(page, folder(name, files));
  return { page, context, address };
}
async function uploaded(page: Page) {
  await page.getByRole("button", { name: "Upload 1 file" }).click();
  await page.getByText("Uploaded and saved").waitFor({ timeout: 30_000 });
}
async function bytes_of(context: Context, id: string, path: string) {
  return (await context.request.get(`${hub.url}/${id}/resolve/main/${path}`)).body();
}
const commits = async (id: string) => ((await hub.api("GET", `/api/models/${id}/commits/main`, "ada")) as { title: string }[]).map((commit) => commit.title);

test("what is there already is found by its content, what a .gitignore names is left out", async () => {
  const address = await new_model("known");
  await hub.commit("model", "ada/known", "ada", { "same.txt": "same\n", "other.txt": "old\n" }, "Add files");
  const { page, troubles, context } = await hub.browser("ada");
  await page.goto(hub.url + address);
  await choose(page, folder("known", { "same.txt": "same\n", "other.txt": "new\n", "new.txt": "new\n", "run.log": "x", ".gitignore": "*.log\n" }));
  await page.getByText("1 is there already, unchanged").waitFor();
  await page.getByText("1 replaces what is there").waitFor();
  await page.getByText("1 file left out").click();
  await page.getByText("named by a .gitignore").waitFor();
  await page.getByRole("button", { name: "Upload 3 files" }).click();
  await page.getByText("Uploaded and saved").waitFor();
  assert.equal((await bytes_of(context, "ada/known", "other.txt")).toString(), "new\n");
  assert.equal((await context.request.get(`${hub.url}/ada/known/resolve/main/run.log`)).status(), 404);
  assert.deepEqual((await commits("ada/known"))[0], "Upload 3 files");
  assert.deepEqual(troubles, []);
  await context.close();
});

test("after a reload in the middle the same folder goes on, and nothing that arrived is sent again", async () => {
  const address = await new_model("resumed");
  // Together more than is sent at once, so that one of them has arrived when the page goes away.
  const files = { "a.bin": randomBytes(20_000_000), "b.bin": randomBytes(15_000_000), "notes.txt": "hello\n" };
  const root = folder("resumed", files);
  const { page, context } = await hub.browser("ada");
  const sent: string[] = [];
  let arrived = 0;
  await context.route("**/xorbs/**", async (route) => {
    sent.push(new URL(route.request().url()).pathname);
    // The second group never gets an answer.
    if (arrived >= 1) return;
    arrived++;
    await route.continue();
  });
  await page.goto(hub.url + address);
  await choose(page, root);
  await page.getByRole("button", { name: "Upload 3 files" }).click();
  for (let waited = 0; sent.length < 2 && waited < 600; waited++) await page.waitForTimeout(100);
  assert.equal(sent.length, 2, "one piece arrived, the next is on its way");
  await page.waitForTimeout(1200); // The plan is kept once a second.
  let asked = false;
  page.on("dialog", (dialog) => ((asked = true), void dialog.accept()));
  await page.goto(hub.url + "/models");
  assert.ok(asked, "leaving asks");
  await page.getByRole("complementary", { name: "Upload" }).getByText("interrupted").waitFor();
  await context.unroute("**/xorbs/**");
  const again: string[] = [];
  page.on("request", (request) => void (request.url().includes("/xorbs/") && again.push(new URL(request.url()).pathname)));
  await page.getByRole("complementary", { name: "Upload" }).getByRole("button", { name: "Continue" }).click();
  await page.getByText("Choose the folder again to continue").waitFor();
  await choose(page, folder("else", { "x.txt": "x" }));
  await page.getByText("None of these files is in the plan").waitFor();
  await choose(page, root);
  await page.getByText("Uploaded and saved").waitFor({ timeout: 60_000 });
  assert.ok(again.length >= 1 && !again.includes(sent[0]!), "what arrived is not sent again");
  assert.deepEqual(await commits("ada/resumed"), ["Upload 3 files", "initial commit"]);
  for (const name of ["a.bin", "b.bin"] as const) assert.ok((await bytes_of(context, "ada/resumed", name)).equals(files[name]), `${name} is what it was`);
  await page.goto(hub.url + "/models", { waitUntil: "networkidle" });
  assert.equal(await page.getByRole("complementary", { name: "Upload" }).count(), 0, "what is done is forgotten");
  await context.close();
});

test("where the browser keeps the folder, one click goes on", async () => {
  const address = await new_model("kept");
  const { page, context } = await hub.browser("ada");
  // The browser's own dialog cannot be driven: a folder of the browser's private files stands in for it.
  await page.addInitScript(() => {
    (window as unknown as { showDirectoryPicker: () => Promise<unknown> }).showDirectoryPicker = async () => (await navigator.storage.getDirectory()).getDirectoryHandle("model", { create: true });
  });
  await page.goto(hub.url + address);
  await page.evaluate(async () => {
    const model = await (await navigator.storage.getDirectory()).getDirectoryHandle("model", { create: true });
    const file = await (await model.getDirectoryHandle("sub", { create: true })).getFileHandle("notes.txt", { create: true });
    const writable = await file.createWritable();
    await writable.write("kept\n");
    await writable.close();
  });
  await context.route("**/commit/main", () => {}); // Never answered.
  await page.getByRole("button", { name: "Choose a folder" }).click();
  await page.getByRole("button", { name: "Upload 1 file" }).click();
  await page.getByText("Saving").waitFor();
  await page.waitForTimeout(300);
  page.on("dialog", (dialog) => void dialog.accept());
  await page.reload();
  await context.unroute("**/commit/main");
  await page.getByText("This upload was interrupted").waitFor();
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByText("Uploaded and saved").waitFor();
  assert.equal((await bytes_of(context, "ada/kept", "sub/notes.txt")).toString(), "kept\n");
  await context.close();
});

test("a connection that is lost comes back, and the upload goes on by itself", async () => {
  const { page, context } = await chosen("offline", { "a.txt": "a" });
  await page.waitForLoadState("networkidle");
  await context.route("**/preupload/**", (route) => route.abort());
  await page.getByRole("button", { name: "Upload 1 file" }).click();
  await page.getByText("No connection").waitFor();
  await page.getByText("It goes on by itself.").waitFor();
  await context.unroute("**/preupload/**");
  await page.getByText("Uploaded and saved").waitFor();
  await context.close();
});

test("when the session ended, one signs in again in place", async () => {
  const { page, context } = await chosen("session", { "a.txt": "a" });
  await page.waitForLoadState("networkidle");
  await context.clearCookies();
  await page.getByRole("button", { name: "Upload 1 file" }).click();
  await page.getByRole("dialog", { name: "Sign in again" }).waitFor();
  await page.getByLabel("Password of ada").fill(password);
  await page.getByRole("button", { name: "Go on" }).click();
  await page.getByText("Uploaded and saved").waitFor();
  await context.close();
});

test("of a second version only what is new is sent, and it is said", async () => {
  const first = randomBytes(8_000_000);
  const { page, context, address } = await chosen("versions", { "w.bin": first });
  await uploaded(page);
  const second = Buffer.concat([first, randomBytes(500_000)]);
  await page.goto(hub.url + address);
  await choose(page, folder("version2", { "w.bin": second }));
  await uploaded(page);
  const said = (await page.getByText("were already here").textContent()) ?? "";
  const [, here, unit] = /([\d.]+)\u00a0(\w+) of/.exec(said) ?? [];
  assert.ok(unit === "MB" && Number(here) > 6, `most of it was here: ${said}`);
  assert.ok((await bytes_of(context, "ada/versions", "w.bin")).equals(second), "the bytes are those that were uploaded");
  await context.close();
});

test("pause stops it, continue goes on, and other pages can be visited meanwhile", async () => {
  const { page, context } = await chosen("paused", { "a.txt": "a" });
  await context.route("**/commit/main", () => {});
  await page.getByRole("button", { name: "Upload 1 file" }).click();
  await page.getByText("Saving").waitFor();
  await page.getByRole("link", { name: "Datasets" }).click();
  const tray = page.getByRole("complementary", { name: "Upload" });
  await tray.getByRole("button", { name: "Pause" }).click();
  await tray.getByText(", paused").waitFor();
  await context.unroute("**/commit/main");
  await tray.getByRole("button", { name: "Continue" }).click();
  await tray.getByText("Uploaded and saved.").waitFor();
  await context.close();
});
