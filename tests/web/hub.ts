// The real program on a temporary folder, with people and repositories, and a browser on it.
import { after, before } from "node:test";
import { spawn, type ChildProcess } from "node:child_process";
import { createRequire } from "node:module";
import { request as ask } from "node:http";
import { createServer } from "node:net";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { execFileSync } from "node:child_process";

const root = resolve(import.meta.dirname, "../..");
const require = createRequire(join(root, "web/"));
const { chromium } = require("playwright-core") as typeof import("../../web/node_modules/playwright-core");
export type Page = import("../../web/node_modules/playwright-core").Page;
export type Browser = import("../../web/node_modules/playwright-core").Browser;
export type Context = import("../../web/node_modules/playwright-core").BrowserContext;
export const axe_source = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const program = process.env.CAIRN_PROGRAM ?? join(root, "build/release/cairn");
export const password = "correct horse battery";
const token = (name: string) => "hf_" + (name + "0".repeat(34)).slice(0, 34);

const free_port = () =>
  new Promise<number>((done) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => done(port));
    });
  });

async function answers(url: string) {
  for (let attempt = 0; attempt < 150; attempt++) {
    try {
      if ((await fetch(url + "/readyz")).ok) return;
    } catch {
      // Not yet.
    }
    await new Promise((done) => setTimeout(done, 200));
  }
  throw new Error(`nothing answers at ${url}`);
}

export class Hub {
  readonly data = mkdtempSync(join(tmpdir(), "cairn-web-"));
  /** As the browser knows it. */
  url = "";
  /** The same by its number, for programs of this test. */
  direct = "";
  #processes: ChildProcess[] = [];
  #browser: Browser | undefined;
  /** A name instead of the number is no secure context to a browser: plain HTTP as in an office. */
  readonly host: "127.0.0.1" | "hub.test";
  readonly env: Record<string, string>;
  constructor(host: "127.0.0.1" | "hub.test" = "127.0.0.1", env: Record<string, string> = {}) {
    this.host = host;
    this.env = env;
  }

  async start() {
    const port = await free_port();
    // The hub's own pages; with WEB_FRONT the app in web/build in front of it.
    const front = process.env.WEB_FRONT ? await free_port() : undefined;
    const own = `http://127.0.0.1:${port}`;
    this.direct = `http://127.0.0.1:${front ?? port}`;
    this.url = `http://${this.host}:${front ?? port}`;
    this.#run(program, ["serve", "--data", this.data, "--listen", `127.0.0.1:${port}`], { CAIRN_PUBLIC_URL: this.url, CAIRN_SSH_LISTEN: "off", CAIRN_ADMIN: "keeper", ...this.env });
    await answers(own);
    if (front) {
      this.#run(process.execPath, ["tools/dev.ts", own, String(front)], {}, join(root, "web"));
      await answers(this.direct);
    }
    const flags = [...(process.getuid?.() === 0 ? ["--no-sandbox"] : []), ...(this.host === "127.0.0.1" ? [] : [`--host-resolver-rules=MAP ${this.host} 127.0.0.1`])];
    this.#browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: flags });
    return this;
  }
  #run(command: string, args: string[], env: Record<string, string>, cwd = root) {
    const child = spawn(command, args, { cwd, env: { PATH: process.env.PATH, HOME: this.data, ...env } as NodeJS.ProcessEnv, stdio: "ignore" });
    this.#processes.push(child);
  }
  async stop() {
    await this.#browser?.close();
    await Promise.all(this.#processes.map((child) => new Promise((done) => (child.once("exit", done), child.kill("SIGTERM")))));
    rmSync(this.data, { recursive: true, force: true });
  }

  admin(...args: string[]): string {
    return execFileSync(program, ["admin", ...args, "--data", this.data], { encoding: "utf8", env: { PATH: process.env.PATH, HOME: this.data } as NodeJS.ProcessEnv });
  }
  people() {
    const person = (name: string, fullname: string, more = {}) => ({ name, fullname, email: `${name}@hub.example`, password, tokens: [{ name: "test", value: token(name), role: "write" }], ...more });
    const file = join(this.data, "people.json");
    writeFileSync(file, JSON.stringify({
      users: [person("ada", "Ada Lovelace", { admin: true }), person("grace", "Grace Hopper"), person("jun", "Jun Ito 伊藤")],
      orgs: [{ name: "northwind", fullname: "Northwind Research", members: { ada: "admin", grace: "write", jun: "read" } }],
    }));
    this.admin("apply", file);
  }
  async api(method: string, path: string, as: string, body?: unknown): Promise<unknown> {
    const lines = Array.isArray(body);
    const response = await fetch(this.direct + path, {
      method,
      headers: { authorization: `Bearer ${token(as)}`, "content-type": lines ? "application/x-ndjson" : "application/json" },
      ...(body === undefined ? {} : { body: lines ? body.map((line) => JSON.stringify(line)).join("\n") : JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text ? (JSON.parse(text) as unknown) : undefined;
  }
  /** What programs get at an address, over redirects; `as` nobody without a name. */
  get(path: string, as?: string): Promise<{ status: number; body: Buffer }> {
    const url = new URL(path, this.direct);
    url.host = new URL(this.direct).host;
    return new Promise((done, failed) => {
      ask(url, { headers: { host: new URL(this.url).host, ...(as ? { authorization: `Bearer ${token(as)}` } : {}) } }, (answer) => {
        const pieces: Buffer[] = [];
        answer.on("data", (piece: Buffer) => pieces.push(piece));
        answer.on("end", () => {
          const status = answer.statusCode ?? 0;
          if (status >= 300 && status < 400 && answer.headers.location) this.get(answer.headers.location, as).then(done, failed);
          else done({ status, body: Buffer.concat(pieces) });
        });
      }).on("error", failed).end();
    });
  }
  async text(path: string, as?: string) {
    return (await this.get(path, as)).body.toString();
  }
  async repository(type: "model" | "dataset", id: string, as: string, files: Record<string, string | Buffer>, more = {}) {
    const [owner, name] = id.split("/");
    await this.api("POST", "/api/repos/create", as, { type, name, ...(owner === as ? {} : { organization: owner }), ...more });
    await this.commit(type, id, as, files, "Add files");
  }
  commit(type: "model" | "dataset", id: string, as: string, files: Record<string, string | Buffer>, summary: string) {
    return this.api("POST", `/api/${type}s/${id}/commit/main`, as, [
      { key: "header", value: { summary, description: "" } },
      ...Object.entries(files).map(([path, content]) => ({ key: "file", value: { path, content: Buffer.from(content).toString("base64"), encoding: "base64" } })),
    ]);
  }

  /** A browser of its own, signed in. What it complains of is collected in `troubles`. */
  async browser(as: string | null, options: { width?: number; theme?: "light" | "dark" } = {}) {
    const width = options.width ?? 1440;
    const phone = width < 600;
    const context = await this.#browser!.newContext({ viewport: { width, height: phone ? 844 : 900 }, colorScheme: options.theme ?? "light", hasTouch: phone, isMobile: phone });
    if (as) await this.#sign_in(context, as);
    const troubles: string[] = [];
    context.on("page", (page) => {
      page.on("console", (message) => {
        // A page that is not there answers 404, and the browser says so.
        if (message.type() === "error" && !/status of (401|403|404)/.test(message.text())) troubles.push(`${page.url()}: ${message.text()}`);
      });
      page.on("pageerror", (error) => troubles.push(`${page.url()}: ${error.message}`));
      page.on("request", (request) => {
        if (!/^(data|blob):/.test(request.url()) && new URL(request.url()).origin !== new URL(this.url).origin) troubles.push(`${page.url()}: asked ${request.url()}`);
      });
    });
    return { context, troubles, page: await context.newPage() };
  }
  /** Of a new session. */
  async cookies(as: string): Promise<{ name: string; value: string }[]> {
    const response = await fetch(this.direct + "/api/-/v1/session", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ name: as, password }) });
    if (!response.ok) throw new Error(`${as} cannot sign in: ${response.status}`);
    return response.headers.getSetCookie().map((line) => {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
      return { name: name!, value: value! };
    });
  }
  async #sign_in(context: Context, as: string) {
    await context.addCookies((await this.cookies(as)).map((cookie) => ({ ...cookie, domain: this.host, path: "/", httpOnly: true, sameSite: "Lax" as const })));
  }
}

/** There before the first test of a file, with its people, and gone after the last. */
export function hub_with_people(): Hub {
  const hub = new Hub();
  before(async () => {
    await hub.start();
    hub.people();
  });
  after(() => hub.stop());
  return hub;
}

/** A safetensors file of one tensor. */
export function weights(): Buffer {
  const header = Buffer.from(JSON.stringify({ __metadata__: { format: "pt" }, "encoder.weight": { dtype: "F16", shape: [8, 16], data_offsets: [0, 256] } }));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([size, header, Buffer.alloc(256)]);
}
export const card = `---
license: apache-2.0
language: [en, de]
library_name: transformers
pipeline_tag: text-classification
---
# Router

Sorts support tickets into queues.

## Use

\`\`\`python
print("hello")
\`\`\`

| language | F1 |
|---|---:|
| English | 0.93 |

## Limits

Short tickets.

## Training

$e = mc^2$
`;
