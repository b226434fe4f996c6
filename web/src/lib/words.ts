// Names of things on the wire, as people say them.
import type { RepoType } from "./page.ts";

export const kind_name: Record<RepoType, string> = { model: "model", dataset: "dataset", space: "space" };
export const kind_title: Record<RepoType, string> = { model: "Models", dataset: "Datasets", space: "Spaces" };
/** The address of a repository. */
export const repo_path = (repo: { type: RepoType; id: string }) =>
  (repo.type === "model" ? "/" : `/${repo.type}s/`) + repo.id;

const small_words = new Set(["to", "of", "and", "in"]);
/** "text-generation" as "Text generation"; what is no slug stays. */
export function task_name(slug: string): string {
  const words = slug.split("-").map((word, index) => (index === 0 && !small_words.has(word) ? word[0]!.toUpperCase() + word.slice(1) : word));
  return words.join(" ");
}

const libraries: Record<string, string> = {
  transformers: "Transformers", pytorch: "PyTorch", tf: "TensorFlow", jax: "JAX", safetensors: "Safetensors", gguf: "GGUF",
  onnx: "ONNX", diffusers: "Diffusers", "sentence-transformers": "sentence-transformers", peft: "PEFT", "scikit-learn": "scikit-learn",
  sklearn: "scikit-learn", numpy: "NumPy", datasets: "Datasets", pandas: "pandas", polars: "Polars", keras: "Keras", timm: "timm",
  spacy: "spaCy", "transformers.js": "Transformers.js", mlx: "MLX", vllm: "vLLM", "llama.cpp": "llama.cpp", setfit: "SetFit", fastai: "fastai",
};
export const library_name = (slug: string) => libraries[slug] ?? slug;

const licenses: Record<string, string> = {
  "apache-2.0": "Apache 2.0", mit: "MIT", "cc0-1.0": "CC0 1.0", "cc-by-4.0": "CC BY 4.0", "cc-by-sa-4.0": "CC BY-SA 4.0",
  "cc-by-nc-4.0": "CC BY-NC 4.0", "cc-by-nc-sa-4.0": "CC BY-NC-SA 4.0", openrail: "OpenRAIL", "gpl-3.0": "GPL 3.0", "agpl-3.0": "AGPL 3.0",
  "lgpl-3.0": "LGPL 3.0", "bsd-3-clause": "BSD 3-Clause", "bsd-2-clause": "BSD 2-Clause", unlicense: "Unlicense", llama2: "Llama 2", llama3: "Llama 3",
  "llama3.1": "Llama 3.1", gemma: "Gemma", other: "Other", unknown: "Unknown", "mpl-2.0": "MPL 2.0", odbl: "ODbL",
};
export const license_name = (id: string) => licenses[id] ?? id;
export const license_choices = Object.entries(licenses).filter(([id]) => id !== "unknown");

/** "1K<n<10K" as "1 K to 10 K". */
export function size_name(category: string): string {
  const spaced = (text: string) => text.replace(/([KMBT])$/, "\u00a0$1");
  const between = /^(\w+)<n<(\w+)$/.exec(category);
  if (between) return `${spaced(between[1]!)}\u2013${spaced(between[2]!)}`;
  return category.replace(/^n<(\w+)$/, (_, most: string) => `under ${spaced(most)}`).replace(/^n>(\w+)$/, (_, least: string) => `over ${spaced(least)}`);
}

const language_names = new Intl.DisplayNames(["en"], { type: "language", fallback: "none" });
export function language_name(code: string): string {
  try {
    return language_names.of(code) ?? code;
  } catch {
    return code;
  }
}

const value_of = (tags: readonly string[], prefix: string) =>
  tags.filter((tag) => tag.startsWith(prefix)).map((tag) => tag.slice(prefix.length));

/** Whether a card's word can be the name of a repository here: "/elsewhere.example" would be another host's address. */
export const is_repo_name = (name: string) => /^[\w.-]+(\/[\w.-]+)?$/.test(name);

/** What a repository's tags say, by group. */
export function facts_of_tags(type: RepoType, tags: readonly string[], info: { pipeline_tag?: string; library_name?: string; sdk?: string }) {
  const is_code = (tag: string) => /^[a-z]{2,3}$/.test(tag) && language_name(tag) !== tag;
  return {
    tasks: type === "model" ? (info.pipeline_tag ? [info.pipeline_tag] : []) : value_of(tags, "task_categories:"),
    library: info.library_name,
    licenses: value_of(tags, "license:"),
    languages: type === "dataset" ? value_of(tags, "language:") : tags.filter(is_code),
    base_models: [...new Set(value_of(tags, "base_model:").map((name) => name.replace(/^(finetune|adapter|quantized|merge):/, "")))].filter(is_repo_name),
    base_relation: value_of(tags, "base_model:").map((name) => /^(finetune|adapter|quantized|merge):/.exec(name)?.[1]).find(Boolean),
    datasets: value_of(tags, "dataset:"),
    sizes: value_of(tags, "size_categories:"),
    modalities: value_of(tags, "modality:"),
    formats: value_of(tags, "format:"),
    arxiv: value_of(tags, "arxiv:"),
  };
}
