// In a frame that may reach nothing: draws a stranger's diagram for the page around it.
// Gets { code, dark }, answers { ready }, { height } or { error }.
const tell = (message) => parent.postMessage(message, "*");
let number = 0;

addEventListener("message", async ({ data, source }) => {
  if (source !== parent || typeof data?.code !== "string") return;
  const own = ++number;
  document.documentElement.style.colorScheme = data.dark ? "dark" : "light";
  globalThis.mermaid.initialize({ startOnLoad: false, securityLevel: "strict", look: "classic", theme: data.dark ? "dark" : "default", fontFamily: "system-ui, sans-serif", suppressErrorRendering: true });
  try {
    const { svg } = await globalThis.mermaid.render(`diagram-${own}`, data.code);
    if (own !== number) return;
    document.body.innerHTML = svg;
    tell({ height: Math.ceil(document.body.getBoundingClientRect().height) });
  } catch (error) {
    tell({ error: String(error?.message ?? error) });
  }
});
new ResizeObserver(() => {
  if (document.body.firstElementChild) tell({ height: Math.ceil(document.body.getBoundingClientRect().height) });
}).observe(document.documentElement);
tell({ ready: true });
