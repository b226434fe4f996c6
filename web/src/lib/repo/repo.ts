// A repository as pages see it.
import type { RepoInfo, Sibling, Refs } from "../api/types.ts";
import { encode_path } from "../needs.ts";
import type { RepoType, Viewer } from "../page.ts";
import { repo_path } from "../words.ts";

export interface Repo {
  type: RepoType;
  id: string;
}
export const owner_of = (id: string) => id.slice(0, id.indexOf("/"));
/** The commit that a revision is now. */
export const commit_of = (refs: Refs, revision: string): string => [...refs.branches, ...refs.tags].find((ref) => ref.name === revision)?.targetCommit ?? revision;
export const name_of = (id: string) => id.slice(id.indexOf("/") + 1);

/** Addresses of a repository's pages. */
export const at = (repo: Repo, verb: string, revision: string, path = "") =>
  `${repo_path(repo)}/${verb}/${encodeURIComponent(revision)}${path ? "/" + encode_path(path) : ""}`;
export const home_of = repo_path;
/** A side may be "": it is chosen there. @param dots  "...": only what `to` added since both were one. */
export const compare_address = (repo: Repo, from: string, to: string, dots = "...") =>
  `${repo_path(repo)}/compare/${from ? encodeURIComponent(from) + dots : ""}${encodeURIComponent(to)}`;

/** The branch that clients ask for unless they are told otherwise; the hub keeps it. */
export const clients_branch = "main";
/** What pages, lists and clones show when nobody names a version. */
export const default_branch = (info: RepoInfo) => info.defaultBranch ?? clients_branch;

export const is_commit = (revision: string) => /^[0-9a-f]{40}$/.test(revision);
export const short = (revision: string) => (is_commit(revision) ? revision.slice(0, 8) : revision.replace(/^refs\/(heads|tags)\//, ""));

/** Who may change settings, as far as a page can know; the API decides. */
export function may_manage(repo: Repo, viewer: Viewer | null): boolean {
  if (!viewer) return false;
  const owner = owner_of(repo.id).toLowerCase();
  return (
    viewer.name.toLowerCase() === owner ||
    viewer.organizations.some((entry) => entry.name.toLowerCase() === owner && entry.role === "admin")
  );
}

const format_of: [RegExp, string][] = [
  [/\.safetensors$/, "Safetensors"], [/\.gguf$/, "GGUF"], [/\.onnx$/, "ONNX"], [/(\.pt|\.pth|pytorch_model.*\.bin)$/, "PyTorch"],
  [/(\.h5|\.keras)$/, "Keras"], [/\.msgpack$/, "Flax"], [/\.tflite$/, "TFLite"], [/(\.pkl|\.joblib)$/, "pickle"], [/\.mlmodel|\.mlpackage\//, "Core ML"],
];
const data_format_of: [RegExp, string][] = [
  [/\.parquet$/, "Parquet"], [/\.csv(\.gz)?$/, "CSV"], [/\.tsv$/, "TSV"], [/\.jsonl(\.gz|\.zst)?$/, "JSON lines"], [/\.json$/, "JSON"], [/\.arrow$/, "Arrow"],
  [/\.(png|jpe?g|webp)$/i, "images"], [/\.(wav|mp3|flac|ogg)$/i, "audio"], [/\.(mp4|webm)$/i, "video"], [/\.(tar|zip)$/, "archives"], [/\.txt$/, "text"],
];
export function formats(type: RepoType, siblings: Sibling[]): string[] {
  const found = new Set<string>();
  for (const { rfilename } of siblings)
    for (const [pattern, name] of type === "dataset" ? data_format_of : format_of)
      if (pattern.test(rfilename)) found.add(name);
  return [...found];
}

/** Weights in other formats than the one that libraries load by default. */
const is_other_weights = (name: string) =>
  /(\.bin|\.pt|\.pth|\.h5|\.msgpack|\.onnx|\.tflite|\.ot|\.gguf|\.ckpt)$/.test(name) || /^(onnx|openvino|coreml|original)\//.test(name);

/** Bytes of the files that a library loads, and of all. */
export function sizes(type: RepoType, siblings: Sibling[]): { usual: number; all: number } {
  const sum = (list: Sibling[]) => list.reduce((total, file) => total + (file.size ?? 0), 0);
  const all = sum(siblings);
  if (type !== "model" || !siblings.some((file) => file.rfilename.endsWith(".safetensors"))) return { usual: all, all };
  return { usual: sum(siblings.filter((file) => !is_other_weights(file.rfilename))), all };
}

const bytes_of: Record<string, number> = {
  F64: 8, I64: 8, F32: 4, I32: 4, F16: 2, BF16: 2, I16: 2, F8_E4M3: 1, F8_E5M2: 1, I8: 1, U8: 1, BOOL: 1, F4: 0.5,
};
/** Memory to run a model: its weights and a fifth for the rest. */
export function memory(info: RepoInfo): { bytes: number; dtype: string } | null {
  const entries = Object.entries(info.safetensors?.parameters ?? {});
  if (entries.length === 0) return null;
  const weights = entries.reduce((total, [dtype, amount]) => total + amount * (bytes_of[dtype] ?? 2), 0);
  const main = entries.reduce((a, b) => (b[1] > a[1] ? b : a))[0];
  return { bytes: weights * 1.2, dtype: main };
}
