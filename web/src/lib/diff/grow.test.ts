import { expect, test } from "vitest";
import type { Hunk } from "../api/types.ts";
import { gap, grow, may_go_on } from "./grow.ts";

const lines = Array.from({ length: 30 }, (_, index) => `line ${index + 1}`);
const context = (from: number, to: number) => lines.slice(from - 1, to - 1).map((text) => ({ type: "context" as const, text }));
// Line 10 was added; line 20 replaced another: the old side is one line shorter from 10 on.
const first: Hunk = { oldStart: 8, oldLines: 4, newStart: 8, newLines: 5, lines: [...context(8, 10), { type: "add", text: "line 10" }, ...context(11, 13)] };
const second: Hunk = { oldStart: 17, oldLines: 5, newStart: 18, newLines: 5, lines: [...context(18, 20), { type: "delete", text: "x" }, { type: "add", text: "line 20" }, ...context(21, 23)] };

test("gaps lie before, between and after hunks", () => {
  expect(gap([first, second], 0, 30)).toEqual({ from: 1, to: 8 });
  expect(gap([first, second], 1, 30)).toEqual({ from: 13, to: 18 });
  expect(gap([first, second], 2, 30)).toEqual({ from: 23, to: 31 });
});
test("a hunk grows upwards on both sides alike", () => {
  const [grown] = grow([first, second], 0, lines, 5);
  expect(grown).toMatchObject({ oldStart: 3, oldLines: 9, newStart: 3, newLines: 10 });
  expect(grown?.lines[0]?.text).toBe("line 3");
  expect(grow([first], 0, lines, 20)[0]).toMatchObject({ oldStart: 1, newStart: 1, oldLines: 11, newLines: 12 });
});
test("a long gap is eaten from both ends", () => {
  const grown = grow([first, second], 1, lines, 2);
  expect(grown).toHaveLength(2);
  expect(grown[0]).toMatchObject({ newStart: 8, newLines: 7, oldLines: 6 });
  expect(grown[1]).toMatchObject({ newStart: 16, newLines: 7, oldStart: 15, oldLines: 7 });
});
test("hunks that meet become one", () => {
  const grown = grow([first, second], 1, lines, 3);
  expect(grown).toHaveLength(1);
  expect(grown[0]).toMatchObject({ oldStart: 8, newStart: 8, oldLines: 14, newLines: 15 });
  expect(grown[0]!.lines.filter((line) => line.type !== "delete").map((line) => line.text)).toEqual(lines.slice(7, 22));
});
test("after the last hunk the file goes on to its end and no further", () => {
  const grown = grow([first, second], 2, lines, 100);
  expect(grown[1]!.lines.at(-1)?.text).toBe("line 30");
  expect(grown[1]).toMatchObject({ oldLines: 13, newLines: 13 });
  expect(gap(grown, 2, 30)).toEqual({ from: 31, to: 31 });
});
test("a side without lines stands after the line it names", () => {
  const gone: Hunk = { oldStart: 5, oldLines: 1, newStart: 4, newLines: 0, lines: [{ type: "delete", text: "gone" }] };
  const [grown] = grow([gone], 0, lines, 2);
  expect(grown).toMatchObject({ oldStart: 3, newStart: 3, oldLines: 3, newLines: 2 });
  expect(grown!.lines.map((line) => line.text)).toEqual(["line 3", "line 4", "gone"]);
});
test("nothing follows a hunk whose context ended early", () => {
  expect(may_go_on(first, 2)).toBe(true);
  expect(may_go_on(first, 3)).toBe(false);
});
