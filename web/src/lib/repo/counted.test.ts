import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Days } from "../api/types.ts";
import { watch_downloads } from "./counted.ts";

const repo = { type: "model", id: "ada/bert" } as const;
const days = (downloadsAllTime: number): Days => ({ downloads: downloadsAllTime, downloadsAllTime, from: "", to: "", days: [] });
beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("document", { visibilityState: "visible" });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("more downloads are told once, fewer answers than questions do no harm", async () => {
  const answers = [async () => days(2), async () => Promise.reject(new Error("offline")), async () => days(3), async () => days(3)];
  const told: number[] = [];
  const stop = watch_downloads(repo, 2, ({ downloadsAllTime }) => told.push(downloadsAllTime), () => answers.shift()?.() ?? Promise.resolve(days(3)));
  await vi.advanceTimersByTimeAsync(15_000);
  expect(told).toEqual([3]);
  stop();
});
test("nobody is asked while the page is hidden, after it was left, or for ever", async () => {
  const read = vi.fn(async () => days(1));
  const document = { visibilityState: "hidden" };
  vi.stubGlobal("document", document);
  const stop = watch_downloads(repo, 1, () => {}, read);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(read).not.toHaveBeenCalled();
  document.visibilityState = "visible";
  await vi.advanceTimersByTimeAsync(4000);
  expect(read).toHaveBeenCalled();
  stop();
  const asked = read.mock.calls.length;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(read.mock.calls.length).toBe(asked);
  watch_downloads(repo, 1, () => {}, read);
  await vi.advanceTimersByTimeAsync(60 * 60_000);
  expect(read.mock.calls.length).toBeLessThan(asked + 400);
});
