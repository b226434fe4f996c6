import { expect, test } from "vitest";
import { compare_tables, key_columns } from "./cells.ts";

const table = (header: string, ...rows: string[]) => ({ header: header.split(","), rows: rows.map((row) => row.split(",")) });
const before = table("id,label,score", "1,cat,0.5", "2,dog,0.5", "3,cow,0.5");

test("the key is a column whose values tell all rows apart, one that is named so before others", () => {
  const named = table("text,id", "a,1", "b,2");
  expect(key_columns(named, named)).toEqual(["id", "text"]);
  expect(key_columns(before, before)).toEqual(["id", "label"]);
  expect(key_columns(before, table("id,label,score", "1,cat,0.5", "1,cat,0.5"))).toEqual([]);
  expect(key_columns(table("a", "", "x"), table("a", "x"))).toEqual([]);
});
test("one label that was mended is one cell", () => {
  const change = compare_tables(before, table("id,label,score", "1,cat,0.5", "2,wolf,0.5", "3,cow,0.5"), "id");
  expect(change).toMatchObject({ added: 0, removed: 0, changed: 1, same: 2 });
  expect(change.rows).toHaveLength(1);
  expect(change.rows[0]).toMatchObject({ kind: "changed", number: 2 });
  expect(change.rows[0]!.cells.map((cell) => cell.changed)).toEqual([false, true, false]);
  expect(change.rows[0]!.cells[1]).toMatchObject({ before: "dog", after: "wolf" });
});
test("with a key, rows in another order are the same rows", () => {
  expect(compare_tables(before, table("id,label,score", "3,cow,0.5", "1,cat,0.5", "2,dog,0.5"), "id")).toMatchObject({ same: 3, rows: [] });
});
test("rows that came and went stand where they are and were", () => {
  const change = compare_tables(before, table("id,label,score", "1,cat,0.5", "9,owl,1", "3,cow,0.5"), "id");
  expect(change.rows.map((row) => [row.kind, row.number])).toEqual([["removed", 2], ["added", 2]]);
});
test("columns that came or went are said in the header, not in every row", () => {
  const change = compare_tables(before, table("id,score,source", "1,0.5,web", "2,0.5,web", "3,0.7,web"), "id");
  expect(change.columns).toEqual([
    { name: "id", kind: "same" }, { name: "label", kind: "removed" }, { name: "score", kind: "same" }, { name: "source", kind: "added" },
  ]);
  expect(change).toMatchObject({ changed: 1, same: 2 });
  expect(change.rows[0]!.cells.map((cell) => [cell.before, cell.after])).toEqual([["3", "3"], ["cow", undefined], ["0.5", "0.7"], [undefined, "web"]]);
});
test("without a key equal rows are the same and the others are paired in order", () => {
  const old = table("text,label", "a,x", "a,x", "b,y", "c,z");
  const change = compare_tables(old, table("text,label", "a,x", "a,x", "b,Y", "c,z", "d,w"), null);
  expect(change.rows.map((row) => [row.kind, row.number])).toEqual([["changed", 3], ["added", 5]]);
  const gone = compare_tables(old, table("text,label", "a,x", "c,z"), null);
  expect(gone).toMatchObject({ removed: 2, changed: 0, same: 2 });
});
