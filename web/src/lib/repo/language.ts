// The language of a card's text, for screen readers, line breaks and the glyphs of Han characters. What a
// card's `language` says is about the model or the data: a model for German mostly has a card in English.
interface Writing {
  letters: RegExp;
  /** Languages written so, by BCP 47; the first where no other comes into question. */
  languages: string[];
  /** Whether it is the first one's alone. */
  own?: boolean;
}
const writings: Writing[] = [
  { letters: /[\p{Script=Hiragana}\p{Script=Katakana}]/gu, languages: ["ja"], own: true },
  { letters: /\p{Script=Hangul}/gu, languages: ["ko"], own: true },
  { letters: /\p{Script=Thai}/gu, languages: ["th"], own: true },
  { letters: /\p{Script=Greek}/gu, languages: ["el"], own: true },
  { letters: /\p{Script=Georgian}/gu, languages: ["ka"], own: true },
  { letters: /\p{Script=Armenian}/gu, languages: ["hy"], own: true },
  { letters: /\p{Script=Tamil}/gu, languages: ["ta"], own: true },
  { letters: /\p{Script=Telugu}/gu, languages: ["te"], own: true },
  { letters: /\p{Script=Han}/gu, languages: ["zh", "yue", "wuu", "lzh", "nan", "ja"] },
  { letters: /\p{Script=Hebrew}/gu, languages: ["he", "yi"] },
  { letters: /\p{Script=Arabic}/gu, languages: ["ar", "fa", "ur", "ps", "sd", "ug", "ckb", "arz", "ary"] },
  { letters: /\p{Script=Cyrillic}/gu, languages: ["ru", "uk", "bg", "be", "sr", "mk", "kk", "ky", "mn", "tg", "tt", "ba"] },
  { letters: /\p{Script=Devanagari}/gu, languages: ["hi", "mr", "ne", "sa", "bho", "mai"] },
  { letters: /\p{Script=Bengali}/gu, languages: ["bn", "as"] },
];
/** Of the letters: a text in Japanese names its tools in Latin ones. */
const share_min = 0.2;
// A fifth of the words of any English text; Dutch, German and the like share some of them.
const english = new Set(["the", "and", "of", "to", "is", "for", "with", "this", "that", "are", "on", "be"]);
const english_share_min = 0.08;
const words_min = 12;
const looked_at_max = 20_000;

const count = (text: string, pattern: RegExp) => text.match(pattern)?.length ?? 0;
const base = (language: string) => language.toLowerCase().split("-")[0]!;

/**
 * @param card  the metadata; its `language` names one or some: "en", "zh-Hant".
 * @param html  of the text.
 * @returns a BCP 47 tag for `lang`, or nothing where it cannot be told.
 */
export function written_language(card: Record<string, unknown> | undefined, html: string): string | undefined {
  const text = html.slice(0, looked_at_max).replace(/<pre[\s\S]*?<\/pre>|<[^>]*>/g, " ");
  const letters = count(text, /\p{L}/gu);
  if (letters === 0) return undefined;
  const named = [card?.language].flat().filter((language) => typeof language === "string").filter((language) => /^[a-z]{2,3}(-[a-z0-9]{2,8})*$/i.test(language));
  // Latin letters stand in for the language of no other writing.
  const latin = count(text, /\p{Script=Latin}/gu) / letters;
  const shares = writings.map(({ letters: pattern }) => count(text, pattern) / letters);
  const kana = shares[0]!;
  const best = kana > share_min / 4 ? 0 : shares.indexOf(Math.max(...shares));
  if (best === 0 ? kana > share_min / 4 : shares[best]! >= share_min) {
    const { languages: possible, own } = writings[best]!;
    return named.find((language) => possible.includes(base(language))) ?? (own ? possible[0] : undefined);
  }
  if (latin < 1 - share_min) return undefined;
  const words = text.toLowerCase().match(/\p{L}+/gu) ?? [];
  if (words.length < words_min) return undefined;
  if (words.filter((word) => english.has(word)).length / words.length >= english_share_min) return "en";
  const written_so = named.filter((language) => base(language) !== "en" && !writings.some((writing) => writing.languages.includes(base(language))));
  return written_so.length === 1 ? written_so[0] : undefined;
}
