// CSV and TSV as RFC 4180 has them, and what people write: problems are named, rows are kept.

export interface Table {
  header: string[];
  rows: string[][];
  /** What is odd, by line of the file. */
  problems: string[];
  /** The last row was cut by the end of what was read. */
  cut: boolean;
}

/** @param whole  false when `text` is only a file's beginning: its last row may be half of one. */
export function parse_csv(text: string, separator: "," | "\t" | ";", whole: boolean): Table {
  const rows: string[][] = [];
  const problems: string[] = [];
  let row: string[] = [];
  let cell = "";
  let quoted = false;
  let line = 1;
  let opened_at = 1;
  const start_of_row: number[] = [1];
  const end_cell = () => {
    row.push(cell);
    cell = "";
  };
  const end_row = () => {
    end_cell();
    if (row.length > 1 || row[0] !== "") rows.push(row);
    else start_of_row.pop();
    row = [];
    start_of_row.push(line);
  };
  for (let at = text.charCodeAt(0) === 0xfeff ? 1 : 0; at < text.length; at++) {
    const letter = text[at]!;
    if (letter === "\n") line++;
    if (quoted) {
      if (letter !== '"') cell += letter;
      else if (text[at + 1] === '"') {
        cell += '"';
        at++;
      } else quoted = false;
      continue;
    }
    if (letter === '"') {
      if (cell === "") {
        quoted = true;
        opened_at = line;
      } else {
        if (problems.length < 20) problems.push(`Line ${line}: a quotation mark inside a value that is not quoted`);
        cell += letter;
      }
    } else if (letter === separator) end_cell();
    else if (letter === "\n") end_row();
    else if (letter !== "\r") cell += letter;
  }
  const rest = cell !== "" || row.length > 0;
  if (quoted && whole) problems.push(`Line ${opened_at}: a quotation mark is never closed`);
  if (rest && whole) end_row();
  const header = rows.shift() ?? [];
  rows.forEach((cells, index) => {
    if (cells.length !== header.length && problems.length < 20)
      problems.push(`Line ${start_of_row[index + 1]}: ${cells.length} values, the header has ${header.length}`);
  });
  return { header, rows, problems, cut: rest && !whole };
}

/** The separator that a first line speaks for. */
export function guess_separator(text: string): "," | "\t" | ";" {
  const line = text.slice(0, text.indexOf("\n") + 1 || text.length);
  const counts = ([",", "\t", ";"] as const).map((letter) => [line.split(letter).length, letter] as const);
  return counts.reduce((best, next) => (next[0] > best[0] ? next : best))[1];
}

/** What a column seems to hold. */
export function column_type(values: readonly string[]): string {
  const filled = values.filter((value) => value !== "");
  if (filled.length === 0) return "empty";
  const all = (pattern: RegExp) => filled.every((value) => pattern.test(value));
  if (all(/^[+-]?\d{1,15}$/)) return "integer";
  if (all(/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/)) return "number";
  if (all(/^(true|false)$/i)) return "boolean";
  if (all(/^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?$/)) return "date";
  const distinct = new Set(filled).size;
  return distinct <= 12 && distinct * 4 < filled.length ? `category, ${distinct}` : "text";
}

/** Lines of JSON as a table: keys are columns in the order of their first appearance. */
export function parse_jsonl(text: string, whole: boolean): Table {
  const lines = text.split("\n");
  const cut = !whole && lines.pop() !== "";
  const header: string[] = [];
  const parsed: Record<string, unknown>[] = [];
  const problems: string[] = [];
  lines.forEach((line, index) => {
    if (!line.trim()) return;
    try {
      const value: unknown = JSON.parse(line);
      const record = typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : { value };
      for (const key of Object.keys(record)) if (!header.includes(key) && header.length < 200) header.push(key);
      parsed.push(record);
    } catch {
      if (problems.length < 20) problems.push(`Line ${index + 1} is no JSON`);
    }
  });
  const text_of = (value: unknown) => (value === undefined || value === null ? "" : typeof value === "string" ? value : JSON.stringify(value));
  return { header, rows: parsed.map((record) => header.map((key) => text_of(record[key]))), problems, cut };
}

/** A file of rows, read as its name says. @param whole  as for `parse_csv`. */
export const read_table = (text: string, path: string, whole: boolean): Table =>
  /\.(jsonl|ndjson)$/i.test(path) ? parse_jsonl(text, whole) : parse_csv(text, /\.tsv$/i.test(path) ? "\t" : guess_separator(text), whole);
