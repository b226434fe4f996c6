// Reading files by range, so that a page about a 40 GB file asks for a few kilobytes.
import { ApiError } from "../api/api.ts";
import type { FileSide, TreeEntry } from "../api/types.ts";
import { at, type Repo } from "../repo/repo.ts";

export interface Source {
  repo: Repo;
  revision: string;
  entry: TreeEntry;
}
/** One side of a change as a file to read. */
export const source_of = (repo: Repo, revision: string, path: string, side: FileSide): Source => ({
  repo,
  revision,
  entry: { type: "file", path, oid: side.oid, size: side.size, ...(side.lfs ? { lfs: { ...side.lfs, pointerSize: 0 } } : {}) },
});
/** The file's bytes, wherever they are kept. */
export const resolve_address = (source: Source) => at(source.repo, "resolve", source.revision, source.entry.path);
export const raw_address = (source: Source) => at(source.repo, "raw", source.revision, source.entry.path);

const small = 1 << 20;

/** Bytes [from, to) of a file; fewer at its end. */
export async function read(source: Source, from: number, to: number): Promise<Uint8Array> {
  const end = Math.min(to, source.entry.size);
  if (end <= from) return new Uint8Array();
  // What git itself holds comes from `raw`, which counts no download.
  const whole = !source.entry.lfs && source.entry.size <= small;
  const response = await fetch(whole ? raw_address(source) : resolve_address(source), whole ? {} : { headers: { Range: `bytes=${from}-${end - 1}` } });
  if (!response.ok) {
    const message =
      response.status === 401 || response.status === 403
        ? "You may not read this file: its repository gives access on request."
        : `The file could not be read: the hub answered with status ${response.status}.`;
    throw new ApiError(response.status, "", message, response.headers.get("X-Request-Id") ?? "");
  }
  const bytes = new Uint8Array(await response.arrayBuffer());
  return whole || response.status === 200 ? bytes.subarray(from, end) : bytes;
}

/** Text has no NUL and is UTF-8, but for a last character that a range cut. */
export function as_text(bytes: Uint8Array): string | null {
  if (bytes.includes(0)) return null;
  for (let cut = 0; cut < 4; cut++)
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, bytes.length - cut));
    } catch {
      // Try without the last byte.
    }
  return null;
}
