import { expect, test } from "vitest";
import { doing, guess, share, type Import } from "./imports.ts";

const entry = (more: Partial<Import>): Import => ({
  id: "1", source: "https://git.example/a/b", repo: { type: "model", name: "ada/b" }, state: "running", phase: "looking", objects: { done: 0, total: 0 }, bytesReceived: 0,
  largeFiles: { done: 0, total: 0, bytesDone: 0, bytesTotal: 0 }, notes: [], createdAt: "", updatedAt: "", ...more,
});

test("an address says what it holds and how it may be called", () => {
  expect(guess("https://hub.example/datasets/ada/tickets")).toEqual({ type: "dataset", name: "tickets" });
  expect(guess("https://hub.example/spaces/ada/app/")).toEqual({ type: "space", name: "app" });
  expect(guess("https://git.example/group/sub/My%20model.git")).toEqual({ type: "model", name: "My-20model" });
  expect(guess("https://git.example/ada/bert.git")).toEqual({ type: "model", name: "bert" });
  expect(guess("git.example/ada")).toEqual({ type: "model", name: "" });
});
test("each state says what happens, and how far it is where that is known", () => {
  expect(doing(entry({ state: "waiting" }))).toBe("Waits for its turn");
  expect(doing(entry({ state: "waiting", error: { code: "SourceUnavailable", message: "It does not answer." } }))).toContain("It does not answer.");
  const fetching = entry({ phase: "fetching", objects: { done: 500, total: 2000 }, bytesReceived: 1_500_000 });
  expect(doing(fetching)).toMatch(/^Fetching the history: 500 of 2,000 objects, 1.5.MB$/);
  expect(share(fetching)).toBe(0.25);
  const large = entry({ phase: "large_files", largeFiles: { done: 1, total: 2, bytesDone: 3e9, bytesTotal: 4e9 } });
  expect(share(large)).toBe(0.75);
  expect(share(entry({ phase: "saving" }))).toBeNull();
  expect(share(entry({ state: "failed", phase: "fetching", objects: { done: 1, total: 2 } }))).toBeNull();
});
