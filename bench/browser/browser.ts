// What the rows with a browser share: Debian's Chromium, driven as the tests of the web app drive it.
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

const require = createRequire(join(resolve(import.meta.dirname, "../.."), "web/"));
const { chromium } = require("playwright-core") as typeof import("../../web/node_modules/playwright-core");
export type Page = import("../../web/node_modules/playwright-core").Page;

/** One page at 1440 by 900, signed in when there is a password. */
export async function with_page<T>(hub: string, name: string, password: string, run: (page: Page) => Promise<T>): Promise<T> {
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] });
  try {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    if (password) {
      const answer = await context.request.post(`${hub}/api/-/v1/session`, { data: { name, password } });
      if (!answer.ok()) throw new Error(`cannot sign in: ${answer.status()}`);
    }
    return await run(await context.newPage());
  } finally {
    await browser.close();
  }
}

/** A row's figures, for the program that asked. */
export const tell = (figures: Record<string, unknown>) => console.log(JSON.stringify(figures));
