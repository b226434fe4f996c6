import { expect, test } from "vitest";
import { written_language } from "./language.ts";

const english = "<h1>A router</h1><p>This model says to which of the desks a message is sent, and it was trained on the letters of a year.</p>";
const german = "<h1>Ein Verteiler</h1><p>Das Modell sagt, an welchen Schalter eine Nachricht geht. Es wurde mit Briefen eines Jahres trainiert.</p>";

test("a card in English is one, whatever its model speaks", () => {
  expect(written_language({ language: ["de"] }, english)).toBe("en");
  expect(written_language({ language: ["ja", "zh"] }, english)).toBe("en");
});

test("a card in the one language that its metadata names, or nothing where that cannot be told", () => {
  expect(written_language({ language: ["de"] }, german)).toBe("de");
  expect(written_language({ language: ["en", "de"] }, german)).toBe("de");
  expect(written_language({ language: "de" }, german)).toBe("de");
  expect(written_language(undefined, german)).toBeUndefined();
  expect(written_language({ language: ["fr", "de"] }, german)).toBeUndefined();
  expect(written_language({ language: ["ru"] }, german)).toBeUndefined();
  expect(written_language({ language: [] }, german)).toBeUndefined();
  expect(written_language({ language: ["de"] }, "<p>Kurz.</p>")).toBeUndefined();
});

test("what is written in letters of its own is known by them, beside names in Latin ones", () => {
  expect(written_language({ language: [] }, "<p>このモデルは BERT と PyTorch で学習した分類器です。</p>")).toBe("ja");
  expect(written_language({ language: ["en", "zh-Hant"] }, "<p>這個模型用於文本分類，訓練資料來自新聞。</p>")).toBe("zh-Hant");
  expect(written_language({ language: ["ja"] }, "<p>分類器。東京都新聞記事。</p>")).toBe("ja");
  expect(written_language({ language: [] }, "<p>这个模型用于文本分类。</p>")).toBeUndefined();
  expect(written_language({ language: ["fa"] }, "<p>این مدل برای دسته بندی متن است.</p>")).toBe("fa");
  expect(written_language({ language: [] }, "<p>이 모델은 텍스트를 분류합니다.</p>")).toBe("ko");
});

test("code, markup and names that are no languages do not count", () => {
  expect(written_language({ language: ["code"] }, `<pre><code>the and of to is for with</code></pre><p>${german}</p>`)).toBeUndefined();
  expect(written_language({ language: ["de"] }, "<pre>日本語のコメントです</pre>" + german)).toBe("de");
  expect(written_language({ language: ["de"] }, "<p>1 2 3</p>")).toBeUndefined();
});
