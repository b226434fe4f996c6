// One upload from its plan to its commits. Nothing here knows of pages or workers: what it needs of
// them stands in `World`.
import { repo_api } from "../needs.ts";
import type { Repo } from "../repo/repo.ts";
import type { Large, Sent, Wire } from "./large.ts";
import { groups_of, is_settled, parts_of, type PlannedFile } from "./plan.ts";
import { Unheard, type Steady } from "./steady.ts";

export interface Job {
  repo: Repo;
  branch: string;
  folder: string;
  title: string;
  files: PlannedFile[];
  content: Map<string, File>;
  xorbs: string[];
  /** Only compares the plan with what is there, and sends nothing. */
  only_compare: boolean;
}
export type Told =
  | { told: "file"; index: number; change: Partial<PlannedFile> }
  | { told: "phase"; phase: "comparing" | "sending" | "saving"; part: number; parts: number }
  | { told: "here"; bytes: number }
  | { told: "xorb"; hash: string | null }
  | { told: "done"; commit: string };
export interface World {
  fetch: Steady;
  origin: string;
  tell(what: Told): void;
  hash(content: Blob, mode: "regular" | "lfs", progress: (part: number) => void): Promise<string>;
  base64(content: Blob): Promise<string>;
  send_large(repo: Repo, branch: string, files: Large[], wire: Wire): Promise<Sent>;
}
/** What the hub refused, in its own words. */
export class Refused extends Error {
  constructor(
    message: string,
    readonly code: string,
  ) {
    super(message);
  }
}

const compare_files_max = 1000; // Of one question, as the hub answers.
const sample_bytes = 512;

export async function run(job: Job, world: World): Promise<void> {
  const files = job.files.map((file) => ({ ...file }));
  const set = (index: number, change: Partial<PlannedFile>) => {
    Object.assign(files[index]!, change);
    world.tell({ told: "file", index, change });
  };
  const upload = new Upload(job, world, files, set);
  world.tell({ told: "phase", phase: "comparing", part: 1, parts: 1 });
  await upload.compare(files.map((_, index) => index));
  if (job.only_compare) return;
  const parts = parts_of(files);
  let commit = "";
  for (const [at, part] of parts.entries()) {
    const numbers = { part: at + 1, parts: parts.length };
    const title = parts.length > 1 ? `${job.title} (part ${numbers.part} of ${numbers.parts})` : job.title;
    commit = (await upload.save(part, title, numbers)) || commit;
  }
  world.tell({ told: "done", commit });
}

class Upload {
  readonly #xorbs: Set<string>;
  constructor(
    readonly job: Job,
    readonly world: World,
    readonly files: PlannedFile[],
    readonly set: (index: number, change: Partial<PlannedFile>) => void,
  ) {
    this.#xorbs = new Set(job.xorbs);
  }
  #path = (file: PlannedFile) => (this.job.folder ? this.job.folder + "/" : "") + file.path;
  #content(file: PlannedFile): File {
    const content = this.job.content.get(file.path);
    if (!content) throw new Error(`${file.path} is not in the folder that was chosen.`);
    return content;
  }
  async #ask<T>(verb: string, body: BodyInit, type: string, more: Parameters<Steady>[1] = {}): Promise<T> {
    const response = await this.world.fetch(`${repo_api(this.job.repo)}/${verb}/${encodeURIComponent(this.job.branch)}`, { method: "POST", body, headers: { "Content-Type": type, Accept: "application/json" }, ...more });
    const answer = (await response.json().catch(() => ({}))) as T & { error?: string };
    if (!response.ok) throw new Refused(answer.error ?? `The hub answered with status ${response.status}.`, response.headers.get("X-Error-Code") ?? "");
    return answer;
  }

  /** Which files the hub has already, which it keeps as large ones, which a .gitignore leaves out. */
  async compare(indices: number[]): Promise<void> {
    const own_text = async (name: string) => (this.job.folder === "" ? await this.job.content.get(name)?.text() : undefined);
    const [gitAttributes, gitIgnore] = [await own_text(".gitattributes"), await own_text(".gitignore")];
    const open = indices.filter((index) => !is_settled(this.files[index]!));
    for (let from = 0; from < open.length; from += compare_files_max) {
      const some = open.slice(from, from + compare_files_max);
      const asked = [];
      for (const index of some) {
        const file = this.files[index]!;
        asked.push({ path: this.#path(file), size: file.size, sample: await this.world.base64(this.#content(file).slice(0, sample_bytes)) });
      }
      const body = { files: asked, ...(gitAttributes === undefined ? {} : { gitAttributes }), ...(gitIgnore === undefined ? {} : { gitIgnore }) };
      const answer = await this.#ask<{ files: { uploadMode: "regular" | "lfs"; shouldIgnore: boolean; oid?: string }[] }>("preupload", JSON.stringify(body), "application/json");
      for (const [at, index] of some.entries()) {
        const { uploadMode, shouldIgnore, oid } = answer.files[at]!;
        this.set(index, shouldIgnore ? { mode: uploadMode, state: "ignored" } : { mode: uploadMode, ...(oid === undefined ? {} : { theirs: oid }) });
      }
    }
    for (const index of open) await this.#settle_same(index);
  }
  async #settle_same(index: number): Promise<void> {
    const file = this.files[index]!;
    if (!file.theirs || file.state === "ignored") return;
    const as_theirs = file.theirs.length === 64 ? "lfs" : "regular";
    if (as_theirs !== file.mode) return;
    if (!file.hash) {
      const before = file.state;
      this.set(index, { state: "reading", progress: 0 });
      const hash = await this.world.hash(this.#content(file), as_theirs, (progress) => this.set(index, { progress }));
      this.set(index, { hash, state: before, progress: 0 });
    }
    if (file.hash !== file.theirs) return;
    // What was sent is no gift of the hub.
    if (file.state === "waiting") this.world.tell({ told: "here", bytes: file.size });
    this.set(index, { state: file.state === "waiting" ? "same" : "saved", progress: 1 });
  }

  /** @return the commit; "" when there was nothing left to save. */
  async save(part: number[], title: string, numbers: { part: number; parts: number }): Promise<string> {
    for (let attempt = 0; ; attempt++) {
      this.world.tell({ told: "phase", phase: "sending", ...numbers });
      for (const group of groups_of(part, this.files)) await this.#send(group);
      this.world.tell({ told: "phase", phase: "saving", ...numbers });
      try {
        const commit = await this.#commit(part.filter((index) => !is_settled(this.files[index]!)), title);
        for (const index of part) if (!is_settled(this.files[index]!)) this.set(index, { state: "saved", progress: 1 });
        return commit;
      } catch (error) {
        const is_gone = error instanceof Refused && error.code === "LfsObjectNotFound";
        if ((!is_gone && !(error instanceof Unheard)) || attempt >= 2) throw error;
        // Sent long ago and let go meanwhile: once more. Or nobody knows whether it was saved: look.
        if (is_gone) for (const index of part) if (this.files[index]!.state === "sent") this.set(index, { state: "waiting", progress: 0 });
        if (error instanceof Unheard) await this.#look(part);
        if (part.every((index) => is_settled(this.files[index]!))) return "";
      }
    }
  }
  async #look(part: number[]): Promise<void> {
    for (const index of part) {
      const file = this.files[index]!;
      if (is_settled(file) || file.hash) continue;
      this.set(index, { hash: await this.world.hash(this.#content(file), file.mode ?? "regular", () => {}) });
    }
    for (const index of part) if (this.files[index]!.state === "waiting") this.set(index, { state: "sent" });
    await this.compare(part);
    for (const index of part) if (this.files[index]!.state === "sent" && this.files[index]!.mode !== "lfs") this.set(index, { state: "waiting", progress: 0 });
  }

  async #send(group: number[]): Promise<void> {
    const by_path = new Map(group.map((index) => [this.#path(this.files[index]!), index]));
    const wire: Wire = {
      fetch: this.world.fetch as typeof fetch,
      origin: this.world.origin,
      knows: (xorb) => this.#xorbs.has(xorb),
      learned: (xorb) => {
        this.#xorbs.add(xorb);
        this.world.tell({ told: "xorb", hash: xorb });
      },
      forget: () => {
        this.#xorbs.clear();
        this.world.tell({ told: "xorb", hash: null });
      },
      progress: (path, state, progress) => {
        const index = by_path.get(path);
        if (index !== undefined) this.set(index, { state, progress });
      },
    };
    const sent = await this.world.send_large(this.job.repo, this.job.branch, [...by_path].map(([path, index]) => ({ path, content: this.#content(this.files[index]!) })), wire);
    this.world.tell({ told: "here", bytes: sent.here });
    for (const [path, index] of by_path) this.set(index, { state: "sent", progress: 1, hash: sent.hashes.get(path)! });
  }

  async #commit(part: number[], title: string): Promise<string> {
    if (part.length === 0) return "";
    const lines: string[] = [JSON.stringify({ key: "header", value: { summary: title, description: "" } })];
    for (const index of part) {
      const file = this.files[index]!;
      const path = this.#path(file);
      if (file.mode === "lfs") lines.push(JSON.stringify({ key: "lfsFile", value: { path, algo: "sha256", oid: file.hash, size: file.size } }));
      else lines.push(JSON.stringify({ key: "file", value: { path, content: await this.world.base64(this.#content(file)), encoding: "base64" } }));
    }
    const progressCallback = (progress: number) => {
      for (const index of part) if (this.files[index]!.mode !== "lfs") this.set(index, { state: "sending", progress });
    };
    const body = new Blob(lines.map((line) => line + "\n"));
    const answer = await this.#ask<{ commitOid: string }>("commit", body, "application/x-ndjson", { once: true, progressHint: { progressCallback } });
    return answer.commitOid;
  }
}
