import { expect, test } from "vitest";
import { by_path, uses_of } from "./versions.ts";

test("files by path, the largest first, with who uses each version", () => {
  const file = (fileOid: string, filename: string, size: number) => ({ fileOid, filename, size, pushedAt: "" });
  const uses = uses_of([{ name: "main", siblings: [{ lfs: { sha256: "b" } }, {}, { lfs: { sha256: "b" } }] }, { name: "v1", siblings: [{ lfs: { sha256: "b" } }, { lfs: { sha256: "a" } }] }]);
  const list = by_path([file("b", "w", 2), file("a", "w", 1), file("c", "x", 9)], uses);
  expect(list.map((entry) => [entry.path, entry.size])).toEqual([["x", 9], ["w", 3]]);
  expect(list[1]!.versions.map((version) => version.used_by)).toEqual([["main", "v1"], ["v1"]]);
  expect(list[0]!.versions[0]!.used_by).toEqual([]);
});
