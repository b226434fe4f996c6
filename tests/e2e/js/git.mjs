// Clones a repository with isomorphic-git, adds one file, and pushes. usage: git.mjs URL FOLDER
// Prints the ids before and after.
import fs from "node:fs";
import { join } from "node:path";
import git from "isomorphic-git";
import http from "isomorphic-git/http/node";

const [url, dir] = process.argv.slice(2);
const onAuth = () => ({ username: "ada", password: process.env.HUB_TOKEN });
const author = { name: "Ada", email: "ada@hub.example" };

await git.clone({ fs, http, dir, url, onAuth });
const cloned = await git.resolveRef({ fs, dir, ref: "HEAD" });
fs.writeFileSync(join(dir, "from-javascript.txt"), "isomorphic\n");
await git.add({ fs, dir, filepath: "from-javascript.txt" });
const pushed = await git.commit({ fs, dir, message: "From JavaScript", author });
const told = await git.push({ fs, http, dir, remote: "origin", ref: "main", onAuth });
console.log(JSON.stringify({ cloned, pushed, ok: told.ok, files: fs.readdirSync(dir).sort() }));
