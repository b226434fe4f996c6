// What happened, in words.
import type { RepoType } from "../page.ts";

export interface HubEvent {
  id: string;
  type: string;
  time: string;
  repo?: { type: RepoType; name: string };
  data: { ref?: string; title?: string; new?: string; num?: number; user?: string; role?: string; to?: string };
  actor?: { name: string };
}

const ref_words = (ref = "") =>
  ref.startsWith("refs/tags/") ? `tag ${ref.slice(10)}` : ref.startsWith("refs/heads/") ? `branch ${ref.slice(11)}` : ref;

/** What was done, without who and where; null for what nobody needs to read. */
export function deed(event: HubEvent): string | null {
  switch (event.type) {
    case "repo.created":
      return `created this ${event.repo?.type ?? "repository"}`;
    case "repo.commit":
      return event.data.title || "changed files";
    case "repo.ref.created":
      return `made ${ref_words(event.data.ref)}`;
    case "repo.ref.deleted":
      return `deleted ${ref_words(event.data.ref)}`;
    case "repo.ref.moved":
      return `moved ${ref_words(event.data.ref)}`;
    case "repo.default_branch.changed":
      return `made ${event.data.to} the default branch`;
    case "repo.liked":
      return "liked it";
    case "repo.moved":
      return "gave it this name";
    case "repo.updated":
      return "changed its settings";
    case "repo.deleted":
      return "deleted it";
    case "repo.restored":
      return "restored it";
    case "discussion.created":
      return "opened a discussion";
    default:
      return null;
  }
}

/** Events in a row on the same repository by the same person, the newest first. */
export function grouped(events: HubEvent[]): { event: HubEvent; deeds: string[] }[] {
  const out: { event: HubEvent; deeds: string[] }[] = [];
  for (const event of events) {
    const text = deed(event);
    if (!text || !event.repo) continue;
    const last = out.at(-1);
    if (last && last.event.repo?.name === event.repo.name && last.event.repo.type === event.repo.type && last.event.actor?.name === event.actor?.name) {
      if (!last.deeds.includes(text)) last.deeds.push(text);
    } else out.push({ event, deeds: [text] });
  }
  return out;
}
