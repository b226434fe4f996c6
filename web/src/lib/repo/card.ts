// What the app adds to rendered content: copying and wrapping code, scrolling tables, pictures of
// other hosts on request. The content itself comes from the server as it may be shown.
import type { RepoInfo } from "../api/types.ts";
import { copy } from "../ui/CopyButton.svelte";
import { announce } from "../state.svelte.ts";

function add_code_buttons(pre: HTMLPreElement) {
  const bar = document.createElement("div");
  bar.className = "code-bar no-print";
  const language = /language-([\w+#-]+)/.exec(pre.querySelector("code")?.className ?? "")?.[1];
  if (language) {
    const name = document.createElement("span");
    name.textContent = language;
    bar.append(name);
  }
  const wrap = document.createElement("button");
  wrap.type = "button";
  wrap.textContent = "Wrap";
  wrap.setAttribute("aria-pressed", "false");
  wrap.onclick = () => wrap.setAttribute("aria-pressed", String(pre.classList.toggle("wrapped")));
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.onclick = async () => {
    if (!(await copy(pre.textContent))) return;
    button.textContent = "Copied";
    announce("Copied");
    setTimeout(() => (button.textContent = "Copy"), 1600);
  };
  // Wrapping helps only where a line is cut.
  if (pre.scrollWidth > pre.clientWidth + 1) bar.append(wrap);
  bar.append(button);
  const frame = document.createElement("div");
  frame.className = "code-frame";
  pre.replaceWith(frame);
  pre.tabIndex = 0;
  frame.append(pre, bar);
}

function make_scrollable(table: HTMLTableElement) {
  if (table.closest(".table-scroll")) return;
  const region = document.createElement("div");
  region.className = "table-scroll";
  table.replaceWith(region);
  region.append(table);
  if (region.scrollWidth <= region.clientWidth) return;
  region.tabIndex = 0;
  region.setAttribute("role", "region");
  region.setAttribute("aria-label", table.caption?.textContent || "Table");
}

/** Formulas, each when it comes into view; one that is wrong keeps its source. */
function typeset_when_seen(formulas: HTMLElement[]): () => void {
  const typeset = async (element: HTMLElement) => {
    const source = element.dataset.tex ?? "";
    try {
      const { default: katex } = await import("katex");
      // MathML alone: the browser draws it, screen readers read it, and no style sheet is needed.
      element.innerHTML = katex.renderToString(source, { displayMode: element.classList.contains("display"), output: "mathml", throwOnError: true, trust: false, maxExpand: 200 });
      element.title = source;
    } catch {
      element.classList.add("math-error");
      element.title = "This formula has an error; its source is shown.";
    }
  };
  const observer = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      observer.unobserve(entry.target);
      void typeset(entry.target as HTMLElement);
    }
  });
  for (const formula of formulas) observer.observe(formula);
  return () => observer.disconnect();
}

/** An attachment for the element that holds rendered content. */
export function enhance(element: HTMLElement) {
  for (const pre of element.querySelectorAll("pre")) add_code_buttons(pre);
  for (const table of element.querySelectorAll("table")) make_scrollable(table);
  const stops: (() => void)[] = [];
  const math = [...element.querySelectorAll<HTMLElement>(".math[data-tex]")];
  if (math.length > 0) stops.push(typeset_when_seen(math));
  const diagrams = [...element.querySelectorAll<HTMLElement>(".code-frame > pre > code.language-mermaid")].map((code) => ({
    block: code.closest<HTMLElement>(".code-frame")!,
    code: code.textContent,
  }));
  let here = true;
  if (diagrams.length > 0) void import("./diagrams.ts").then(({ draw_when_seen }) => here && stops.push(draw_when_seen(diagrams)));
  return () => {
    here = false;
    stops.forEach((stop) => stop());
  };
}

/** Says what language the text is in; the card's metadata helps to tell. After `enhance`, which changes no words. */
export const in_language = (info: Pick<RepoInfo, "cardData">) => (article: HTMLElement) => {
  const html = article.innerHTML;
  void import("./language.ts").then(({ written_language }) => {
    const found = written_language(info.cardData, html);
    if (found) article.lang = found;
  });
};

export interface Heading {
  id: string;
  text: string;
  level: number;
}
/** The headings of a card, for its list of contents. */
export function headings(html: string): Heading[] {
  const content = new DOMParser().parseFromString(html, "text/html");
  return [...content.querySelectorAll<HTMLElement>("h1[id], h2[id], h3[id]")].map((heading) => {
    heading.querySelectorAll(".anchor").forEach((anchor) => anchor.remove());
    return { id: heading.id, text: heading.textContent.trim(), level: Number(heading.tagName[1]) };
  });
}
