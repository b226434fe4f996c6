// The index of the guide, made by the build and loaded when somebody searches: "virtual:guide-index".
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import MiniSearch from "minisearch";
import type { Plugin } from "vite";
import { guide_sections, index_options, type GuideSection } from "../src/lib/docs/sections.ts";

const folder = resolve(import.meta.dirname, "../../docs/guide");
const name = "virtual:guide-index";

export function guide_index(): Plugin {
  return {
    name: "guide-index",
    resolveId: (id) => (id === name ? "\0" + name : undefined),
    load(id) {
      if (id !== "\0" + name) return undefined;
      const index = new MiniSearch<GuideSection>(index_options);
      for (const file of readdirSync(folder).filter((entry) => entry.endsWith(".md")).sort()) {
        const path = join(folder, file);
        this.addWatchFile(path);
        index.addAll(guide_sections(file.slice(0, -3), readFileSync(path, "utf8")));
      }
      return `export default ${JSON.stringify(JSON.stringify(index))};`;
    },
  };
}
