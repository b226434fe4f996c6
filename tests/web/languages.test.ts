// The longest names that the hub takes, texts in German, Japanese, Chinese and Arabic, and a folder of
// 10 000 files: nothing is cut that matters, nothing widens a page, and the end of the folder is found.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { Hub } from "./hub.ts";
import { look_at, type Shown } from "./look.ts";

const hub = new Hub();
const office = "Bundesamt-fuer-Rindfleischetikettierung.42"; // 42 letters, as many as an owner may have.
const law = ("Rindfleischetikettierungsueberwachungsaufgabenuebertragungsgesetz".repeat(2)).slice(0, 96);
const long = `${office}/${law}`;
const long_file = "Verordnungen/Grundstuecksverkehrsgenehmigungszustaendigkeitsuebertragungsverordnung_" + "a".repeat(120) + ".txt";
const long_branch = "entwurf/" + "Verkehrsinfrastrukturfinanzierungsgesellschaft".repeat(3);
const german = `---
license: other
license_name: Nutzungsbedingungen-der-Donaudampfschifffahrtselektrizitaetenhauptbetriebswerkbauunterbeamtengesellschaft
language: [de, en, fr, es, it, pt, nl, pl, cs, sv]
pipeline_tag: text-classification
tags: [Rechtsschutzversicherungsgesellschaften, ${"x".repeat(90)}]
---
# Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft und ihre Satzung

Ordnet Anträge der Kraftfahrzeughaftpflichtversicherung zu; https://beispiel.example/${"sehr-lang-".repeat(20)}

## Geschwindigkeitsbegrenzungsüberwachung

| Zuständigkeit | Beschreibung der Aufgabenübertragung | Wert |
|---|---|---:|
| Arbeiterunfallversicherungsgesetz | ${"Rechtsschutzversicherungsgesellschaften ".repeat(6)} | 0,93 |

## Einschränkungen

- ${"Unaussprechlichkeitsvermutungswiderlegung".repeat(6)}

## Quellen

\`\`\`python
satz = "${"Wort".repeat(80)}"
\`\`\`
`;
const japanese = `---
language: ja
license: apache-2.0
pipeline_tag: image-classification
---
# 手書き漢字認識モデル

このモデルは手書きの漢字を読み取り、読み方と意味を返します。学校や図書館での利用を想定していますが、古い書体には対応していません。

## 使い方

「訓練データ」フォルダーにある画像を使って、追加の学習ができます。

## 制限

一画の漢字は間違えやすいです。

## 連絡先

伊藤
`;
const arabic = `---
language: ar
license: cc-by-4.0
task_categories: [translation]
pretty_name: مجموعة الجمل العربية
---
# مجموعة الجمل العربية

جمل قصيرة باللغة العربية مع ترجمتها إلى English، جُمعت من مصادر مفتوحة بين عامي 2020 و2024.

## الاستخدام

- حمّل الملف \`data/rows.csv\` ثم اقرأ العمود الأول.
- راجع قسم **القيود** قبل النشر.

> [!NOTE]
> لا تحتوي هذه المجموعة على بيانات شخصية.

## القيود

اللهجات قليلة.

## التواصل

اكتب إلى الفريق.
`;

before(async () => {
  await hub.start();
  hub.people();
  await hub.api("POST", "/api/-/v1/organizations", "ada", { name: office, fullname: "Bundesamt für die Überwachung der Rindfleischetikettierung und der Verkehrsinfrastrukturfinanzierungsgesellschaften" });
  await hub.repository("model", long, "ada", { "README.md": german, [long_file]: "Inhalt\n".repeat(50), "config.json": "{}" });
  await hub.commit("model", long, "ada", { [long_file]: "Neuer Inhalt\n" }, `Ändere die ${"Grundstücksverkehrsgenehmigungszuständigkeit".repeat(4)}`);
  await hub.api("POST", `/api/models/${long}/branch/${encodeURIComponent(long_branch)}`, "ada", {});
  await hub.repository("model", "jun/kanji-ocr", "jun", { "README.md": japanese, "訓練データ/手書きの画像についての非常に長い説明書きファイル名前.txt": "漢字を読みます。\n", "評価/結果.csv": "漢字,読み,正解率\n手,て,0.98\n書,しょ,0.91\n" });
  await hub.commit("model", "jun/kanji-ocr", "jun", { "評価/結果.csv": "漢字,読み,正解率\n手,て,0.99\n書,しょ,0.91\n" }, "「手」の正解率を最新の評価結果に合わせて修正しました");
  await hub.repository("dataset", "grace/arabic-sentences", "grace", { "README.md": arabic, "data/rows.csv": "عربي,English\nصباح الخير,Good morning\nشكرا جزيلا,Thank you\n" });
  await hub.commit("dataset", "grace/arabic-sentences", "grace", { "data/rows.csv": "عربي,English\nصباح النور,Good morning\nشكرا جزيلا,Thank you\n" }, "تصحيح ترجمة السطر الأول");
  await hub.repository("dataset", "ada/many", "ada", Object.fromEntries(Array.from({ length: 10_000 }, (_, number) => [`data/part-${String(number).padStart(5, "0")}.txt`, String(number)])));
});
after(() => hub.stop());

const kanji = "/jun/kanji-ocr";
const sentences = "/datasets/grace/arabic-sentences";
const at_long = (verb: string, path = "") => `/${long}/${verb}${path ? "/" + path.split("/").map(encodeURIComponent).join("/") : ""}`;
const pages: Shown[] = [
  ["long-home", "ada", "/"], ["long-models", null, "/models"], ["long-organization", "ada", `/${office}`], ["long-repository", "ada", `/${long}`],
  ["long-tree", "ada", at_long("tree/main")], ["long-folder", null, at_long("tree/main", "Verordnungen")], ["long-file", "ada", at_long("blob/main", long_file)],
  ["long-branch", null, at_long(`tree/${encodeURIComponent(long_branch)}`)], ["long-history", "ada", at_long("commits/main")], ["long-commit", "ada", at_long("commit/main")],
  ["long-settings", "ada", at_long("settings")], ["long-edit", "ada", at_long("edit/main", long_file)], ["long-upload", "ada", at_long("upload/main")],
  ["ja-repository", null, kanji], ["ja-tree", null, `${kanji}/tree/main`], ["ja-file", null, `${kanji}/blob/main/${encodeURIComponent("評価")}/${encodeURIComponent("結果.csv")}`], ["ja-commit", null, `${kanji}/commit/main`],
  ["ar-repository", null, sentences], ["ar-file", null, `${sentences}/blob/main/data/rows.csv`], ["ar-history", null, `${sentences}/commits/main`], ["ar-commit", null, `${sentences}/commit/main`],
  ["many-tree", null, "/datasets/ada/many/tree/main/data"],
];
look_at(hub, pages, [[390, "light"], [1440, "dark"]]);

test("a card says what language it is in, to screen readers and for its glyphs", async () => {
  const { page, context } = await hub.browser(null);
  for (const [address, lang] of [[kanji, "ja"], [`${kanji}/blob/main/README.md`, "ja"], [`${sentences}/tree/main`, "ar"]] as const) {
    await page.goto(hub.url + address, { waitUntil: "networkidle" });
    await page.locator(`article.prose[lang="${lang}"]`).waitFor();
  }
  // Its metadata names ten languages in Latin letters; the text alone cannot tell which of them it is.
  await page.goto(`${hub.url}/${long}`, { waitUntil: "networkidle" });
  assert.equal(await page.locator("article.prose").getAttribute("lang"), null);
  await context.close();
});

test("ten thousand files are there for who scrolls on, and what stands last is found", async (t) => {
  const { page, troubles, context } = await hub.browser(null);
  await page.addInitScript(() => {
    const blocks: number[] = ((window as unknown as { blocks: number[] }).blocks = []);
    new PerformanceObserver((list) => blocks.push(...list.getEntries().map((entry) => entry.duration))).observe({ type: "longtask" });
  });
  await page.goto(hub.url + "/datasets/ada/many/tree/main/data", { waitUntil: "networkidle" });
  assert.equal(await page.getByText("part-09999.txt").count(), 0);
  await page.getByRole("button", { name: "Show more" }).scrollIntoViewIfNeeded();
  await page.getByText("10,000 entries").waitFor({ state: "attached", timeout: 60_000 });
  // What a row is drawn from is there, laid out or not: the browser's own search finds it.
  assert.ok(await page.evaluate(() => (window as unknown as { find(text: string): boolean }).find("part-09999")));
  await page.evaluate(() => ((window as unknown as { blocks: number[] }).blocks.length = 0));
  await page.evaluate(async () => {
    scrollTo(0, 0);
    for (let at = 0; at < document.documentElement.scrollHeight; at += 4000) {
      scrollTo(0, at);
      await new Promise((done) => requestAnimationFrame(done));
    }
  });
  const worst = Math.max(0, ...(await page.evaluate(() => (window as unknown as { blocks: number[] }).blocks)));
  t.diagnostic(`the longest step of scrolling: ${worst} ms`);
  assert.deepEqual(troubles, []);
  await context.close();
});
