// Access tokens: purposes people have, and what a token may do in one sentence.
import { date } from "../format.ts";

export interface Scope {
  entity: { type: string; name?: string; _id?: string };
  permissions: string[];
}
export interface Token {
  id: string;
  name: string;
  role: "read" | "write" | "fineGrained";
  hint: string;
  current: boolean;
  createdAt: string;
  expiresAt?: string;
  lastUsedAt?: string;
  lastUsedFrom?: string;
  lastUsedBy?: string;
  scopes?: { global: string[]; scoped: Scope[] };
}
export type Purpose = "read" | "upload" | "all";

export const purposes: { id: Purpose; title: string; text: string }[] = [
  { id: "read", title: "Read on one machine", text: "Downloads what you may see, changes nothing." },
  { id: "upload", title: "Upload from CI to one repository", text: "Reads and changes one repository, sees nothing else that is private." },
  { id: "all", title: "Full access", text: "May do with repositories what you may do." },
];

export interface Asked {
  purpose: Purpose;
  repository: string; // "owner/name", for uploads
  repository_type: string;
}

export function body_of(name: string, asked: Asked, expires: Date | null) {
  const expiresAt = expires ? { expiresAt: expires.toISOString() } : {};
  if (asked.purpose === "read") return { name, role: "read", ...expiresAt };
  if (asked.purpose === "all") return { name, role: "write", ...expiresAt };
  const entity = { type: asked.repository_type, name: asked.repository };
  return { name, role: "fineGrained", scopes: { global: [], scoped: [{ entity, permissions: ["repo.content.read", "repo.write"] }] }, ...expiresAt };
}

/** "Can read all your repositories, until Feb 21, 2027." */
export function sentence(asked: Asked, expires: Date | null): string {
  const what =
    asked.purpose === "read"
      ? "Can read everything that you can see"
      : asked.purpose === "all"
        ? "Can read and change everything that you can"
        : `Can read and change ${asked.repository || "the repository you name"}, and nothing else that is private`;
  return `${what}, ${expires ? `until ${date(expires)}` : "for ever"}.`;
}

const permission_words: Record<string, string> = {
  "repo.content.read": "read", "repo.write": "change", "repo.access.read": "see access requests", "discussion.write": "discuss", "org.read": "see the organization",
};
export function scope_sentence(token: Token): string {
  if (token.role === "read") return "Reads everything you can see";
  if (token.role === "write") return "Full access";
  const scoped = token.scopes?.scoped ?? [];
  if (scoped.length === 0 && (token.scopes?.global.length ?? 0) === 0) return "May do nothing";
  const first = scoped.slice(0, 2).map((scope) => {
    const words = scope.permissions.map((permission) => permission_words[permission] ?? permission).slice(0, 3);
    const what = scope.entity.type === "user" ? `all of ${scope.entity.name ?? "yours"}` : (scope.entity.name ?? scope.entity.type);
    return `${words.join(" and ")} ${what}`;
  });
  const text = first.join("; ") + (scoped.length > 2 ? ` and ${scoped.length - 2} more` : "");
  return text ? text[0]!.toUpperCase() + text.slice(1) : (token.scopes?.global ?? []).join(", ");
}

const unused_days = 90;
export const is_forgotten = (token: Token, now = Date.now()) => now - Date.parse(token.lastUsedAt ?? token.createdAt) > unused_days * 86_400_000;
export const is_expired = (token: Token, now = Date.now()) => !!token.expiresAt && Date.parse(token.expiresAt) < now;
