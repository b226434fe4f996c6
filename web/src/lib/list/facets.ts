// Facets of lists: their titles, their parameters in the address, and addresses with one more or less.
import type { RepoType } from "../page.ts";
import { language_name, library_name, license_name, size_name, task_name } from "../words.ts";

export interface Facet {
  /** Name in the API's answer. */
  id: string;
  title: string;
  parameter: string;
}
const all: Record<RepoType, Facet[]> = {
  model: [
    { id: "pipeline_tag", title: "Task", parameter: "pipeline_tag" },
    { id: "library", title: "Library", parameter: "library" },
    { id: "license", title: "License", parameter: "license" },
    { id: "language", title: "Language", parameter: "language" },
    { id: "dataset", title: "Trained on", parameter: "dataset" },
    { id: "base_model", title: "Made from", parameter: "base_model" },
    { id: "other", title: "Other", parameter: "other" },
  ],
  dataset: [
    { id: "task_categories", title: "Task", parameter: "task_categories" },
    { id: "modality", title: "Holds", parameter: "modality" },
    { id: "format", title: "Format", parameter: "format" },
    { id: "size_categories", title: "Rows", parameter: "size_categories" },
    { id: "license", title: "License", parameter: "license" },
    { id: "language", title: "Language", parameter: "language" },
    { id: "other", title: "Other", parameter: "other" },
  ],
  space: [
    { id: "sdk", title: "Made with", parameter: "sdk" },
    { id: "license", title: "License", parameter: "license" },
    { id: "other", title: "Other", parameter: "other" },
  ],
};
export const facets_of = (type: RepoType) => all[type];

/** A value without the prefix that its parameter repeats: "license:mit" as "mit". */
export const bare = (parameter: string, value: string) => (value.startsWith(parameter + ":") ? value.slice(parameter.length + 1) : value);

export function value_name(parameter: string, value: string): string {
  const word = bare(parameter, value);
  switch (parameter) {
    case "pipeline_tag":
    case "task_categories":
      return task_name(word);
    case "library":
      return library_name(word);
    case "size_categories":
      return size_name(word);
    case "license":
      return license_name(word);
    case "language":
      return language_name(word);
    default:
      return word;
  }
}

export interface Chosen {
  parameter: string;
  value: string;
  title: string;
}
export function chosen_of(type: RepoType, query: URLSearchParams): Chosen[] {
  const out: Chosen[] = [];
  for (const { parameter, title } of all[type]) for (const value of query.getAll(parameter)) if (value) out.push({ parameter, value, title });
  const author = query.get("author");
  if (author) out.push({ parameter: "author", value: author, title: "Owner" });
  const gated = query.get("gated");
  if (gated) out.push({ parameter: "gated", value: gated, title: "Gated" });
  const sizes = query.get("num_parameters");
  if (sizes) out.push({ parameter: "num_parameters", value: sizes, title: "Parameters" });
  return out;
}

const same = (parameter: string, a: string, b: string) => bare(parameter, a) === bare(parameter, b);

/** The address with a value taken in, or out when it is there. */
export function toggled(url: URL, parameter: string, value: string): string {
  const query = new URLSearchParams(url.search);
  const values = query.getAll(parameter);
  query.delete(parameter);
  const rest = values.filter((known) => !same(parameter, known, value));
  for (const known of rest) query.append(parameter, known);
  if (rest.length === values.length) query.append(parameter, value);
  const text = query.toString();
  return url.pathname + (text ? "?" + text : "");
}
export function with_value(url: URL, parameter: string, value: string): string {
  const query = new URLSearchParams(url.search);
  if (value) query.set(parameter, value);
  else query.delete(parameter);
  const text = query.toString();
  return url.pathname + (text ? "?" + text : "");
}
export const is_chosen = (query: URLSearchParams, parameter: string, value: string) => query.getAll(parameter).some((known) => same(parameter, known, value));
