// What administrators do, and that it is recorded.
import { test } from "node:test";
import assert from "node:assert/strict";
import { hub_with_people } from "./hub.ts";

const hub = hub_with_people();

test("a repository is deleted and restored, somebody is stopped, and the record tells of it", async () => {
  await hub.repository("model", "grace/notes", "grace", { "a.txt": "x" }, { private: true });
  const { page, troubles, context } = await hub.browser("ada");
  await page.goto(hub.url + "/admin/repositories");
  await page.getByLabel("Filter by name or kind").fill("notes");
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await page.getByLabel("Type grace/notes to go on").fill("grace/notes");
  await page.getByRole("button", { name: "Delete grace/notes" }).click();
  await page.getByRole("heading", { name: "Recently deleted" }).waitFor();
  assert.equal((await hub.get("/api/models/grace/notes", "grace")).status, 404);
  await page.getByRole("button", { name: "Restore" }).click();
  await page.getByText("Restored grace/notes").waitFor();
  assert.equal((await hub.get("/api/models/grace/notes", "grace")).status, 200);

  await page.getByRole("link", { name: "People", exact: true }).click();
  await page.locator("li", { hasText: "Jun Ito" }).getByRole("button", { name: "Stop" }).click();
  await page.getByRole("button", { name: "Stop jun" }).click();
  await page.getByText("jun is stopped").waitFor();

  await page.getByRole("link", { name: "Announcement", exact: true }).click();
  const text = page.getByLabel("What everybody is told; empty: nothing");
  await text.fill("Moving on Friday.");
  await text.blur();
  await page.getByText("Saved").waitFor();
  await page.locator(".strip", { hasText: "Moving on Friday." }).waitFor();

  await page.getByRole("link", { name: "Record", exact: true }).click();
  for (const deed of ["changed rules of this hub", "stopped jun", "restored a repository", "deleted the model grace/notes", "applied a file of accounts"]) await page.getByText(deed).waitFor();
  await page.locator("li", { hasText: "stopped jun" }).getByText("ada").waitFor();
  await page.locator("li", { hasText: "applied a file" }).getByText("at the machine").waitFor();
  assert.deepEqual(troubles, []);
  await context.close();
});

test("an organization without admins gets one", async () => {
  const { page, troubles, context } = await hub.browser("ada");
  await page.goto(hub.url + "/admin/organizations");
  await page.getByRole("button", { name: "Give it an admin" }).click();
  await page.getByLabel("User name").fill("grace");
  await page.getByRole("button", { name: "Make grace an admin" }).click();
  await page.getByText("grace is an admin of northwind now").waitFor();
  const members = (await hub.api("GET", "/api/organizations/northwind/members", "ada")) as { user: string; role: string }[];
  assert.equal(members.find((member) => member.user === "grace")?.role, "admin");
  assert.deepEqual(troubles, []);
  await context.close();
});

test("health and configuration say how the hub is and what it was started with", async () => {
  const { page, troubles, context } = await hub.browser("ada");
  await page.goto(hub.url + "/admin/health");
  await page.getByText("The database answers").waitFor();
  await page.getByText("No mail is sent").waitFor();
  await page.getByRole("link", { name: "Configuration" }).click();
  await page.getByLabel("Only what was set here").check();
  await page.getByRole("listitem").filter({ hasText: "public_url" }).getByText("from CAIRN_PUBLIC_URL").waitFor();
  assert.ok(!(await page.content()).includes("root_key"), "what was not set is left out");
  assert.deepEqual(troubles, []);
  await context.close();
});

test("administration is for administrators", async () => {
  const { page, context } = await hub.browser("grace");
  await page.goto(hub.url + "/admin/record");
  assert.equal((await hub.get("/api/-/v1/admin/acts", "grace")).status, 403);
  assert.equal((await hub.get("/api/-/v1/admin/configuration", "grace")).status, 403);
  assert.equal((await hub.get("/api/-/v1/admin/health")).status, 401);
  await page.getByRole("heading").first().waitFor();
  assert.equal(await page.getByText("What administrators and the operator did").count(), 0);
  await context.close();
});
