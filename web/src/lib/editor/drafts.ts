// What was typed and not saved, by repository, path and the version it was typed on.
import type { Repo } from "../repo/repo.ts";

const key = (repo: Repo, path: string, base: string) => `draft:${repo.type}:${repo.id}:${path}:${base}`;

export function keep_draft(repo: Repo, path: string, base: string, text: string) {
  try {
    localStorage.setItem(key(repo, path, base), text);
  } catch {
    // Storage is full or off; leaving the page asks.
  }
}
export const draft_of = (repo: Repo, path: string, base: string) => {
  try {
    return localStorage.getItem(key(repo, path, base));
  } catch {
    return null;
  }
};
export const drop_draft = (repo: Repo, path: string, base: string) => localStorage.removeItem(key(repo, path, base));
