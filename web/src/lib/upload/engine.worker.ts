import { message_of } from "./told.ts";
import { run, type Job, type Told } from "./engine.ts";
import { hash_of } from "./hash.ts";
import { send_large } from "./large.ts";
import { steady_fetch } from "./steady.ts";

export type ToWorker = { start: Job; proof: Record<string, string> } | { proof: Record<string, string> | null };
export type FromWorker = { told: Told[] } | { wait: string } | { sign_in: true } | { failed: string } | { ended: true };

const say = (message: FromWorker) => postMessage(message);
let proof: Record<string, string> = {};
let signed_in: (done: boolean) => void = () => {};

// Pages draw ten times a second at most, whatever the network does.
let waiting: Told[] = [];
const flush = () => {
  if (waiting.length > 0) say({ told: waiting });
  waiting = [];
};
setInterval(flush, 100);

const fetch_steadily = steady_fetch({
  origin: location.origin,
  proof: () => proof,
  sign_in: () => {
    say({ sign_in: true });
    return new Promise((resolve) => (signed_in = resolve));
  },
  wait: (why) => say({ wait: why }),
  // Back as soon as the browser says that there is a network again.
  sleep: (ms) =>
    new Promise((resolve) => {
      const timer = setTimeout(done, ms);
      addEventListener("online", done, { once: true });
      function done() {
        clearTimeout(timer);
        removeEventListener("online", done);
        resolve();
      }
    }),
});

async function base64(content: Blob): Promise<string> {
  const bytes = new Uint8Array(await content.arrayBuffer());
  let letters = "";
  for (let at = 0; at < bytes.length; at += 0x8000) letters += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(letters);
}

async function start(job: Job) {
  try {
    await run(job, { fetch: fetch_steadily, origin: location.origin, tell: (what) => void waiting.push(what), hash: hash_of, base64, send_large });
    flush();
    say({ ended: true });
  } catch (error) {
    flush();
    say({ failed: message_of(error) });
  }
}

onmessage = ({ data }: MessageEvent<ToWorker>) => {
  if (data.proof) proof = data.proof;
  if ("start" in data) void start(data.start);
  else signed_in(data.proof !== null);
};
