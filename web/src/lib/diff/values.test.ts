import { expect, test } from "vitest";
import { compare_values, value_text } from "./values.ts";

const short = (before: unknown, after: unknown) => compare_values(before, after).map(({ path, kind }) => `${kind} ${path}`);

test("values are named by their path", () => {
  expect(compare_values({ a: { b: 1, "x y": 2 }, c: 3 }, { a: { b: 2, "x y": 3 }, c: 3 })).toEqual([
    { path: "a.b", kind: "changed", before: 1, after: 2 },
    { path: 'a["x y"]', kind: "changed", before: 2, after: 3 },
  ]);
});
test("keys that came and went, and keys in another order", () => {
  expect(short({ a: 1, b: 2 }, { b: 2, c: 3 })).toEqual(["added c", "removed a"]);
  expect(short({ a: 1, b: 2 }, { b: 2, a: 1 })).toEqual([]);
  expect(short({ constructor: 1 }, {})).toEqual(["removed constructor"]);
});
test("an item put in front of a list is one change", () => {
  expect(short({ tags: ["a", "b"] }, { tags: ["new", "a", "b"] })).toEqual(["added tags[0]"]);
  expect(short([{ size: 1 }, { size: 2 }, { size: 3 }], [{ size: 1 }, { size: 9 }, { size: 3 }])).toEqual(["changed [1].size"]);
  expect(short(["a", "b", "c"], ["a", "c"])).toEqual(["removed [1]"]);
});
test("another kind of value is a change of the whole", () => {
  expect(short({ a: [1] }, { a: { 0: 1 } })).toEqual(["changed a"]);
  expect(short(1, null)).toEqual(["changed "]);
  expect(short(null, null)).toEqual([]);
});
test("long values are cut", () => {
  expect(value_text("x".repeat(1000))).toHaveLength(301);
  expect(value_text([1, "a"])).toBe('[1,"a"]');
  expect(value_text(undefined)).toBe("");
});
