import { expect, test } from "vitest";
import { steady_fetch, Unheard, type Door, type Outgoing } from "./steady.ts";

function door(answers: (Response | null)[], more: Partial<Door> = {}) {
  const seen: { waits: string[]; slept: number[]; sent: Outgoing[] } = { waits: [], slept: [], sent: [] };
  const out: Door = {
    origin: "http://hub.test",
    proof: () => ({ "X-CSRF-Token": "t" + seen.sent.length }),
    sign_in: async () => true,
    wait: (why) => void seen.waits.push(why),
    sleep: async (ms) => void seen.slept.push(ms),
    send: async (request) => {
      seen.sent.push(request);
      const answer = answers.shift();
      if (!answer) throw new TypeError("network");
      return answer;
    },
    ...more,
  };
  return { fetch: steady_fetch(out), seen };
}
const answer = (status: number, headers = {}) => new Response("{}", { status, headers });

test("without connection, and while the hub restarts, it waits and goes on", async () => {
  const { fetch, seen } = door([null, answer(503, { "Retry-After": "2" }), answer(200)]);
  expect((await fetch("/api/x")).status).toBe(200);
  expect(seen.waits).toEqual(["No connection", "The hub is busy", ""]);
  expect(seen.slept).toEqual([1000, 2000]);
});
test("after signing in again the same request is sent with the new proof", async () => {
  const { fetch, seen } = door([answer(401), answer(200)]);
  expect((await fetch("/api/x", { method: "POST", body: "1" })).status).toBe(200);
  expect(seen.sent.map((request) => request.headers.get("X-CSRF-Token"))).toEqual(["t0", "t1"]);
});
test("who does not sign in gets the refusal", async () => {
  const { fetch } = door([answer(401)], { sign_in: async () => false });
  expect((await fetch("/api/x")).status).toBe(401);
});
test("a refusal by the store of chunks is no end of a session", async () => {
  const { fetch } = door([answer(401)], { sign_in: () => Promise.reject(new Error("asked")) });
  expect((await fetch("/xet/v1/shards", { headers: { Authorization: "Bearer x" } })).status).toBe(401);
});
test("what may have been heard is not said twice", async () => {
  const { fetch, seen } = door([null]);
  await expect(fetch("/api/commit", { once: true })).rejects.toBeInstanceOf(Unheard);
  expect(seen.sent.length).toBe(1);
});
test("the hub's public address is the one this browser knows", async () => {
  const { fetch, seen } = door([answer(200), answer(200)]);
  await fetch("https://public.example/xet/v1/shards");
  await fetch("https://bucket.example/part");
  expect(seen.sent.map((request) => request.url.href)).toEqual(["http://hub.test/xet/v1/shards", "https://bucket.example/part"]);
  expect(seen.sent[1]!.headers.has("X-CSRF-Token")).toBe(false);
});
