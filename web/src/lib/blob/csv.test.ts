import { expect, test } from "vitest";
import { column_type, guess_separator, parse_csv, parse_jsonl } from "./csv.ts";

test("quoted values keep separators, quotation marks and line ends", () => {
  const { header, rows, problems } = parse_csv('a,b\n1,"x, ""y""\nz"\n', ",", true);
  expect(header).toEqual(["a", "b"]);
  expect(rows).toEqual([["1", 'x, "y"\nz']]);
  expect(problems).toEqual([]);
});
test("what is odd is named by line and nothing is lost", () => {
  const { rows, problems } = parse_csv('a,b\n1,2\n3\nx"y,4\n', ",", true);
  expect(rows).toHaveLength(3);
  expect(problems).toEqual(['Line 4: a quotation mark inside a value that is not quoted', "Line 3: 1 values, the header has 2"]);
});
test("half of a row at the end of a range is left out", () => {
  const { rows, cut } = parse_csv("a,b\n1,2\n3,", ",", false);
  expect(rows).toEqual([["1", "2"]]);
  expect(cut).toBe(true);
});
test("an open quotation mark is said with its line", () => {
  expect(parse_csv('a\n"x\n', ",", true).problems).toEqual(["Line 2: a quotation mark is never closed"]);
});
test("columns say what they hold", () => {
  expect(column_type(["1", "-2", ""])).toBe("integer");
  expect(column_type(["1.5", "2e3"])).toBe("number");
  expect(column_type(["2026-01-01"])).toBe("date");
  expect(column_type(["a", "b"])).toBe("text");
  expect(guess_separator("a;b;c\n1,5;2;3")).toBe(";");
});
test("keys of JSON lines are columns, a broken line is named", () => {
  const { header, rows, problems } = parse_jsonl('{"a":1}\nnope\n{"b":[2],"a":null}\n', true);
  expect(header).toEqual(["a", "b"]);
  expect(rows).toEqual([["1", ""], ["", "[2]"]]);
  expect(problems).toEqual(["Line 2 is no JSON"]);
});
