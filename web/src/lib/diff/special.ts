// Which changes are shown in a way of their own, and not only as lines of text.
import type { DiffFile } from "../api/types.ts";
import { kind_of } from "../blob/kind.ts";

export type Special = "cells" | "values" | "card" | "image" | "tensors";

export const special_words: Record<Special, string> = { cells: "Cells", values: "Values", card: "Card", image: "Images", tensors: "Tensors" };

// Both sides are read whole for these; longer files are shown by lines.
const whole_bytes_max = 5e6;
const image_bytes_max = 20e6;

export function special_of(file: DiffFile): Special | null {
  const sides = [file.before, file.after].flatMap((side) => side ?? []);
  const both = sides.length === 2 && file.before!.oid !== file.after!.oid;
  const largest = Math.max(...sides.map((side) => side.size));
  const kind = kind_of(file.path, largest);
  if (kind === "image") return largest <= image_bytes_max && file.before?.oid !== file.after?.oid ? "image" : null;
  if (!both) return null;
  if (kind === "safetensors" || kind === "gguf") return "tensors";
  if (largest > whole_bytes_max) return null;
  if (kind === "table") return "cells";
  if (kind === "json" || kind === "shards") return "values";
  return file.path === "README.md" ? "card" : null;
}
