// Repositories that the hub fetches from elsewhere, in the background.
import type { RepoType } from "../page.ts";
import { bytes, exact } from "../format.ts";

interface Amount {
  done: number;
  total: number;
}
export interface Import {
  id: string;
  source: string;
  repo: { type: RepoType; name: string };
  state: "waiting" | "running" | "done" | "failed" | "cancelled";
  phase: "looking" | "fetching" | "sorting" | "large_files" | "saving";
  objects: Amount;
  bytesReceived: number;
  largeFiles: Amount & { bytesDone: number; bytesTotal: number };
  /** What was left out. */
  notes: string[];
  error?: { code: string; message: string };
  createdAt: string;
  updatedAt: string;
  finishedAt?: string;
}
export const imports_api = "/api/-/v1/imports";
export const goes_on = (entry: Import) => entry.state === "waiting" || entry.state === "running";

/** What is happening, in words. */
export function doing(entry: Import): string {
  switch (entry.state) {
    case "waiting":
      return entry.error ? `Waits to try again: ${entry.error.message}` : "Waits for its turn";
    case "failed":
      return entry.error?.message ?? "It failed.";
    case "cancelled":
      return "Cancelled";
    case "done":
      return "Done";
    case "running":
      break;
  }
  const { objects, largeFiles } = entry;
  switch (entry.phase) {
    case "looking":
      return "Looking at the source";
    case "fetching":
      return `Fetching the history${objects.total ? `: ${exact(objects.done)} of ${exact(objects.total)} objects` : ""}${entry.bytesReceived ? `, ${bytes(entry.bytesReceived)}` : ""}`;
    case "sorting":
      return "Looking for large files";
    case "large_files":
      return `Fetching large files: ${bytes(largeFiles.bytesDone)} of ${bytes(largeFiles.bytesTotal)}`;
    case "saving":
      return "Saving";
  }
}

/** The part of what is being done that is done; null where nobody knows. */
export function share(entry: Import): number | null {
  if (entry.state !== "running") return null;
  const { objects, largeFiles } = entry;
  if (entry.phase === "fetching" && objects.total > 0) return objects.done / objects.total;
  if (entry.phase === "large_files" && largeFiles.bytesTotal > 0) return largeFiles.bytesDone / largeFiles.bytesTotal;
  return null;
}

/** What a repository of this address is, and a good name for it; the hub decides. */
export function guess(address: string): { type: RepoType; name: string } {
  let parts: string[];
  try {
    parts = new URL(address).pathname.split("/").filter(Boolean);
  } catch {
    return { type: "model", name: "" };
  }
  const type = parts[0] === "datasets" ? "dataset" : parts[0] === "spaces" ? "space" : "model";
  const name = (parts.at(-1) ?? "").replace(/\.git$/, "").replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[^A-Za-z0-9]+|[-.]+$/g, "");
  return { type, name };
}
