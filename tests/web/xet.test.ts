// The published JavaScript client in a browser: it uploads and downloads by Xet, and so does what an
// application on another page of the hub's origin would do.
import { test } from "node:test";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { hub_with_people, type Page } from "./hub.ts";

const web = resolve(import.meta.dirname, "../../web");
const hub = hub_with_people();

const access_token = "hf_" + ("ada" + "0".repeat(34)).slice(0, 34);

/** `@huggingface/hub` as one module for browsers. */
async function bundle(): Promise<string> {
  const require = createRequire(join(web, "package.json"));
  const { rolldown } = await import(pathToFileURL(require.resolve("rolldown")).href);
  const made = await rolldown({ input: "@huggingface/hub", cwd: web, platform: "browser", logLevel: "silent" });
  const { output } = await made.generate({ format: "esm", codeSplitting: false });
  return output[0].code;
}

/** A page of the hub that can import the client. */
async function opened(page: Page) {
  const body = await bundle();
  await page.route("**/-/client.mjs", (route) => route.fulfill({ contentType: "text/javascript", body }));
  await page.goto(hub.url + "/ada/weights");
}

interface Told {
  sha256: string;
  size: number;
  slice: boolean;
  xet: boolean;
}

test("34 in a browser: a file goes up and comes back by Xet, whole and in slices", async () => {
  await hub.repository("model", "ada/weights", "ada", { "README.md": "# Weights\n" });
  const { page, troubles, context } = await hub.browser("ada");
  await opened(page);
  const asked: string[] = [];
  page.on("request", (request) => asked.push(`${request.method()} ${new URL(request.url()).pathname}`));
  const told = await page.evaluate(async ({ hubUrl, accessToken }): Promise<Told> => {
    const address = "/-/client.mjs";
    const { uploadFile, downloadFile, fileDownloadInfo } = await import(address);
    const bytes = new Uint8Array(12 * 1024 * 1024);
    for (let at = 0, state = 1; at < bytes.length; at++) bytes[at] = (state = (state * 1103515245 + 12345) & 0x7fffffff) >> 16;
    const common = { repo: { type: "model", name: "ada/weights" }, accessToken, hubUrl };
    await uploadFile({ ...common, file: { path: "big.bin", content: new Blob([bytes]) }, useXet: true });
    const info = await fileDownloadInfo({ ...common, path: "big.bin" });
    const blob: Blob = await downloadFile({ ...common, path: "big.bin" });
    const part = new Uint8Array(await blob.slice(5_000_001, 5_150_001).arrayBuffer());
    const whole = new Uint8Array(await blob.arrayBuffer());
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", whole));
    return {
      sha256: [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join(""),
      size: whole.length,
      slice: part.length === 150_000 && part.every((byte, i) => byte === bytes[5_000_001 + i]),
      xet: Boolean(info.xet),
    };
  }, { hubUrl: hub.url, accessToken: access_token });

  const back = await context.request.get(hub.url + "/ada/weights/resolve/main/big.bin");
  assert.equal(createHash("sha256").update(await back.body()).digest("hex"), told.sha256, "the bytes are those that were uploaded");
  assert.deepEqual({ ...told, sha256: "" }, { sha256: "", size: 12 * 1024 * 1024, slice: true, xet: true });
  assert.ok(asked.some((line) => line.startsWith("POST /xet/") && line.includes("/xorbs/")), "chunks went up by Xet: " + asked.join("\n"));
  assert.ok(asked.some((line) => line.startsWith("GET /xet/") && line.includes("/reconstructions/")), "and came back by it");
  assert.deepEqual(troubles, []);
  await context.close();
});
