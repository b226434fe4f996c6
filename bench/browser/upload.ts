// Row pe: a folder through the browser, with a reload in the middle; the longest time that the main
// thread was not free. Arguments: hub, repository, folder, name, password.
import { tell, with_page } from "./browser.ts";

const [hub, repo, folder, name, password] = process.argv.slice(2) as [string, string, string, string, string];
const whole_ms = 4 * 3600_000; // However slow the machine is.

await with_page(hub, name, password, async (page) => {
  page.setDefaultTimeout(whole_ms);
  await page.addInitScript(() => {
    const blocks: number[] = ((window as unknown as { blocks: number[] }).blocks = []);
    // Chromium tells of what takes 50 ms and more.
    new PerformanceObserver((list) => blocks.push(...list.getEntries().map((entry) => entry.duration))).observe({ type: "longtask", buffered: true });
  });
  const blocks = () => page.evaluate(() => (window as unknown as { blocks: number[] }).blocks);
  const choose = () => page.locator("input[webkitdirectory]").setInputFiles(folder);
  page.on("dialog", (dialog) => void dialog.accept()); // "Leave this page?"
  const sent: string[] = [];
  page.context().on("request", (request) => {
    if (request.method() === "POST" && request.url().includes("/xorbs/")) sent.push(new URL(request.url()).pathname);
  });

  await page.goto(`${hub}/${repo}/upload/main`, { waitUntil: "networkidle" });
  const begun = Date.now();
  await choose();
  await page.getByRole("button", { name: /^Upload \d/ }).click();
  const planned_ms = Date.now() - begun;
  // A third of the way: the part that the reload must not lose.
  await page.waitForFunction(() => Number(document.querySelector('[role="progressbar"][aria-label="Upload"]')?.getAttribute("aria-valuenow")) >= 33);
  await page.waitForTimeout(1500); // The plan is kept once a second.
  const before = await blocks();
  const sent_before = sent.length;
  await page.reload({ waitUntil: "load" });
  await page.getByText("Choose the folder again to continue").waitFor();
  await choose();
  await page.getByText("Uploaded and saved").waitFor();
  const seconds = (Date.now() - begun) / 1000;
  const after = await blocks();
  const first = new Set(sent.slice(0, sent_before));
  tell({
    planned_ms, seconds, before, after,
    xorbs: new Set(sent).size, sent_before,
    sent_again: sent.slice(sent_before).filter((path) => first.has(path)).length,
  });
});
