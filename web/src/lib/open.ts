// From an address to a page: its document, the code that draws it, and what else that code asks.

import { redirect } from "@sveltejs/kit";
import type { Component } from "svelte";
import { asker, ApiError, on_change, set_csrf, type Asker } from "./api/api.ts";
import { page_media_type, type Document, type Page } from "./page.ts";
import { state } from "./state.svelte.ts";

/** What a page's `load` gets. */
export interface At<P extends Page = Page> extends Asker {
  document: Document;
  page: P;
  url: URL;
}
export interface View {
  // Each view types its own props; what fits together is decided by `kind` alone.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  default: Component<any>;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  load?: (at: any) => Promise<unknown>;
}
export interface Opened {
  document: Document;
  page: Page;
  view: View["default"];
  data: unknown;
  url: URL;
}

type Views = { [Kind in Page["kind"]]?: () => Promise<View> };
const views: Views = {
  home: () => import("./pages/home.svelte"),
  setup: () => import("./pages/setup.svelte"),
  login: () => import("./pages/login.svelte"),
  join: () => import("./pages/join.svelte"),
  reset: () => import("./pages/reset.svelte"),
  verify: () => import("./pages/verify.svelte"),
  list: () => import("./pages/list.svelte"),
  owner: () => import("./pages/owner.svelte"),
  repository: () => import("./pages/repository.svelte"),
  tree: () => import("./pages/tree.svelte"),
  blob: () => import("./pages/blob.svelte"),
  edit: () => import("./pages/edit.svelte"),
  new_file: () => import("./pages/edit.svelte"),
  upload: () => import("./pages/upload.svelte"),
  new: () => import("./pages/new.svelte"),
  account: () => import("./pages/account.svelte"),
  organization_new: () => import("./pages/organization_new.svelte"),
  organization_settings: () => import("./pages/organization_settings.svelte"),
  oauth_authorize: () => import("./pages/oauth_authorize.svelte"),
  device: () => import("./pages/device.svelte"),
  commits: () => import("./pages/commits.svelte"),
  commit: () => import("./pages/commit.svelte"),
  compare: () => import("./pages/compare.svelte"),
  blame: () => import("./pages/blame.svelte"),
  settings: () => import("./pages/settings.svelte"),
  docs: () => import("./pages/docs.svelte"),
  admin: () => import("./pages/admin.svelte"),
  components: () => import("./pages/components.svelte"),
  missing: () => import("./pages/missing.svelte"),
  forbidden: () => import("./pages/missing.svelte"),
  unavailable: () => import("./pages/missing.svelte"),
};
/** Whether an address of this kind leads to a page yet; what does not is not linked. */
export const has_view = (kind: Page["kind"]) => kind in views;

/** What stands in the document the server sent; for the first page only. */
function take_embedded(): Document | undefined {
  const element = globalThis.document.getElementById("cairn-page");
  if (!element) return undefined;
  element.remove();
  return JSON.parse(element.textContent) as Document;
}

async function fetch_document(url: URL): Promise<Document> {
  const abort = new AbortController();
  const response = await fetch(url.pathname + url.search, {
    headers: { Accept: page_media_type },
    signal: abort.signal,
  });
  const type = response.headers.get("Content-Type") ?? "";
  if (!type.startsWith(page_media_type)) {
    // A file, or something the app knows nothing of: the browser's business.
    abort.abort();
    location.assign(url);
    return new Promise(() => {});
  }
  const answered = new URL(response.url);
  if (response.redirected && answered.pathname + answered.search !== url.pathname + url.search)
    redirect(307, answered.pathname + answered.search + url.hash);
  return (await response.json()) as Document;
}

/** The last document, for pages that must be drawn without the server's answer. */
let last: Document | undefined;

function unreachable(url: URL, error: unknown): Document {
  return {
    status: error instanceof ApiError ? error.status : 0,
    title: error instanceof ApiError && error.status > 0 ? "Something went wrong" : "The hub cannot be reached",
    ...(error instanceof ApiError ? { request_id: error.request_id, description: error.message } : {}),
    hub: last?.hub ?? state.hub,
    viewer: last?.viewer ?? state.viewer,
    page: { kind: "missing" },
    answers: {},
    html: {},
    canonical: url.pathname,
  };
}

async function draw(document: Document, url: URL): Promise<Opened> {
  const load_view = views[document.page.kind] ?? views.missing!;
  const view = await load_view();
  const at: At = { document, page: document.page, url, ...asker(document) };
  return { document, page: document.page, view: view.default, data: await view.load?.(at), url };
}

// Pages as they were left, for Back: no request, and lists as long as they had grown.
const kept = new Map<string, { opened: Opened; at: number }>();
const kept_max = 20;
const kept_ms = 5 * 60_000;
let going_back = false;
export const set_going_back = (back: boolean) => void (going_back = back);
on_change(() => kept.clear());

export async function open(url: URL): Promise<Opened> {
  const before = going_back ? kept.get(url.href) : undefined;
  going_back = false;
  if (before && Date.now() - before.at < kept_ms) return before.opened;
  const opened = await open_fresh(url);
  kept.delete(url.href);
  kept.set(url.href, { opened, at: Date.now() });
  for (const key of kept.keys()) {
    if (kept.size <= kept_max) break;
    kept.delete(key);
  }
  return opened;
}

async function open_fresh(url: URL): Promise<Opened> {
  const embedded = take_embedded();
  let document: Document;
  try {
    document = embedded ?? (await fetch_document(url));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // `redirect` passes through.
    return draw(unreachable(url, error), url);
  }
  last = document;
  set_csrf(document.viewer?.csrf ?? "");
  try {
    return await draw(document, url);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return draw(unreachable(url, error), url);
  }
}
