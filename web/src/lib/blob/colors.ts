import type { ColoredLine } from "./colors.worker.ts";

let worker: Worker | undefined;
let next_id = 1;
const waiting = new Map<number, (lines: ColoredLine[] | null) => void>();

/** Colors of code by line; null when its language is not known. */
export function color_lines(text: string, language: string): Promise<ColoredLine[] | null> {
  if (!worker) {
    worker = new Worker(new URL("./colors.worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<{ id: number; lines: ColoredLine[] | null }>) => {
      waiting.get(data.id)?.(data.lines);
      waiting.delete(data.id);
    };
    worker.onerror = () => {
      for (const done of waiting.values()) done(null);
      waiting.clear();
    };
  }
  const id = next_id++;
  return new Promise((resolve) => {
    waiting.set(id, resolve);
    worker!.postMessage({ id, text, language });
  });
}

const escapes: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
export const escape = (text: string) => text.replace(/[&<>"]/g, (letter) => escapes[letter]!);
export const line_html = (line: ColoredLine) =>
  line.map(([text, name]) => (name ? `<span class="hl-${name}">${escape(text)}</span>` : escape(text))).join("");
