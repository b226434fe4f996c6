// The API's own description, put in order for people.

export interface Schema {
  type?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  enum?: unknown[];
  anyOf?: Schema[];
  additionalProperties?: Schema | boolean;
}
interface Described {
  operationId: string;
  summary: string;
  tags?: string[];
  parameters?: { name: string; in: string; required?: boolean }[];
  requestBody?: { content?: Record<string, { schema?: Schema }> };
  "x-access"?: string;
  "x-scope"?: string;
  "x-asks-password"?: boolean;
}
export interface OpenApi {
  info: { title: string; version: string };
  paths: Record<string, Record<string, Described>>;
}

export interface Operation {
  id: string;
  method: string;
  path: string;
  summary: string;
  /** Who may. */
  access: string;
  asks_password: boolean;
  fields: Field[];
}
export interface Field {
  name: string;
  type: string;
  required: boolean;
}
export interface Group {
  tag: string;
  title: string;
  operations: Operation[];
}

const titles: Record<string, string> = {
  repo: "Repositories", files: "Files", commit: "Commits", refs: "Branches and tags", discussion: "Discussions and pull requests", access: "Access requests", lfs: "Large files (Git LFS)",
  lfs_files: "Storage of large files", xet: "Store of chunks (Xet)", git: "Git", space: "Spaces", activity: "Activity", search: "Search", tasks: "Tasks", card: "Cards", account: "Your account",
  session: "Sessions", token: "Access tokens", ssh: "SSH", ssh_key: "SSH keys", deploy_key: "Deploy keys", publisher: "Trusted publishers", organization: "Organizations", invite: "Invites", user: "People",
  owner: "Owners", identity: "Who am I", setup: "Set-up", oauth: "OAuth and OpenID Connect", admin: "Administration", health: "Health", page: "Pages", api: "This description",
};

const type_words: Record<string, string> = { string: "text", integer: "whole number", number: "number", boolean: "yes or no", object: "object", array: "list" };
export function type_name(schema: Schema | undefined): string {
  if (!schema) return "anything";
  if (schema.anyOf) return schema.anyOf.map(type_name).join(" or ");
  if (schema.type === "array") return `list of ${type_name(schema.items)}`;
  return schema.type ? (type_words[schema.type] ?? schema.type) : "anything";
}
/** Fields of a body, those of objects in it by their path. */
export function fields_of(schema: Schema | undefined, before = ""): Field[] {
  return Object.entries(schema?.properties ?? {}).flatMap(([name, inner]) => {
    const own = { name: before + name, type: type_name(inner), required: schema?.required?.includes(name) ?? false };
    const list = inner.type === "array" ? inner.items : inner;
    const below = list?.properties ? fields_of(list, `${before}${name}${inner.type === "array" ? "[]" : ""}.`) : [];
    return [own, ...below];
  });
}

/** One entry for what each kind of repository has at its own address. */
const general = (path: string) => path.replace(/(^|\/)(models|datasets|spaces|kernels)(?=\/|$)/, "$1{models, datasets, spaces}");

export function grouped(api: OpenApi): Group[] {
  const groups = new Map<string, Map<string, Operation>>();
  for (const [path, methods] of Object.entries(api.paths))
    for (const [method, described] of Object.entries(methods)) {
      const tag = described.tags?.[0] ?? described.operationId.split(".")[0]!;
      if (tag === "page") continue;
      const group = groups.get(tag) ?? new Map<string, Operation>();
      groups.set(tag, group);
      const shown = general(path);
      const key = `${method} ${shown}`;
      if (group.has(key)) continue;
      const schema = described.requestBody?.content?.["application/json"]?.schema;
      group.set(key, { id: key, method: method.toUpperCase(), path: shown, summary: described.summary, access: described["x-access"] ?? "", asks_password: described["x-asks-password"] ?? false, fields: fields_of(schema) });
    }
  const order = Object.keys(titles);
  const place = (tag: string) => (order.includes(tag) ? order.indexOf(tag) : order.length);
  return [...groups].sort(([a], [b]) => place(a) - place(b)).map(([tag, operations]) => ({ tag, title: titles[tag] ?? tag, operations: [...operations.values()].sort((a, b) => a.path.localeCompare(b.path)) }));
}

/** What asks this from a terminal. */
export function curl(operation: Operation, hub: string): string {
  const path = operation.path.replace("{models, datasets, spaces}", "models").replace("{ns}", "ada").replace("{name}", "bert").replace(/\{(rev|revision|branch)\.*\}/g, "main").replace(/\{(\w+)\.*\}/g, "<$1>");
  const lines = [`curl${operation.method === "GET" ? "" : ` -X ${operation.method}`} ${hub}${path}`];
  if (operation.access !== "everyone") lines.push(`-H "Authorization: Bearer $HF_TOKEN"`);
  const wanted = operation.fields.filter((field) => field.required && !/[.[]/.test(field.name));
  if (operation.fields.length > 0) lines.push(`-H "Content-Type: application/json"`, `-d '{${wanted.map((field) => `"${field.name}": ${field.type === "text" ? '"…"' : "…"}`).join(", ")}}'`);
  return lines.join(" \\\n  ");
}
