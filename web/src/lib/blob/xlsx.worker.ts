import readXlsxFile from "read-excel-file/web-worker";
import { bytes as size_text } from "../format.ts";
import { rows_of, type Cell } from "./xlsx_rows.ts";
import { unpacked_bytes } from "./zip.ts";

export interface Sheet {
  name: string;
  rows: string[][];
  columns: number;
  /** Rows that are left out. */
  more_rows: number;
}
export type SheetsAnswer = { sheets: Sheet[] } | { error: string };

const sheets_max = 50;
// A workbook of 20 MB has some 200 MB of XML; a bomb has gigabytes.
const unpacked_bytes_max = 400e6;
class TooLong extends Error {}

async function read(bytes: ArrayBuffer): Promise<Sheet[]> {
  const unpacked = await unpacked_bytes(new Uint8Array(bytes));
  if (unpacked > unpacked_bytes_max) throw new TooLong(`It unpacks to ${size_text(unpacked)}, and is shown up to ${size_text(unpacked_bytes_max)}.`);
  const sheets = await readXlsxFile(bytes, { trim: false });
  return sheets.slice(0, sheets_max).map(({ sheet, data }) => ({ name: sheet, ...rows_of(data as unknown as Cell[][]) }));
}

onmessage = async ({ data }: MessageEvent<ArrayBuffer>) => {
  let answer: SheetsAnswer;
  try {
    answer = { sheets: await read(data) };
  } catch (error) {
    answer = { error: error instanceof TooLong ? error.message : "It is no workbook that can be read here." };
  }
  postMessage(answer);
};
