// Lighthouse over a page of each kind, as a phone sees it: ./test lighthouse. What depends on the code
// alone must reach the goal; performance is a matter of the clock, so it is printed here and measured
// in bench/ (row pb).
//   audit.ts [--json] [--runs=N] [--pages=model,list]
import { rmSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { launch } from "chrome-launcher";
import lighthouse from "lighthouse";
import { card, Hub } from "../web/hub.ts";

const goal = 95;
const judged = ["accessibility", "best-practices", "seo"] as const;
const categories = ["performance", ...judged] as const;
type Scores = Record<(typeof categories)[number], number | null>;

const pages = [
  { page: "home", path: "/", is_public: true },
  { page: "list", path: "/models", is_public: true },
  { page: "model", path: "/ada/router", is_public: true },
  { page: "files", path: "/ada/router/tree/main", is_public: true },
  { page: "file", path: "/ada/router/blob/main/eval/run.py", is_public: true },
  { page: "person", path: "/ada", is_public: true },
  { page: "guide", path: "/docs", is_public: true },
  { page: "account", path: "/settings/tokens", is_public: false },
];

const { values: given } = parseArgs({ options: { json: { type: "boolean" }, runs: { type: "string" }, pages: { type: "string" } } });
const runs = Number(given.runs ?? 1);
const wanted = pages.filter(({ page }) => !given.pages || given.pages.split(",").includes(page));

async function filled(): Promise<Hub> {
  const hub = await new Hub().start();
  hub.people();
  const code = Array.from({ length: 120 }, (_, line) => `def score_${line}(text: str) -> float:\n    return ${line} / len(text)\n`).join("\n");
  await hub.repository("model", "ada/router", "ada", { "README.md": card, "eval/run.py": code, "config.json": "{}", "notes.txt": "x" });
  for (let number = 0; number < 40; number++)
    await hub.repository("model", `ada/other-${number}`, "ada", { "README.md": `---\nlicense: mit\npipeline_tag: text-generation\nlanguage: [en, de]\n---\n# Other ${number}\n` });
  return hub;
}

const median = (values: (number | null)[]) => {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b);
  return known[Math.floor(known.length / 2)] ?? null;
};

/** Scores of 100 and what fell short, of one look. */
async function look(url: string, port: number, cookie: string | undefined) {
  const found = await lighthouse(url, {
    port, logLevel: "error", locale: "en-US", onlyCategories: [...categories], disableFullPageScreenshot: true,
    ...(cookie ? { extraHeaders: { Cookie: cookie } } : {}),
  });
  if (!found || found.lhr.runtimeError) throw new Error(`${url}: ${found?.lhr.runtimeError?.message ?? "no answer"}`);
  const { lhr } = found;
  const scores = Object.fromEntries(categories.map((name) => [name, lhr.categories[name]?.score == null ? null : Math.round(lhr.categories[name].score * 100)])) as Scores;
  const short = Object.fromEntries(judged.map((name) => [name, (lhr.categories[name]?.auditRefs ?? [])
    .filter(({ id, weight }) => weight > 0 && (lhr.audits[id]?.score ?? 1) < 0.9)
    .map(({ id }) => `${id}: ${lhr.audits[id]?.title ?? ""}`)]));
  return { scores, short };
}

const hub = await filled();
const profile = mkdtempSync(join(tmpdir(), "cairn-lighthouse-"));
const chrome = await launch({
  chromePath: "/usr/bin/chromium", userDataDir: profile,
  chromeFlags: ["--headless=new", "--no-first-run", ...(process.getuid?.() === 0 ? ["--no-sandbox"] : [])],
});
const rows: ({ page: string } & Scores)[] = [];
const problems: string[] = [];
try {
  const cookie = (await hub.cookies("ada")).map(({ name, value }) => `${name}=${value}`).join("; ");
  for (const { page, path, is_public } of wanted) {
    const looks = [];
    for (let run = 0; run < runs; run++) looks.push(await look(hub.url + path, chrome.port, is_public ? undefined : cookie));
    const scores = Object.fromEntries(categories.map((name) => [name, median(looks.map((one) => one.scores[name]))])) as Scores;
    rows.push({ page, ...scores });
    for (const name of judged)
      if ((name !== "seo" || is_public) && (scores[name] ?? 0) < goal) problems.push(`${page}: ${name} ${scores[name] ?? "–"}: ${looks[0]!.short[name]!.join("; ")}`);
  }
} finally {
  chrome.kill();
  await hub.stop();
  rmSync(profile, { recursive: true, force: true });
}

if (given.json) console.log(JSON.stringify(rows));
else {
  console.log(["page", ...categories].map((name) => name.padEnd(16)).join(""));
  for (const row of rows) console.log([row.page, ...categories.map((name) => row[name] ?? "–")].map((cell) => String(cell).padEnd(16)).join(""));
  for (const line of problems) console.log(`under ${goal}: ${line}`);
}
process.exit(problems.length > 0 ? 1 : 0);
