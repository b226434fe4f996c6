import type { Commit, Days, RepoInfo } from "../api/types.ts";
import { amount, bytes, exact, plural } from "../format.ts";
import { formats, memory, sizes, type Repo } from "./repo.ts";

export interface Fact {
  label: string;
  value: string;
  note?: string;
  title?: string;
}

/** What is known of a repository's size and use, most wanted first. Unknown facts are left out. */
export function main_facts(repo: Repo, info: RepoInfo, days: Days | null): Fact[] {
  const out: Fact[] = [];
  const files = info.siblings ?? [];
  const parameters = info.safetensors?.total ?? info.gguf?.total;
  if (repo.type === "model" && parameters) {
    const dtypes = Object.entries(info.safetensors?.parameters ?? {}).sort((a, b) => b[1] - a[1]).map(([dtype]) => dtype);
    out.push({ label: "Parameters", value: amount(parameters), note: dtypes.slice(0, 3).join(", "), title: exact(parameters) });
  }
  const { usual, all } = sizes(repo.type, files);
  if (files.length > 0 && all > 0)
    out.push({ label: "Download", value: bytes(usual), note: usual < all ? `of ${bytes(all)} in all` : plural(files.length, "file"), title: `${exact(usual)} bytes` });
  const needed = memory(info);
  if (repo.type === "model" && needed) out.push({ label: "Memory to run", value: `about ${bytes(needed.bytes)}`, note: `in ${needed.dtype}` });
  if (days) out.push({ label: "Downloads", value: exact(days.downloads), note: "in 30 days", title: `${exact(days.downloadsAllTime)} ever` });
  const kinds = formats(repo.type, files);
  if (kinds.length > 0) out.push({ label: kinds.length > 1 ? "Formats" : "Format", value: kinds.slice(0, 4).join(", ") });
  return out;
}

/** Thirty days up to the last one, with the days on which nothing happened. */
export function daily(days: Days): number[] {
  const by_day = new Map(days.days.map((entry) => [entry.day, entry.downloads]));
  const out: number[] = [];
  for (let day = new Date(days.from + "T00:00:00Z"); day <= new Date(days.to + "T00:00:00Z"); day.setUTCDate(day.getUTCDate() + 1))
    out.push(by_day.get(day.toISOString().slice(0, 10)) ?? 0);
  return out;
}

export const author_of = (commit: Commit) => commit.authors[0]?.user ?? "";
