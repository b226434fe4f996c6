// The two sides of a changed file.
import type { DiffFile } from "../api/types.ts";
import { as_text, read, resolve_address, source_of, type Source } from "../blob/bytes.ts";
import type { Repo } from "../repo/repo.ts";

export interface Sides {
  file: DiffFile;
  repo: Repo;
  /** Where the older side is read; null: there is none. */
  base: string | null;
  head: string;
}

export const old_source = ({ file, repo, base }: Sides): Source | null => (file.before && base ? source_of(repo, base, file.oldPath ?? file.path, file.before) : null);
export const new_source = ({ file, repo, head }: Sides): Source | null => (file.after ? source_of(repo, head, file.path, file.after) : null);
export const picture_address = (source: Source | null) => (source ? resolve_address(source) : null);

async function text_of(source: Source | null): Promise<string> {
  if (!source) return "";
  const text = as_text(await read(source, 0, source.entry.size));
  if (text === null) throw new Error("It is no text.");
  return text;
}
/** Both texts, whole. @throws ApiError; Error when one is no text. */
export const both_texts = async (sides: Sides): Promise<[before: string, after: string]> => Promise.all([text_of(old_source(sides)), text_of(new_source(sides))]);
