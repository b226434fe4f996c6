// A folder that was dropped before there was a repository to take it.
import type { Picked } from "./pick.ts";

export interface Pending {
  files: Picked[];
  handle: FileSystemDirectoryHandle | undefined;
  /** The folder's name, a good name for what is made of it. */
  name: string;
}
let pending: Pending | null = null;
export const hold = (files: Picked[], handle?: FileSystemDirectoryHandle) => {
  const folder = /^([^/]+)\//.exec(files[0]?.path ?? "")?.[1] ?? "";
  pending = { files, handle, name: folder.replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[^A-Za-z0-9]+|-+$/g, "") };
};
export const held = () => pending;
export const take = () => {
  const taken = pending;
  pending = null;
  return taken;
};
