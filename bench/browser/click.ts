// Row pd: from a click to the painted next page, in the browser's own clock. Arguments: hub, repository, rounds.
import { tell, with_page, type Page } from "./browser.ts";

const [hub, repo, rounds] = [process.argv[2]!, process.argv[3]!, Number(process.argv[4])];
/** What is clicked, and what stands on the next page alone. */
const steps = [
  { name: "list to model", link: `.rows a[href="/${repo}"]`, shown: "article.prose h1" },
  { name: "model to files", link: `nav a[href="/${repo}/tree/main"]`, shown: ".files a.name" },
  { name: "files to file", link: `.files a[href="/${repo}/blob/main/part-00.py"]`, shown: '.code[dir="ltr"]' },
  { name: "file to history", link: `nav a[href="/${repo}/commits/main"]`, shown: "ol.rows" },
  { name: "history to list", link: 'header a[href="/models"]', shown: ".rows [role=row] a" },
];

/** @return milliseconds between the click and the frame that shows the next page. */
async function click(page: Page, { link, shown }: (typeof steps)[number]): Promise<number> {
  if ((await page.locator(shown).count()) > 0) throw new Error(`${shown} is there before the click`);
  await page.evaluate((shown) => {
    const told = (window as unknown as { told: Promise<number> });
    told.told = new Promise((done) => {
      let clicked = 0;
      addEventListener("click", (event) => (clicked = event.timeStamp), { capture: true, once: true });
      const observer = new MutationObserver(() => {
        if (!document.querySelector(shown)) return;
        observer.disconnect();
        // The task after a frame's callbacks begins when the frame is painted.
        requestAnimationFrame(() => {
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = () => done(performance.now() - clicked);
          port2.postMessage(0);
        });
      });
      observer.observe(document.body, { childList: true, subtree: true });
    });
  }, shown);
  await page.locator(link).first().click();
  return page.evaluate(() => (window as unknown as { told: Promise<number> }).told);
}

await with_page(hub, "", "", async (page) => {
  await page.goto(`${hub}/models`, { waitUntil: "networkidle" });
  const found: Record<string, number[]> = Object.fromEntries(steps.map((step) => [step.name, []]));
  for (let round = 0; round <= rounds; round++)
    for (const step of steps) {
      const took = await click(page, step);
      if (round > 0) found[step.name]!.push(took); // The first round fetches the app's parts.
      await page.waitForLoadState("networkidle");
    }
  tell(found);
});
