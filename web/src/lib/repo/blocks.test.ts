import { expect, test } from "vitest";
import type { TreeEntry } from "../api/types.ts";
import { block_size, nothing, with_entries } from "./blocks.ts";

const entry = (path: string, type: TreeEntry["type"] = "file"): TreeEntry => ({ type, oid: "", size: 0, path });
const files = (from: number, count: number) => Array.from({ length: count }, (_, index) => entry(`f${from + index}`));

test("folders stand before files, whenever they come", () => {
  const listing = with_entries(with_entries(nothing, [entry("b"), entry("d", "directory")]), [entry("e", "directory"), entry("c")]);
  expect([...listing.folders, ...listing.files].flat().map(({ path }) => path)).toEqual(["d", "e", "b", "c"]);
  expect(listing.count).toBe(4);
});
test("what comes later changes no block that is full", () => {
  const first = with_entries(nothing, files(0, 250));
  const second = with_entries(first, [...files(250, 100), entry("z", "directory")]);
  expect(first.files.map((block) => block.length)).toEqual([block_size, block_size, 50]);
  expect(second.files.map((block) => block.length)).toEqual([block_size, block_size, block_size, 50]);
  expect(second.files[0]).toBe(first.files[0]);
  expect(second.files[1]).toBe(first.files[1]);
  expect(second.files.flat().map(({ path }) => path)).toEqual(files(0, 350).map(({ path }) => path));
});
