// Two tables compared row by row: rows are matched by the values of a key column, or by their place.

interface Sheet {
  header: readonly string[];
  rows: readonly (readonly string[])[];
}
export interface ColumnChange {
  name: string;
  kind: "same" | "added" | "removed";
}
export interface CellChange {
  before: string | undefined;
  after: string | undefined;
  changed: boolean;
}
export interface RowChange {
  kind: "added" | "removed" | "changed";
  /** Number of the row in the newer table, else in the older one, from 1. */
  number: number;
  cells: CellChange[];
}
export interface TableChange {
  columns: ColumnChange[];
  rows: RowChange[];
  added: number;
  removed: number;
  changed: number;
  /** Rows that are as they were, though perhaps elsewhere. */
  same: number;
}

/** Columns that can tell rows apart in both tables: filled and different in every row. */
export function key_columns(before: Sheet, after: Sheet): string[] {
  const is_key = (table: Sheet, name: string) => {
    const column = table.header.indexOf(name);
    const values = new Set<string>();
    for (const row of table.rows) {
      const value = row[column] ?? "";
      if (value === "" || values.has(value)) return false;
      values.add(value);
    }
    return column >= 0;
  };
  const found = after.header.filter((name) => is_key(after, name) && is_key(before, name));
  // Names that say so come first; the order of the columns decides among the others.
  const speaks = (name: string) => (/^(id|key|uuid|guid|index|idx)$/i.test(name) ? 2 : /(^|_|\b)(id|key|uuid|name|path|file)$/i.test(name) ? 1 : 0);
  return found.map((name, index) => ({ name, index })).sort((a, b) => speaks(b.name) - speaks(a.name) || a.index - b.index).map(({ name }) => name);
}

/** @param key  a column's name; null: rows are matched by what they say, the rest by their order. */
export function compare_tables(before: Sheet, after: Sheet, key: string | null): TableChange {
  const columns = columns_of(before.header, after.header);
  const of_before = columns.map(({ name }) => before.header.indexOf(name));
  const of_after = columns.map(({ name }) => after.header.indexOf(name));
  const pairs = key === null ? by_place(before.rows, after.rows) : by_key(before, after, key);
  const out: TableChange = { columns, rows: [], added: 0, removed: 0, changed: 0, same: 0 };
  for (const [old_at, new_at] of pairs) {
    const old_row = old_at === null ? null : before.rows[old_at];
    const new_row = new_at === null ? null : after.rows[new_at];
    const cells = columns.map((_, index): CellChange => {
      const value = (row: readonly string[] | null | undefined, column: number) => (row && column >= 0 ? (row[column] ?? "") : undefined);
      const [was, is] = [value(old_row, of_before[index]!), value(new_row, of_after[index]!)];
      return { before: was, after: is, changed: !!old_row && !!new_row && was !== is };
    });
    const kind = !old_row ? "added" : !new_row ? "removed" : "changed";
    // A column that came or went is said once, in the header.
    const differs = kind !== "changed" || cells.some((cell, index) => cell.changed && columns[index]!.kind === "same");
    if (!differs) out.same++;
    else {
      out[kind]++;
      out.rows.push({ kind, number: (new_at ?? old_at)! + 1, cells });
    }
  }
  return out;
}

/** The newer table's columns, and where they stood those that went. */
function columns_of(before: readonly string[], after: readonly string[]): ColumnChange[] {
  const out: ColumnChange[] = after.map((name) => ({ name, kind: before.includes(name) ? "same" : "added" }));
  before.forEach((name, index) => {
    if (after.includes(name)) return;
    const neighbor = before[index - 1];
    const at = out.findIndex((column) => column.name === neighbor) + 1;
    out.splice(neighbor === undefined ? 0 : at, 0, { name, kind: "removed" });
  });
  return out;
}

type Pair = [old_at: number | null, new_at: number | null];

function by_key(before: Sheet, after: Sheet, key: string): Pair[] {
  const column = (table: Sheet) => table.header.indexOf(key);
  const old_rows = new Map(before.rows.map((row, index) => [row[column(before)] ?? "", index]));
  const matched = new Set<number>();
  const pairs = after.rows.map((row, index): Pair => {
    const found = old_rows.get(row[column(after)] ?? "");
    if (found === undefined) return [null, index];
    matched.add(found);
    return [found, index];
  });
  return with_removed(pairs, before.rows.length, matched);
}

/** Equal rows are one row. What is left between them is paired in order. */
function by_place(before: Sheet["rows"], after: Sheet["rows"]): Pair[] {
  const text = (row: readonly string[]) => JSON.stringify(row);
  // Places of equal rows, the first at the end.
  const places = new Map<string, number[]>();
  for (let index = before.length - 1; index >= 0; index--) {
    const known = places.get(text(before[index]!));
    if (known) known.push(index);
    else places.set(text(before[index]!), [index]);
  }
  const matched = new Set<number>();
  const found = after.map((row) => {
    const at = places.get(text(row))?.pop() ?? null;
    if (at !== null) matched.add(at);
    return at;
  });
  const next_match: number[] = [];
  for (let index = after.length - 1, next = before.length; index >= 0; index--) {
    next_match[index] = next;
    next = found[index] ?? next;
  }
  const left = before.map((_, index) => index).filter((index) => !matched.has(index));
  let last = -1;
  let candidate = 0;
  const pairs = found.map((old_at, new_at): Pair => {
    if (old_at !== null) {
      last = Math.max(last, old_at);
      return [old_at, new_at];
    }
    while (candidate < left.length && left[candidate]! <= last) candidate++;
    const at = left[candidate];
    const until = next_match[new_at]! > last ? next_match[new_at]! : before.length;
    if (at === undefined || at >= until) return [null, new_at];
    matched.add(at);
    last = at;
    return [at, new_at];
  });
  return with_removed(pairs, before.length, matched);
}

/** Puts rows that went after the row they followed. */
function with_removed(pairs: Pair[], count: number, matched: ReadonlySet<number>): Pair[] {
  const after_row = new Map<number, number>();
  pairs.forEach(([old_at], index) => old_at !== null && after_row.set(old_at, index));
  const inserts = new Map<number, number[]>();
  let at = -1;
  for (let index = 0; index < count; index++) {
    if (matched.has(index)) at = after_row.get(index) ?? at;
    else inserts.set(at, [...(inserts.get(at) ?? []), index]);
  }
  const out: Pair[] = (inserts.get(-1) ?? []).map((index): Pair => [index, null]);
  pairs.forEach((pair, index) => {
    out.push(pair);
    for (const removed of inserts.get(index) ?? []) out.push([removed, null]);
  });
  return out;
}
