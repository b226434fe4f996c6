// How a file is shown, by its name and size.

export type Shown =
  | "text" | "markdown" | "table" | "json" | "notebook" | "image" | "audio" | "video" | "safetensors" | "gguf" | "shards" | "archive"
  | "parquet" | "pdf" | "xlsx" | "binary";

const extension_of = (path: string) => /\.([a-z0-9]+)$/i.exec(path)?.[1]?.toLowerCase() ?? "";

const by_extension: Record<string, Shown> = {
  csv: "table", tsv: "table", jsonl: "table", ndjson: "table", json: "json", ipynb: "notebook", md: "markdown", markdown: "markdown", mdx: "markdown",
  png: "image", jpg: "image", jpeg: "image", gif: "image", webp: "image", avif: "image", bmp: "image", ico: "image", svg: "image",
  wav: "audio", mp3: "audio", ogg: "audio", flac: "audio", m4a: "audio", mp4: "video", webm: "video", mov: "video",
  safetensors: "safetensors", gguf: "gguf", zip: "archive", npz: "archive",
  parquet: "parquet", pdf: "pdf", xlsx: "xlsx", xlsm: "xlsx",
};
const binary = new Set([
  "bin", "pt", "pth", "onnx", "h5", "pkl", "joblib", "msgpack", "arrow", "feather", "gz", "xz", "zst", "bz2", "7z", "tar", "tgz", "npy", "so", "dll", "exe", "woff2", "ttf", "docx", "xls", "db", "sqlite", "model", "tflite", "ckpt",
]);

export function kind_of(path: string, size: number): Shown {
  const extension = extension_of(path);
  const known = by_extension[extension];
  if (known === "json" && size > 5e6) return "text";
  if (known === "json" && path.endsWith(".safetensors.index.json")) return "shards";
  if (known === "notebook" && size > 20e6) return "text";
  if (known) return known;
  return binary.has(extension) ? "binary" : "text";
}

const languages: Record<string, string> = {
  py: "python", js: "javascript", mjs: "javascript", cjs: "javascript", jsx: "jsx", ts: "typescript", tsx: "tsx", json: "json", jsonl: "json", ipynb: "json",
  yaml: "yaml", yml: "yaml", toml: "toml", ini: "ini", cfg: "ini", sh: "bash", bash: "bash", zsh: "bash", c: "c", h: "c", cpp: "cpp", cc: "cpp", hpp: "cpp", cu: "cpp",
  rs: "rust", go: "go", java: "java", kt: "kotlin", swift: "swift", rb: "ruby", php: "php", r: "r", jl: "julia", lua: "lua", sql: "sql", html: "html", css: "css", scss: "scss",
  xml: "xml", svg: "xml", md: "markdown", markdown: "markdown", tex: "latex", cs: "csharp", scala: "scala", dart: "dart", svelte: "svelte", vue: "vue", proto: "proto", diff: "diff", patch: "diff",
  jinja: "jinja", j2: "jinja", cmake: "cmake", makefile: "makefile", dockerfile: "docker",
};
export function language_of(path: string): string | undefined {
  const name = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  if (name === "dockerfile" || name === "containerfile") return "docker";
  if (name === "makefile") return "makefile";
  if (name === "cmakelists.txt") return "cmake";
  return languages[extension_of(path)];
}
