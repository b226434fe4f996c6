// Mermaid diagrams of cards, each when it comes into view: drawn in a frame document of its own
// (static/-/diagram.html), which may run its script and reach nothing. A failure leaves the code.
import { when_seen } from "../ui/in_view.ts";

const patience_ms = 20_000;
const height_max = 4000;

const is_dark = () => {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
};

function draw(block: HTMLElement, code: string): () => void {
  const frame = document.createElement("iframe");
  frame.className = "diagram pending";
  frame.title = "Diagram";
  frame.setAttribute("sandbox", "allow-scripts");
  frame.src = "/-/diagram.html";
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Source";
  button.setAttribute("aria-pressed", "false");
  button.onclick = () => button.setAttribute("aria-pressed", String(block.classList.toggle("as-source")));

  const ask = () => frame.contentWindow?.postMessage({ code, dark: is_dark() }, "*");
  function fail(reason: string) {
    stop();
    frame.remove();
    button.remove();
    block.classList.remove("drawn");
    block.title = `This diagram has an error; its source is shown. ${reason}`;
  }
  function hear({ data, source }: MessageEvent<{ ready?: boolean; height?: number; error?: string }>) {
    if (source !== frame.contentWindow) return;
    if (data.ready) ask();
    else if (data.error !== undefined) fail(data.error.split("\n")[0] ?? "");
    else if (typeof data.height === "number") {
      clearTimeout(timer);
      frame.style.height = `${Math.min(height_max, Math.max(24, data.height))}px`;
      if (block.classList.contains("drawn")) return;
      frame.classList.remove("pending");
      block.classList.add("drawn");
      block.querySelector(".code-bar")?.prepend(button);
    }
  }
  const timer = setTimeout(() => fail("It took too long."), patience_ms);
  const theme = new MutationObserver(ask);
  const system = matchMedia("(prefers-color-scheme: dark)");
  const stop = () => {
    clearTimeout(timer);
    theme.disconnect();
    system.removeEventListener("change", ask);
    removeEventListener("message", hear);
  };
  addEventListener("message", hear);
  theme.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  system.addEventListener("change", ask);
  block.prepend(frame);
  return stop;
}

/** @param blocks  what stands around each diagram's code, with its bar of buttons. */
export function draw_when_seen(blocks: { block: HTMLElement; code: string }[]): () => void {
  const stops: (() => void)[] = [];
  for (const { block, code } of blocks) stops.push(when_seen(() => stops.push(draw(block, code)))(block));
  return () => stops.forEach((stop) => stop());
}
