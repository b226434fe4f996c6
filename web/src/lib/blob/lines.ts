// Lines of text with numbers that are links: "#L10", "#L10-L20".
import { escape } from "./colors.ts";

export interface Chosen {
  from: number;
  to: number;
}

/** "#L10-L20", "#L10" as lines; null for anything else. */
export function parse_lines(hash: string): Chosen | null {
  const match = /^#L(\d+)(?:-L?(\d+))?$/.exec(hash);
  if (!match) return null;
  const from = Number(match[1]);
  const to = Number(match[2] ?? from);
  return from <= to ? { from, to } : { from: to, to: from };
}

/** A text's lines, without the empty one after the last line end. */
export function lines_of(text: string): string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/**
 * Lines [start, end) as HTML.
 * @param colored  HTML of each line, once colors are known. @param first  number of line 0.
 * @param anchors  off where several texts share a page.
 */
export function lines_html(plain: readonly string[], colored: readonly string[] | null, start: number, end: number, first = 1, anchors = true): string {
  let html = "";
  for (let index = start; index < end; index++) {
    const number = first + index;
    const line = colored?.[index] ?? escape((plain[index] ?? "").replace(/\r$/, ""));
    html += anchors
      ? `<div class="line" id="L${number}"><a class="no" href="#L${number}" data-n="${number}" aria-label="Line ${number}" tabindex="-1"></a><span>${line || "\n"}</span></div>`
      : `<div class="line"><i class="no" data-n="${number}"></i><span>${line || "\n"}</span></div>`;
  }
  return html;
}

/** Which lines a press on a number chooses, with Shift up to there; null when it was on no number. */
export function lines_pressed(event: MouseEvent, chosen: Chosen | null): Chosen | null {
  const link = (event.target as HTMLElement).closest<HTMLElement>("a.no");
  if (!link) return null;
  event.preventDefault();
  const number = Number(link.dataset.n);
  if (!event.shiftKey || !chosen) return { from: number, to: number };
  return { from: Math.min(chosen.from, number), to: Math.max(chosen.to, number) };
}
export const lines_hash = ({ from, to }: Chosen) => `#L${from}${to > from ? `-L${to}` : ""}`;

const marked_max = 5000;
/** Shows which lines are chosen. */
export function mark_lines(chosen: Chosen | null) {
  for (const line of document.querySelectorAll(".code .line.chosen")) line.classList.remove("chosen");
  if (!chosen) return;
  for (let number = chosen.from; number <= chosen.to && number - chosen.from < marked_max; number++)
    document.getElementById(`L${number}`)?.classList.add("chosen");
}
