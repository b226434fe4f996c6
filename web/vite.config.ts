import { sveltekit } from "@sveltejs/kit/vite";
import adapter from "@sveltejs/adapter-static";
import { defineConfig } from "vite";
import { guide_index } from "./tools/guide_index.ts";

export default defineConfig({
  plugins: [
    guide_index(),
    sveltekit({
      // One document for every address: the server fills it in (docs/decisions/0012-pages.md).
      adapter: adapter({ fallback: "shell.html" }),
      appDir: "-/app",
      // Named by what it is made of, so that equal sources give equal files (scripts/build-web).
      version: { name: process.env.CAIRN_WEB_STAMP ?? "dev" },
      paths: { relative: false },
    }),
  ],
  build: { target: "es2023", assetsInlineLimit: 0 },
  worker: { format: "es" },
});
