// What the published JavaScript client does every day. HF_ENDPOINT and HF_TOKEN are set.
//   node main_job.mjs ada/name
import assert from "node:assert/strict";
import * as hub from "@huggingface/hub";

const name = process.argv[2];
const hubUrl = process.env.HF_ENDPOINT;
const accessToken = process.env.HF_TOKEN;
const repo = { type: "model", name };
const base = { hubUrl, accessToken, repo };
const all = async (iterable) => { const out = []; for await (const one of iterable) out.push(one); return out; };

const me = await hub.whoAmI({ hubUrl, accessToken });
assert.equal(me.name, "ada");
const made = await hub.createRepo({ hubUrl, accessToken, repo, license: "mit",
  files: [{ path: "first.txt", content: new Blob(["first"]) }] });
assert.equal(made.repoUrl, `${hubUrl}/${name}`);
assert.equal(await hub.repoExists(base), true);
assert.equal(await hub.repoExists({ ...base, repo: { type: "model", name: name + "-missing" } }), false);

// Small and large files
const large = new Uint8Array(200_000).map((_, i) => i % 251);
await hub.uploadFiles({ ...base, commitTitle: "Files", useXet: false, files: [
  { path: "dir/a.txt", content: new Blob(["a"]) }, { path: "w.bin", content: new Blob([large]) }] });
const files = (await all(hub.listFiles({ ...base, recursive: true }))).map((f) => f.path);
assert.ok(files.includes("dir/a.txt") && files.includes("w.bin") && files.includes("first.txt"));
const info = await hub.fileDownloadInfo({ ...base, path: "w.bin" });
assert.equal(info.size, large.length);
const back = await hub.downloadFile({ ...base, path: "w.bin" });
assert.deepEqual(new Uint8Array(await back.arrayBuffer()), large);
assert.equal(await (await hub.downloadFile({ ...base, path: "dir/a.txt" })).text(), "a");
assert.equal(await hub.downloadFile({ ...base, path: "missing" }).catch(() => null), null);
assert.equal(await hub.fileExists({ ...base, path: "dir/a.txt" }), true);
const [paths] = await hub.pathsInfo({ ...base, paths: ["w.bin"] });
assert.equal(paths.lfs.size, large.length);

// History, branches, a pull request
await hub.createBranch({ ...base, branch: "feature/x" });
await hub.deleteBranch({ ...base, branch: "feature/x" });
await hub.deleteFile({ ...base, path: "dir/a.txt", commitTitle: "Delete" });
const commits = await all(hub.listCommits({ ...base }));
assert.deepEqual(commits.slice(0, 2).map((c) => c.title), ["Delete", "Files"]);
assert.equal(await hub.countCommits({ ...base, revision: "main" }), commits.length);
const pr = await hub.commit({ ...base, title: "Mine", isPullRequest: true, useXet: false,
  operations: [{ operation: "addOrUpdate", path: "pr.txt", content: new Blob(["pr"]) }] });
assert.equal(pr.pullRequestUrl, `${hubUrl}/${name}/discussions/1`);
assert.deepEqual((await all(hub.listFiles({ ...base, revision: "refs/pr/1" }))).map((f) => f.path)
  .filter((p) => p === "pr.txt"), ["pr.txt"]);

// Information and lists
assert.equal((await hub.modelInfo({ hubUrl, accessToken, name })).name, name);
const listed = await all(hub.listModels({ hubUrl, accessToken, search: { query: name.split("/")[1] } }));
assert.ok(listed.some((m) => m.name === name));
await hub.checkRepoAccess(base);
await hub.deleteRepo(base);
assert.equal(await hub.repoExists(base), false);
console.log("works");
