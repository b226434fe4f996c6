// Workbooks, read in a worker: what strangers zipped must not hold up the page.
import type { Sheet, SheetsAnswer } from "./xlsx.worker.ts";

export const workbook_bytes_max = 20e6;
const patience_ms = 30_000;

/** @throws when it is no workbook, or takes too long. */
export function read_sheets(bytes: Uint8Array): Promise<Sheet[]> {
  const worker = new Worker(new URL("./xlsx.worker.ts", import.meta.url), { type: "module" });
  return new Promise<Sheet[]>((resolve, reject) => {
    setTimeout(() => reject(new Error("Reading it takes too long.")), patience_ms);
    worker.onmessage = ({ data }: MessageEvent<SheetsAnswer>) => ("sheets" in data ? resolve(data.sheets) : reject(new Error(data.error)));
    worker.onerror = () => reject(new Error("It is no workbook that can be read here."));
    worker.postMessage(bytes.slice().buffer);
  }).finally(() => worker.terminate());
}

/** "A", "B", … "Z", "AA": as spreadsheets name columns. */
export const column_letters = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => {
    let out = "";
    for (let rest = index + 1; rest > 0; rest = Math.floor((rest - 1) / 26)) out = String.fromCharCode(65 + ((rest - 1) % 26)) + out;
    return out;
  });
