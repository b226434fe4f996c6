// Scripts and styles of a first load, by the build's manifest.
import { test } from "node:test";
import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";

const build = resolve(import.meta.dirname, "../../web/build");
const manifest = JSON.parse(readFileSync(join(build, "manifest.json"), "utf8")) as { preload: string[]; pages: Record<string, string[]> };
const first_load_bytes_max = 90_000;
const size = (file: string) => (existsSync(join(build, file + ".gz")) ? statSync(join(build, file + ".gz")).size : statSync(join(build, file)).size);
const code = (files: string[]) => files.filter((file) => /\.(js|css)$/.test(file));

for (const [page, files] of Object.entries(manifest.pages))
  test(`first load of ${page}`, () => {
    const loaded = code([...manifest.preload, ...files]).map((file) => [size(file), file] as const);
    const total = loaded.reduce((sum, [bytes]) => sum + bytes, 0);
    const heaviest = loaded.sort((a, b) => b[0] - a[0]).slice(0, 5).map(([bytes, file]) => `${bytes} ${file}`);
    assert.ok(total < first_load_bytes_max, `${total} bytes with gzip; the heaviest:\n${heaviest.join("\n")}`);
  });

test("what is heavy is in no first load", () => {
  const words: Record<string, RegExp> = { CodeMirror: /cm-activeLine/, KaTeX: /katex-mathml/, Shiki: /createHighlighterCore/, "@huggingface/hub": /uploadMode/, "pdf.js": /PDFDataRangeTransport|disableAutoFetch/, hyparquet: /row_groups/, yaml: /maxAliasCount/, Mermaid: /mermaid\.render/ };
  for (const [page, files] of Object.entries(manifest.pages))
    for (const file of code([...manifest.preload, ...files])) {
      const text = readFileSync(join(build, file), "utf8");
      for (const [name, pattern] of Object.entries(words)) assert.ok(!pattern.test(text), `${name} is in the first load of ${page}: ${file}`);
    }
});
