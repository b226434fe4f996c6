import { expect, test } from "vitest";
import { sort_out, without_common_folder, type Picked } from "./pick.ts";

const picked = (...paths: string[]): Picked[] => paths.map((path) => ({ path, file: new File([], path) }));
test("what tools leave behind is not uploaded, and the reason is said", () => {
  const { picked: kept, left } = sort_out(picked("a/.git/HEAD", "a/.DS_Store", "a/model.safetensors", "a/.gitattributes"));
  expect(kept.map((entry) => entry.path)).toEqual(["a/model.safetensors", "a/.gitattributes"]);
  expect(left.map((entry) => entry.why)).toEqual(["belongs to git", "made by the file manager"]);
});
test("of one folder its content is uploaded, of several the folders", () => {
  expect(without_common_folder(picked("a/x", "a/b/y")).map((entry) => entry.path)).toEqual(["x", "b/y"]);
  expect(without_common_folder(picked("a/x", "b/y")).map((entry) => entry.path)).toEqual(["a/x", "b/y"]);
  expect(without_common_folder(picked("x")).map((entry) => entry.path)).toEqual(["x"]);
});
