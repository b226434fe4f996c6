// A card's change in two parts: its metadata as values, and the lines below them.
import type { Hunk } from "../api/types.ts";
import { compare_values, value_text, type ValueChange } from "./values.ts";

export interface CardText {
  /** The metadata's own text; "" when there are none. */
  yaml: string;
  /** Lines of the file that they take, with the lines of dashes around them. */
  lines: number;
}

export function split_card(text: string): CardText {
  const lines = text.replace(/^\ufeff/, "").split("\n").map((line) => line.trimEnd());
  const end = lines[0] === "---" ? lines.findIndex((line, index) => index > 0 && (line === "---" || line === "...")) : -1;
  return end < 0 ? { yaml: "", lines: 0 } : { yaml: lines.slice(1, end).join("\n"), lines: end + 1 };
}

const is_list_of_words = (value: unknown): value is string[] => Array.isArray(value) && value.every((item) => typeof item === "string");
const words = (value: unknown) => (is_list_of_words(value) ? value.join(", ") : value_text(value));

/** Lists of words, such as languages and tags, are one value, whatever their order. */
export function card_changes(before: Record<string, unknown>, after: Record<string, unknown>): ValueChange[] {
  const out: ValueChange[] = [];
  for (const key of new Set([...Object.keys(after), ...Object.keys(before)])) {
    const [was, is] = [before[key], after[key]];
    if (was === undefined) out.push({ path: key, kind: "added", after: words(is) });
    else if (is === undefined) out.push({ path: key, kind: "removed", before: words(was) });
    else if (is_list_of_words(was) && is_list_of_words(is)) {
      if (words([...was].sort()) !== words([...is].sort())) out.push({ path: key, kind: "changed", before: words(was), after: words(is) });
    } else out.push(...compare_values(was, is, key));
  }
  return out;
}

/** The hunks without the lines of the metadata. */
export function words_alone(hunks: readonly Hunk[], before: CardText, after: CardText): Hunk[] {
  return hunks.flatMap((hunk) => {
    let old_no = hunk.oldStart;
    let new_no = hunk.newStart;
    let cut = 0;
    hunk.lines.forEach((line, index) => {
      const inside = (line.type !== "add" && old_no <= before.lines) || (line.type !== "delete" && new_no <= after.lines);
      if (inside) cut = index + 1;
      if (line.type !== "add") old_no++;
      if (line.type !== "delete") new_no++;
    });
    const lines = hunk.lines.slice(cut);
    if (lines.every((line) => line.type === "context")) return [];
    const gone = hunk.lines.slice(0, cut);
    const old_lines = gone.filter((line) => line.type !== "add").length;
    const new_lines = gone.filter((line) => line.type !== "delete").length;
    return { oldStart: hunk.oldStart + old_lines, oldLines: hunk.oldLines - old_lines, newStart: hunk.newStart + new_lines, newLines: hunk.newLines - new_lines, lines };
  });
}
