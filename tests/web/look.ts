// Pages as people meet them: no error in the console, no request to another origin, nothing wider than
// the window, one heading of the first level, no violation that axe knows. With WEB_SCREENSHOTS a
// picture of each is kept there.
import { test } from "node:test";
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { axe_source, type Hub, type Page } from "./hub.ts";

export type Shown = [name: string, who: string | null, address: string];
const pictures = process.env.WEB_SCREENSHOTS;

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe_source);
  return page.evaluate(async () => {
    const axe = (globalThis as unknown as { axe: { run: (options: object) => Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } }).axe;
    const found = await axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] });
    return found.violations.map((entry) => `${entry.id}: ${entry.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" | ")}`);
  });
}

/** Nothing, or by how much the page is wider and what sticks out, the innermost first. */
function wider_than_the_window(): string[] {
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth <= clientWidth) return [];
  const out = [...document.querySelectorAll("main *, header *, footer *")].filter((element) => element.getBoundingClientRect().right > clientWidth + 0.5 || element.getBoundingClientRect().left < -0.5);
  return [`wider than the window by ${scrollWidth - clientWidth} px`, ...out.reverse().slice(0, 5).map((element) => element.outerHTML.slice(0, 160))];
}

/** A test per size and theme, a part of it per page. */
export function look_at(hub: Hub, pages: readonly Shown[], sizes: readonly [width: number, theme: "light" | "dark"][]) {
  for (const [width, theme] of sizes)
    test(`pages, ${width} px, ${theme}`, async (t) => {
      const names = [...new Set(pages.map(([, who]) => who))];
      const browsers = new Map(await Promise.all(names.map(async (who) => [who, await hub.browser(who, { width, theme })] as const)));
      if (pictures) mkdirSync(pictures, { recursive: true });
      for (const [name, who, address] of pages)
        await t.test(name, async () => {
          const { page, troubles } = browsers.get(who)!;
          troubles.length = 0;
          await page.goto(hub.url + address, { waitUntil: "networkidle" });
          assert.deepEqual(troubles, []);
          // A chapter of the guide brings its own; a card's stands below the page's.
          assert.equal(await page.locator(name === "docs" ? "main h1" : "main h1:not(.prose h1)").count(), 1, "a page has one heading of the first level");
          assert.deepEqual(await page.evaluate(wider_than_the_window), []);
          if (pictures) await page.screenshot({ path: `${pictures}/${name}-${width}-${theme}.png`, fullPage: true });
          assert.deepEqual(await violations(page), []);
        });
      for (const { context } of browsers.values()) await context.close();
    });
}
