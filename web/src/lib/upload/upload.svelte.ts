// One upload at a time, owned by the app and not by a page: other pages can be visited meanwhile.
import { csrf_header, message_of } from "../api/api.ts";
import type { Repo } from "../repo/repo.ts";
import { tray } from "./tray.svelte.ts";
import type { Left, Picked } from "./pick.ts";

export interface FileState {
  path: string;
  size: number;
  state: "waiting" | "hashing" | "uploading" | "done";
  /** Of this step, 0 to 1. */
  progress: number;
}
export type Phase = "plan" | "preparing" | "sending" | "saving" | "paused" | "done" | "failed";

export interface Plan {
  repo: Repo;
  branch: string;
  folder: string;
  files: Picked[];
  left: Left[];
}

class Upload {
  plan = $state.raw<Plan | null>(null);
  phase = $state<Phase>("plan");
  files = $state<FileState[]>([]);
  error = $state("");
  summary = $state("");
  started_at = 0;
  sent = $state(0);
  reused = $state(0);
  speed = $state(0);
  commit = $state("");
  #abort: AbortController | undefined;
  #by_path = new Map<string, FileState>();

  get total() {
    return this.files.reduce((sum, file) => sum + file.size, 0);
  }
  get done_bytes() {
    return this.files.reduce((sum, file) => sum + (file.state === "done" ? file.size : file.state === "uploading" ? file.size * file.progress : 0), 0);
  }
  get active() {
    return ["preparing", "sending", "saving"].includes(this.phase);
  }
  get seconds_left() {
    return this.speed > 0 ? (this.total - this.done_bytes) / this.speed : Infinity;
  }

  set(plan: Plan | null) {
    if (this.active) return;
    this.plan = plan;
    this.phase = "plan";
    this.error = this.commit = "";
    this.sent = this.reused = this.speed = 0;
    this.files = (plan?.files ?? []).map(({ path, file }) => ({ path, size: file.size, state: "waiting", progress: 0 }));
    this.#by_path = new Map(this.files.map((file) => [file.path, file]));
  }
  remove(path: string) {
    if (!this.plan) return;
    this.set({ ...this.plan, files: this.plan.files.filter((file) => file.path !== path) });
  }
  pause() {
    this.#abort?.abort();
    this.phase = "paused";
  }

  /** Begins, or goes on: what is stored already is not sent again. */
  async start() {
    const { plan } = this;
    if (!plan || this.active) return;
    tray.wanted = true;
    this.phase = "preparing";
    this.error = "";
    this.#abort = new AbortController();
    this.started_at = Date.now();
    const before = this.done_bytes;
    const clock = setInterval(() => {
      const seconds = (Date.now() - this.started_at) / 1000;
      this.speed = seconds > 1 ? Math.max(0, this.done_bytes - before) / seconds : 0;
    }, 500);
    try {
      const { commitIter } = await import("@huggingface/hub");
      const prefix = plan.folder ? plan.folder + "/" : "";
      const steps = commitIter({
        repo: { type: plan.repo.type, name: plan.repo.id },
        branch: plan.branch,
        title: this.summary.trim() || `Upload ${plan.files.length === 1 ? plan.files[0]!.path : `${plan.files.length} files`}`,
        hubUrl: location.origin,
        operations: plan.files.map(({ path, file }) => ({ operation: "addOrUpdate", path: prefix + path, content: file })),
        fetch: sending_fetch,
        useWebWorkers: { minSize: 1e6 },
        useXet: false,
        abortSignal: this.#abort.signal,
      });
      for (;;) {
        const step = await steps.next();
        if (step.done) {
          this.commit = step.value?.commit.oid ?? "";
          break;
        }
        const event = step.value;
        if (event.event === "phase") this.phase = event.phase === "committing" ? "saving" : event.phase === "preuploading" ? "preparing" : "sending";
        else if (event.event === "fileProgress") this.#note(event.path.slice(prefix.length), event.state === "hashing" ? "hashing" : "uploading", event.progress);
      }
      for (const file of this.files) file.state = "done";
      this.phase = "done";
    } catch (error) {
      if (this.#abort.signal.aborted) this.phase = "paused";
      else {
        this.error = message_of(error);
        this.phase = "failed";
      }
    } finally {
      clearInterval(clock);
    }
  }
  #note(path: string, state: "hashing" | "uploading", progress: number) {
    const file = this.#by_path.get(path);
    if (!file) return;
    file.state = state === "uploading" && progress >= 1 ? "done" : state;
    file.progress = progress;
  }
}

/** `fetch` with the proof that a change comes from the hub's own page, and with progress of what is sent. */
async function sending_fetch(address: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const url = new URL(address instanceof Request ? address.url : String(address), location.href);
  // The hub names itself by its public address; this browser may know it by another.
  if (url.pathname.startsWith("/api/-/v1/lfs/") && url.origin !== location.origin) url.host = location.host;
  const own = url.origin === location.origin;
  const method = init?.method ?? "GET";
  const hint = (init as { progressHint?: { progressCallback: (progress: number) => void; part?: number; numParts?: number } } | undefined)?.progressHint;
  if (method === "PUT" && init?.body instanceof Blob) return send_blob(url, init, own, hint?.progressCallback);
  const headers = new Headers(init?.headers);
  if (own && method !== "GET") for (const [name, value] of Object.entries(csrf_header())) headers.set(name, value);
  return fetch(url, { ...init, headers });
}

function send_blob(url: URL, init: RequestInit, own: boolean, progress?: (part: number) => void): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", url);
    new Headers(init.headers).forEach((value, name) => request.setRequestHeader(name, value));
    if (own) for (const [name, value] of Object.entries(csrf_header())) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => event.lengthComputable && progress?.(event.loaded / event.total);
    request.onload = () => {
      const headers = new Headers();
      for (const line of request.getAllResponseHeaders().trim().split(/\r?\n/)) {
        const at = line.indexOf(":");
        if (at > 0) headers.append(line.slice(0, at), line.slice(at + 1).trim());
      }
      resolve(new Response(request.responseText, { status: request.status, headers }));
    };
    request.onerror = () => reject(new TypeError("The connection was lost. What arrived is kept: continue when it is back."));
    request.onabort = () => reject(new DOMException("Aborted", "AbortError"));
    init.signal?.addEventListener("abort", () => request.abort());
    request.send(init.body as Blob);
  });
}

export const upload = new Upload();
