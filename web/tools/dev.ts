// The app in build/ in front of any running hub: its assets and shell from here, all else from there.
//   node tools/dev.ts http://127.0.0.1:2247 5180
import { createServer, request as ask, type IncomingMessage, type ServerResponse } from "node:http";
import { existsSync, readFileSync, statSync } from "node:fs";
import { extname, join } from "node:path";

const hub = process.argv[2] ?? "http://127.0.0.1:2247";
const port = Number(process.argv[3] ?? 5180);
const page_media_type = "application/vnd.cairn.page+json";
// As src/pages/assets.cpp sends it.
const diagram = "/-/diagram.html";
const diagram_policy = "sandbox allow-scripts; default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; img-src data:; font-src data:; frame-ancestors 'self'";
const types: Record<string, string> = {
  ".js": "text/javascript", ".css": "text/css", ".woff2": "font/woff2", ".json": "application/json", ".html": "text/html; charset=utf-8", ".svg": "image/svg+xml", ".wasm": "application/wasm",
};

function asset(path: string, response: ServerResponse) {
  const file = join("build", path);
  if (!existsSync(file) || !statSync(file).isFile()) {
    response.writeHead(404).end();
    return;
  }
  if (path === diagram) response.setHeader("content-security-policy", diagram_policy);
  response.writeHead(200, { "content-type": types[extname(file)] ?? "application/octet-stream", "cache-control": "no-cache" });
  response.end(readFileSync(file));
}

/** The policy that the hub sends, with the hash of this build's boot line. */
function policy(sent: string): string {
  const { script_hashes } = JSON.parse(readFileSync("build/manifest.json", "utf8")) as { script_hashes: string[] };
  return sent.replace(/'sha256-[^']+'/g, "").replace("script-src 'self'", `script-src 'self' ${script_hashes.map((hash) => `'${hash}'`).join(" ")}`);
}

function pass_on(request: IncomingMessage, response: ServerResponse) {
  const wants_page = request.method === "GET" && (request.headers.accept ?? "").includes("text/html");
  const upstream = ask(hub + request.url, { method: request.method, headers: { ...request.headers, "accept-encoding": "identity" } }, (answer) => {
    const is_page = wants_page && (answer.headers["content-type"] ?? "").startsWith("text/html");
    if (!is_page) {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
      return;
    }
    answer.resume();
    void as_document(request, answer, response);
  });
  upstream.on("error", () => response.writeHead(502).end());
  request.pipe(upstream);
}

async function as_document(request: IncomingMessage, answer: IncomingMessage, response: ServerResponse) {
  const page = await fetch(hub + request.url, { headers: { accept: page_media_type, cookie: request.headers.cookie ?? "" } });
  const json = (await page.text()).replaceAll("<", "\\u003c");
  response.writeHead(answer.statusCode ?? 200, { "content-type": "text/html; charset=utf-8", "content-security-policy": policy(String(answer.headers["content-security-policy"] ?? "")) });
  response.end(readFileSync("build/shell.html", "utf8").replace("<!--cairn:body-->", () => `<script type="application/json" id="cairn-page">${json}</script>`));
}

createServer((request, response) => {
  if (request.url?.startsWith("/-/app/") || request.url === diagram) asset(request.url, response);
  else pass_on(request, response);
}).listen(port, "127.0.0.1", () => console.log(`http://127.0.0.1:${port}`));
