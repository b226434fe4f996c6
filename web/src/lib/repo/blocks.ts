// A long folder in blocks, which the browser lays out when they come near. Folders stand first; blocks
// that are full stay the same objects, so that what comes later redraws none of them.
import type { TreeEntry } from "../api/types.ts";

export const block_size = 100;

export interface Listing {
  folders: readonly (readonly TreeEntry[])[];
  files: readonly (readonly TreeEntry[])[];
  count: number;
}
export const nothing: Listing = { folders: [], files: [], count: 0 };

function grown(blocks: Listing["files"], entries: readonly TreeEntry[]): Listing["files"] {
  if (entries.length === 0) return blocks;
  const out = [...blocks];
  const last = out.at(-1);
  const open = last && last.length < block_size ? [...(out.pop() ?? [])] : [];
  const all = [...open, ...entries];
  for (let from = 0; from < all.length; from += block_size) out.push(all.slice(from, from + block_size));
  return out;
}

export const with_entries = (listing: Listing, entries: readonly TreeEntry[]): Listing => ({
  folders: grown(listing.folders, entries.filter((entry) => entry.type === "directory")),
  files: grown(listing.files, entries.filter((entry) => entry.type !== "directory")),
  count: listing.count + entries.length,
});
