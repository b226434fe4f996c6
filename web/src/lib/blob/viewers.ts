// The ways of showing a file, each loaded when a file needs it, and what is read before.
import type { Component } from "svelte";
import { message_of } from "../api/api.ts";
import { as_text, read, type Source } from "./bytes.ts";
import { kind_of } from "./kind.ts";

const viewers = {
  text: () => import("./Text.svelte"),
  table: () => import("./Table.svelte"),
  json: () => import("./JsonTree.svelte"),
  notebook: () => import("./Notebook.svelte"),
  media: () => import("./Media.svelte"),
  tensors: () => import("./Tensors.svelte"),
  archive: () => import("./Archive.svelte"),
  shards: () => import("./Shards.svelte"),
  parquet: () => import("./Parquet.svelte"),
  pdf: () => import("./Pdf.svelte"),
  xlsx: () => import("./Xlsx.svelte"),
  binary: () => import("./Binary.svelte"),
};
type Viewer = keyof typeof viewers;
const viewer_of = (kind: string): Viewer =>
  kind === "markdown" ? "text" : kind === "image" || kind === "audio" || kind === "video" ? "media" : kind === "safetensors" || kind === "gguf" ? "tensors" : (kind as Viewer);

export const load_viewer = async (kind: string) => (await viewers[viewer_of(kind)]()).default as Component<Record<string, unknown>>;

const first_bytes: Record<string, number> = { text: 1 << 20, markdown: 1 << 20, json: 5e6, shards: 5e6, notebook: 20e6, table: 256 * 1024, binary: 256 };

/** What is read before the page is drawn; other viewers read for themselves. @param known  the text, if the page's document has it. */
export async function first_part(source: Source, known: unknown) {
  const kind = kind_of(source.entry.path, source.entry.size);
  const size = first_bytes[kind];
  if (size === undefined) return { kind, text: "", bytes: new Uint8Array(), error: "" };
  try {
    const whole_text = kind === "text" && source.entry.size <= 5e6;
    const bytes = typeof known === "string" ? new TextEncoder().encode(known) : await read(source, 0, whole_text ? source.entry.size : size);
    const text = kind === "binary" ? null : as_text(bytes);
    if (text === null) return { kind: "binary" as const, text: "", bytes: bytes.slice(0, 256), error: "" };
    return { kind, text, bytes, error: "" };
  } catch (error) {
    return { kind, text: "", bytes: new Uint8Array(), error: message_of(error) };
  }
}
