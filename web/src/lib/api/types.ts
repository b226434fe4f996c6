// What the API answers, as far as pages read it.

export interface Sibling {
  rfilename: string;
  size?: number;
  blobId?: string;
  lfs?: { sha256: string; size: number; pointerSize: number };
}

export interface RepoInfo {
  _id: string;
  id: string;
  author?: string;
  sha?: string;
  lastModified?: string;
  createdAt?: string;
  private: boolean;
  visibility?: string;
  gated: false | "auto" | "manual";
  disabled?: boolean;
  downloads?: number;
  downloadsAllTime?: number;
  likes?: number;
  tags?: string[];
  pipeline_tag?: string;
  library_name?: string;
  cardData?: Record<string, unknown>;
  config?: Record<string, unknown>;
  siblings?: Sibling[];
  safetensors?: { parameters: Record<string, number>; total: number };
  gguf?: { total?: number; architecture?: string; context_length?: number };
  usedStorage?: number;
  description?: string;
  sdk?: string;
  trendingScore?: number;
  defaultBranch?: string;
}

export interface TreeEntry {
  type: "file" | "directory";
  oid: string;
  size: number;
  path: string;
  lfs?: { oid: string; size: number; pointerSize: number };
  xetHash?: string;
  lastCommit?: { id: string; title: string; date: string };
}

export interface Commit {
  id: string;
  title: string;
  message: string;
  date: string;
  authors: { user: string; avatar?: string }[];
  /** Absent when it was not signed, or nobody asked. */
  signature?: Signature;
}
export interface Signature {
  state: "verified" | "unverified";
  reason: string;
  type: "gpg" | "ssh" | "other";
  fingerprint?: string;
  user?: string;
}

export interface Refs {
  branches: { name: string; ref: string; targetCommit: string }[];
  tags: { name: string; ref: string; targetCommit: string }[];
}

export interface Facets {
  total: number;
  facets: Record<string, { distinct: number; tags: { id: string; label: string; type: string; count: number }[] }>;
}

export interface Days {
  downloads: number;
  downloadsAllTime: number;
  from: string;
  to: string;
  days: { day: string; downloads: number; likes?: number }[];
}

export interface Hunk {
  oldStart: number;
  oldLines: number;
  newStart: number;
  newLines: number;
  lines: { type: "add" | "delete" | "context"; text: string; noNewline?: boolean }[];
}
export interface FileSide {
  oid: string;
  size: number;
  lfs?: { oid: string; size: number };
}
export interface DiffFile {
  path: string;
  oldPath?: string;
  status: "added" | "deleted" | "modified" | "renamed";
  before?: FileSide;
  after?: FileSide;
  /** Why it has no lines: "large file", "binary", "file too long", "answer too long". */
  omitted?: string;
  additions?: number;
  deletions?: number;
  /** Programs write such files. */
  generated?: boolean;
  /** Changed lines that are not in `hunks`; asking for the file alone brings them. */
  folded?: number;
  hunks?: Hunk[];
}
export interface Comparison {
  /** Null: the first commit of all, which has nothing before it. */
  base: string | null;
  head: string;
  files: DiffFile[];
  /** More files differ. */
  truncated: boolean;
  /** What the newer side has and the other has not, newest first. */
  commits?: Commit[];
  moreCommits?: boolean;
}
export interface CommitChanges extends Comparison {
  commit: Commit & { parents: string[] };
}

export interface Blame {
  commit: string;
  path: string;
  ranges: { start: number; lines: number; commit: string }[];
  commits: Record<string, Commit>;
  /** False: the history is longer than was looked at. */
  complete: boolean;
}
