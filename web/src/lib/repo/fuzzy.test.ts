import { expect, test } from "vitest";
import { rank } from "./fuzzy.ts";

const paths = ["README.md", "eval/latency.py", "model-00001-of-00002.safetensors", "src/late/nothing.txt"];
test("a whole word in the name comes before letters that are scattered", () => {
  expect(rank(paths, "late")[0]).toBe("eval/latency.py");
});
test("letters in order find a path, others do not", () => {
  expect(rank(paths, "m1s")).toContain("model-00001-of-00002.safetensors");
  expect(rank(paths, "zzz")).toEqual([]);
});
test("nothing typed finds all", () => expect(rank(paths, "")).toEqual(paths));
