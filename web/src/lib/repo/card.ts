// What the app adds to rendered content: copying and wrapping code, scrolling tables, pictures of
// other hosts on request. The content itself comes from the server as it may be shown.
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

/** An attachment for the element that holds rendered content. */
export function enhance(element: HTMLElement) {
  for (const pre of element.querySelectorAll("pre")) add_code_buttons(pre);
  for (const table of element.querySelectorAll("table")) make_scrollable(table);
}

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
