// Unchanged lines between the hunks of a diff, shown on asking: a hunk grows into the gap, and two
// that meet become one.
import type { Hunk } from "../api/types.ts";

// As in "@@ -5,2 +4,0 @@": a side without lines names the line before it.
const first_new = (hunk: Hunk) => (hunk.newLines === 0 ? hunk.newStart + 1 : hunk.newStart);
const first_old = (hunk: Hunk) => (hunk.oldLines === 0 ? hunk.oldStart + 1 : hunk.oldStart);

/** Lines of the new side that stand in gap `at`: before hunk `at`, or after the last. From 1, [from, to). */
export function gap(hunks: readonly Hunk[], at: number, lines: number): { from: number; to: number } {
  const before = hunks[at - 1];
  const after = hunks[at];
  const from = before ? first_new(before) + before.newLines : 1;
  return { from, to: after ? first_new(after) : lines + 1 };
}

/** Whether lines may follow the last hunk: its context was not cut short by the end of the file. */
export function may_go_on(hunk: Hunk, context: number): boolean {
  const tail = hunk.lines.slice(-context);
  return tail.length === context && tail.every((line) => line.type === "context" && !line.noNewline);
}

/** @param lines  the whole new side. @param count  how many more to show at each edge of the gap. */
export function grow(hunks: readonly Hunk[], at: number, lines: readonly string[], count: number): Hunk[] {
  const out = [...hunks];
  const { from, to } = gap(hunks, at, lines.length);
  const context = (start: number, end: number) => lines.slice(start - 1, end - 1).map((text) => ({ type: "context" as const, text }));
  const before = hunks[at - 1];
  const after = hunks[at];
  const whole = to - from <= (before && after ? 2 * count : count);
  const end_of_first = before ? (whole ? to : from + count) : from;
  const start_of_last = after ? (whole ? end_of_first : to - count) : to;
  const below = before && {
    ...before,
    lines: [...before.lines, ...context(from, end_of_first)],
    oldStart: first_old(before),
    newStart: first_new(before),
    oldLines: before.oldLines + end_of_first - from,
    newLines: before.newLines + end_of_first - from,
  };
  const grown = before ? start_of_last : whole ? from : to - count;
  const above = after && {
    ...after,
    lines: [...context(grown, to), ...after.lines],
    oldStart: first_old(after) - (to - grown),
    newStart: grown,
    oldLines: after.oldLines + to - grown,
    newLines: after.newLines + to - grown,
  };
  if (below && above && whole)
    out.splice(at - 1, 2, {
      ...below,
      lines: [...below.lines, ...above.lines],
      oldLines: below.oldLines + above.oldLines,
      newLines: below.newLines + above.newLines,
    });
  else {
    if (below) out[at - 1] = below;
    if (above) out[at] = above;
  }
  return out;
}
