import { expect, test } from "vitest";
import { column_letters } from "./xlsx.ts";
import { rows_of } from "./xlsx_rows.ts";

test("columns are named as spreadsheets name them", () => {
  const letters = column_letters(704);
  expect([letters[0], letters[25], letters[26], letters[701], letters[702], letters[703]]).toEqual(["A", "Z", "AA", "ZZ", "AAA", "AAB"]);
});
test("cells are text: dates without a time of day, empty ones empty", () => {
  const { rows, columns, more_rows } = rows_of([["a", null, true], [1.5, new Date(Date.UTC(2026, 1, 3))], [new Date(Date.UTC(2026, 1, 3, 4, 5))]]);
  expect(rows).toEqual([["a", "", "true"], ["1.5", "2026-02-03"], ["2026-02-03 04:05:00"]]);
  expect([columns, more_rows]).toEqual([3, 0]);
});
test("a long sheet is cut and says by how much", () => {
  expect(rows_of(Array.from({ length: 12_000 }, () => [1]))).toMatchObject({ more_rows: 2000 });
  expect(rows_of([Array.from({ length: 600 }, () => 1)]).rows[0]).toHaveLength(500);
});
