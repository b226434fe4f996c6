// The guide cut at its headings: what search finds is a section, and leads to it.

export interface GuideSection {
  id: string;
  /** Address within /docs: "upload#from-python". */
  at: string;
  chapter: string;
  title: string;
  text: string;
}

/** A heading's anchor, as the hub's renderer makes it. */
export const anchor = (heading: string) =>
  heading.toLowerCase().replace(/[^\p{L}\p{N}_\- ]/gu, "").trim().replaceAll(" ", "-");

/** Words of Markdown without its marks. */
const plain = (markdown: string) =>
  markdown.replace(/^```.*$/gm, "").replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1").replace(/^\s*\|?[\s:|-]+\|?\s*$/gm, "").replace(/[*`|]|^#+ /gm, " ").replace(/\s+/g, " ").trim();

export function guide_sections(slug: string, markdown: string): GuideSection[] {
  const chapter = /^# (.+)$/m.exec(markdown)?.[1] ?? slug;
  const out: GuideSection[] = [];
  let fence = false;
  let current = { title: chapter, anchor: "", lines: [] as string[] };
  const close = () => {
    const text = plain(current.lines.join("\n"));
    if (text || current.title !== chapter) out.push({ id: `${slug}#${current.anchor}`, at: slug + (current.anchor ? "#" + current.anchor : ""), chapter, title: current.title, text });
  };
  for (const line of markdown.split("\n")) {
    if (line.startsWith("```")) fence = !fence;
    const heading = fence ? undefined : /^#{2,3} (.+)$/.exec(line)?.[1];
    if (heading !== undefined) {
      close();
      const title = plain(heading);
      current = { title, anchor: anchor(title), lines: [] };
    } else if (fence || !line.startsWith("# ")) current.lines.push(line);
  }
  close();
  return out;
}

/** How the index is made and read: the build and the page agree by this. */
export const index_options = {
  fields: ["title", "chapter", "text"],
  storeFields: ["at", "chapter", "title", "text"],
  searchOptions: { boost: { title: 3, chapter: 1.5 }, prefix: true, fuzzy: 0.2, combineWith: "AND" as const },
};

/** The part of a text around the first word that was found. */
export function excerpt(text: string, words: readonly string[], length = 160): string {
  const low = text.toLowerCase();
  const first = Math.min(...words.map((word) => low.indexOf(word.toLowerCase())).filter((at) => at >= 0), text.length);
  const from = first === text.length ? 0 : Math.max(0, first - length / 3);
  const start = from === 0 ? 0 : text.indexOf(" ", from) + 1;
  const end = text.length - start <= length ? text.length : text.lastIndexOf(" ", start + length);
  return (start > 0 ? "… " : "") + text.slice(start, end) + (end < text.length ? " …" : "");
}
