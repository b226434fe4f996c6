// Sections of a Markdown text by their headings, with their places in it.

export interface Section {
  level: number;
  title: string;
  /** Of the heading's line. */
  start: number;
  /** After the heading's line. */
  content: number;
  /** At the next heading of the same or a higher level, or the end. */
  end: number;
}

interface Line {
  text: string;
  start: number;
  after: number;
}
function lines_of(text: string): Line[] {
  const out: Line[] = [];
  for (let start = 0; start < text.length; ) {
    const found = text.indexOf("\n", start);
    const after = found < 0 ? text.length : found + 1;
    out.push({ text: text.slice(start, after).replace(/\r?\n$/, ""), start, after });
    start = after;
  }
  return out;
}

/** Headings outside of code and comments. */
export function sections(text: string): Section[] {
  const found: Omit<Section, "end">[] = [];
  let fence = "";
  let in_comment = false;
  let before: Line | undefined;
  for (const line of lines_of(text)) {
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line.text)?.[1] ?? "";
    if (in_comment) {
      if (line.text.includes("-->")) in_comment = false;
    } else if (fence) {
      if (mark.startsWith(fence) && line.text.trim() === mark) fence = "";
    } else if (mark) fence = mark;
    else if (/^\s*<!--/.test(line.text) && !line.text.includes("-->")) in_comment = true;
    else {
      const atx = /^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$/.exec(line.text);
      const under = /^ {0,3}(=+|-{2,})[ \t]*$/.exec(line.text)?.[1];
      if (atx) found.push({ level: atx[1]!.length, title: atx[2] ?? "", start: line.start, content: line.after });
      else if (under && before && /^ {0,3}[^\s#>|*+-]/.test(before.text)) found.push({ level: under[0] === "=" ? 1 : 2, title: before.text.trim(), start: before.start, content: line.after });
    }
    before = fence || in_comment ? undefined : line;
  }
  return found.map((section, index) => ({ ...section, end: found.slice(index + 1).find((next) => next.level <= section.level)?.start ?? text.length }));
}
