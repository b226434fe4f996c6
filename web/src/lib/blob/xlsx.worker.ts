import readXlsxFile from "read-excel-file/web-worker";
import { rows_of, type Cell } from "./xlsx_rows.ts";

export interface Sheet {
  name: string;
  rows: string[][];
  columns: number;
  /** Rows that are left out. */
  more_rows: number;
}
export type SheetsAnswer = { sheets: Sheet[] } | { error: string };

const sheets_max = 50;

async function read(bytes: ArrayBuffer): Promise<Sheet[]> {
  const sheets = await readXlsxFile(bytes, { trim: false });
  return sheets.slice(0, sheets_max).map(({ sheet, data }) => ({ name: sheet, ...rows_of(data as unknown as Cell[][]) }));
}

onmessage = async ({ data }: MessageEvent<ArrayBuffer>) => {
  let answer: SheetsAnswer;
  try {
    answer = { sheets: await read(data) };
  } catch {
    answer = { error: "It is no workbook that can be read here." };
  }
  postMessage(answer);
};
