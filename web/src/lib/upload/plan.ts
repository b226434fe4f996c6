// What is to be uploaded, as it is kept over reloads: paths, sizes, times and hashes, no content.
import type { Repo } from "../repo/repo.ts";
import type { Left, Picked } from "./pick.ts";

export type FileState = "waiting" | "reading" | "sending" | "sent" | "saved" | "same" | "ignored";
export interface PlannedFile {
  path: string;
  size: number;
  /** When the file on disk was last changed, in milliseconds. */
  modified: number;
  state: FileState;
  /** Of what `state` says, 0 to 1. */
  progress: number;
  mode?: "regular" | "lfs";
  /** What the branch has under this path: a SHA-256 of large files, else git's id of the content. */
  theirs?: string;
  /** The same of this file, as soon as it was needed. */
  hash?: string;
}
export interface Plan {
  repo: Repo;
  branch: string;
  /** Where in the repository, "" for its root. */
  folder: string;
  summary: string;
  left: Left[];
  files: PlannedFile[];
  /** Pieces of files that the hub has acknowledged, so that they are not sent twice. */
  xorbs: string[];
  /** Bytes that needed no sending, because the hub had them. */
  here: number;
  /** Where the browser keeps it: the folder, to be opened again by one click. */
  handle?: FileSystemDirectoryHandle | undefined;
}

export const planned = ({ path, file }: Picked): PlannedFile => ({ path, size: file.size, modified: file.lastModified, state: "waiting", progress: 0 });

/** What is nothing to do any more. */
const settled = new Set<FileState>(["saved", "same", "ignored"]);
export const is_settled = (file: PlannedFile) => settled.has(file.state);

/** Bytes of this file that are dealt with. */
export function bytes_done({ state, size, progress }: PlannedFile): number {
  if (state === "waiting" || state === "reading") return 0;
  return state === "sending" ? size * progress : size;
}

// A commit is one request and one step of history. These leave room below what a hub accepts.
const part_files_max = 10_000;
const part_regular_bytes_max = 64e6;

/** Indices of the files that are still to be saved, by commit: one when it fits. */
export function parts_of(files: readonly PlannedFile[]): number[][] {
  const parts: number[][] = [];
  let part: number[] = [];
  let regular = 0;
  for (const [index, file] of files.entries()) {
    if (is_settled(file)) continue;
    const inline = file.mode === "lfs" ? 0 : file.size;
    if (part.length > 0 && (part.length >= part_files_max || regular + inline > part_regular_bytes_max)) {
      parts.push(part);
      part = [];
      regular = 0;
    }
    part.push(index);
    regular += inline;
  }
  if (part.length > 0) parts.push(part);
  return parts;
}

// So much is read ahead of the wire at a time; of a single larger file the library holds one piece of 64 MiB.
const group_bytes_max = 32 << 20;
const group_files_max = 100;

/** Large files of a part that are sent together: many small ones, or a single one of any size. */
export function groups_of(part: readonly number[], files: readonly PlannedFile[]): number[][] {
  const groups: number[][] = [];
  let group: number[] = [];
  let bytes = 0;
  for (const index of part) {
    const file = files[index]!;
    if (file.mode !== "lfs" || file.state === "sent" || is_settled(file)) continue;
    if (group.length > 0 && (group.length >= group_files_max || bytes + file.size > group_bytes_max)) {
      groups.push(group);
      group = [];
      bytes = 0;
    }
    group.push(index);
    bytes += file.size;
  }
  if (group.length > 0) groups.push(group);
  return groups;
}

export interface Found {
  files: PlannedFile[];
  content: Map<string, File>;
  changed: string[];
  missing: string[];
}
/** The folder that was chosen again, compared with the plan. A file that changed begins anew. */
export function found_again(files: readonly PlannedFile[], picked: readonly Picked[]): Found {
  const by_path = new Map(picked.map((entry) => [entry.path, entry]));
  const out: Found = { files: [], content: new Map(), changed: [], missing: [] };
  for (const file of files) {
    const entry = by_path.get(file.path);
    if (is_settled(file)) out.files.push(file);
    else if (!entry) out.missing.push(file.path);
    else {
      const is_same = entry.file.size === file.size && entry.file.lastModified === file.modified;
      if (!is_same) out.changed.push(file.path);
      const known: PlannedFile = { ...file, state: file.state === "sent" ? "sent" : "waiting", progress: 0 };
      out.files.push(is_same ? known : planned(entry));
    }
    if (entry) out.content.set(file.path, entry.file);
  }
  return out;
}
