import { expect, test } from "vitest";
import { changed_part, side_by_side } from "./words.ts";

test("the mark covers what differs between the same beginning and end", () => {
  expect(changed_part("runs = 200", "runs = 500")).toEqual({ before: [7, 8], after: [7, 8] });
  expect(changed_part("abc", "xyz")).toBeNull();
});
test("deleted lines face the added lines that replaced them", () => {
  const rows = side_by_side([{ type: "context", text: "a" }, { type: "delete", text: "b1" }, { type: "delete", text: "c" }, { type: "add", text: "b2" }, { type: "context", text: "d" }], 10, 20);
  expect(rows.map((row) => [row.old_no, row.new_no])).toEqual([[10, 20], [11, 21], [12, undefined], [13, 22]]);
});
