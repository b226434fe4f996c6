// Which answers of the API a page is drawn from. The server puts them into the page's document by
// exactly these names (src/pages follows this file), and the pages ask for them by the same
// functions; what is missing there is fetched. Tests hold both sides against each other.

import type { Page, RepoType } from "./page.ts";

const segment = encodeURIComponent;
/** A path in a repository: its slashes stay, all else is encoded. */
export const encode_path = (path: string) => path.split("/").map(segment).join("/");

export const plural = (type: RepoType) => `${type}s` as const;
export const repo_api = (repo: { type: RepoType; id: string }) => `/api/${plural(repo.type)}/${repo.id}`;

const own_api = (repo: { type: RepoType; id: string }) => `/api/-/v1/${plural(repo.type)}/${repo.id}`;
const folds = "files=50&lines=300";

interface Repo {
  type: RepoType;
  id: string;
}
const under = (path: string) => (path === "" ? "" : "/" + encode_path(path));

export const answers = {
  info: (repo: Repo) => `${repo_api(repo)}?blobs=true`,
  refs: (repo: Repo) => `${repo_api(repo)}/refs`,
  /** 200 for who may write, else 401, 403 or 404. Asked only of signed-in people. */
  may_write: (repo: Repo) => `${repo_api(repo)}/auth-check/write`,
  may_read: (repo: Repo) => `${repo_api(repo)}/auth-check`,
  gate: (repo: Repo) => `/api/-/v1/gates/${plural(repo.type)}/${repo.id}`,
  days: (repo: Repo) => `${own_api(repo)}/downloads`,
  last_commit: (repo: Repo) => `${repo_api(repo)}/commits/HEAD?limit=1`,
  children: (repo: Repo) => `${repo_api(repo)}?expand=childrenModelCount&expand=baseModels`,
  tree: (repo: Repo, revision: string, path: string) =>
    `${repo_api(repo)}/tree/${segment(revision)}${under(path)}?expand=true&limit=100`,
  /** A POST; its name among the answers is "POST", the path and the body. */
  file: (repo: Repo, revision: string, path: string) => ({
    path: `${repo_api(repo)}/paths-info/${segment(revision)}`,
    body: { paths: [path], expand: true },
  }),
  commits: (repo: Repo, revision: string) => `${repo_api(repo)}/commits/${segment(revision)}?limit=50`,
  /** The versions of one file; folders have none. */
  file_history: (repo: Repo, revision: string, path: string) =>
    `${own_api(repo)}/history/${segment(revision)}${under(path)}?limit=50`,
  /** A commit and what it changed; long changes are folded. */
  changes: (repo: Repo, oid: string) => `${own_api(repo)}/commit/${segment(oid)}?${folds}`,
  /** @param dots  "..", or "..." for what `to` adds since both were one. */
  compare: (repo: Repo, from: string, dots: string, to: string) =>
    `${repo_api(repo)}/compare/${segment(from)}${dots}${segment(to)}?${folds}&commits=50`,
  blame: (repo: Repo, revision: string, path: string) =>
    `${own_api(repo)}/blame/${segment(revision)}${under(path)}`,
  list: (type: RepoType, query: URLSearchParams) =>
    `/api/${plural(type)}?${list_query(query)}${list_fields(type)}&limit=30`,
  facets: (type: RepoType, query: URLSearchParams) =>
    `/api/-/v1/facets/${plural(type)}?${list_query(query)}limit=100`,
  trending: (type: RepoType) => `/api/trending?type=${type}&limit=6`,
  activity: () => "/api/-/v1/activity/mine?limit=10",
  requests: () => "/api/-/v1/access-requests",
  owned: (type: RepoType, owner: string) =>
    `/api/${plural(type)}?author=${segment(owner)}&sort=lastModified&${list_fields(type)}&limit=30`,
  user: (name: string) => `/api/users/${segment(name)}/overview`,
  organization: (name: string) => `/api/organizations/${segment(name)}/overview`,
  members: (name: string) => `/api/organizations/${segment(name)}/members`,
  me: () => "/api/-/v1/me",
  tokens: () => "/api/-/v1/tokens",
  sessions: () => "/api/-/v1/sessions",
  keys: () => "/api/-/v1/ssh/keys",
  gpg_keys: () => "/api/-/v1/gpg/keys",
  grants: () => "/api/-/v1/oauth/grants",
  my_organizations: () => "/api/-/v1/organizations",
  my_invites: () => "/api/-/v1/me/invites",
  storage: () => "/api/settings/repositories",
  deleted: (owner?: string) =>
    "/api/-/v1/deleted-repositories" + (owner ? `?owner=${segment(owner)}` : ""),
};

/** The fields of a row. */
function list_fields(type: RepoType): string {
  const common = ["author", "lastModified", "downloads", "likes", "tags", "gated", "private"];
  const own: Record<RepoType, string[]> = {
    model: ["pipeline_tag", "library_name", "safetensors"],
    dataset: [],
    space: ["sdk"],
  };
  return [...common, ...own[type]]
    .filter((field) => type !== "space" || (field !== "downloads" && field !== "gated"))
    .map((field, index) => (index === 0 ? "" : "&") + "expand=" + field)
    .join("");
}

const all_types = ["model", "dataset", "space"] as const;

// Sort words of the addresses that people share, and the API's.
const sorts: Record<string, string> = {
  trending: "trendingScore",
  likes: "likes",
  downloads: "downloads",
  modified: "lastModified",
  created: "createdAt",
  most_params: "num_parameters",
  least_params: "num_parameters&direction=1",
  alphabetical: "id",
};
const known = [
  "pipeline_tag", "library", "language", "license", "dataset", "base_model", "other", "author", "search",
  "num_parameters", "task_categories", "size_categories", "modality", "format", "sdk", "gated", "models", "datasets",
];

/** A list's address as a question to the API, in the order of `known`; ends with "&" unless empty. */
export function list_query(query: URLSearchParams): string {
  const parts: string[] = [];
  for (const name of known)
    for (const value of query.getAll(name))
      if (value !== "") parts.push(`${name === "other" ? "filter" : name}=${segment(value)}`);
  const sort = sorts[query.get("sort") ?? "trending"] ?? "trendingScore";
  parts.push(`sort=${sort}`);
  return parts.join("&") + "&";
}

export interface Post {
  path: string;
  body: unknown;
}

/** How an answer is named in the document. */
export const answer_name = (question: string | Post) =>
  typeof question === "string" ? question : `POST ${question.path} ${JSON.stringify(question.body)}`;

/** The answers of a page, for a viewer's name or nobody. */
export function needs(page: Page, query: URLSearchParams, viewer: string | null): (string | Post)[] {
  const signed_in = viewer !== null;
  const rights = (repo: Repo) => (signed_in ? [answers.may_write(repo)] : []);
  switch (page.kind) {
    case "home":
      return signed_in
        ? [
            answers.activity(), answers.requests(), ...all_types.map(answers.trending),
            ...all_types.map((type) => answers.owned(type, viewer)),
          ]
        : all_types.map(answers.trending);
    case "list":
      return [answers.list(page.type, query), answers.facets(page.type, query)];
    case "owner":
      return [
        // One of the two is 404, and says whether this is a person or an organization.
        answers.user(page.name), answers.organization(page.name),
        ...all_types.map((type) => answers.owned(type, page.name)),
      ];
    case "repository":
      return [
        answers.info(page), answers.last_commit(page), answers.days(page), answers.gate(page),
        ...(page.type === "model" ? [answers.children(page)] : []), ...rights(page),
      ];
    case "tree":
      return [
        answers.info(page), answers.refs(page), answers.tree(page, page.revision, page.path), ...rights(page),
      ];
    case "blob":
    case "edit":
      return [
        answers.info(page), answers.refs(page), answers.file(page, page.revision, page.path), ...rights(page),
      ];
    case "new_file":
    case "upload":
      return [answers.info(page), answers.refs(page), ...rights(page)];
    case "commits":
      return [
        answers.info(page), answers.refs(page),
        // The history of one file begins at its last change.
        page.path ? answers.file(page, page.revision, page.path) : answers.commits(page, page.revision),
        ...rights(page),
      ];
    case "blame":
      return [
        answers.info(page), answers.refs(page), answers.file(page, page.revision, page.path),
        answers.blame(page, page.revision, page.path), ...rights(page),
      ];
    case "commit":
      return [answers.info(page), answers.changes(page, page.oid), ...rights(page)];
    case "compare":
      return [
        answers.info(page), answers.refs(page),
        ...(page.from && page.to ? [answers.compare(page, page.from, page.dots, page.to)] : []),
      ];
    case "settings":
      return [answers.info(page), answers.refs(page), ...rights(page)];
    default:
      return [];
  }
}
