// Contrasts of the token table, in both themes (WCAG 2.2: 4.5:1 for text, 3:1 for what is no text).
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const text = readFileSync(join(import.meta.dirname, "tokens.css"), "utf8");
type Color = [number, number, number];
const pairs = new Map<string, [Color, Color]>();
const number = String.raw`([\d.]+)`;
const color = String.raw`oklch\(${number} ${number} ${number}\)`;
for (const [, name, ...values] of text.matchAll(new RegExp(String.raw`--([\w-]+): light-dark\(${color}, ${color}\);`, "g"))) {
  const [a, b, c, d, e, f] = values.map(Number) as [number, number, number, number, number, number];
  pairs.set(name!, [[a, b, c], [d, e, f]]);
}

/** Relative luminance of an OKLCH color. */
function luminance([l, chroma, hue]: Color): number {
  const a = chroma * Math.cos((hue * Math.PI) / 180);
  const b = chroma * Math.sin((hue * Math.PI) / 180);
  const [x, y, z] = [l + 0.3963377774 * a + 0.2158037573 * b, l - 0.1055613458 * a - 0.0638541728 * b, l - 0.0894841775 * a - 1.291485548 * b].map((value) => value ** 3) as Color;
  const clamp = (value: number) => Math.min(1, Math.max(0, value));
  const red = clamp(4.0767416621 * x - 3.3077115913 * y + 0.2309699292 * z);
  const green = clamp(-1.2684380046 * x + 2.6097574011 * y - 0.3413193965 * z);
  const blue = clamp(-0.0041960863 * x - 0.7034186147 * y + 1.707614701 * z);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
const contrast = (a: Color, b: Color) => {
  const [high, low] = [luminance(a), luminance(b)].sort((one, two) => two - one) as [number, number];
  return (high + 0.05) / (low + 0.05);
};

const grounds = ["bg", "bg-subtle", "bg-raised", "bg-hover"];
const cases: [string, string, number][] = [
  ...["text", "text-muted", "link"].flatMap((name) => grounds.map((ground): [string, string, number] => [name, ground, 4.5])),
  ...["success", "warning", "danger"].flatMap((name) => ["bg", "bg-subtle", `${name}-soft`].map((ground): [string, string, number] => [name, ground, 4.5])),
  ...["text", "text-muted"].flatMap((name) => ["success-soft", "warning-soft", "danger-soft", "accent-soft"].map((ground): [string, string, number] => [name, ground, 4.5])),
  ...["keyword", "string", "number", "function", "type", "comment"].flatMap((name) => ["bg", "bg-subtle"].map((ground): [string, string, number] => [`code-${name}`, ground, 4.5])),
  ["accent-text", "accent", 4.5], ["accent-text", "accent-hover", 4.5], ["accent-text", "danger-fill", 4.5], ["text-inverse", "bg-inverse", 4.5],
  ["icon", "bg", 3], ["icon", "bg-subtle", 3], ["border-control", "bg", 3], ["focus", "bg", 3],
];
test("the table was read", () => expect(pairs.size).toBeGreaterThan(25));
for (const [index, theme] of ["light", "dark"].entries())
  test.each(cases)(`${theme}: %s on %s has a contrast of %s`, (front, back, least) => {
    expect(contrast(pairs.get(front)![index]!, pairs.get(back)![index]!)).toBeGreaterThanOrEqual(least);
  });
