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

export interface DiffFile {
  path: string;
  oldPath?: string;
  status: "added" | "deleted" | "modified" | "renamed";
  before?: { oid: string; size: number; lfs?: { oid: string; size: number } };
  after?: { oid: string; size: number; lfs?: { oid: string; size: number } };
  omitted?: string;
  additions?: number;
  deletions?: number;
  hunks?: {
    oldStart: number;
    oldLines: number;
    newStart: number;
    newLines: number;
    lines: { type: "add" | "delete" | "context"; text: string; noNewline?: boolean }[];
  }[];
}
export interface Comparison {
  base: string;
  head: string;
  files: DiffFile[];
  truncated: boolean;
}
