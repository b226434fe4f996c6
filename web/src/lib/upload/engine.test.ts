import { expect, test } from "vitest";
import { run, type Job, type Told, type World } from "./engine.ts";
import { planned, type PlannedFile } from "./plan.ts";
import { Unheard } from "./steady.ts";

interface Hub {
  has: Record<string, string>;
  large?: string[];
  ignored?: string[];
  commit?: (lines: { key: string; value: { path?: string; summary?: string } }[]) => Response;
}
const json = (body: unknown, status = 200, headers = {}) => new Response(JSON.stringify(body), { status, headers });

function world(hub: Hub) {
  const told: Told[] = [];
  const commits: string[][] = [];
  const sent: string[][] = [];
  const out: World = {
    origin: "http://hub.test",
    tell: (what) => void told.push(what),
    hash: async (content) => "hash of " + (await content.text()),
    base64: async (content) => btoa(await content.text()),
    send_large: async (_repo, _branch, files) => {
      sent.push(files.map(({ path }) => path));
      return { hashes: new Map(await Promise.all(files.map(async ({ path, content }) => [path, "hash of " + (await content.text())] as const))), here: 1 };
    },
    fetch: async (address, init) => {
      const body = await new Response(init?.body).text();
      if (String(address).includes("/preupload/")) {
        const asked = JSON.parse(body) as { files: { path: string }[] };
        return json({ files: asked.files.map(({ path }) => ({ path, uploadMode: hub.large?.includes(path) ? "lfs" : "regular", shouldIgnore: !!hub.ignored?.includes(path), ...(hub.has[path] ? { oid: hub.has[path] } : {}) })) });
      }
      const lines = body.trim().split("\n").map((line) => JSON.parse(line) as { key: string; value: { path?: string; summary?: string } });
      commits.push(lines.map(({ key, value }) => `${key} ${value.path ?? value.summary}`));
      return hub.commit?.(lines) ?? json({ commitOid: "c" + commits.length });
    },
  };
  return { out, told, commits, sent };
}
function job(texts: Record<string, string>, more: Partial<Job> = {}): Job {
  const picked = Object.entries(texts).map(([path, text]) => ({ path, file: new File([text], path, { lastModified: 1 }) }));
  return { repo: { type: "model", id: "a/b" }, branch: "main", folder: "", title: "Upload", files: picked.map(planned), content: new Map(picked.map(({ path, file }) => [path, file])), xorbs: [], only_compare: false, ...more };
}
/** The files as the page knows them afterwards. */
function states(files: PlannedFile[], told: Told[]): Record<string, string> {
  const out = files.map((file) => ({ ...file }));
  for (const what of told) if (what.told === "file") Object.assign(out[what.index]!, what.change);
  return Object.fromEntries(out.map((file) => [file.path, file.state]));
}

test("what the hub has is found by hash and not sent; the rest is one commit", async () => {
  const hub = { has: { same: "hash of s", other: "hash of x" }, large: ["w.bin"], ignored: ["log"] };
  const { out, told, commits, sent } = world(hub);
  const asked = job({ same: "s", other: "o", "w.bin": "weights", log: "l", new: "n" });
  await run(asked, out);
  expect(sent).toEqual([["w.bin"]]);
  expect(commits).toEqual([["header Upload", "file other", "lfsFile w.bin", "file new"]]);
  expect(states(asked.files, told)).toEqual({ same: "same", other: "saved", "w.bin": "saved", log: "ignored", new: "saved" });
  expect(told.filter((what) => what.told === "here").map((what) => what.bytes)).toEqual([1, 1]);
});
test("only comparing sends nothing", async () => {
  const { out, commits, sent } = world({ has: {}, large: ["w.bin"] });
  await run(job({ "w.bin": "w" }, { only_compare: true }), out);
  expect([commits, sent]).toEqual([[], []]);
});
test("when nobody knows whether it was saved, it looks, and does not save twice", async () => {
  const hub: Hub = { has: {} };
  let lost = true;
  hub.commit = () => {
    if (!lost) return json({ commitOid: "again" });
    lost = false;
    hub.has = { a: "hash of 1" };
    throw new Unheard("lost");
  };
  const { out, told, commits } = world(hub);
  const asked = job({ a: "1" });
  await run(asked, out);
  expect(commits.length).toBe(1);
  expect(states(asked.files, told)).toEqual({ a: "saved" });
});
test("when it was not saved after all, it is saved once more", async () => {
  let lost = true;
  const { out, told, commits } = world({
    has: {},
    commit: () => {
      if (!lost) return json({ commitOid: "again" });
      lost = false;
      throw new Unheard("lost");
    },
  });
  await run(job({ a: "1" }), out);
  expect(commits.length).toBe(2);
  expect(told.at(-1)).toEqual({ told: "done", commit: "again" });
});
test("large files that the hub let go meanwhile are sent again", async () => {
  let first = true;
  const { out, sent } = world({
    has: {}, large: ["w"],
    commit: () => {
      if (!first) return json({ commitOid: "x" });
      first = false;
      return json({ error: "never uploaded" }, 422, { "X-Error-Code": "LfsObjectNotFound" });
    },
  });
  const asked = job({ w: "1" });
  asked.files[0] = { ...asked.files[0]!, state: "sent", hash: "hash of 1", mode: "lfs" };
  await run(asked, out);
  expect(sent).toEqual([["w"]]);
});
test("a refusal is told in the hub's words", async () => {
  const { out } = world({ has: {}, commit: () => json({ error: "Main is protected." }, 403) });
  await expect(run(job({ a: "1" }), out)).rejects.toThrow("Main is protected.");
});
test("below a folder, paths are the repository's", async () => {
  const { out, commits } = world({ has: {} });
  await run(job({ a: "1" }, { folder: "data/x" }), out);
  expect(commits[0]).toEqual(["header Upload", "file data/x/a"]);
});
