import { expect, test } from "vitest";
import type { DiffFile } from "../api/types.ts";
import { special_of } from "./special.ts";

const file = (path: string, before: number | null, after: number | null): DiffFile => ({
  path,
  status: "modified",
  ...(before === null ? {} : { before: { oid: "a", size: before } }),
  ...(after === null ? {} : { after: { oid: "b", size: after } }),
});

test("files that changed are shown by what they are", () => {
  expect(special_of(file("data/rows.csv", 10, 20))).toBe("cells");
  expect(special_of(file("rows.jsonl", 10, 20))).toBe("cells");
  expect(special_of(file("config.json", 10, 20))).toBe("values");
  expect(special_of(file("README.md", 10, 20))).toBe("card");
  expect(special_of(file("model.safetensors", 1e9, 2e9))).toBe("tensors");
  expect(special_of(file("a.png", 10, 20))).toBe("image");
  expect(special_of(file("run.py", 10, 20))).toBeNull();
  expect(special_of(file("docs/README.md", 10, 20))).toBeNull();
});
test("what has one side alone is compared with nothing, but a picture is looked at", () => {
  expect(special_of(file("rows.csv", null, 20))).toBeNull();
  expect(special_of(file("a.png", null, 20))).toBe("image");
  expect(special_of(file("a.png", 20, null))).toBe("image");
});
test("what is too long to be read whole is shown by lines", () => {
  expect(special_of(file("rows.csv", 10, 6e6))).toBeNull();
  expect(special_of(file("a.png", 10, 30e6))).toBeNull();
});
test("a file with another name and the same content has nothing to compare", () => {
  const moved: DiffFile = { path: "b.csv", oldPath: "a.csv", status: "renamed", before: { oid: "a", size: 1 }, after: { oid: "a", size: 1 } };
  expect(special_of(moved)).toBeNull();
});
