// The commits that changed one file, newest first: each version knows its last change, and the
// commit before that change holds the version before.
import { get } from "../api/api.ts";
import type { Commit, TreeEntry } from "../api/types.ts";
import { answers } from "../needs.ts";
import type { Repo } from "./repo.ts";

/** @return the next `count` of them, and the commit to go on from. */
export async function file_history(repo: Repo, from: string, path: string, count: number): Promise<{ items: Commit[]; next?: string }> {
  const items: Commit[] = [];
  let at: string | undefined = from;
  while (at && items.length < count) {
    const [entry]: TreeEntry[] = await get<TreeEntry[]>(answers.file(repo, at, path));
    if (!entry?.lastCommit) return { items };
    const [change, before]: Commit[] = await get<Commit[]>(answers.commit(repo, entry.lastCommit.id));
    if (change) items.push(change);
    at = before?.id;
  }
  return { items, ...(at ? { next: at } : {}) };
}
