// Changing a repository: the API's commit, and undoing one by another.
import { send, get } from "../api/api.ts";
import { repo_api } from "../needs.ts";
import type { Repo } from "./repo.ts";

export type Operation =
  | { op: "write"; path: string; text: string }
  | { op: "write_bytes"; path: string; bytes: Uint8Array }
  | { op: "delete"; path: string }
  | { op: "delete_folder"; path: string };

export interface Committed {
  commitOid: string;
  commitUrl?: string;
}

const base64 = (bytes: Uint8Array) => {
  let letters = "";
  for (const byte of bytes) letters += String.fromCharCode(byte);
  return btoa(letters);
};

function line_of(operation: Operation) {
  switch (operation.op) {
    case "write":
      return { key: "file", value: { path: operation.path, content: base64(new TextEncoder().encode(operation.text)), encoding: "base64" } };
    case "write_bytes":
      return { key: "file", value: { path: operation.path, content: base64(operation.bytes), encoding: "base64" } };
    case "delete":
      return { key: "deletedFile", value: { path: operation.path } };
    case "delete_folder":
      return { key: "deletedFolder", value: { path: operation.path } };
  }
}

/** @param parent  the commit that the change was made from; 412 when the branch has moved since. */
export function commit(repo: Repo, branch: string, summary: string, operations: Operation[], parent?: string, description = ""): Promise<Committed> {
  const lines = [{ key: "header", value: { summary, description, ...(parent ? { parentCommit: parent } : {}) } }, ...operations.map(line_of)];
  return send<Committed>("POST", `${repo_api(repo)}/commit/${encodeURIComponent(branch)}`, lines.map((line) => JSON.stringify(line)).join("\n"), {
    headers: { "Content-Type": "application/x-ndjson" },
  });
}

export const new_branch = (repo: Repo, branch: string, from: string) =>
  send("POST", `${repo_api(repo)}/branch/${encodeURIComponent(branch)}`, { startingPoint: from });

/** The newest commit of a branch. */
export const head_of = async (repo: Repo, branch: string): Promise<string | undefined> => {
  const [first] = await get<{ id: string }[]>(`${repo_api(repo)}/commits/${encodeURIComponent(branch)}?limit=1`);
  return first?.id;
};
