// The commits that changed a folder, newest first: each version knows its last change, and the
// commit before that change holds the version before. Files have a history of their own (API).
import { get } from "../api/api.ts";
import type { Commit, TreeEntry } from "../api/types.ts";
import { answers, repo_api } from "../needs.ts";
import type { Repo } from "./repo.ts";

/** @return the next `count` of them, and the commit to go on from. */
export async function folder_history(repo: Repo, from: string, path: string, count: number): Promise<{ items: Commit[]; next?: string }> {
  const items: Commit[] = [];
  let at: string | undefined = from;
  while (at && items.length < count) {
    const [entry]: TreeEntry[] = await get<TreeEntry[]>(answers.file(repo, at, path));
    if (!entry?.lastCommit) return { items };
    const [change, before]: Commit[] = await get<Commit[]>(`${repo_api(repo)}/commits/${entry.lastCommit.id}?limit=2`);
    if (change) items.push(change);
    at = before?.id;
  }
  return { items, ...(at ? { next: at } : {}) };
}
