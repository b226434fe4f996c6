// What administrators' pages ask and show.
import { get } from "../api/api.ts";
import type { RepoType } from "../page.ts";

export const base = "/api/-/v1/admin";
export interface Listing<T> {
  items: T[];
  next?: string;
}
export const page_of = <T>(path: string, after = ""): Promise<Listing<T>> => get<Listing<T>>(`${base}/${path}${after ? `${path.includes("?") ? "&" : "?"}after=${encodeURIComponent(after)}` : ""}`);

/** All pages of a list, at most `max` of its entries. */
export async function all_of<T>(path: string, max = 20_000): Promise<T[]> {
  const out: T[] = [];
  let after: string | undefined = "";
  while (after !== undefined && out.length < max) {
    const page: Listing<T> = await page_of<T>(path, after);
    out.push(...page.items);
    after = page.next;
  }
  return out;
}

export interface AdminRepo {
  type: RepoType | "kernel";
  name: string;
  id: string;
  visibility: string;
  storage: number;
  updated: string;
  deleted?: string;
  restorable_until?: string;
}
export interface Rule {
  key: string;
  value: string;
  standard: string;
  pinned: boolean;
  help: string;
  words?: string[];
}
/** Rules that have a page of their own. */
export const announced = ["announcement", "announcement_level", "announcement_ends_at", "maintenance"];

export interface Act {
  id: number;
  time: string;
  by: string;
  operation: string;
  target: string;
  address: string;
}
const deeds: Record<string, (names: string[]) => string> = {
  "admin.users.create": () => "made an account",
  "admin.users.disable": ([name]) => `stopped ${name}`,
  "admin.users.enable": ([name]) => `let ${name} in again`,
  "admin.users.delete": ([name]) => `deleted the account ${name}`,
  "admin.users.restore": ([name]) => `restored the account ${name}`,
  "admin.users.password": ([name]) => `set the password of ${name}`,
  "admin.users.password_link": ([name]) => `made a password link for ${name}`,
  "admin.users.token": ([name]) => `made a token for ${name}`,
  "admin.invites.create": () => "made an invite",
  "admin.invites.revoke": () => "withdrew an invite",
  "admin.organizations.create": () => "made an organization",
  "admin.organizations.member": ([name, , user]) => `changed the role of ${user} in ${name}`,
  "admin.settings.change": () => "changed rules of this hub",
  "admin.repos.delete": ([kind, owner, name]) => `deleted the ${kind} ${owner}/${name}`,
  "admin.repos.restore": () => "restored a repository",
  "admin.repos.export": ([kind, owner, name]) => `exported the ${kind} ${owner}/${name}`,
  "admin.work.retry": ([id]) => `ran piece ${id} of background work again`,
  "admin.work.retry_failed": () => "ran all failed background work again",
  "admin.examples.add": () => "loaded the examples",
  "admin.examples.remove": () => "removed the examples",
  "admin.mail.test": () => "sent a test mail",
  "admin.apply": () => "applied a file of accounts",
  "admin.import_cache": () => "imported a client's cache",
  "admin.backup": () => "made a backup of the database",
  "admin.fsck": () => "checked what is stored",
  "admin.gc": () => "collected what nothing leads to",
  "admin.secrets.rotate": () => "sealed secrets anew",
  "admin.setup_link": () => "made a set-up link",
};
/** What was done, in words; a deed without words is shown as the program calls it. */
export function deed({ operation, target }: Pick<Act, "operation" | "target">): string {
  const names = target.split("/").slice(2).map(decodeURIComponent);
  return deeds[operation]?.(names) ?? `${operation.replace(/^admin\./, "")} ${target}`;
}
