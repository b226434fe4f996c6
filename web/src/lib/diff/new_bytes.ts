// How much of a large file the version before had already. The store keeps files as ranges of chunks;
// what both versions name is stored once.
import { get } from "../api/api.ts";
import type { TreeEntry } from "../api/types.ts";
import { answers, repo_api } from "../needs.ts";
import { new_source, old_source, type Sides } from "./both.ts";

export interface Term {
  /** The xorb, and chunks [start, end) of it. */
  hash: string;
  range: { start: number; end: number };
  unpacked_length: number;
}

/** Bytes of `after` in chunks that `before` has not. Exact but where a range is new in part. */
export function fresh_bytes(before: readonly Term[], after: readonly Term[]): number {
  const known = new Map<string, [number, number][]>();
  for (const { hash, range } of before) known.set(hash, [...(known.get(hash) ?? []), [range.start, range.end]]);
  for (const [hash, ranges] of known) known.set(hash, merged(ranges));
  let fresh = 0;
  for (const { hash, range, unpacked_length } of after) {
    const overlap = (known.get(hash) ?? []).reduce((sum, [start, end]) => sum + Math.max(0, Math.min(end, range.end) - Math.max(start, range.start)), 0);
    fresh += unpacked_length * (1 - overlap / (range.end - range.start));
  }
  return Math.round(fresh);
}

function merged(ranges: [number, number][]): [number, number][] {
  const out: [number, number][] = [];
  for (const [start, end] of ranges.sort((a, b) => a[0] - b[0])) {
    const last = out.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else out.push([start, end]);
  }
  return out;
}

/** @return null when the hub keeps one of the two whole, and so cannot say. */
export async function new_bytes(sides: Sides): Promise<number | null> {
  const [from, to] = [old_source(sides), new_source(sides)];
  if (!from || !to) return null;
  const hash = async ({ repo, revision, entry }: NonNullable<typeof from>) => (await get<TreeEntry[]>(answers.file(repo, revision, entry.path)))[0]?.xetHash;
  const [old_hash, new_hash] = await Promise.all([hash(from), hash(to)]);
  if (!old_hash || !new_hash) return null;
  const { accessToken, casUrl } = await get<{ accessToken: string; casUrl: string }>(`${repo_api(sides.repo)}/xet-read-token/${encodeURIComponent(sides.head)}`);
  const base = new URL(casUrl).pathname.replace(/\/$/, "");
  const terms = async (file: string) => (await get<{ terms: Term[] }>(`${base}/v1/reconstructions/${file}`, { headers: { Authorization: `Bearer ${accessToken}` } })).terms;
  const [before, after] = await Promise.all([terms(old_hash), terms(new_hash)]);
  return fresh_bytes(before, after);
}
