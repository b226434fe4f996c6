// Large files of a repository by path, each with the versions that were pushed.
export interface LargeFile {
  fileOid: string;
  filename: string;
  size: number;
  pushedAt: string;
  pusher?: { name: string };
}
export interface Version extends LargeFile {
  /** Branches and tags whose newest commit has it. */
  used_by: string[];
}
export interface Versions {
  path: string;
  versions: Version[];
  size: number;
}
/** The largest first; versions newest first, as the hub lists them. */
export function by_path(files: readonly LargeFile[], uses: ReadonlyMap<string, string[]>): Versions[] {
  const out = new Map<string, Versions>();
  for (const file of files) {
    const entry = out.get(file.filename) ?? { path: file.filename, versions: [], size: 0 };
    entry.versions.push({ ...file, used_by: uses.get(file.fileOid) ?? [] });
    entry.size += file.size;
    out.set(file.filename, entry);
  }
  return [...out.values()].sort((a, b) => b.size - a.size);
}
/** Which branches and tags use a content, by its hash. */
export function uses_of(refs: readonly { name: string; siblings: readonly { lfs?: { sha256: string } }[] }[]): Map<string, string[]> {
  const out = new Map<string, string[]>();
  for (const { name, siblings } of refs)
    for (const sha of new Set(siblings.map((file) => file.lfs?.sha256).filter((sha) => sha !== undefined))) out.set(sha, [...(out.get(sha) ?? []), name]);
  return out;
}
