// Sends large files in chunks through the published client library, which cuts, compresses and
// registers them. It is made for whole commits: what a part of an upload needs not is answered here.
import { commitIter } from "@huggingface/hub";
import type { Repo } from "../repo/repo.ts";

export interface Large {
  path: string;
  content: Blob;
}
export interface Wire {
  fetch: typeof fetch;
  origin: string;
  /** Pieces that were sent before. */
  knows(xorb: string): boolean;
  learned(xorb: string): void;
  forget(): void;
  progress(path: string, state: "reading" | "sending", part: number): void;
}
export interface Sent {
  /** SHA-256 by path. */
  hashes: Map<string, string>;
  /** Bytes that the hub had already. */
  here: number;
}

/** Bytes of the chunks in a xorb before they were compressed: a header of 8 bytes stands before each. */
export function unpacked_bytes(xorb: Uint8Array): number {
  let bytes = 0;
  for (let at = 0; at + 8 <= xorb.length; ) {
    const packed = xorb[at + 1]! | (xorb[at + 2]! << 8) | (xorb[at + 3]! << 16);
    bytes += xorb[at + 5]! | (xorb[at + 6]! << 8) | (xorb[at + 7]! << 16);
    at += 8 + packed;
  }
  return bytes;
}

export async function send_large(repo: Repo, branch: string, files: Large[], wire: Wire): Promise<Sent> {
  const sent: Sent = { hashes: new Map(), here: 0 };
  let cut = 0;
  let fresh = 0;
  const json = (body: unknown) => new Response(JSON.stringify(body), { headers: { "Content-Type": "application/json" } });
  const only_sending: typeof fetch = async (address, init) => {
    const { pathname } = new URL(String(address), wire.origin);
    if (pathname.includes("/preupload/")) return json({ files: files.map(({ path }) => ({ path, uploadMode: "lfs", shouldIgnore: false })) });
    // The commit is made when all files of its part are there.
    if (/\/commit\/[^/]+$/.test(pathname)) return json({ success: true, commitOid: "", commitUrl: "", hookOutput: "" });
    if (pathname.endsWith("/info/lfs/objects/batch")) {
      const { objects } = JSON.parse(String(init?.body)) as { objects: { oid: string }[] };
      objects.forEach(({ oid }, index) => sent.hashes.set(files[index]!.path, oid));
      const response = await wire.fetch(address, init);
      if (response.ok) {
        const answer = (await response.clone().json()) as { objects: { size: number; actions?: { upload?: unknown } }[] };
        for (const object of answer.objects)
          if (object.actions?.upload) cut += object.size;
          else sent.here += object.size;
      }
      return response;
    }
    const xorb = /\/xorbs\/[^/]+\/([0-9a-f]{64})$/.exec(pathname)?.[1];
    if (!xorb) {
      const response = await wire.fetch(address, init);
      // The hub may have let pieces go that nothing referred to for long.
      if (!response.ok && pathname.endsWith("/shards")) wire.forget();
      return response;
    }
    fresh += unpacked_bytes(init!.body as Uint8Array<ArrayBuffer>);
    if (wire.knows(xorb)) return json({ was_inserted: false });
    const response = await wire.fetch(address, init);
    if (response.ok) wire.learned(xorb);
    return response;
  };
  const steps = commitIter({
    repo: { type: repo.type, name: repo.id }, branch, title: "-", hubUrl: wire.origin, fetch: only_sending, useXet: true,
    operations: files.map(({ path, content }) => ({ operation: "addOrUpdate", path, content })),
  });
  for (;;) {
    const step = await steps.next();
    if (step.done) break;
    if (step.value.event === "fileProgress" && step.value.state !== "error") wire.progress(step.value.path, step.value.state === "hashing" ? "reading" : "sending", step.value.progress);
  }
  sent.here += Math.max(0, cut - fresh);
  return sent;
}
