// Which part of a changed line changed: the common beginning and end are left alone.

/** [start, end) of what differs, in the old and in the new line; null when nothing stays. */
export function changed_part(before: string, after: string): { before: [number, number]; after: [number, number] } | null {
  let start = 0;
  const most = Math.min(before.length, after.length);
  while (start < most && before[start] === after[start]) start++;
  let end = 0;
  while (end < most - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end++;
  // A mark on nearly all of a line says nothing.
  if (start + end < Math.max(before.length, after.length) * 0.25) return null;
  return { before: [start, before.length - end], after: [start, after.length - end] };
}

export interface Row {
  kind: "context" | "change";
  old_no?: number;
  new_no?: number;
  old_text?: string;
  new_text?: string;
  mark?: { before: [number, number]; after: [number, number] } | null;
}
interface Line {
  type: "add" | "delete" | "context";
  text: string;
}

/** Lines of a hunk side by side: deletions face the additions that replaced them. */
export function side_by_side(lines: readonly Line[], old_start: number, new_start: number): Row[] {
  const out: Row[] = [];
  let old_no = old_start;
  let new_no = new_start;
  for (let at = 0; at < lines.length; ) {
    const line = lines[at]!;
    if (line.type === "context") {
      out.push({ kind: "context", old_no: old_no++, new_no: new_no++, old_text: line.text, new_text: line.text });
      at++;
      continue;
    }
    const deleted: string[] = [];
    const added: string[] = [];
    while (lines[at]?.type === "delete") deleted.push(lines[at++]!.text);
    while (lines[at]?.type === "add") added.push(lines[at++]!.text);
    for (let index = 0; index < Math.max(deleted.length, added.length); index++) {
      const before = deleted[index];
      const after = added[index];
      out.push({
        kind: "change",
        ...(before !== undefined ? { old_no: old_no++, old_text: before } : {}),
        ...(after !== undefined ? { new_no: new_no++, new_text: after } : {}),
        mark: before !== undefined && after !== undefined ? changed_part(before, after) : null,
      });
    }
  }
  return out;
}

export interface UnifiedLine {
  sign: " " | "+" | "−";
  old_no?: number | undefined;
  new_no?: number | undefined;
  text: string;
  mark?: [number, number] | undefined;
}

/** The same rows below each other: what went, then what came. */
export function unified(rows: readonly Row[]): UnifiedLine[] {
  const out: UnifiedLine[] = [];
  for (let index = 0; index < rows.length; ) {
    const row = rows[index]!;
    if (row.kind === "context") {
      out.push({ sign: " ", old_no: row.old_no, new_no: row.new_no, text: row.new_text ?? "" });
      index++;
      continue;
    }
    let end = index;
    while (rows[end]?.kind === "change") end++;
    const group = rows.slice(index, end);
    for (const entry of group) if (entry.old_text !== undefined) out.push({ sign: "−", old_no: entry.old_no, text: entry.old_text, mark: entry.mark?.before });
    for (const entry of group) if (entry.new_text !== undefined) out.push({ sign: "+", new_no: entry.new_no, text: entry.new_text, mark: entry.mark?.after });
    index = end;
  }
  return out;
}
