// Cells of a sheet as text, and no more of them than a page can hold.
export type Cell = string | number | boolean | Date | null | undefined;

const rows_max = 10_000;
const columns_max = 500;

function text_of(cell: Cell): string {
  if (cell === null || cell === undefined) return "";
  if (!(cell instanceof Date)) return String(cell);
  if (Number.isNaN(cell.getTime())) return "";
  // Spreadsheets know no time zone: what was typed comes as UTC.
  return cell.toISOString().replace("T", " ").replace(/ 00:00:00\.000Z$|\.\d+Z$/, "");
}

export function rows_of(cells: readonly (readonly Cell[])[]): { rows: string[][]; columns: number; more_rows: number } {
  const rows = cells.slice(0, rows_max).map((row) => row.slice(0, columns_max).map(text_of));
  return { rows, columns: rows.reduce((most, row) => Math.max(most, row.length), 0), more_rows: cells.length - rows.length };
}
