// People who never saw Git or YAML, with the mouse and plain words; and a terminal that signs in by the
// browser.
import { test } from "node:test";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { hub_with_people, password } from "./hub.ts";

const hub = hub_with_people();

test("somebody who never saw Git makes a dataset of a spreadsheet, mends a label, takes it back, and invites a colleague", async () => {
  const { page, troubles, context } = await hub.browser("grace");
  await page.goto(hub.url + "/organizations/new");
  await page.getByLabel("Name in addresses").fill("harbor");
  await page.getByRole("button", { name: "Create organization" }).click();
  await page.waitForURL("**/organizations/harbor/settings/members");

  // From home: the folder first, its name next.
  await page.getByRole("link", { name: "Cairn" }).first().click();
  await page.getByRole("heading", { name: /ways to begin|Nothing here yet/ }).first().waitFor();
  const sheet = join(hub.data, "Ticket labels.csv");
  writeFileSync(sheet, "id,text,label\n1,Where is my parcel?,delivery\n2,I want my money back,delivery\n3,Thanks!,praise\n");
  await page.locator("input[type=file][multiple]").setInputFiles(sheet);
  await page.getByText("come next. They are a").waitFor();
  await page.getByRole("link", { name: "dataset", exact: true }).click();
  // Until it is here, the form of a model stays, with the same labels.
  await page.getByRole("heading", { name: "New dataset" }).waitFor();
  await page.getByLabel("Owner").selectOption("harbor");
  await page.getByLabel("Name", { exact: true }).fill("tickets");
  await page.getByRole("button", { name: "Create dataset" }).click();
  await page.getByRole("button", { name: "Upload 1 file" }).click();
  await page.getByText("Uploaded and saved").waitFor();
  await page.getByRole("link", { name: "Look at the files" }).click();
  await page.getByRole("link", { name: "Ticket labels.csv" }).first().click();
  await page.getByRole("cell", { name: "I want my money back" }).waitFor();

  // One label is wrong.
  await page.getByRole("link", { name: "Edit" }).click();
  const wrong = page.locator(".editor .cm-line", { hasText: "money back" });
  await wrong.click();
  await page.keyboard.press("End");
  for (let letter = 0; letter < "delivery".length; letter++) await page.keyboard.press("Backspace");
  await page.keyboard.type("refund");
  await page.getByLabel("What did you change? (commit message)").fill("Mend the label of the refund");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("cell", { name: "refund" }).waitFor();

  // What changed, and back again.
  await page.getByRole("link", { name: "History" }).first().click();
  await page.getByRole("link", { name: "Mend the label of the refund" }).first().click();
  await page.getByText("refund").nth(1).waitFor();
  await page.getByRole("button", { name: "Revert" }).click();
  await page.getByRole("button", { name: "Revert on main" }).click();
  await page.getByText("Reverted").waitFor();
  assert.match(await hub.text("/datasets/harbor/tickets/raw/main/Ticket%20labels.csv"), /money back,delivery/);

  // On a hub where administrators make all accounts, a link is for who has one, and says so at once.
  const make_link = async () => {
    await page.goto(hub.url + "/organizations/harbor/settings/members");
    await page.getByRole("button", { name: "Make a link" }).click();
    await page.getByText("Pass this link on").waitFor();
    const link = /https?:\/\/\S+/.exec((await page.locator("pre").first().textContent()) ?? "")?.[0] ?? "";
    return hub.url + link.slice(link.indexOf("/", 8));
  };
  const link = await make_link();
  await page.getByText("It makes no account").waitFor();
  const known = await hub.browser(null);
  await known.page.goto(link);
  await known.page.getByText("The invite is for people with an account here").waitFor();
  await known.page.getByRole("link", { name: "Sign in to join" }).click();
  await known.page.getByLabel("User name or e-mail").fill("jun");
  await known.page.getByLabel("Password", { exact: true }).fill(password);
  await known.page.getByRole("button", { name: "Sign in" }).click();
  await known.page.getByRole("button", { name: "Join as jun" }).click();
  await known.page.waitForURL("**/harbor");
  await known.context.close();

  // A colleague comes by a link, without an account: on this hub, who is invited may make one.
  await hub.api("PATCH", "/api/-/v1/admin/settings", "ada", { registration: "invite" });
  const colleague = await hub.browser(null);
  await colleague.page.goto(await make_link());
  await colleague.page.getByText("harbor").first().waitFor();
  await colleague.page.getByLabel("User name").fill("lena");
  await colleague.page.getByLabel("Password", { exact: true }).fill(password);
  await colleague.page.getByRole("button", { name: "Create account" }).click();
  await colleague.page.waitForURL("**/harbor");
  await colleague.page.getByRole("link", { name: "tickets" }).first().click();
  await colleague.page.getByRole("heading", { name: "tickets" }).waitFor();
  await page.reload();
  await page.getByRole("link", { name: "lena" }).waitFor();
  assert.deepEqual(troubles, []);
  await context.close();
  await colleague.context.close();
});

test("who has nothing yet sees three ways to begin, also when others have something", async () => {
  await hub.repository("model", "ada/first", "ada", { "README.md": "# First\n" });
  const { page, troubles, context } = await hub.browser("jun");
  await page.goto(hub.url + "/");
  await page.getByRole("heading", { name: "Three ways to begin" }).waitFor();
  await page.getByText("Use it from Python").click();
  await page.getByRole("button", { name: "Put a fresh token in" }).click();
  const value = /hf_\w{20,}/;
  await page.locator("pre", { hasText: value }).waitFor();
  const token = value.exec((await page.locator("pre", { hasText: value }).textContent()) ?? "")![0];
  assert.equal((await fetch(hub.direct + "/api/whoami-v2", { headers: { authorization: `Bearer ${token}` } })).status, 200);
  const root = join(hub.data, "up", "My model!");
  mkdirSync(root, { recursive: true });
  writeFileSync(join(root, "notes.txt"), "hello\n");
  await page.locator("input[webkitdirectory]").setInputFiles(root);
  await page.getByText("1 file of").waitFor();
  assert.equal(await page.getByLabel("Name", { exact: true }).inputValue(), "My-model");
  await page.getByRole("button", { name: "Create model" }).click();
  await page.getByRole("button", { name: "Upload 1 file" }).click();
  await page.getByText("Uploaded and saved").waitFor();
  assert.equal(await hub.text("/jun/My-model/raw/main/notes.txt"), "hello\n");
  await page.goto(hub.url + "/");
  await page.getByRole("heading", { name: "What changed" }).waitFor();
  assert.equal(await page.getByRole("heading", { name: "Three ways to begin" }).count(), 0);
  assert.deepEqual(troubles, []);
  await context.close();
});

const hf = resolve(import.meta.dirname, "../.venv/bin/hf");
test("hf auth login finishes in the browser", { skip: existsSync(hf) ? false : "the published client is not installed: ./test e2e brings it" }, async () => {
  const home = join(hub.data, "hf");
  const env = { PATH: process.env.PATH, HOME: hub.data, HF_ENDPOINT: hub.direct, HF_HOME: home, PYTHONUNBUFFERED: "1" } as NodeJS.ProcessEnv;
  const login = spawn(hf, ["auth", "login"], { env, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  const ended = new Promise<number | null>((done) => login.once("exit", done));
  const code = await new Promise<string>((done, failed) => {
    const hear = (piece: Buffer) => {
      said += piece.toString();
      const found = /\b[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}\b/.exec(said)?.[0];
      if (found) done(found);
    };
    login.stdout.on("data", hear);
    login.stderr.on("data", hear);
    login.once("exit", () => failed(new Error(said)));
  });
  const { page, troubles, context } = await hub.browser("ada");
  await page.goto(hub.url + "/oauth/device");
  await page.getByRole("textbox").fill(code);
  await page.getByRole("button", { name: "Go on" }).click();
  await page.getByText(code).waitFor();
  await page.getByRole("button", { name: "Let it in" }).click();
  await page.getByText("Close this tab; the terminal goes on.").waitFor();
  assert.equal(await ended, 0, said);
  assert.match(readFileSync(join(home, "token"), "utf8"), /^hf_oauth_/);
  await page.goto(hub.url + "/settings/applications");
  await page.getByRole("button", { name: "Take back" }).first().waitFor();
  assert.deepEqual(troubles, []);
  await context.close();
});

test("who runs the lines of a page sees the download counted, without loading the page again", async () => {
  await hub.repository("model", "ada/counted", "ada", { "README.md": "# Counted", "config.json": "{}" });
  const { page, troubles, context } = await hub.browser("ada");
  await page.goto(hub.url + "/ada/counted");
  const downloads = page.locator(".main-facts div", { hasText: "Downloads" }).locator(".value");
  assert.equal(await downloads.textContent(), "0");
  await page.getByRole("button", { name: "Use this model" }).click();
  assert.equal((await hub.get("/ada/counted/resolve/main/config.json", "grace")).status, 200);
  await page.getByText("It was downloaded: 1 time since this page was loaded.").waitFor();
  await page.keyboard.press("Escape");
  assert.equal(await downloads.textContent(), "1");
  assert.deepEqual(troubles, []);
  await context.close();
});
