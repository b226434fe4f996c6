import { expect, test } from "vitest";
import { bytes_done, found_again, groups_of, parts_of, planned, type PlannedFile } from "./plan.ts";

const file = (path: string, size: number, more: Partial<PlannedFile> = {}): PlannedFile => ({ path, size, modified: 1, state: "waiting", progress: 0, ...more });

test("one commit when it fits, else several; large files do not weigh on it", () => {
  expect(parts_of([file("a", 10), file("b", 10)])).toEqual([[0, 1]]);
  expect(parts_of([file("a", 40e6), file("b", 40e6), file("c", 90e9, { mode: "lfs" })])).toEqual([[0], [1, 2]]);
  expect(parts_of([file("a", 99e6), file("b", 1, { state: "same" })])).toEqual([[0]]);
  expect(parts_of(Array.from({ length: 25_000 }, (_, index) => file(String(index), 1))).map((part) => part.length)).toEqual([10_000, 10_000, 5000]);
});
test("what is sent together is at most 32 MiB, or one file", () => {
  const large = (size: number, more = {}) => file("x", size, { mode: "lfs", ...more });
  expect(groups_of([0, 1, 2, 3], [large(30 << 20), large(10 << 20), large(5e9), file("s", 1, { mode: "regular" })])).toEqual([[0], [1], [2]]);
  expect(groups_of([0, 1], [large(1), large(1, { state: "sent" })])).toEqual([[0]]);
});
test("a folder chosen again is matched by path, size and time", () => {
  const content = (path: string, text: string, lastModified = 1) => ({ path, file: new File([text], path, { lastModified }) });
  const plan = [file("same", 2, { state: "sent", hash: "h" }), file("other", 2, { state: "sent", hash: "h" }), file("gone", 2), file("done", 2, { state: "saved" })];
  const found = found_again(plan, [content("same", "xx"), content("other", "xx", 2), content("new", "x")]);
  expect(found.changed).toEqual(["other"]);
  expect(found.missing).toEqual(["gone"]);
  expect(found.files.map((entry) => [entry.path, entry.state, entry.hash])).toEqual([["same", "sent", "h"], ["other", "waiting", undefined], ["done", "saved", undefined]]);
  expect([...found.content.keys()]).toEqual(["same", "other"]);
});
test("bytes that are dealt with", () => {
  expect(bytes_done(file("a", 100, { state: "sending", progress: 0.5 }))).toBe(50);
  expect(bytes_done(file("a", 100, { state: "reading", progress: 0.5 }))).toBe(0);
  expect(bytes_done(planned({ path: "a", file: new File(["abc"], "a") }))).toBe(0);
  expect(bytes_done(file("a", 100, { state: "same" }))).toBe(100);
});
