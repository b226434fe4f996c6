// One upload at a time, owned by the app and not by a page: other pages can be visited meanwhile. The
// work is done in a worker; this is what pages see of it, and what is kept over a reload.
import { ask_unlock, csrf_header, get, message_of, note_change, set_csrf } from "../api/api.ts";
import { plural } from "../format.ts";
import type { Job, Told } from "./engine.ts";
import type { FromWorker, ToWorker } from "./engine.worker.ts";
import { from_handle, sort_out, without_common_folder, type Picked } from "./pick.ts";
import { bytes_done, found_again, is_settled, planned, type Plan, type PlannedFile } from "./plan.ts";
import { mark, saved_plan } from "./saved.ts";
import { tray } from "./tray.svelte.ts";

/** `lost`: the plan came back after a reload, its files did not. */
export type Phase = "plan" | "comparing" | "sending" | "saving" | "paused" | "lost" | "done" | "failed";
const speed_over_ms = 10_000;
const look_again_ms = 2000;
const suggestion_path_max = 200; // As long as a message may be that somebody types.

/** What was at work when the work stopped begins anew. */
const at_rest = (file: PlannedFile): PlannedFile => (file.state === "reading" || file.state === "sending" ? { ...file, state: "waiting", progress: 0 } : file);

class Upload {
  plan = $state.raw<Plan | null>(null);
  files = $state.raw<PlannedFile[]>([]);
  phase = $state<Phase>("plan");
  /** The plan is being compared with what is there, before anybody said "Upload". */
  looking = $state(false);
  error = $state("");
  /** Why nothing moves, when the way to the hub is closed. */
  waiting = $state("");
  /** What somebody typed; null: what is suggested, which follows the files. */
  summary = $state<string | null>(null);
  here = $state(0);
  speed = $state(0);
  commit = $state("");
  part = $state({ part: 1, parts: 1 });
  elsewhere = $state(false);
  #content = new Map<string, File>();
  #worker: Worker | undefined;
  #beat: ReturnType<typeof setInterval> | undefined;
  #marks: { at: number; bytes: number }[] = [];

  readonly total = $derived(this.files.reduce((sum, file) => sum + (file.state === "ignored" ? 0 : file.size), 0));
  readonly done_bytes = $derived(this.files.reduce((sum, file) => sum + (file.state === "ignored" ? 0 : bytes_done(file)), 0));
  readonly active = $derived(["comparing", "sending", "saving"].includes(this.phase));
  /** Files of the plan, without those that a .gitignore leaves out. */
  readonly count = $derived(this.files.filter((file) => file.state !== "ignored").length);
  /** What is worth saying of it. */
  readonly much_here = $derived(this.here > this.total / 100);
  /** What the commit is called when nobody says it: by what it changes, also after a part of it was saved. */
  readonly suggestion = $derived.by(() => {
    const changing = this.files.filter((file) => file.state !== "ignored" && file.state !== "same");
    const [only] = changing;
    return `Upload ${changing.length === 1 && only!.path.length <= suggestion_path_max ? only!.path : plural(changing.length, "file")}`;
  });
  readonly to_send = $derived(this.files.filter((file) => !is_settled(file)).length);
  get seconds_left() {
    return this.speed > 0 ? (this.total - this.done_bytes) / this.speed : Infinity;
  }

  /** A plan to look at; nothing is sent. */
  propose(plan: Omit<Plan, "files" | "xorbs" | "here" | "summary">, picked: Picked[]) {
    if (this.active) return;
    this.#stop();
    this.#take({ ...plan, summary: "", xorbs: [], here: 0, files: picked.map(planned) });
    this.#content = new Map(picked.map(({ path, file }) => [path, file]));
    this.phase = "plan";
    if (picked.length === 0) return;
    this.looking = true;
    this.#work(true);
  }
  #take(plan: Plan | null) {
    this.plan = plan;
    this.files = plan?.files ?? [];
    this.summary = plan?.summary || null;
    this.here = plan?.here ?? 0;
    this.error = this.commit = this.waiting = "";
    this.speed = 0;
    this.#marks = [];
  }
  leave_out(path: string) {
    if (!this.plan) return;
    const { plan } = this;
    this.propose(plan, this.files.filter((file) => file.path !== path).map((file) => ({ path: file.path, file: this.#content.get(file.path)! })));
  }
  /** What was picked so far, to add to it. */
  picked(): Picked[] {
    return [...this.#content].map(([path, file]) => ({ path, file }));
  }
  forget() {
    if (this.active) return;
    this.#stop();
    this.#take(null);
    this.#content = new Map();
    this.phase = "plan";
    void saved_plan.drop();
  }

  /** Begins, or goes on: what is stored already is not sent again. */
  start() {
    if (!this.plan || this.active || this.phase === "lost") return;
    this.#stop();
    tray.wanted = true;
    this.phase = "comparing";
    this.error = "";
    this.#marks = [];
    this.files = this.files.map(at_rest);
    mark.beat();
    void this.#keep();
    this.#beat = setInterval(() => this.#tick(), 1000);
    this.#work(false);
  }
  pause() {
    this.#stop();
    this.phase = "paused";
    this.waiting = "";
    void this.#keep();
  }
  #stop() {
    this.#worker?.terminate();
    this.#worker = undefined;
    clearInterval(this.#beat);
    this.looking = false;
    if (this.active) mark.rest();
  }
  #work(only_compare: boolean) {
    const { repo, branch, folder, xorbs } = this.plan!;
    const title = this.summary?.trim() || this.suggestion;
    const job: Job = { repo: { ...repo }, branch, folder, title, files: this.files, content: this.#content, xorbs, only_compare };
    this.#worker = new Worker(new URL("./engine.worker.ts", import.meta.url), { type: "module" });
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#hear(data);
    this.#worker.onerror = (event) => this.#fail(event.message || "The upload's program could not be loaded. Check the connection.");
    this.#say({ start: job, proof: csrf_header() });
  }
  #say = (message: ToWorker) => this.#worker?.postMessage(message);

  #hear(message: FromWorker) {
    if ("told" in message) this.#note(message.told);
    else if ("wait" in message) this.waiting = message.wait;
    else if ("sign_in" in message) void this.#sign_in();
    else if ("failed" in message) this.#fail(message.failed);
    else if (this.looking) this.#stop();
    else this.#finish();
  }
  #fail(text: string) {
    const was_looking = this.looking;
    this.#stop();
    this.error = text;
    if (was_looking) return;
    this.phase = "failed";
    void this.#keep();
  }
  #finish() {
    this.#stop();
    this.phase = "done";
    void saved_plan.drop();
    // Pages that were seen before show other files now.
    note_change();
  }
  #note(told: Told[]) {
    let files: PlannedFile[] | undefined;
    for (const what of told)
      if (what.told === "file") (files ??= [...this.files])[what.index] = { ...files[what.index]!, ...what.change };
      else if (what.told === "here") this.here += what.bytes;
      else if (what.told === "xorb") this.plan = { ...this.plan!, xorbs: what.hash ? [...this.plan!.xorbs, what.hash] : [] };
      else if (what.told === "done") this.commit = what.commit;
      else if (!this.looking) {
        this.phase = what.phase;
        this.part = { part: what.part, parts: what.parts };
      }
    if (files) this.files = files;
  }
  /** The session may be good still, and only its proof old. */
  async #sign_in() {
    try {
      const session = await get<{ user?: unknown; csrfToken?: string }>("/api/-/v1/session");
      const is_new = session.csrfToken && session.csrfToken !== csrf_header()["X-CSRF-Token"];
      if (session.user && is_new) set_csrf(session.csrfToken!);
      else if (!(await ask_unlock("sign_in"))) throw new Error("You are signed out. Sign in and continue; what arrived is kept.");
      this.#say({ proof: csrf_header() });
    } catch (error) {
      this.#fail(message_of(error));
    }
  }

  #tick() {
    mark.beat();
    const now = Date.now();
    const moved = this.done_bytes - this.here;
    this.#marks = [...this.#marks.filter((entry) => now - entry.at < speed_over_ms), { at: now, bytes: moved }];
    const first = this.#marks[0]!;
    this.speed = now - first.at >= 1000 ? Math.max(0, ((moved - first.bytes) / (now - first.at)) * 1000) : 0;
    void this.#keep();
  }
  async #keep() {
    if (!this.plan) return;
    if (!this.active) mark.rest();
    await saved_plan.set({ ...this.plan, repo: { ...this.plan.repo }, files: this.files, here: this.here, summary: this.summary ?? "" });
  }

  /** The page goes away, and the work with it. */
  leave() {
    if (this.active) mark.rest();
  }
  /** After a reload: the plan as it was, unless another tab is at work on it. */
  async restore() {
    if (this.plan) return;
    this.elsewhere = mark.is_alive();
    if (this.elsewhere) {
      // Until that tab is done, or was lost with its browser.
      setTimeout(() => void this.restore(), look_again_ms);
      return;
    }
    const plan = await saved_plan.get();
    if (!plan || this.plan) return;
    this.#take({ ...plan, files: plan.files.map(at_rest) });
    this.phase = "lost";
  }
  /** The folder once more. @return what does not fit the plan, null when nothing of it does. */
  again(files: Picked[], handle?: FileSystemDirectoryHandle): { changed: string[]; missing: string[] } | null {
    const found = found_again(this.files, sort_out(without_common_folder(files)).picked);
    if (found.content.size === 0) return null;
    this.files = found.files;
    this.#content = found.content;
    this.plan = { ...this.plan!, handle: handle ?? this.plan!.handle };
    this.phase = "paused";
    return found;
  }
  /** By the folder that the browser kept; false when it has to be chosen. */
  async reopen(): Promise<boolean> {
    const handle = this.plan?.handle as (FileSystemDirectoryHandle & { requestPermission?(options: object): Promise<string> }) | undefined;
    try {
      if (!handle || (await handle.requestPermission?.({ mode: "read" })) === "denied") return false;
      if (!this.again(await from_handle(handle))) return false;
    } catch {
      return false;
    }
    this.start();
    return true;
  }
}

export const upload = new Upload();
