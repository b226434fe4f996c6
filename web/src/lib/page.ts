// What the server says about an address: the contract of docs/decisions/0012-pages.md. The server's
// side is src/pages; a field that changes here changes there.

export type RepoType = "model" | "dataset" | "space";

/** What an address means. `id` is "owner/name" as it is written now, not as it was typed. */
export type Page =
  | { kind: "home" }
  | { kind: "setup" } // the one-time code stands in the fragment, which no server sees
  | { kind: "login"; next?: string }
  | { kind: "join"; invite?: string; next?: string }
  | { kind: "reset" } // /login/reset: ask for a link, or redeem the code in the fragment
  | { kind: "verify" } // /settings/verify: an e-mail address, by the code in the fragment
  | { kind: "list"; type: RepoType }
  | { kind: "owner"; name: string }
  | { kind: "repository"; type: RepoType; id: string; revision?: string }
  | { kind: "tree"; type: RepoType; id: string; revision: string; path: string }
  | { kind: "blob"; type: RepoType; id: string; revision: string; path: string }
  | { kind: "edit"; type: RepoType; id: string; revision: string; path: string } // /edit/
  | { kind: "new_file"; type: RepoType; id: string; revision: string; path: string } // /new/, path: the folder
  | { kind: "upload"; type: RepoType; id: string; revision: string; path: string } // /upload/, path: the folder
  | { kind: "blame"; type: RepoType; id: string; revision: string; path: string }
  | { kind: "commits"; type: RepoType; id: string; revision: string; path?: string }
  | { kind: "commit"; type: RepoType; id: string; oid: string }
  | { kind: "compare"; type: RepoType; id: string; from: string; dots: string; to: string } // sides may be ""
  | { kind: "settings"; type: RepoType; id: string }
  | { kind: "new"; type: RepoType }
  | { kind: "account"; section: string } // /settings/{section}; /settings is "profile"
  | { kind: "organization_new" }
  | { kind: "organization_settings"; name: string; section: string } // /organizations/{name}/settings/…
  | { kind: "oauth_authorize" }
  | { kind: "device" } // /oauth/device
  | { kind: "admin"; section: string }
  | { kind: "docs"; slug: string; chapters: { slug: string; title: string }[] } // its text is html.card
  | { kind: "components" } // /-/components
  | { kind: "missing"; reason?: string } // 404
  | { kind: "forbidden"; reason?: string; type?: RepoType; id?: string } // 403: "gated", "disabled", "role"
  | { kind: "unavailable"; reason?: string }; // 5xx, maintenance

export interface Viewer {
  name: string;
  fullname: string;
  avatar: string;
  admin: boolean;
  csrf: string; // goes back as X-CSRF-Token with every request that changes something
  organizations: { name: string; fullname: string; role: string }[];
}

export interface Hub {
  name: string;
  url: string;
  version: string;
  registration: string;
  anonymousRead?: boolean;
  publicRepositories?: boolean;
  announcement?: string | { text: string; level: string } | null;
  features: Record<string, boolean>;
}

export interface Answer {
  status: number;
  body: unknown;
  /** The `next` address of a Link header, when there is one. */
  next?: string;
}

export interface Document {
  status: number;
  title: string;
  description?: string;
  canonical?: string;
  request_id?: string;
  hub: Hub;
  viewer: Viewer | null;
  page: Page;
  /** Answers of the API by path and query, exactly as `ask` names them. */
  answers: Record<string, Answer>;
  /** Rendered content that the server made safe: "card", "readme". */
  html: Record<string, string>;
  /** Headings of what stands in `html`. */
  contents?: Record<string, { level: number; id: string; text: string }[]>;
}

export const page_media_type = "application/vnd.cairn.page+json";
