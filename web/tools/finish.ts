// What the server needs beyond Vite's output: the shell's script hashes, what to preload, and a
// compressed twin of every file that is worth one.
import { createHash } from "node:crypto";
import { cpSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const folder = "build";
const compressible = /\.(js|css|html|json|svg|txt|wasm|map)$/;

function files(under: string): string[] {
  return readdirSync(under, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? files(join(under, entry.name)) : [join(under, entry.name)],
  );
}

const address = (file: string) => "/" + relative(folder, file);

// What Vite does not know as a module gets its hash here.
let shell = readFileSync(join(folder, "shell.html"), "utf8");
function with_hash(name: string): string {
  const file = join(folder, "-", name);
  const digest = createHash("sha256").update(readFileSync(file)).digest("hex").slice(0, 8);
  const hashed = `-/app/immutable/${name.replace(".", `.${digest}.`)}`;
  renameSync(file, join(folder, hashed));
  return hashed;
}
for (const name of ["theme.js", "icon.svg"]) shell = shell.replaceAll(`/-/${name}`, "/" + with_hash(name));
for (const marker of ["<!--cairn:head-->", "<!--cairn:body-->"])
  if (!shell.includes(marker)) throw new Error(`shell.html has no ${marker}`);

// What pdf.js asks for by name: character maps, fonts and decoders that documents do not bring along.
const pdf = "node_modules/pdfjs-dist";
const { version: pdf_version } = JSON.parse(readFileSync(join(pdf, "package.json"), "utf8")) as { version: string };
for (const part of ["cmaps", "standard_fonts", "wasm"])
  cpSync(join(pdf, part), join(folder, `-/app/immutable/pdf-${pdf_version}`, part), {
    recursive: true,
    // Scripts of documents are not run, and every browser that this app runs in has WebAssembly.
    filter: (from) => !/quickjs|nowasm/i.test(from),
  });

// The frame that draws diagrams; its scripts are named by their bytes, as above.
const diagram = join(folder, "-", "diagram.html");
let frame = readFileSync(diagram, "utf8");
cpSync("node_modules/mermaid/dist/mermaid.min.js", join(folder, "-", "mermaid.js"));
for (const name of ["mermaid.js", "diagram.js"]) {
  const hashed = with_hash(name);
  if (!frame.includes(`/-/${name}`)) throw new Error(`diagram.html has no ${name}`);
  frame = frame.replaceAll(`/-/${name}`, "/" + hashed);
}
writeFileSync(diagram, frame);

const script_hashes = [...shell.matchAll(/<script(?:\s[^>]*)?>([\s\S]*?)<\/script>/g)]
  .map((match) => match[1] ?? "")
  .filter((text) => text.trim() !== "")
  .map((text) => "sha256-" + createHash("sha256").update(text).digest("base64"));

interface Chunk {
  file: string;
  imports?: string[];
  dynamicImports?: string[];
  css?: string[];
  isEntry?: boolean;
}
const chunks = JSON.parse(
  readFileSync(".svelte-kit/output/client/.vite/manifest.json", "utf8"),
) as Record<string, Chunk>;

/** A chunk and all it needs before it runs. */
function reach(key: string, seen = new Set<string>()): string[] {
  const chunk = chunks[key];
  if (!chunk || seen.has(key)) return [];
  seen.add(key);
  return [
    "/" + chunk.file,
    ...(chunk.css ?? []).map((file) => "/" + file),
    ...(chunk.imports ?? []).flatMap((name) => reach(name, seen)),
  ];
}

const keys = Object.keys(chunks);
// Kit's start and app, then the layout and the one route (nodes 0 and 2; 1 is Kit's error page).
const first = keys.filter(
  (key) => /runtime\/client\/entry\.js$|client-optimized\/app\.js$|client-optimized\/nodes\/[02]\.js$/.test(key),
);
const fonts = files(folder).filter((file) => /inter-latin-wght-normal\.[^/]*woff2$/.test(file)).map(address);
const unique = (list: string[]) => [...new Set(list)];
const preload = unique([...first.flatMap((key) => reach(key)), ...fonts]);

// What each kind of page needs beyond that, so that the server can name it too.
const pages: Record<string, string[]> = {};
for (const key of keys) {
  const kind = /^src\/lib\/pages\/([a-z_]+)\.svelte$/.exec(key)?.[1];
  if (kind) pages[kind] = unique(reach(key)).filter((file) => !preload.includes(file));
}

writeFileSync(join(folder, "shell.html"), shell);
writeFileSync(join(folder, "manifest.json"), JSON.stringify({ script_hashes, preload, pages }, null, 1));

for (const file of files(folder)) {
  if (!compressible.test(file) || file.endsWith("manifest.json") || file.endsWith("shell.html")) continue;
  const bytes = readFileSync(file);
  if (statSync(file).size < 256) continue;
  const brotli = brotliCompressSync(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
  });
  if (brotli.length < bytes.length) writeFileSync(file + ".br", brotli);
  const gzip = gzipSync(bytes, { level: 9 });
  if (gzip.length < bytes.length) writeFileSync(file + ".gz", gzip);
}
